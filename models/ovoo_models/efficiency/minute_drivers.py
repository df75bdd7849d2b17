"""Means of a machine's driver variables by minute, integrated as its power is."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from ovoo_models.artifact import ModelSet
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.periods import PeriodMeter

__all__ = ["MEAN", "MinuteDrivers", "mean_figure"]

MEAN: Final = "mean_"
_ROOM: Final = 63 - len("machine-") - len(MEAN)


def mean_figure(name: str) -> str:
    """The figure that holds the mean of a signal; a name too long for an address is cut and told by its checksum."""
    return MEAN + (name if len(name) <= _ROOM else f"{name[: _ROOM - 9]}-{zlib.crc32(name.encode()):08x}")


class MinuteDrivers:
    """Time-weighted mean of each driver over minutes that its rows cover whole, in fixed memory.

    Args:
        model_set: whose frames are pushed.
        names: of the drivers.
    """

    def __init__(self, model_set: ModelSet, names: Sequence[str]) -> None:
        self.figures = tuple((mean_figure(name), model_set.signals[model_set.index(name)].unit) for name in names)
        self._meters = [PeriodMeter(model_set.index(name)) for name in names]

    def push(self, rows: FrameBlock) -> dict[int, dict[str, float]]:
        """Take rows; start of a minute that closed -> figure -> mean."""
        found: dict[int, dict[str, float]] = {}
        for (figure, _unit), meter in zip(self.figures, self._meters, strict=True):
            for start_ns, mean in meter.push_means(rows):
                found.setdefault(start_ns, {})[figure] = mean
        return found

    def state(self) -> list[Mapping[str, str]]:
        """The open minutes."""
        return [meter.state() for meter in self._meters]

    def load(self, state: Sequence[Mapping[str, str]]) -> None:
        """Take `state()`; of another number of drivers nothing is taken."""
        if len(state) == len(self._meters):
            for meter, own in zip(self._meters, state, strict=True):
                meter.load(own)
