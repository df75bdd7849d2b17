"""Histories as columns, and the frames a monitor would make of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovoo_contract.errors import ArtifactError
from ovoo_contract.samples import SampleBatch

from ovoo_models.artifact import SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.frames import FrameBuilder

__all__ = ["Column", "History", "frames_of", "matrix"]

Column = tuple[Sequence[int] | NDArray[Any], Sequence[float] | NDArray[Any], Sequence[int] | NDArray[Any]]
"""(time_ns, value, quality) of one signal, in order of time."""
History = Mapping[str, Column]
_Arrays = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint32]]
_WINDOW_FRAMES = 1024


def matrix(rows: FrameBlock) -> NDArray[np.float64]:
    """The frames as rows x width, a copy."""
    return np.array(rows.values, dtype=np.float64).reshape(len(rows), rows.width)


def frames_of(history: History, signals: Sequence[SignalUse], period_ns: int) -> FrameBlock:
    """The rows that a monitor with this period would score; signals without history stay missing."""
    columns = [
        (index, _column(use.name, history[use.name])) for index, use in enumerate(signals) if use.name in history
    ]
    columns = [(index, column) for index, column in columns if len(column[0])]
    if not columns:
        names = ", ".join(use.name for use in signals)
        raise ArtifactError("no history for any signal", offender="train.history", value=sorted(history), remedy=names)
    builder = FrameBuilder(range(len(signals)), period_ns, [round(use.hold_s * 1e9) for use in signals])
    found = FrameBlock.empty(builder.width)
    for batch in _windows(columns, _WINDOW_FRAMES * period_ns):
        _extend(found, builder.push(batch))
    _extend(found, builder.flush(max(int(column[0][-1]) for _, column in columns) + period_ns))
    return found


def _column(name: str, column: Column) -> _Arrays:
    time_ns, value, quality = (np.asarray(each) for each in column)
    if not len(time_ns) == len(value) == len(quality):
        raise ArtifactError("columns differ in length", offender=f"train.history.{name}", value=len(time_ns))
    # a stable order keeps the later of two rows with one time the later one
    order = np.argsort(time_ns, kind="stable")
    return time_ns.astype(np.int64)[order], value.astype(np.float64)[order], quality.astype(np.uint32)[order]


def _windows(columns: Sequence[tuple[int, _Arrays]], span_ns: int) -> Iterator[SampleBatch]:
    """The rows of all columns, a stretch of time after the other: a builder walks over its open rows at each push."""
    places = [0] * len(columns)
    while starts := [
        int(time_ns[place]) for place, (_, (time_ns, _, _)) in zip(places, columns, strict=True) if place < len(time_ns)
    ]:
        end_ns = (min(starts) // span_ns + 1) * span_ns
        batch = SampleBatch.empty()
        for number, (index, arrays) in enumerate(columns):
            stop = int(np.searchsorted(arrays[0], end_ns))
            _append(batch, index, arrays, slice(places[number], stop))
            places[number] = stop
        yield batch


def _append(batch: SampleBatch, index: int, arrays: _Arrays, part: slice) -> None:
    time_ns, value, quality = (each[part] for each in arrays)
    batch.signal.extend(array("I", [index]) * len(time_ns))
    batch.time_ns.frombytes(time_ns.tobytes())
    batch.value.frombytes(value.tobytes())
    batch.quality.frombytes(quality.tobytes())


def _extend(frames: FrameBlock, more: FrameBlock) -> None:
    frames.time_ns.extend(more.time_ns)
    frames.values.extend(more.values)
