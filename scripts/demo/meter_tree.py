"""The demo plants' meter trees: the site's counter over its own power transmitter, that over every machine's."""

from __future__ import annotations

from typing import Any

from ovoo_packs import load_pack

from scripts.demo.people import engineer_of
from scripts.demo.place import PLANTS, DemoPlant, Place
from scripts.demo.site import Api

_DOCUMENT = "一次系统图 DEMO-E01（虚构）"
_COUNTER_CLASS, _TRANSMITTER_CLASS, _MACHINE_CLASS = 0.5, 1.0, 2.0
"""Classes in % that the fictitious drawing gives."""


def give_all(place: Place) -> None:
    """Gives every plant its tree over the API, as its engineer."""
    for plant in PLANTS:
        api = Api(place, engineer_of(plant))
        base = f"/api/v1/enterprises/{plant.enterprise}/sites/{plant.site}/energy"
        api.put(f"{base}/meter-tree", {"document": _DOCUMENT, "meters": rows(plant)})


def rows(plant: DemoPlant) -> list[dict[str, Any]]:
    """The plant's meters: every machine that measures power; what has no meter (light, offices) is the rest."""
    templates = load_pack(plant.pack).templates.values()
    site = next(each for each in templates if each.id == "site_meter")
    found = [
        _row("counter", "关口电能表", "Billing meter", f"{site.default_path}/energy", _COUNTER_CLASS, None),
        _row("main", "总功率变送器", "Main transmitter", f"{site.default_path}/power", _TRANSMITTER_CLASS, "counter"),
    ]
    for template in templates:
        power = next(iter(template.by_role("power")), None)
        if template is not site and power is not None:
            name = template.default_path.rpartition("/")[2]
            signal = f"{template.default_path}/{power.name}"
            found.append(_row(name, template.name_zh, template.name_en, signal, _MACHINE_CLASS, "main"))
    others = {"name": "others", "name_zh": "照明、办公与辅机", "name_en": "Light, offices, auxiliaries"}
    return [*found, {**others, "carrier": "electricity", "parent": "main", "measured": False}]


def _row(name: str, zh: str, en: str, signal: str, percent: float, parent: str | None) -> dict[str, Any]:
    return {
        "name": name, "name_zh": zh, "name_en": en, "carrier": "electricity", "signal": signal,
        "class_percent": percent, "parent": parent,
    }  # fmt: skip
