"""Deadband and swinging door in plain Python: the twin of `_thin.pyx`, with the same results.

**Swinging door.** From the sample kept last (A) every later sample opens a door: the slopes of lines through A that
pass it within `band`. The newest sample is held, neither kept nor suppressed. When the next one (N) comes and the line
A-N passes all doors so far, the held one is suppressed and N is held; else the held one is kept, becomes A, and N is
held before it. So the line between two kept neighbours passes every sample between them within `band`. (The classic
form asks only whether the doors still overlap; its error may reach twice the band.)

Kept at once are: the first sample, a text, a change of quality, a change between absent and present, a sample after a
silence longer than `refresh_ns` or `refresh_ns` after A. Before all but the last, the held sample is kept too.
"""

from __future__ import annotations

import math
from array import array
from typing import Final, Protocol

from ovoo_edge.verdicts import HELD, KEPT, POLICIES, SUPPRESSED

__all__ = ["DoorState", "held_columns", "release_held", "thin_rows"]

_FRESH: Final = 0
_OPEN: Final = 1
_HOLDING: Final = 2
_ON_CHANGE: Final = POLICIES["on_change"]
_EVENTS: Final = POLICIES["events"]
_SWINGING_DOOR: Final = POLICIES["swinging_door"]

Columns = tuple["array[int]", "array[int]", "array[float]", "array[int]", bytes]
"""signal, time_ns, value, quality, fate (a verdict) of samples that were held before this call."""


class DoorState(Protocol):
    """Rules and state of every signal; see `thinning.ThinState`."""

    policy: bytes
    band: array[float]
    refresh_ns: array[int]
    phase: bytearray
    kept_ns: array[int]
    kept_value: array[float]
    kept_quality: array[int]
    low: array[float]
    high: array[float]
    held_ns: array[int]
    held_value: array[float]
    held_quality: array[int]
    since_ns: array[int]


def thin_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    worded: bytes | bytearray | None,
    mark: bytearray,
    state: DoorState,
    now_ns: int,
) -> Columns:
    """Marks rows of a sorted batch and decides samples held before; rows with another mark than `KEPT` are left alone.

    `worded` is nonzero where a row has a text; `now_ns` starts the patience of samples that become held.
    IndexError for a signal without a rule or a batch out of order.
    """
    rows = _Rows(state, mark, now_ns)
    current = -1
    for row, (index, now, item, code) in enumerate(zip(signal, time_ns, value, quality, strict=True)):
        if index >= len(state.policy) or index < current:
            raise IndexError(f"signal {index} is unknown or out of order")
        if index != current:
            current, rows.held_row = index, -1
        if mark[row] != KEPT:
            continue
        text = worded is not None and worded[row] != 0
        policy = state.policy[index]
        if policy == _ON_CHANGE:
            rows.deadband(row, index, now, item, code, text)
        elif policy == _EVENTS:
            mark[row] = SUPPRESSED
        elif policy == _SWINGING_DOOR:
            rows.door(row, index, now, item, code, text)
    return rows.columns()


def release_held(state: DoorState, now_ns: int) -> Columns:
    """Keeps every sample that has been held for `refresh_ns` by the gateway's clock."""
    rows = _Rows(state, bytearray(), now_ns)
    for index, phase in enumerate(state.phase):
        if phase == _HOLDING and now_ns - state.since_ns[index] >= state.refresh_ns[index]:
            rows.push(index, KEPT)
            rows.archive(index, state.held_ns[index], state.held_value[index], state.held_quality[index])
    return rows.columns()


def held_columns(state: DoorState) -> Columns:
    """What is held now."""
    rows = _Rows(state, bytearray(), 0)
    for index, phase in enumerate(state.phase):
        if phase == _HOLDING:
            rows.push(index, HELD)
    return rows.columns()


class _Rows:
    """One call's marks and the samples of earlier calls that it decided."""

    def __init__(self, state: DoorState, mark: bytearray, now_ns: int) -> None:
        self._state = state
        self._mark = mark
        self._now_ns = now_ns
        self._signal, self._time_ns, self._value, self._quality = array("I"), array("q"), array("d"), array("I")
        self._fate = bytearray()
        self.held_row = -1

    def columns(self) -> Columns:
        return self._signal, self._time_ns, self._value, self._quality, bytes(self._fate)

    def push(self, index: int, fate: int) -> None:
        state = self._state
        self._signal.append(index)
        self._time_ns.append(state.held_ns[index])
        self._value.append(state.held_value[index])
        self._quality.append(state.held_quality[index])
        self._fate.append(fate)

    def archive(self, index: int, time_ns: int, value: float, quality: int) -> None:
        state = self._state
        state.kept_ns[index], state.kept_value[index], state.kept_quality[index] = time_ns, value, quality
        state.low[index], state.high[index], state.phase[index] = -math.inf, math.inf, _OPEN

    def deadband(self, row: int, index: int, time_ns: int, value: float, quality: int, text: bool) -> None:
        state = self._state
        before, band = state.kept_value[index], state.band[index]
        same = -band <= value - before <= band or value == before
        if value != value:
            same = before != before
        known = state.phase[index] == _OPEN and quality == state.kept_quality[index]
        if known and same and not text and time_ns - state.kept_ns[index] < state.refresh_ns[index]:
            self._mark[row] = SUPPRESSED
            return
        state.kept_ns[index], state.kept_value[index], state.kept_quality[index] = time_ns, value, quality
        state.phase[index] = _FRESH if text else _OPEN

    def door(self, row: int, index: int, time_ns: int, value: float, quality: int, text: bool) -> None:
        state = self._state
        joins = self._continues(index, time_ns, value, quality, text)
        if joins and value == value:
            joins = self._passes(index, time_ns, value)
        if not joins:
            self._settle(index, KEPT)
            self.archive(index, time_ns, value, quality)
            if text:
                state.phase[index] = _FRESH
            self.held_row = -1
            return
        self._settle(index, SUPPRESSED)
        if time_ns - state.kept_ns[index] >= state.refresh_ns[index]:
            self.archive(index, time_ns, value, quality)
            self.held_row = -1
            return
        if value == value:
            self._narrow(index, time_ns, value)
        if state.phase[index] != _HOLDING:
            state.since_ns[index] = self._now_ns
        state.phase[index] = _HOLDING
        state.held_ns[index], state.held_value[index], state.held_quality[index] = time_ns, value, quality
        self._mark[row] = HELD
        self.held_row = row

    def _continues(self, index: int, time_ns: int, value: float, quality: int, text: bool) -> bool:
        """True where the sample may be joined to the one before it at all."""
        state = self._state
        if state.phase[index] == _FRESH or text or quality != state.kept_quality[index]:
            return False
        last_ns = state.held_ns[index] if state.phase[index] == _HOLDING else state.kept_ns[index]
        if not (time_ns > last_ns and time_ns - last_ns <= state.refresh_ns[index]):
            return False
        return (value != value) == (state.kept_value[index] != state.kept_value[index])

    def _passes(self, index: int, time_ns: int, value: float) -> bool:
        """True where a line to the sample keeps within the band, from the kept or, if need be, the held one."""
        state = self._state
        rise = value - state.kept_value[index]
        slope = rise / float(time_ns - state.kept_ns[index])
        if rise - rise != 0.0:
            return False
        if state.low[index] <= slope <= state.high[index]:
            return True
        if state.phase[index] != _HOLDING:
            return False
        self._settle(index, KEPT)
        self.archive(index, state.held_ns[index], state.held_value[index], state.held_quality[index])
        state.since_ns[index] = self._now_ns
        rise = value - state.kept_value[index]
        return rise - rise == 0.0

    def _narrow(self, index: int, time_ns: int, value: float) -> None:
        state = self._state
        run = float(time_ns - state.kept_ns[index])
        rise = value - state.kept_value[index]
        state.high[index] = min(state.high[index], (rise + state.band[index]) / run)
        state.low[index] = max(state.low[index], (rise - state.band[index]) / run)

    def _settle(self, index: int, fate: int) -> None:
        if self._state.phase[index] != _HOLDING:
            return
        if self.held_row >= 0:
            self._mark[self.held_row] = fate
        else:
            self.push(index, fate)
