"""The account of an hour: what was expected of every signal, what came, what was kept back and what was lost. Pure.

Expected is what the signal's nominal step asks for within the time that the gateway knows the signal. A source that
reports changes only gives fewer samples than that; the rest is *absent*, not lost, unless a gap is known. Signals that
the gateway derives itself have no nominal step: what was made is what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ovoo_contract.completeness import HOUR_NS, MAX_SIGNALS, HourReport, LostInterval

from ovoo_edge.completeness_row import ReportRow
from ovoo_edge.ledger import LedgerRow
from ovoo_edge.spool_rows import LostRow

__all__ = ["Counts", "KnownGap", "WatchedSignal", "account", "cause_code"]

_NOT_A_CODE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class WatchedSignal:
    """One signal of the running catalogue.

    Attributes:
        address: the full one.
        step_ns: nominal time between samples; 0 = derived on the gateway, no step.
        source: name of the source that feeds it; empty = any.
        since_ns: when the gateway first knew it, UTC.
    """

    address: str
    step_ns: int
    source: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class KnownGap:
    """An interval [start_ns, end_ns) in which a source (empty: every source) gave nothing, for a known cause."""

    source: str
    start_ns: int
    end_ns: int
    cause: str


@dataclass(slots=True)
class Counts:
    """Samples of one signal in one hour, over all catalogues that listed it."""

    received: int = 0
    suppressed: int = 0
    duplicate: int = 0
    backfilled: int = 0
    lost: dict[str, list[LostRow]] = field(default_factory=dict)
    """By sink."""

    def add(self, row: LedgerRow) -> None:
        """Adds what one catalogue counted."""
        self.received += row.received
        self.suppressed += row.suppressed
        self.duplicate += row.duplicate
        self.backfilled += row.backfilled


def cause_code(words: str) -> str:
    """A cause as a snake_case word, such as `rejected_wire` for `rejected:wire`."""
    code = _NOT_A_CODE.sub("_", words.lower()).strip("_")[:63]
    return code if code[:1].isalpha() else f"cause_{code}"[:63]


def account(
    catalogue_id: str,
    signals: Sequence[tuple[int, WatchedSignal]],
    hour: int,
    made_ns: int,
    counts: Mapping[str, Counts],
    unknown: Iterable[LostRow],
    gaps: Sequence[KnownGap],
) -> Iterator[ReportRow]:
    """The hour's reports, each of at most `MAX_SIGNALS` signals.

    Args:
        catalogue_id: in which the indexes are valid.
        signals: each with its index, ascending.
        hour: hours since 1970 UTC.
        made_ns: UTC now.
        counts: by address.
        unknown: losses of which nobody knows the signal; they go with the first report.
        gaps: known ones, in the order in which they are to be blamed.
    """
    nobody = list(unknown)
    for first in range(0, len(signals), MAX_SIGNALS):
        rows: list[tuple[int, int, int, int, int, int]] = []
        missed: list[LostInterval] = []
        per_sink: dict[str, list[LostInterval]] = {}
        for index, signal in signals[first : first + MAX_SIGNALS]:
            have = counts.get(signal.address, Counts())
            received = _received(have)
            unique = received - have.duplicate
            nominal = _nominal(signal, hour)
            before = list(_missed(index, signal, hour, nominal - unique, gaps))
            missed += before
            expected = max(nominal, unique + sum(item.count for item in before))
            rows.append((index, expected, received, have.backfilled, have.suppressed, have.duplicate))
            for sink, losses in have.lost.items():
                per_sink.setdefault(sink, []).extend(_interval(index, loss, hour) for loss in losses)
        for loss in nobody:
            per_sink.setdefault(loss.sink, []).append(_interval(None, loss, hour))
        nobody.clear()
        base = HourReport.of(catalogue_id, hour, made_ns, rows, missed)
        yield ReportRow(base, {sink: tuple(items) for sink, items in per_sink.items()})


def _received(have: Counts) -> int:
    """What came in; a lost sample had been received, also where a damaged file has lost the count of it."""
    lost = max((sum(loss.count for loss in losses) for losses in have.lost.values()), default=0)
    return max(have.received, have.duplicate + have.suppressed + lost, have.backfilled)


def _nominal(signal: WatchedSignal, hour: int) -> int:
    if not signal.step_ns:
        return 0
    start_ns = max(hour * HOUR_NS, signal.since_ns)
    return max(0, (hour + 1) * HOUR_NS - start_ns) // signal.step_ns


def _missed(
    index: int, signal: WatchedSignal, hour: int, shortfall: int, gaps: Sequence[KnownGap]
) -> Iterator[LostInterval]:
    """Blames the shortfall on known gaps, on each no more than its length holds."""
    for gap in gaps:
        if gap.source not in ("", signal.source) and signal.source:
            continue
        start_ns = max(gap.start_ns, hour * HOUR_NS, signal.since_ns)
        end_ns = min(gap.end_ns, (hour + 1) * HOUR_NS)
        if shortfall <= 0 or end_ns <= start_ns:
            continue
        count = min(shortfall, (end_ns - start_ns) // signal.step_ns)
        if count:
            shortfall -= count
            yield LostInterval(index, start_ns, end_ns, gap.cause, count, received=False)


def _interval(index: int | None, loss: LostRow, hour: int) -> LostInterval:
    start_ns = max(loss.from_ns, hour * HOUR_NS)
    end_ns = min(loss.to_ns + 1, (hour + 1) * HOUR_NS)
    return LostInterval(index, start_ns, max(end_ns, start_ns + 1), cause_code(loss.cause), loss.count)
