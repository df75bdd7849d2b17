"""Main ventilation fan of a mine: total air power, velocity pressure included, over shaft power.

eta = Q (p_static + rho v^2/2) / (P eta_drive), v = Q/A. Source: GB/T 10178, site test of fans.
"""

from __future__ import annotations

from typing import Final

from ovoo_models.efficiency.equipment.kind import Input, Kind, share

__all__ = ["MAIN_FAN"]

MAIN_FAN: Final = Kind(
    "main_fan", 9, "1",
    (
        Input("flow_m3_s", "m3/s", "flow"),
        Input("static_pa", "Pa", "pressure", -1e5, 1e5),
        Input("area_m2", "m2", low=0.01, high=1e4),
        Input("density_kg_m3", "kg/m3", low=0.3, high=3.0),
        Input("power_kw", "kW", "power"),
        share("drive_efficiency"),
    ),
)  # fmt: skip
