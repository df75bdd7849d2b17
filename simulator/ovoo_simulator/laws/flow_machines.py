"""Fans and pumps: affinity laws, operating point on a quadratic system curve, shaft power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovoo_simulator.arrays import FloatArray

__all__ = ["GRAVITY", "WATER_DENSITY", "Curve", "current_a", "fan_power_kw", "operating_point", "pump_power_kw"]

GRAVITY = 9.80665
WATER_DENSITY = 998.0
_ROOT_3 = 3.0**0.5


@dataclass(frozen=True, slots=True)
class Curve:
    """A machine's curve at rated speed: rise = shutoff - slope * flow^2."""

    shutoff: float
    slope: float


def operating_point(
    curve: Curve, speed_ratio: FloatArray, resistance: FloatArray, static: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Flow and rise where the machine's curve meets rise = static + resistance * flow^2.

    At speed ratio r the curve is r^2 shutoff - slope flow^2, so with static = 0 flow goes as r, rise as r^2 and
    power as r^3 (affinity laws).

    >>> flow, rise = operating_point(Curve(2600.0, 0.034), np.array([1.0, 0.5]), np.array([0.046]))
    >>> float(flow[1] / flow[0]), round(float(rise[1] / rise[0]), 12)
    (0.5, 0.25)
    """
    drive = np.maximum(speed_ratio**2 * curve.shutoff - static, 0.0)
    flow = np.sqrt(drive / (resistance + curve.slope))
    return flow, static + resistance * flow**2


def fan_power_kw(flow_m3s: FloatArray, pressure_pa: FloatArray, efficiency: FloatArray) -> FloatArray:
    """Electric power Q p / eta in kW; `efficiency` is that of fan, motor and drive together."""
    return flow_m3s * pressure_pa / efficiency / 1000.0


def pump_power_kw(flow_m3h: FloatArray, head_m: FloatArray, efficiency: FloatArray) -> FloatArray:
    """Electric power rho g Q H / eta in kW.

    >>> float(pump_power_kw(np.array([360.0]), np.array([100.0]), np.array([1.0])).round(2)[0])
    97.87
    """
    return WATER_DENSITY * GRAVITY * flow_m3h / 3600.0 * head_m / efficiency / 1000.0


def current_a(power_kw: FloatArray, volt: float, power_factor: float) -> FloatArray:
    """Line current of a three-phase motor, P / (sqrt(3) U cos phi)."""
    return power_kw * 1000.0 / (_ROOT_3 * volt * power_factor)
