"""What the demo's plants pay by: made-up prices, marked fictitious wherever they show."""

from __future__ import annotations

from typing import Any, Final

from scripts.demo.people import engineer_of
from scripts.demo.place import PLANTS, DemoPlant, Place
from scripts.demo.site import Api

__all__ = ["enter"]

_DOCUMENT: Final = "演示合同（虚构，不是任何真实价格）"
_TARGET_KW: Final = {"heishan": 2800.0, "bayan": 25_500.0, "xilin": 620.0}
_SHIFTABLE: Final = {"heishan": ("drainage/main/pump1", 600.0, "水仓有容量（虚构）")}


def enter(place: Place) -> None:
    """Enters each plant's contract over the API, as its engineer."""
    for plant in PLANTS:
        api = Api(place, engineer_of(plant))
        path = f"/api/v1/enterprises/{plant.enterprise}/sites/{plant.site}/energy/contract"
        api.put(path, _terms(plant))


def _terms(plant: DemoPlant) -> dict[str, Any]:
    shiftable = []
    if plant.site in _SHIFTABLE:
        asset, rated_kw, reason = _SHIFTABLE[plant.site]
        shiftable.append({"asset": asset, "rated_kw": rated_kw, "document": reason})
    return {
        "tariff": "west",
        "energy": [
            {"name": "energy", "document": _DOCUMENT, "ratio": "0.40"},
            {"name": "基金及附加", "document": _DOCUMENT, "flat": "0.03", "adjustable": False},
        ],
        "basis": "demand",
        "demand": {"price": "28", "document": _DOCUMENT},
        "target_kw": _TARGET_KW[plant.site],
        "shiftable": shiftable,
        "fictitious": True,
    }
