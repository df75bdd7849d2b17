"""Belts and hoists: power from load, cycles of a skip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovoo_simulator.arrays import FloatArray
from ovoo_simulator.laws.flow_machines import GRAVITY

__all__ = ["Belt", "HoistCycle", "belt_power_kw", "hoist_motion", "hoist_power_kw"]


@dataclass(frozen=True, slots=True)
class Belt:
    """A conveyor: length and lift in m, moving mass of belt and idlers in kg/m, friction factor, drive efficiency."""

    length_m: float
    lift_m: float
    moving_kg_per_m: float
    friction: float
    efficiency: float


@dataclass(frozen=True, slots=True)
class HoistCycle:
    """One trip: `ramp_s` of acceleration and of deceleration, `run_s` at full speed, then loading until `period_s`."""

    period_s: float
    ramp_s: float
    run_s: float
    speed_ms: float


def belt_power_kw(belt: Belt, speed_ms: FloatArray, load_th: FloatArray, friction: FloatArray) -> FloatArray:
    """Drive power in kW: friction of the moving masses and of the load, and the lift of the load.

    P = (f g L (m' + q) v + g H q v) / eta with q = load / (3.6 v).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        line_load = np.where(speed_ms > 0.0, load_th / (3.6 * speed_ms), 0.0)
    drag = friction * GRAVITY * belt.length_m * (belt.moving_kg_per_m + line_load) * speed_ms
    lift = GRAVITY * belt.lift_m * line_load * speed_ms
    return (drag + lift) / belt.efficiency / 1000.0


def hoist_motion(cycle: HoistCycle, phase_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Speed in m/s and acceleration in m/s2 at `phase_s` seconds into the cycle (trapezoid)."""
    rise = phase_s / cycle.ramp_s
    fall = (2.0 * cycle.ramp_s + cycle.run_s - phase_s) / cycle.ramp_s
    share = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    slope = cycle.speed_ms / cycle.ramp_s
    accelerating = (rise > 0.0) & (rise < 1.0)
    braking = (fall > 0.0) & (fall < 1.0)
    return share * cycle.speed_ms, np.where(accelerating, slope, np.where(braking, -slope, 0.0))


def hoist_power_kw(
    payload_t: FloatArray, moving_t: float, speed: FloatArray, acceleration: FloatArray, friction: FloatArray
) -> FloatArray:
    """Mechanical power in kW of a balanced skip hoist: lift with friction, and inertia of `moving_t` tonnes."""
    force_kn = payload_t * GRAVITY * (1.0 + friction) + (payload_t + moving_t) * acceleration
    return force_kn * speed
