"""One row from Python, checked as the compiled kernels check it, and its gate."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, TypeAlias

__all__ = ["IDLE", "LOAD", "NORMAL", "OFF", "SETTLING", "UNKNOWN", "Gate", "GateRow", "Row", "row_doubles"]

UNKNOWN, OFF, SETTLING, NORMAL = range(4)
IDLE, LOAD = 6, 7
NEVER: Final = -1
Row: TypeAlias = "array[float] | memoryview"
"""What a row may be: one dimension of doubles side by side, read-only or not (numpy's rows are of this kind too)."""
Gate: TypeAlias = (
    "tuple[int, float, float, int, int, array[int]]"
    " | tuple[int, float, float, int, int, array[int], int, float, float, int]"
)


def row_doubles(row: Row, width: int) -> Sequence[float]:
    """The cells of a row of at least `width` doubles; ValueError or BufferError names what is wrong."""
    view = memoryview(row)
    if not view.c_contiguous:
        raise BufferError("a row must be contiguous")
    if view.ndim != 1 or view.format != "d" or len(view) < width:
        raise ValueError(f"a row must be one dimension of at least {width} doubles, side by side")
    return view


class GateRow:
    """The gate of one row after another; parts as `Gate.parts` gives them."""

    def __init__(self, parts: Gate) -> None:
        self._column, self._low, self._high, self._settle_ns, self._gap_ns, self._state = parts[:6]
        load: tuple[int, float, float, int] = (-1, 0.0, 0.0, 1) if len(parts) == 6 else parts[6:]
        self._load_column, self._load_above, self._load_release, self._regimes = load

    def code(self, time_ns: int, row: Sequence[float]) -> int:
        """The state code of a row, as `gate_rows` and `regime_rows` give it."""
        if self._column < 0 and self._load_column < 0:
            return NORMAL
        x = 0.0 if self._column < 0 else row[self._column]
        load = 0.0 if self._load_column < 0 else row[self._load_column]
        if x != x:
            return UNKNOWN
        code = OFF
        if self._column < 0 or self._low <= x <= self._high:
            if load != load:
                return UNKNOWN
            code = self._running(time_ns, load)
        else:
            self._state[0] = NEVER
        self._state[1] = time_ns
        return code

    def _running(self, time_ns: int, load: float) -> int:
        state = self._state
        fresh = state[0] == NEVER or time_ns < state[0] or time_ns - state[1] > self._gap_ns
        code = NORMAL
        if self._load_column >= 0:
            loaded = load >= (self._load_release if state[0] != NEVER and state[2] else self._load_above)
            fresh = fresh or loaded != state[2]
            state[2] = loaded
            if self._regimes == 0:
                code = UNKNOWN
            elif not self._regimes & (1 if loaded else 2):
                code = LOAD if loaded else IDLE
        if fresh:
            state[0] = time_ns
        return SETTLING if time_ns - state[0] < self._settle_ns else code
