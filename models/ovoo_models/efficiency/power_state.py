"""Power states of a machine, learned from its power alone in fixed memory and followed as its levels move."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models._select import drift_kernels
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.power_levels import IDLE, LOAD, NO_LOAD, OFF, Level, PowerLevels, levels_of
from ovoo_models.state import ArrayStore

__all__ = ["IDLE", "LOAD", "NO_LOAD", "OFF", "UNKNOWN_STATE", "Level", "PowerStates"]

UNKNOWN_STATE: Final = 255
_CELLS: Final = 256
_LEAST_ROWS: Final = 30
_FIRST_ROWS: Final = 256
"""Rows after which the levels are looked for the first time, again at each doubling up to `relearn_rows`."""


class PowerStates:
    """Learns levels of a power column and gives one state a row: OFF, IDLE, NO_LOAD, LOAD or UNKNOWN_STATE.

    A histogram of 256 cells from 0 to a full scale that doubles when needed holds the rows; its past fades with
    `memory_rows`, so that a no-load level that walks is followed. Levels are looked for after 256, 512, ... rows, then
    each `relearn_rows`. Powers under zero lie in the lowest cell.

    Args:
        column: of the power, in any unit that grows with it (A will do where the voltage is steady).
        running: column of a 0/1 signal, -1 for none: not running is OFF, and only running rows are learned from.
        dwell_s: how long a new state must last before it counts, >= 0.
        gap_s: a longer silence starts anew with whatever state the next row shows.
        memory_rows: rows after which a row weighs 1/e; at least 4 `relearn_rows`.
        relearn_rows: >= 256.
        kind: `power`, or `current`, whose no-load level lies higher.
    """

    def __init__(
        self, column: int, running: int = -1, *, dwell_s: float = 10.0, gap_s: float = 900.0,
        memory_rows: int = 500_000, relearn_rows: int = 8192, kind: str = "power",
    ) -> None:  # fmt: skip
        if not (column >= 0 and dwell_s >= 0 and gap_s > 0 and relearn_rows >= _FIRST_ROWS):
            raise ConfigError(
                "power states need a column, times and 256 rows or more",
                code="power_state.power_states_need_column_times_and", offender="power_state",
            )  # fmt: skip
        if memory_rows < 4 * relearn_rows:
            raise ConfigError(
                "memory is too short", code="power_state.memory_too_short", slots={"least": 4 * relearn_rows},
                offender="power_state.memory_rows", value=memory_rows,
                remedy=f"{4 * relearn_rows} or more",
            )  # fmt: skip
        if kind not in ("power", "current"):
            raise ConfigError(
                "no such kind", code="power_state.no_such_kind", offender="power_state.kind", value=kind,
                remedy="power or current",
            )  # fmt: skip
        self.column, self.running, self._kind = column, running, kind
        self._dwell_ns, self._gap_ns = round(dwell_s * 1e9), round(gap_s * 1e9)
        self._relearn = relearn_rows
        self._decay = 1.0 - relearn_rows / memory_rows
        self.counts = array("d", bytes(8 * _CELLS))
        # step of the cells (0: not known), rows learned
        self.scale = array("d", [0.0, 0.0])
        self._clock = array("q", [-1, 0, 0, 0])
        self._levels: PowerLevels | None = None
        self._arrays = ArrayStore("power_state", counts=self.counts, scale=self.scale, clock=self._clock)

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels from low to high; empty before there were enough rows."""
        return self._levels.levels if self._levels else ()

    @property
    def unclear(self) -> frozenset[int]:
        """States that cannot be told apart from a neighbour; their rows come out as UNKNOWN_STATE."""
        return self._levels.unclear if self._levels else frozenset()

    @property
    def ready(self) -> bool:
        """Whether levels are known."""
        return self._levels is not None

    @property
    def rows(self) -> int:
        """Rows learned from, standing ones included."""
        return int(self.scale[1])

    @property
    def bounds(self) -> array[float]:
        """Three rises and three falls for the kernels; before `ready` every row is load."""
        if self._levels is None:
            return array("d", [-math.inf] * 6)
        return array("d", [*self._levels.rises, *self._levels.falls])

    def level(self, kind: int) -> Level | None:
        """The level of a state, None where the machine has none or it cannot be told apart."""
        return self._levels.level(kind) if self._levels else None

    def learn_many(self, rows: FrameBlock) -> None:
        """Take rows into the histogram; equal rows give equal levels however they are cut into blocks."""
        start = 0
        while start < len(rows):
            seen = int(self.scale[1])
            stop = min(len(rows), start + self._next_look(seen) - seen)
            self._fill(rows, start, stop)
            self.scale[1] += stop - start
            if int(self.scale[1]) == self._next_look(seen):
                self._look()
                if self.scale[1] >= self._relearn:
                    self.counts[:] = array("d", [count * self._decay for count in self.counts])
            start = stop

    def settle(self) -> None:
        """Look for the levels now: call it where a history ends."""
        if self.scale[1] >= _LEAST_ROWS:
            self._look()

    def codes(self, rows: FrameBlock) -> array[int]:
        """As `states`, but rows of unclear states keep the code of the upper one: for models with drivers."""
        n = len(rows)
        mode = array("B", bytes(n))
        drift_kernels.power_state_rows(
            rows.time_ns, rows.values, rows.width, n, self.column, self.running, self.bounds, self._dwell_ns,
            self._gap_ns, self._clock, mode,
        )  # fmt: skip
        return mode

    def states(self, rows: FrameBlock) -> array[int]:
        """One state a row, by hysteresis and least dwell; UNKNOWN_STATE where power is NaN or states are unclear."""
        mode = self.codes(rows)
        if self._levels is None:
            return array("B", [UNKNOWN_STATE]) * len(rows)
        if not self._levels.unclear:
            return mode
        table = bytes(UNKNOWN_STATE if code in self._levels.unclear else code for code in range(256))
        return array("B", mode.tobytes().translate(table))

    def state(self) -> dict[str, str]:
        """Histogram and present state."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`; the levels are found again in the histogram."""
        self._arrays.load(state)
        self.refresh()

    def refresh(self) -> None:
        """Find the levels in the histogram again, after another has filled it."""
        self._levels = None
        self.settle()

    def _next_look(self, seen: int) -> int:
        look = _FIRST_ROWS
        while look <= seen and look < self._relearn:
            look = min(2 * look, self._relearn)
        return look if look > seen else (seen // self._relearn + 1) * self._relearn

    def _fill(self, rows: FrameBlock, start: int, stop: int) -> None:
        width = rows.width
        values = rows.values[start * width : stop * width]
        power = values[self.column :: width]
        if self.running >= 0:
            flags = values[self.running :: width]
            power = array("d", [x for x, flag in zip(power, flags, strict=True) if flag >= 0.5])
        highest = max((x for x in power if x == x), default=math.nan)
        if highest > 0:
            self._widen(highest)
        if self.scale[0] > 0:
            drift_kernels.fill_histogram(power, 1, len(power), 0, 0.0, self.scale[0], 1.0, self.counts)

    def _widen(self, highest: float) -> None:
        """Double the full scale until it holds `highest`; pairs of cells become one. It starts at a power of two."""
        if self.scale[0] == 0.0:
            self.scale[0] = math.ldexp(1.0, math.frexp(highest)[1] - 8)
        while highest >= self.scale[0] * _CELLS:
            pairs = [self.counts[2 * k] + self.counts[2 * k + 1] for k in range(_CELLS // 2)]
            self.counts[:] = array("d", pairs + [0.0] * (_CELLS // 2))
            self.scale[0] *= 2.0

    def _look(self) -> None:
        if self.scale[0] > 0:
            found = levels_of(
                self.counts, 0.0, self.scale[0], has_running=self.running >= 0, kind=self._kind
            )  # fmt: skip
            self._levels = found or self._levels
