"""Pump: hydraulic power over shaft power.

eta = Q (p2 - p1 + rho g z) / (P eta_motor); velocity heads are taken as equal. Source: ISO 9906, clause on efficiency.
"""

from __future__ import annotations

from typing import Final

from ovoo_models.efficiency.equipment.kind import Input, Kind, share
from ovoo_models.efficiency.plausible import no_more_than_one, positive

__all__ = ["PUMP", "efficiency", "hydraulic_power_kw", "shaft_power_kw"]

PUMP: Final = Kind(
    "pump", 1, "1",
    (
        Input("flow_m3_h", "m3/h", "flow"),
        Input("suction_kpa", "kPa", "pressure", -101.325, default=0.0),
        Input("discharge_kpa", "kPa", "pressure", -101.325),
        Input("lift_m", "m", low=-1000.0, high=10_000.0, default=0.0),
        Input("density_kg_m3", "kg/m3", low=100.0, high=20_000.0),
        Input("power_kw", "kW", "power"),
        share("motor_efficiency"),
    ),
)  # fmt: skip
_GRAVITY: Final = 9.80665


def hydraulic_power_kw(flow_m3_s: float, head_m: float, density_kg_m3: float) -> float:
    """rho g Q H in kW."""
    flow, head = positive(flow_m3_s, "pump.flow", "m3/s"), positive(head_m, "pump.head", "m")
    return positive(density_kg_m3, "pump.density", "kg/m3") * _GRAVITY * flow * head / 1e3


def shaft_power_kw(motor_power_kw: float, motor_efficiency: float, drive_efficiency: float = 1.0) -> float:
    """What a motor hands to the shaft behind its drive."""
    positive(motor_efficiency, "pump.motor_efficiency", "1")
    positive(drive_efficiency, "pump.drive_efficiency", "1")
    losses = no_more_than_one(motor_efficiency, "pump.motor_efficiency")
    losses *= no_more_than_one(drive_efficiency, "pump.drive_efficiency")
    return positive(motor_power_kw, "pump.motor_power", "kW") * losses


def efficiency(hydraulic_kw: float, shaft_kw: float) -> float:
    """Hydraulic over shaft power; refused above 1."""
    return no_more_than_one(hydraulic_kw / positive(shaft_kw, "pump.shaft_power", "kW"), "pump.shaft_power")
