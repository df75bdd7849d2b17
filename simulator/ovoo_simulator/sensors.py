"""What an instrument makes of the truth: noise, zero cut-off, rounding, drop-outs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ovoo_simulator import noise
from ovoo_simulator.arrays import BoolArray, FloatArray
from ovoo_simulator.times import SECOND_NS, Times

__all__ = ["COUNTER", "SWITCH", "Sensor", "dropped", "measure"]

_SLOT_NS = 600 * SECOND_NS
_SLOT_SHARE = 0.004
_SHORTEST_S = 3.0
_LONGEST_S = 90.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """An instrument.

    Attributes:
        noise: standard deviation in the signal's unit, >= 0.
        decimals: digits kept after the point.
        kind: `analog` with noise; `switch` 0/1; `counter` floored, never noisy; `signed` analog that may go below 0.
    """

    noise: float
    decimals: int
    kind: Literal["analog", "signed", "switch", "counter"] = "analog"

    @property
    def uncertainty(self) -> float:
        """Standard deviation of noise and rounding together."""
        return float(np.hypot(self.noise, 10.0**-self.decimals / np.sqrt(12.0)))


SWITCH = Sensor(0.0, 0, "switch")
COUNTER = Sensor(0.0, 0, "counter")


def measure(sensor: Sensor, truth: FloatArray, times: Times, key: int, offset: FloatArray | float = 0.0) -> FloatArray:
    """The reading: truth plus `offset` (drift) plus noise, rounded; an exact 0 stays 0 (low-flow cut-off)."""
    if sensor.kind == "switch":
        return np.where(truth > 0.5, 1.0, 0.0)
    if sensor.kind == "counter":
        scale = 10.0**sensor.decimals
        return np.floor(truth * scale + 1e-6) / scale
    raw = truth + offset + sensor.noise * noise.normal(key, times.ns)
    if sensor.kind == "analog":
        raw = np.where(truth == 0.0, np.maximum(offset, 0.0), np.maximum(raw, 0.0))
    return np.round(raw, sensor.decimals) + 0.0


def dropped(times: Times, key: int) -> BoolArray:
    """True where the transmitter is silent: about one ten-minute slot in 250 begins with 3 to 90 s without a value."""
    slot = times.ns // _SLOT_NS
    silent = noise.uniform(key, slot) < _SLOT_SHARE
    length = _SHORTEST_S + (_LONGEST_S - _SHORTEST_S) * noise.uniform(key + 1, slot)
    gone: BoolArray = silent & (times.ns - slot * _SLOT_NS < length * SECOND_NS)
    return gone
