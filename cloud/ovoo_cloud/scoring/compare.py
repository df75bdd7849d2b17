"""What a gateway stored beside what the cloud computes from the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.findings import Finding

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.scoring.rescore import HEARTBEAT_NS, Rescored, within
from ovoo_cloud.stores.base import Columns, IntArray, TelemetryStore, concat_columns
from ovoo_cloud.stores.scoped import ScopedTelemetry

__all__ = ["TOLERANCE", "Comparison", "SignalComparison", "compare", "read_series"]

TOLERANCE: Final = 1e-9
"""Rows whose values differ by no more are equal."""
_HELD: Final = frozenset({"limit", "state"})


@dataclass(frozen=True, slots=True)
class SignalComparison:
    """One derived signal.

    compared: rows that both have; of a limit or state, times at which either has a row, with the values held then.
    identical: of these, bit for bit. different: of these, further apart than `TOLERANCE`. greatest: the greatest
    absolute difference, at `greatest_ns`. only_here, only_there: rows without a partner, by reason: `start_up` (before
    the other side's first row), `not_yet` (behind its last), `suppressed` (the gateway thinned what it sent, there is
    nothing to compute from), `missing` (samples or scores are).
    """

    signal: str
    compared: int
    identical: int
    different: int
    greatest: float
    greatest_ns: int | None
    only_here: Mapping[str, int]
    only_there: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "signal": self.signal,
            "compared": self.compared,
            "identical": self.identical,
            "different": self.different,
            "greatest": self.greatest,
            "greatest_ns": None if self.greatest_ns is None else str(self.greatest_ns),
            "only_here": dict(self.only_here),
            "only_there": dict(self.only_there),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """All derived signals, and the findings by id; `only_there` are findings of the same models."""

    signals: tuple[SignalComparison, ...]
    findings_both: tuple[str, ...]
    findings_only_here: tuple[str, ...]
    findings_only_there: tuple[str, ...]

    @property
    def compared(self) -> int:
        """Rows compared."""
        return sum(each.compared for each in self.signals)

    @property
    def different(self) -> int:
        """Rows further apart than `TOLERANCE`."""
        return sum(each.different for each in self.signals)

    @property
    def greatest(self) -> float:
        """The greatest absolute difference of any row; 0 where nothing was compared."""
        return max((each.greatest for each in self.signals), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "compared": self.compared,
            "different": self.different,
            "greatest": self.greatest,
            "tolerance": TOLERANCE,
            "signals": [each.to_dict() for each in self.signals],
            "findings": {
                "both": list(self.findings_both),
                "only_here": list(self.findings_only_here),
                "only_there": list(self.findings_only_there),
            },
        }


def compare(
    store: TelemetryStore, scope: Scope, found: Rescored, stored: Sequence[Finding] = (), thinned: bool = False
) -> Comparison:
    """Sets what was computed beside what is stored for the same derived signals and window.

    stored: findings of the asset in the window. thinned: whether the gateway suppresses rows of a signal of the model.
    """
    addresses = [entry.address for entry in found.outputs]
    theirs = read_series(store, scope, addresses, max(found.start_ns - HEARTBEAT_NS, 0), found.end_ns)
    signals = tuple(_compared(entry, found, theirs[entry.address], thinned) for entry in found.outputs)
    ids = {binding.id for binding in found.model_set.bindings}
    here = {finding.id for finding in found.findings}
    there = {finding.id for finding in stored if finding.model in ids}
    return Comparison(signals, *(tuple(sorted(part)) for part in (here & there, here - there, there - here)))


def read_series(
    store: TelemetryStore, scope: Scope, addresses: Sequence[Address], start_ns: int, end_ns: int
) -> dict[Address, Columns]:
    """The stored rows of derived signals, in memory."""
    pieces: dict[Address, list[Columns]] = {address: [] for address in addresses}
    for address, columns in ScopedTelemetry(store, scope).stream(addresses, start_ns, end_ns):
        pieces[address].append(columns)
    return {address: concat_columns(parts) for address, parts in pieces.items()}


def _compared(entry: SignalEntry, found: Rescored, theirs: Columns, thinned: bool) -> SignalComparison:
    ours, others = found.rows(entry.address), within(theirs, found.start_ns, found.end_ns)
    times = np.union1d(ours.time_ns, others.time_ns)
    if entry.measurement == "score" and entry.field in _HELD:
        here, there = found.series[entry.address], theirs
        in_here, in_there = _held(here, times), _held(there, times)
    else:
        here, there = ours, others
        in_here, in_there = _standing(here, times), _standing(there, times)
    both = (in_here >= 0) & (in_there >= 0)
    mine, yours = here.value[in_here[both]], there.value[in_there[both]]
    apart = np.abs(mine - yours)
    worst = int(np.argmax(apart)) if len(apart) else -1
    return SignalComparison(
        entry.address.signal,
        len(apart),
        int(np.count_nonzero(mine == yours)),
        int(np.count_nonzero(~(apart <= TOLERANCE))),
        float(apart[worst]) if worst >= 0 else 0.0,
        int(times[both][worst]) if worst >= 0 and apart[worst] > 0 else None,
        _reasons(times[(in_here >= 0) & (in_there < 0)], others.time_ns, ""),
        _reasons(times[(in_here < 0) & (in_there >= 0)], ours.time_ns, "suppressed" if thinned else ""),
    )


def _standing(columns: Columns, times: IntArray) -> npt.NDArray[np.int64]:
    """The row at each time, -1 where there is none."""
    if not len(columns):
        return np.full(len(times), -1, np.int64)
    at = np.minimum(np.searchsorted(columns.time_ns, times), len(columns) - 1)
    return np.where(columns.time_ns[at] == times, at, -1)


def _held(columns: Columns, times: IntArray) -> npt.NDArray[np.int64]:
    """The newest row at or before each time, -1 where there is none."""
    return np.searchsorted(columns.time_ns, times, side="right").astype(np.int64) - 1


def _reasons(times: IntArray, other: IntArray, cause: str) -> dict[str, int]:
    """Why the other side has no row at these times."""
    if not len(times):
        return {}
    before = len(times) if not len(other) else int(np.count_nonzero(times < other[0]))
    behind = 0 if not len(other) else int(np.count_nonzero(times > other[-1]))
    counts = {"start_up": before, "not_yet": behind, cause or "missing": len(times) - before - behind}
    return {reason: count for reason, count in counts.items() if count}
