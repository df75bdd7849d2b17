"""What people of the demo's plants decided and surveyed, all made up: measures, restarts, a ventilation network."""

from __future__ import annotations

import importlib.resources
from typing import Final

from scripts.demo.people import engineer_of
from scripts.demo.place import PLANTS, Place
from scripts.demo.site import Api

__all__ = ["enter"]

_MINUTES: Final = "演示会议纪要 DEMO-M01（虚构）"
_SURVEY: Final = "演示通风阻力测定 DEMO-V01（虚构）"
_HOURS: Final = 8760.0
_PRICE: Final = {"tariff": "west", "flat_price_yuan": 0.43, "source": "演示合同（虚构，不是任何真实价格）"}
_DECIDED: Final = (
    ("powder/line1/dryer1", "idle_switch_off.avoidable_share", "0.6"),
    ("powder/line1/dryer1", "idle_switch_off.cost_low", "6000"),
    ("powder/line1/dryer1", "idle_switch_off.cost_high", "9000"),
    ("powder/line1/evap1", "idle_switch_off.avoidable_share", "0.5"),
    ("processing/line1/htst1", "idle_switch_off.avoidable_share", "0.4"),
    ("powder/line1/evap1", "restart_kwh", "4"),
    ("processing/line1/htst1", "restart_kwh", "2"),
)
"""Of the dairy: asset, input, value."""


def enter(place: Place) -> None:
    """Enters them over the API, as the engineers."""
    for plant in PLANTS:
        api = Api(place, engineer_of(plant))
        api.put(f"/api/v1/enterprises/{plant.enterprise}/sites/{plant.site}/tariff", _PRICE)
    mine, _, dairy = PLANTS
    base = f"/api/v1/enterprises/{dairy.enterprise}/sites/{dairy.site}/energy"
    api = Api(place, engineer_of(dairy))
    for asset, name, value in _DECIDED:
        api.put(f"{base}/inputs", {"asset": asset, "name": name, "value": value, "document": _MINUTES})
    table = importlib.resources.files(__package__).joinpath("ventilation.csv").read_text("utf-8")
    base = f"/api/v1/enterprises/{mine.enterprise}/sites/{mine.site}/energy"
    api = Api(place, engineer_of(mine))
    api.put(f"{base}/ventilation", {"csv": table, "document": _SURVEY, "hours_per_year": _HOURS})
