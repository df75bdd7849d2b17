"""What an asset's physics may look at: time, weather, the plant's slow processes, its own faults."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ovoo_simulator import noise
from ovoo_simulator.arrays import FloatArray, IntArray
from ovoo_simulator.faults import Fault, FaultKind
from ovoo_simulator.times import Times
from ovoo_simulator.weather import Weather

__all__ = ["PlantScene", "Scene"]

_NOTHING = np.zeros(1)


class PlantScene:
    """Columns that all assets of a plant share, computed once a run.

    Args:
        time_ns: UTC times in rising order.
        key: of the plant and its seed.
        origin_ns: start of the plant's counters.
        memo: results that cost much and never change, by (key, day); kept by the plant.
    """

    def __init__(self, time_ns: IntArray, key: int, origin_ns: int, memo: dict[tuple[int, int], int]) -> None:
        self.times = Times.at(time_ns)
        self.key = key
        self.origin_ns = origin_ns
        self.memo = memo
        self.weather = Weather.at(self.times, noise.key_of(key, "weather"))

    def wobble(self, name: str, period_s: float) -> FloatArray:
        """A smooth process of variance 1 that belongs to the plant."""
        return noise.smooth(noise.key_of(self.key, name), self.times.seconds, period_s)

    def draw(self, name: str, ticks: IntArray) -> FloatArray:
        """Numbers in [0, 1) of the plant, one for each tick (a cycle, a slot, a day)."""
        return noise.uniform(noise.key_of(self.key, name), ticks)


class Scene:
    """The view of one asset; its random processes are its own.

    Args:
        plant: the shared columns.
        asset: path of the asset.
        faults: of this asset only.
    """

    def __init__(self, plant: PlantScene, asset: str, faults: Sequence[Fault]) -> None:
        self.plant = plant
        self.times = plant.times
        self.weather = plant.weather
        self.key = noise.key_of(plant.key, asset)
        self._faults = faults

    def wobble(self, name: str, period_s: float, sigma: float) -> FloatArray:
        """A smooth process of this asset with standard deviation `sigma`."""
        return sigma * noise.smooth(noise.key_of(self.key, name), self.times.seconds, period_s)

    def draw(self, name: str, ticks: IntArray) -> FloatArray:
        """Numbers in [0, 1) of this asset, one for each tick (a cycle, a slot, a day)."""
        return noise.uniform(noise.key_of(self.key, name), ticks)

    def effect(self, kind: FaultKind) -> FloatArray:
        """Size times progress of the faults of `kind`, 0 where none is on; one element where there is none at all."""
        total = _NOTHING
        for fault in self._faults:
            if fault.kind == kind:
                total = total + fault.size * fault.progress(self.times.ns)
        return total
