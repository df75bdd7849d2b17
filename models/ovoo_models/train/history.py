"""Histories as columns, and the frames a monitor would make of them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
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


def matrix(rows: FrameBlock) -> NDArray[np.float64]:
    """The frames as rows x width, a copy."""
    return np.array(rows.values, dtype=np.float64).reshape(len(rows), rows.width)


def frames_of(history: History, signals: Sequence[SignalUse], period_ns: int) -> FrameBlock:
    """The rows that a monitor with this period would score; signals without history stay missing."""
    batch = SampleBatch.empty()
    for index, use in enumerate(signals):
        if use.name in history:
            _append(batch, index, use.name, history[use.name])
    if len(batch) == 0:
        names = ", ".join(use.name for use in signals)
        raise ArtifactError("no history for any signal", offender="train.history", value=sorted(history), remedy=names)
    builder = FrameBuilder(range(len(signals)), period_ns, [round(use.hold_s * 1e9) for use in signals])
    return _all(builder, batch, period_ns)


def _append(batch: SampleBatch, index: int, name: str, column: Column) -> None:
    time_ns, value, quality = (np.asarray(each) for each in column)
    if not len(time_ns) == len(value) == len(quality):
        raise ArtifactError("columns differ in length", offender=f"train.history.{name}", value=len(time_ns))
    batch.signal.extend(array("I", [index]) * len(time_ns))
    batch.time_ns.frombytes(np.ascontiguousarray(time_ns, np.int64).tobytes())
    batch.value.frombytes(np.ascontiguousarray(value, np.float64).tobytes())
    batch.quality.frombytes(np.ascontiguousarray(quality, np.uint32).tobytes())


def _all(builder: FrameBuilder, batch: SampleBatch, period_ns: int) -> FrameBlock:
    frames = builder.push(batch)
    rest = builder.flush(max(batch.time_ns) + period_ns)
    frames.time_ns.extend(rest.time_ns)
    frames.values.extend(rest.values)
    return frames
