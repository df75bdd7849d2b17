"""Meters of known make for the tests of savings."""

from __future__ import annotations

import math
import random
from array import array

from ovoo_models.efficiency.savings.observations import DAY_NS, HOUR_NS, Observations

FIRST_NS = 19_358 * DAY_NS  # Sunday, 2023-01-01


def meter(
    days: int = 365, seed: int = 1, noise: float = 4.0, rho: float = 0.0, saved: float = 0.0, saved_from: int = 10**6
) -> Observations:
    """Base 100, 3 a degree below 10, 5 a degree above 20, weekends as other days; a saving is a share from a day on."""
    rng = random.Random(seed)
    temperature, energy, error = array("d"), array("d"), rng.gauss(0.0, 1.0)
    for i in range(days):
        x = 14.0 + 14.0 * math.sin(2.0 * math.pi * (i - 110) / 365.0) + rng.gauss(0.0, 3.0)
        error = rho * error + math.sqrt(1.0 - rho * rho) * rng.gauss(0.0, 1.0)
        mean = 100.0 + 3.0 * max(0.0, 10.0 - x) + 5.0 * max(0.0, x - 20.0)
        temperature.append(x)
        energy.append(mean * (1.0 - saved * (i >= saved_from)) + noise * error)
    return Observations(times(days), energy, {"temperature": temperature})


def times(days: int, step_ns: int = DAY_NS) -> array[int]:
    """Starts of intervals from 2023-01-01 on."""
    return array("q", [FIRST_NS + i * step_ns for i in range(days * DAY_NS // step_ns)])


def hourly_meter(days: int = 84, seed: int = 1) -> Observations:
    """A level by hour of the week and a cooling slope above 18, hourly."""
    rng = random.Random(seed)
    at = times(days, HOUR_NS)
    temperature = array(
        "d", [15.0 + 8.0 * math.sin(2.0 * math.pi * (i % 24 - 9) / 24.0) + rng.gauss(0, 3) for i in range(len(at))]
    )
    energy = array(
        "d",
        [
            10.0
            + (6.0 if 8 <= i % 24 < 18 and (i // 24) % 7 not in (0, 6) else 0.0)
            + 0.8 * max(0.0, x - 18.0)
            + rng.gauss(0, 0.5)
            for i, x in enumerate(temperature)
        ],
    )
    return Observations(at, energy, {"temperature": temperature}, HOUR_NS)


def changed(data: Observations, energy: dict[int, float]) -> Observations:
    """The same with some energies replaced by row."""
    column = array("d", data.energy)
    for row, value in energy.items():
        column[row] = value
    return Observations(data.time_ns, column, data.drivers, data.step_ns, data.unit, data.utc_offset_s)
