"""Pasteuriser: regeneration efficiency, the share of the heating that the product gives back.

eta = (T_regenerated - T_feed) / (T_holding - T_feed).
"""

from __future__ import annotations

from typing import Final

from ovoo_models.efficiency.equipment.kind import Input, Kind

__all__ = ["PASTEURISER"]

_MILK: Final = (-5.0, 200.0)
PASTEURISER: Final = Kind(
    "pasteuriser", 10, "1",
    (
        Input("feed_c", "Cel", "temperature", *_MILK),
        Input("regenerated_c", "Cel", "temperature", *_MILK),
        Input("holding_c", "Cel", "temperature", *_MILK),
    ),
    bounded="regeneration",
)  # fmt: skip
