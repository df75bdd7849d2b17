"""The conservation audit: per signal and hour emitted = stored + suppressed + lost (listed with cause)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from ovoo_simulator.journal import Records
from ovoo_simulator.ledger import marks
from ovoo_simulator.times import HOUR_NS

from tests.system.chaos.collector import LostInterval, Signal
from tests.system.chaos.limits import Window
from tests.system.readback import Samples

__all__ = ["Audit", "Truth", "audit_signal", "truth_of"]

_Times = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a source emitted of one signal, in time order."""

    time_ns: _Times
    marks: npt.NDArray[np.uint64]


@dataclass(slots=True)
class Audit:
    """The balance of a run; signals are added one by one.

    Attributes:
        emitted, stored, suppressed: samples.
        lost_listed: missing, within an interval that the collector lists, and beyond the declared limits.
        lost_within: missing and listed although the limits promise that nothing is missing.
        lost_unlisted: missing and in no list.
        duplicated: stored beyond what was emitted, or counted as suppressed although it is stored.
        mismatched: stored at the right time with another value or quality.
        differences: one line for each signal and hour that is not in order.
    """

    emitted: int = 0
    stored: int = 0
    suppressed: int = 0
    lost_listed: int = 0
    lost_within: int = 0
    lost_unlisted: int = 0
    duplicated: int = 0
    mismatched: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing is missing without a word, doubled or changed, and nothing is missing within the limits."""
        return not (self.lost_within or self.lost_unlisted or self.duplicated or self.mismatched)

    @property
    def adds_up(self) -> bool:
        """The ledger equation over all signals."""
        lost = self.lost_listed + self.lost_within + self.lost_unlisted
        return self.emitted == self.stored - self.duplicated + self.suppressed + lost


def truth_of(addresses: Sequence[str], records: Records) -> dict[str, Truth]:
    """Per address what a journal holds."""
    order = np.lexsort((records["time_ns"], records["signal"]))
    ordered = records[order]
    signs = marks(ordered["time_ns"], ordered["value"], ordered["quality"])
    edges = np.searchsorted(ordered["signal"], np.arange(len(addresses) + 1))
    return {
        address: Truth(ordered["time_ns"][edges[row] : edges[row + 1]], signs[edges[row] : edges[row + 1]])
        for row, address in enumerate(addresses)
    }


def audit_signal(
    audit: Audit,
    signal: Signal,
    truth: Truth,
    stored: Samples,
    suppressed: Mapping[int, int],
    lost: Sequence[LostInterval],
    windows: Sequence[Window],
) -> None:
    """Adds one signal to the balance."""
    signs = marks(stored.time_ns, stored.value, stored.quality)
    present = np.isin(truth.time_ns, stored.time_ns)
    foreign = ~np.isin(stored.time_ns, truth.time_ns)
    listed = _covered(truth.time_ns, _intervals(signal, lost))
    excused = _covered(truth.time_ns, [(w.from_ns, w.to_ns) for w in windows if w.transport == signal.transport])
    audit.emitted += len(truth.time_ns)
    audit.stored += len(stored.time_ns)
    hours = np.unique(np.concatenate((truth.time_ns // HOUR_NS, stored.time_ns // HOUR_NS, [*suppressed] or [0])))
    for hour in hours.tolist():
        of_hour, stored_hour = truth.time_ns // HOUR_NS == hour, stored.time_ns // HOUR_NS == hour
        missing = of_hour & ~present
        kept_back = suppressed.get(hour, 0)
        lost_count = int(missing.sum()) - kept_back
        extra = int((foreign & stored_hour).sum()) + max(-lost_count, 0)
        wrong = _mismatches(truth, of_hour & present, stored.time_ns, signs)
        in_list = min(max(lost_count, 0), int((missing & listed).sum()))
        in_limits = in_list - min(in_list, int((missing & listed & excused).sum()))
        unlisted = max(lost_count, 0) - in_list
        audit.suppressed += kept_back
        audit.lost_listed += in_list - in_limits
        audit.lost_within += in_limits
        audit.lost_unlisted += unlisted
        audit.duplicated += extra
        audit.mismatched += wrong
        if lost_count or extra or wrong:
            audit.differences.append(
                f"{signal.address} hour {hour}: emitted {int(of_hour.sum())}, stored {int(stored_hour.sum())}, "
                f"suppressed {kept_back}, lost {max(lost_count, 0)} (listed {in_list}, within limits {in_limits}), "
                f"beyond {extra}, changed {wrong}; missing {_named(truth.time_ns[missing])}, "
                f"foreign {_named(stored.time_ns[foreign & stored_hour])}"
            )


def _mismatches(truth: Truth, chosen: _Flags, times: _Times, signs: npt.NDArray[np.uint64]) -> int:
    if not chosen.any():
        return 0
    places = np.searchsorted(times, truth.time_ns[chosen])
    return int((signs[places] != truth.marks[chosen]).sum())


def _intervals(signal: Signal, lost: Iterable[LostInterval]) -> list[tuple[int, int]]:
    return [
        (each.from_ns, each.to_ns)
        for each in lost
        if each.address in ("*", signal.address) and each.transport in ("", signal.transport)
    ]


def _covered(times: _Times, intervals: Iterable[tuple[int, int]]) -> _Flags:
    found = np.zeros(len(times), np.bool_)
    for begin, end in intervals:
        found |= (times >= begin) & (times <= end)
    return found


def _named(times: _Times) -> str:
    """Some of the times, in seconds."""
    shown = ", ".join(f"{time / 1e9:.3f}" for time in times[:6].tolist())
    return f"[{shown}{', ...' if len(times) > 6 else ''}]"
