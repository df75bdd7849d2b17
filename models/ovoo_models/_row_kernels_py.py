"""Twin of _row_kernels: the same steps in plain Python."""

from __future__ import annotations

import math
from array import array

from ovoo_models._kernels_py import latch_one
from ovoo_models._rows_py import NORMAL, UNKNOWN, Row, row_doubles

__all__ = ["HoldRow", "LatchRow"]


class HoldRow:
    """Fills the gaps of rows: NaN takes the last value of its signal, for `hold_ns` at most; the result is in `out`."""

    def __init__(self, hold_ns: array[int], held_value: array[float], held_time: array[int], out: array[float]) -> None:
        self._hold_ns, self._held_value, self._held_time, self._out = hold_ns, held_value, held_time, out

    def take(self, row: Row, time_ns: int) -> None:
        """Take a row at its time."""
        cells = row_doubles(row, len(self._hold_ns))
        for k, hold_ns in enumerate(self._hold_ns):
            if cells[k] == cells[k]:
                self._held_value[k], self._held_time[k] = cells[k], time_ns
            held = self._held_time[k] >= 0 and 0 <= time_ns - self._held_time[k] <= hold_ns
            self._out[k] = self._held_value[k] if held else math.nan


class LatchRow:
    """The alarm latch of one detector, a row a call; `at` and `peak` as for `latch_rows`."""

    def __init__(
        self,
        release: float,
        on_ns: int,
        off_ns: int,
        merge_ns: int,
        update_ns: int,
        gap_ns: int,
        at: array[int],
        peak: array[float],
    ) -> None:
        self._release, self._delays = release, (on_ns, off_ns, merge_ns, update_ns, gap_ns)
        self._at, self._peak = at, peak

    def step(self, time_ns: int, score: float, limit: float) -> int:
        """The kind of event at a row, 0 for none; the measure is score / limit, a NaN score was not scored."""
        state = NORMAL if score == score else UNKNOWN
        kind, _state = latch_one(
            self._at, self._peak, time_ns, state, score, limit, score / limit, self._release, *self._delays
        )
        return kind
