"""The truth of what a fault costs: power and energy beyond what the machine would have drawn without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ovoo_simulator.arrays import FloatArray, IntArray
from ovoo_simulator.faults import Fault, iso_time
from ovoo_simulator.plants.plant import Plant
from ovoo_simulator.times import MINUTE_NS

__all__ = ["FaultEnergy", "excess_kw", "fault_energy"]


@dataclass(frozen=True, slots=True)
class FaultEnergy:
    """Energy of one fault in [start_ns, end_ns); kWh and mean kW may be negative where a fault throttles."""

    start_ns: int
    end_ns: int
    excess_kwh: float
    mean_kw: float
    greatest_kw: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "start": iso_time(self.start_ns),
            "end": iso_time(self.end_ns),
            "excess_kwh": round(self.excess_kwh, 3),
            "mean_kw": round(self.mean_kw, 4),
            "greatest_kw": round(self.greatest_kw, 4),
        }


def excess_kw(plant: Plant, fault: Fault, time_ns: IntArray) -> FloatArray:
    """True power of the fault's machine beyond what it would draw without it; zeros for a machine without power.

    An idle run does no work, so all that is drawn in it is excess. Sensors that lie cost nothing.
    """
    power = plant.truth(time_ns, [fault])[fault.asset].get("power", np.zeros(len(time_ns)))
    if fault.kind == "idle_running":
        return np.where(fault.progress(time_ns) > 0.0, power, 0.0)
    return np.asarray(power - plant.truth(time_ns)[fault.asset].get("power", np.zeros(len(time_ns))), np.float64)


def fault_energy(plant: Plant, fault: Fault, window: Sequence[int] = (), step_ns: int = MINUTE_NS) -> FaultEnergy:
    """Energy of a fault over its whole time, or over the part of it in `window` [start, end), by midpoint rule."""
    start, end = (
        (max(fault.start_ns, window[0]), min(fault.end_ns, window[1])) if window else (fault.start_ns, fault.end_ns)
    )
    steps = max((end - start) // step_ns, 1)
    width = (end - start) / steps
    middles = start + ((np.arange(steps) + 0.5) * width).astype(np.int64)
    excess = excess_kw(plant, fault, middles)
    return FaultEnergy(
        start, end, float(excess.sum()) * width / 3.6e12, float(excess.mean()), float(excess[np.abs(excess).argmax()])
    )
