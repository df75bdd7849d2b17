"""The demo's energy baseline: the mine's main conveyor over the tonnes it carries, defined over the API and signed."""

from __future__ import annotations

import datetime
from typing import Any

from scripts.demo.people import engineer_of
from scripts.demo.place import PLANTS, Place
from scripts.demo.plants import Timeline
from scripts.demo.site import Api

__all__ = ["define"]

_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
_BASELINE_SHARE = 0.6
_LEAST_DAYS = 14


def define(place: Place, timeline: Timeline) -> str | None:
    """Defines, signs and proves over all whole days of the past, then the mine's consumption a tonne.

    Gives the record of the saving; None where the past is too short for a baseline, which is then not defined.
    """
    start, end = _day(timeline.start_ns + 86_400 * 10**9 - 1), _day(timeline.end_ns)
    days = (end - start).days
    turn = start + datetime.timedelta(days=round(days * _BASELINE_SHARE))
    if (turn - start).days < _LEAST_DAYS:
        return None
    plant = PLANTS[0]
    api = Api(place, engineer_of(plant))
    base = f"/api/v1/enterprises/{plant.enterprise}/sites/{plant.site}/energy"
    belt = f"{plant.enterprise}/{plant.site}/transport/main/belt1"
    body: dict[str, Any] = {
        "name": "主运带式输送机 · 按运量",
        "asset": "transport/main/belt1",
        "energy": [f"{belt}/power"],
        "drivers": [
            {"name": "load", "address": f"{belt}/load", "role": "production", "take": "integral", "sign": 1, "low": 0},
            {"name": "motor_temp", "address": f"{belt}/motor_temp", "role": "load"},
        ],
        "step": "hour",
        "settings": {"days_min": _LEAST_DAYS, "splits": ["none", "day_level", "day"], "event_hours": 24},
    }
    made = api.post(f"{base}/baselines", {**body, "start": _iso(start), "end": _iso(turn)})
    fit = made["fits"][0]["id"]
    document = {"document": "演示用测量与验证方案（虚构）"}
    api.post(f"{base}/baselines/{made['id']}/fits/{fit}/signature", document)
    saving = api.post(f"{base}/baselines/{made['id']}/savings", {"start": _iso(turn), "end": _iso(end)})
    meter = f"{plant.enterprise}/{plant.site}/utilities/power/meter1/energy"
    intensity = {"name": "原煤", "energy": [meter], "product": f"{belt}/load", "norm": "coal_underground", "months": 3}
    api.post(f"{base}/intensities", intensity)
    return str(saving["record"]) if saving["record"] else None


def _day(time_ns: int) -> datetime.datetime:
    """Local midnight at or before a time."""
    moment = datetime.datetime.fromtimestamp(time_ns // 10**9, _SHANGHAI)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _iso(moment: datetime.datetime) -> str:
    return moment.isoformat()
