"""Fan: air power over shaft power.

P_air = Q dp Kp with Kp = (ln(1 + x)/x) (z/ln(1 + z)), x = dp/p1 and z = (gamma - 1)/gamma P_shaft/(Q p1).
Source: ISO 5801 (AMCA 210), compressibility coefficient.
"""

from __future__ import annotations

import math
from typing import Final

from ovoo_models.efficiency.equipment.kind import Input, Kind, share
from ovoo_models.efficiency.plausible import no_more_than_one, positive, within

__all__ = ["FAN", "air_power_kw", "compressibility", "efficiency"]

FAN: Final = Kind(
    "fan", 2, "1",
    (
        Input("flow_m3_s", "m3/s", "flow"),
        Input("pressure_pa", "Pa", "pressure"),
        share("compressibility", 1.0),
        Input("power_kw", "kW", "power"),
        share("drive_efficiency"),
    ),
)  # fmt: skip


def air_power_kw(flow_m3_s: float, pressure_rise_pa: float, compressibility_factor: float = 1.0) -> float:
    """Q dp Kp in kW."""
    factor = within(compressibility_factor, 0.5, 1.0, "fan.compressibility", "")
    flow, rise = positive(flow_m3_s, "fan.flow", "m3/s"), positive(pressure_rise_pa, "fan.pressure", "Pa")
    return flow * rise * factor / 1e3


def compressibility(
    flow_m3_s: float, inlet_pa: float, outlet_pa: float, shaft_power_kw: float, gamma: float = 1.4
) -> float:
    """Kp of air of the given absolute inlet and outlet pressures; shaft power below the air's is refused."""
    within(gamma, 1.01, 5.0 / 3.0, "fan.gamma", "")
    inlet, flow = positive(inlet_pa, "fan.inlet_pressure", "Pa absolute"), positive(flow_m3_s, "fan.flow", "m3/s")
    rise = positive(outlet_pa - inlet, "fan.outlet_pressure", "Pa, above the inlet's")
    x = rise / inlet
    z = (gamma - 1.0) / gamma * positive(shaft_power_kw, "fan.shaft_power", "kW") * 1e3 / (flow * inlet)
    found = math.log1p(x) / x * z / math.log1p(z)
    efficiency(air_power_kw(flow, rise, min(max(found, 0.5), 1.0)), shaft_power_kw)
    return found


def efficiency(air_kw: float, shaft_kw: float) -> float:
    """Air over shaft power; refused above 1."""
    return no_more_than_one(air_kw / positive(shaft_kw, "fan.shaft_power", "kW"), "fan.shaft_power")
