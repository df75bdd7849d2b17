"""Dryer: kWh of heat and power for a kilogram of water driven off.

w = (heat + P) / W with W = F (x_in - x_out)/(100 - x_out), moistures in percent of the wet mass.
"""

from __future__ import annotations

from typing import Final

from ovoo_models.efficiency.equipment.kind import Input, Kind

__all__ = ["DRYER"]

DRYER: Final = Kind(
    "dryer", 11, "kWh/kg",
    (
        Input("heat_kw", "kW", "power"),
        Input("power_kw", "kW", "power", default=0.0),
        Input("feed_kg_h", "kg/h", "mass_flow"),
        Input("moisture_in_percent", "%", "ratio", 0.0, 99.9),
        Input("moisture_out_percent", "%", "ratio", 0.0, 99.9),
    ),
    better=-1, credible=(1e-3, 1e3), bounded="",
)  # fmt: skip
