"""Chiller: coefficient of performance, and the heat that water carries.

COP = rho cp Q (T_in - T_out) / P; no machine exceeds T_out/(T_condenser - T_out) in kelvin (Carnot).
Source: GB/T 10870.
"""

from __future__ import annotations

from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.equipment.kind import Input, Kind
from ovoo_models.efficiency.plausible import positive
from ovoo_models.efficiency.steam import steam_at

__all__ = ["CHILLER", "water_heat_kw"]

CHILLER: Final = Kind(
    "chiller", 5, "1",
    (
        Input("flow_m3_h", "m3/h", "flow"),
        Input("water_in_c", "Cel", "temperature", -60.0, 150.0),
        Input("water_out_c", "Cel", "temperature", -60.0, 150.0),
        Input("density_kg_m3", "kg/m3", low=500.0, high=2000.0),
        Input("heat_capacity_kj_kg_k", "kJ/(kg K)", low=1.0, high=10.0),
        Input("power_kw", "kW", "power"),
        Input("condenser_c", "Cel", "temperature", -60.0, 150.0),
    ),
    credible=(0.1, 100.0), bounded="share of the Carnot COP",
)  # fmt: skip
_PRESSURE_MPA: Final = 0.3


def water_heat_kw(flow_m3_s: float, in_k: float, out_k: float, pressure_mpa: float = _PRESSURE_MPA) -> float:
    """Heat that water takes up between two temperatures (negative: gives off), metered by volume at the inlet."""
    first, last = steam_at(pressure_mpa, in_k), steam_at(pressure_mpa, out_k)
    for name, state in (("t_in", first), ("t_out", last)):
        if state.region != 1:
            raise EvidenceError(
                "this is steam, not water", code="equipment.this_steam_not_water",
                slots={"pressure_mpa": f"{pressure_mpa:g}"}, offender=f"water.{name}", value=state.temperature_k,
                remedy=f"give the pressure; at {pressure_mpa:g} MPa water boils below that",
            )  # fmt: skip
    mass = positive(flow_m3_s, "water.flow", "m3/s") / first.volume_m3_kg
    return mass * (last.enthalpy_kj_kg - first.enthalpy_kj_kg)
