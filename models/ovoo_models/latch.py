"""Violations to alarm events: delays, hysteresis, merging."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_models._select import kernels, row_kernels
from ovoo_models.base import FrameBlock, ScoreBlock, Watch
from ovoo_models.state import ArrayStore

__all__ = ["CLOSED", "OPENED", "REOPENED", "STILL", "Event", "Latch"]

OPENED: Final = 1
STILL: Final = 2
REOPENED: Final = 3
CLOSED: Final = 4
_UPDATE_NS: Final = 3_600_000_000_000
_GAP_NS: Final = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """A change of an alarm at a row: window so far, greatest score / limit, measure there and at the last violation."""

    row: int
    kind: int
    start_ns: int
    end_ns: int
    ratio: float
    measure_peak: float
    measure_last: float


class Latch:
    """The alarm of one detector; its rules are those of `Watch`, read anew for every block because they may be learned.

    An open alarm is told again every hour of stream time. A gap of half an hour in the data forgets what was pending.
    """

    def __init__(self) -> None:
        self._at = array("q", [0, -1, -1, -1, -1, -1, -1, -1])
        self._peak = array("d", bytes(24))
        self._arrays = ArrayStore("latch", at=self._at, peak=self._peak)
        self._row, self._kind = array("q"), array("q")
        self._ns, self._value = array("q"), array("d")

    def run(self, rows: FrameBlock, out: ScoreBlock, watch: Watch) -> list[Event]:
        """Write pending and alarm into `out.state`; return what changed, in order."""
        n = len(rows)
        if len(self._row) < n:
            more = n - len(self._row)
            for column, cells in ((self._row, 1), (self._kind, 1), (self._ns, 2)):
                column.extend(array("q", bytes(8 * more * cells)))
            self._value.extend(array("d", bytes(24 * more)))
        found = kernels.latch_rows(
            rows.time_ns, out.score, out.limits, out.measure, out.state, n, watch.release, _ns(watch.on_delay_s),
            _ns(watch.off_delay_s), _ns(watch.merge_s), _UPDATE_NS, _GAP_NS, self._at, self._peak,
            self._row, self._kind, self._ns, self._value,
        )  # fmt: skip
        return [self._event(i) for i in range(found)]

    def row(self, watch: Watch) -> row_kernels.LatchRow:
        """The same latch for one row a call, by the rules of `watch`."""
        return row_kernels.LatchRow(
            watch.release, _ns(watch.on_delay_s), _ns(watch.off_delay_s), _ns(watch.merge_s), _UPDATE_NS, _GAP_NS,
            self._at, self._peak,
        )  # fmt: skip

    def event(self, kind: int) -> Event:
        """The event of that kind at the row that was just stepped over."""
        return Event(0, kind, self._at[2], self._at[4] if kind == CLOSED else self._at[3], *self._peak)

    def _event(self, i: int) -> Event:
        ratio, peak, last = self._value[3 * i : 3 * i + 3]
        return Event(self._row[i], self._kind[i], self._ns[2 * i], self._ns[2 * i + 1], ratio, peak, last)

    def state(self) -> dict[str, str]:
        """Phase, times and peaks."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
