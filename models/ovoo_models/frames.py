"""Batches of samples to frames: one row a period in which something new arrived."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ConfigError
from ovoo_contract.samples import SampleBatch

from ovoo_models._select import frame_kernels
from ovoo_models.base import FrameBlock
from ovoo_models.state import ArrayStore

__all__ = ["FrameBuilder"]

_MAX_FRAMES = 2048
_REWIND_ROWS = 10_000


class FrameBuilder:
    """Keeps the newest value of each signal in each period and emits rows in order of time.

    A period without any new sample gives no row, so a minute history and a 1 Hz stream run through the same model.
    Other signals hold their last value for `hold_ns` at most; a sample that is not good ends the hold at once.
    A period closes when a sample `grace_ns` past its end has been seen: samples may be out of order by that much and
    batches may be cut anywhere without changing a bit. What comes later still is left out and counted in `late`.
    After 10,000 late rows without a good one between them the clock is taken to have been set back, and it starts anew.
    """

    def __init__(
        self,
        signal_indexes: Sequence[int],
        period_ns: int,
        hold_ns: int | Sequence[int],
        grace_ns: int = 0,
    ) -> None:
        width = len(signal_indexes)
        if width == 0 or period_ns <= 0 or grace_ns < 0:
            raise ConfigError("signals and a positive period are needed", offender="frames.period_ns", value=period_ns)
        self.width = width
        self.period_ns = period_ns
        self._grace_ns = grace_ns
        self._hold = array("q", [hold_ns] * width if isinstance(hold_ns, int) else hold_ns)
        self._held_value = array("d", [float("nan")] * width)
        self._held_time = array("q", [-1] * width)
        # next frame, newest time, late, late in a row, oldest pending
        self._marks = array("q", [-1, -1, 0, 0, -1])
        self._pending: tuple[array[int], array[int], array[float]] = (array("i"), array("q"), array("d"))
        self._open = 0
        self._grid_value = array("d", bytes(8 * _stride(_MAX_FRAMES) * width))
        self._grid_time = array("q", bytes(8 * _stride(_MAX_FRAMES) * width))
        self._row_time, self._row_value = array("q"), array("d")
        self._indexes: tuple[int, ...] = ()
        self._table = array("i")
        self.map_signals(signal_indexes)

    @property
    def late(self) -> int:
        """Rows that came after their period had closed."""
        return self._marks[2]

    def map_signals(self, signal_indexes: Sequence[int]) -> None:
        """Say at which indexes the signals are found in the batches; -1 where a signal is not delivered."""
        indexes = tuple(signal_indexes)
        if indexes == self._indexes:
            return
        if len(indexes) != self.width:
            raise ConfigError("one index a signal is needed", offender="frames.signal_indexes", value=indexes)
        self._indexes = indexes
        self._table = array("i", [-1] * (max(indexes, default=-1) + 1))
        for column, index in enumerate(indexes):
            if index >= 0:
                self._table[index] = column

    def push(self, batch: SampleBatch) -> FrameBlock:
        """Take the batch's rows; return the frames that are complete now."""
        self._select(batch)
        newest = self._marks[1]
        return self._emit((newest - self._grace_ns) // self.period_ns) if newest >= 0 else FrameBlock.empty(self.width)

    def flush(self, upto_ns: int) -> FrameBlock:
        """Close every period that ends at or before `upto_ns`."""
        return self._emit(upto_ns // self.period_ns)

    def _select(self, batch: SampleBatch) -> None:
        marks, room = self._marks, self._room(len(batch))
        floor_ns = max(marks[0], 0) * self.period_ns
        kept, late, newest, oldest = frame_kernels.select_rows(
            batch.signal, batch.time_ns, batch.value, batch.quality, self._table, floor_ns, *room
        )
        marks[2] += late
        marks[3] = 0 if kept else marks[3] + late
        if marks[3] >= _REWIND_ROWS:
            marks[0], marks[1], marks[3] = -1, -1, 0
            self._held_time[:] = array("q", [-1] * self.width)
        marks[1] = max(marks[1], newest)
        if kept:
            marks[4] = oldest if marks[4] < 0 else min(marks[4], oldest)
        self._open += kept

    def _room(self, rows: int) -> tuple[Any, Any, Any]:
        """Where `rows` more pending rows go; the columns never shrink, so that a stream allocates once."""
        for column in self._pending:
            short = self._open + rows - len(column)
            if short > 0:
                column.frombytes(bytes(column.itemsize * short))
        if self._open == 0:
            return self._pending
        time_ns, value = memoryview(self._pending[1]), memoryview(self._pending[2])
        return memoryview(self._pending[0])[self._open :], time_ns[self._open :], value[self._open :]

    def _emit(self, closed: int) -> FrameBlock:
        out = FrameBlock.empty(self.width)
        while self._marks[4] >= 0 and (first := self._marks[4] // self.period_ns) < closed:
            self._emit_some(first, min(closed - first, _MAX_FRAMES), out)
        self._marks[0] = max(self._marks[0], closed)
        return out

    def _emit_some(self, base: int, frames: int, out: FrameBlock) -> None:
        column, time_ns, value = self._pending
        width, period = self.width, self.period_ns
        stride = _stride(frames)
        self._open, self._marks[4] = frame_kernels.scatter_rows(
            column, time_ns, value, self._open, base, frames, period, width, stride, self._grid_value, self._grid_time
        )
        self._row_time.frombytes(bytes(8 * max(frames - len(self._row_time), 0)))
        self._row_value.frombytes(bytes(8 * max(frames * width - len(self._row_value), 0)))
        rows = frame_kernels.emit_frames(
            self._grid_value, self._grid_time, frames, width, stride, base, period, self._hold,
            self._held_value, self._held_time, self._row_time, self._row_value,
        )  # fmt: skip
        out.time_ns.extend(self._row_time[:rows])
        if len(out.values) == 0:
            out.values = self._row_value[: rows * width]
        else:
            out.values.extend(self._row_value[: rows * width])

    def state(self) -> dict[str, str]:
        """Held values, marks and the rows of open periods."""
        return {**self._fixed().state(), **self._rows().state()}

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()` of a builder with the same signals."""
        names = set(self._rows().state())
        self._fixed().load({name: text for name, text in state.items() if name not in names})
        fresh = (array("i"), array("q"), array("d"))
        _rows_store(fresh).load_any({name: text for name, text in state.items() if name in names})
        self._pending, self._open = fresh, len(fresh[1])

    def _fixed(self) -> ArrayStore:
        return ArrayStore("frames", held_value=self._held_value, held_time=self._held_time, marks=self._marks)

    def _rows(self) -> ArrayStore:
        column, time_ns, value = self._pending
        return _rows_store((column[: self._open], time_ns[: self._open], value[: self._open]))


def _stride(frames: int) -> int:
    """Cells from a signal to the next: an odd number of cache lines, so that rows of many signals share the cache."""
    return ((frames + 7) // 8 | 1) * 8


def _rows_store(pending: tuple[array[int], array[int], array[float]]) -> ArrayStore:
    column, time_ns, value = pending
    return ArrayStore("frames", column=column, time_ns=time_ns, value=value)
