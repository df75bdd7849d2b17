"""Belt conveyor: kWh for a tonne carried a kilometre.

w = P / (Q L); the work of lifting, Q g H, must be less than the power. Source: ISO 5048 for the resistances.
"""

from __future__ import annotations

from typing import Final

from ovoo_models.efficiency.equipment.kind import Input, Kind

__all__ = ["BELT"]

BELT: Final = Kind(
    "belt", 8, "kWh/(t.km)",
    (
        Input("power_kw", "kW", "power"),
        Input("flow_t_h", "t/h", "mass_flow"),
        Input("length_km", "km", low=1e-4, high=100.0),
        Input("lift_m", "m", low=-2000.0, high=2000.0, default=0.0),
    ),
    better=-1, credible=(0.0, 1e3), bounded="share of the power that lifts",
)  # fmt: skip
