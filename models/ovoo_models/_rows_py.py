"""One row from Python, checked as the compiled kernels check it, and its gate."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, TypeAlias

__all__ = ["NORMAL", "OFF", "SETTLING", "UNKNOWN", "GateRow", "Row", "row_doubles"]

UNKNOWN, OFF, SETTLING, NORMAL = range(4)
NEVER: Final = -1
Row: TypeAlias = "array[float] | memoryview"
"""What a row may be: one dimension of doubles side by side, read-only or not (numpy's rows are of this kind too)."""
Gate: TypeAlias = "tuple[int, float, float, int, int, array[int]]"


def row_doubles(row: Row, width: int) -> Sequence[float]:
    """The cells of a row of at least `width` doubles; ValueError or BufferError names what is wrong."""
    view = memoryview(row)
    if not view.c_contiguous:
        raise BufferError("a row must be contiguous")
    if view.ndim != 1 or view.format != "d" or len(view) < width:
        raise ValueError(f"a row must be one dimension of at least {width} doubles, side by side")
    return view


class GateRow:
    """The load gate of one row after another; parts as `Gate.parts` gives them."""

    def __init__(self, parts: Gate) -> None:
        self._column, self._low, self._high, self._settle_ns, self._gap_ns, self._state = parts

    def code(self, time_ns: int, row: Sequence[float]) -> int:
        """The state code of a row, as `gate_rows` gives it."""
        if self._column < 0:
            return NORMAL
        x, state = row[self._column], self._state
        if x != x:
            return UNKNOWN
        code = OFF
        if self._low <= x <= self._high:
            if state[0] == NEVER or time_ns < state[0] or time_ns - state[1] > self._gap_ns:
                state[0] = time_ns
            code = NORMAL if time_ns - state[0] >= self._settle_ns else SETTLING
        else:
            state[0] = NEVER
        state[1] = time_ns
        return code
