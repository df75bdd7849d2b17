"""What each route is sent: bodies and queries with which the call succeeds for who may."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from ovoo_cloud.access.roles import Role
from ovoo_cloud.api.times import to_iso
from ovoo_contract.address import AssetAddress
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_packs import load_pack

from tests.cloud.api import centre_records, works
from tests.cloud.api.own_framework import own_framework
from tests.cloud.api.plant import CHALLENGER, FAN, OWN, PASSWORD, SITE, TERMS
from tests.cloud.api.routes import ENERGY

WINDOW = {"start": "2026-06-05T08:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}
SIGNAL = FAN.removeprefix(f"{OWN}/") + "/power"


def period(start_ns: int, end_ns: int) -> dict[str, str]:
    """A period as the API takes it."""
    return {"start": str(to_iso(start_ns)), "end": str(to_iso(end_ns))}


BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/frameworks"): {"document": own_framework("2")},
    ("post", "/api/v1/frameworks/{framework}/editions/{version}/state"): {"state": "published"},
    ("post", "/api/v1/tokens"): {"label": "mine", "days": 1},
    ("post", "/api/v1/me/password"): {"current": PASSWORD, "password": PASSWORD},
    ("patch", "/api/v1/users/{name}"): {"disabled": False},
    ("post", "/api/v1/enterprises/{enterprise}/alarms/{alarm}/acknowledge"): {"comment": "seen"},
    ("post", "/api/v1/enterprises/{enterprise}/findings/{finding}/verdicts"): {
        "opinion": "confirmed",
        "comment": "seen",
    },
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/tariff"): {"tariff": ""},
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/meter-tree"): {
        "document": "drawing 7",
        "meters": [{"name": "spare", "carrier": "electricity", "measured": False}],
    },
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/inputs"): {
        "name": "idle_switch_off.cost_low",
        "value": "100",
        "document": "offer 3",
    },
    ("put", f"{ENERGY}/contract"): TERMS,
    ("put", f"{ENERGY}/market-prices"): {
        "name": "spot",
        "document": "示例（虚构）",
        "start": WINDOW["start"],
        "step_s": 900,
        "prices": ["0.31", "0.32"],
    },
    ("post", "/api/v1/enterprises/{enterprise}/ideal-rates"): {
        "rates": [{"asset": FAN, "ideal_rate_per_hour": "12.5", "product_unit": "count"}]
    },
    ("post", "/api/v1/enterprises/{enterprise}/ideal-rates/import"): {
        "name": "rates.csv",
        "content": base64.b64encode(f"asset,ideal_rate_per_hour,product_unit\n{FAN},12.5,count\n".encode()).decode(),
    },
    ("post", f"{ENERGY}/entered-bills"): {
        "bills": [{"start": WINDOW["start"], "end": WINDOW["end"], "kwh": "100", "document": "bill 7"}]
    },
    ("post", f"{ENERGY}/bill-baselines"): {**period(works.START, works.TURN), "name": "of bills"},
    ("post", f"{ENERGY}/bills"): {"month": "2026-06", "accept_holes": True},
    ("post", f"{ENERGY}/carbon"): {**WINDOW, "choice": {"year": 2026}},
    ("post", f"{ENERGY}/carbon/{{statement}}/remake"): {"year": 2026, "electricity": "equivalent"},
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/ventilation"): {
        "csv": "name,from,to,r,fan\na,1,2,0.1,flow 100\n",
        "document": "survey",
    },
    ("post", "/api/v1/enterprises/{enterprise}/cases/{case}/reports"): {"number": "N-2"},
    ("post", "/api/v1/gateways/{gateway}/promotions"): {"asset": FAN, "model": CHALLENGER},
    ("post", "/api/v1/enterprises/{enterprise}/sites/{site}/energy-reports"): {"month": "2026-05"},
    ("post", "/api/v1/enterprises/{enterprise}/sites/{site}/readiness-reports"): WINDOW,
    ("post", "/api/v1/gateways/{gateway}/enrol-tokens"): {"hours": 1},
    ("post", f"{ENERGY}/baselines/{{baseline}}/fits"): period(works.START, works.TURN),
    ("post", f"{ENERGY}/baselines/{{baseline}}/fits/{{fit}}/signature"): {"document": "plan 4"},
    ("post", f"{ENERGY}/baselines/{{baseline}}/events/{{event}}/decision"): {"accepted": True, "reason": "a test run"},
    ("post", f"{ENERGY}/baselines/{{baseline}}/savings"): period(works.TURN, works.END),
    **centre_records.BODIES,
}
QUERIES: dict[str, dict[str, Any]] = {
    "history": {**WINDOW, "signal": SIGNAL, "points": 100},
    "export": {**WINDOW, "signal": SIGNAL},
    "counts": {**WINDOW, "site": SITE},
    "findings": WINDOW,
    "incidents": WINDOW,
    "feedback": {"site": SITE, "asset": FAN.split("/", 2)[2]},
    "energy": WINDOW,
    "promotions": {"asset": FAN},
    "balance": WINDOW,
    "idle": WINDOW,
    "measures": WINDOW,
    "hours": {**WINDOW, "asset": "utilities/air/comp1"},
    "refit": {**WINDOW, "asset": "utilities/air/comp1"},
    "tariff-day": {"day": "2026-06-05"},
    "changes": {"before": "2022.1", "after": "2022.1"},
    "completeness": {**WINDOW, "site": SITE},
}


def body_of(route: tuple[str, str], ids: dict[str, str], role: Role) -> dict[str, Any] | None:
    """What the route is sent; only that one is made, as some take long."""
    enterprise, site = ids["enterprise"], ids["site"]
    names = {"name_zh": enterprise, "name_en": enterprise, "sector": "coal_mine"}
    made: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
        ("post", "/api/v1/users"): lambda: {
            "name": f"new-{role.value}-{site}",
            "password": "a long enough password",
            "role": "enterprise_viewer",
            "enterprises": [enterprise],
        },
        ("post", "/api/v1/enterprises/{enterprise}/cases"): lambda: {
            "id": f"{site}-{role.value}".replace("_", "-"),
            "title": "applied",
            "sites": [site],
        },
        ("post", "/api/v1/enterprises/{enterprise}/grants"): lambda: {
            "purposes": ["report"],
            "until": "2026-12-31T00:00:00Z",
            "reason": "test",
        },
        ("post", "/api/v1/enterprises/{enterprise}/grants/{grant}/withdraw"): lambda: {"reason": "test"},
        ("post", "/api/v1/enterprises/{enterprise}/invitations"): lambda: {
            "person": f"invited-by-{role.value}".replace("_", "-")
        },
        ("post", "/api/v1/enterprises"): lambda: {"id": enterprise, **names},
        ("post", "/api/v1/enterprises/{enterprise}/sites"): lambda: {"id": site, "name_zh": "x", "name_en": "x"},
        ("post", "/api/v1/gateways"): lambda: {"id": f"{site}-gw9", "enterprise": enterprise, "sites": [site]},
        ("post", "/api/v1/enterprises/{enterprise}/rescore"): rescore_order,
        ("post", f"{ENERGY}/baselines"): lambda: works.baseline_body(enterprise, site),
        ("post", f"{ENERGY}/intensities"): lambda: works.intensity_body(enterprise, site),
        ("put", f"{ENERGY}/intensities/{{intensity}}"): lambda: works.intensity_body(enterprise, site),
        ("put", "/api/v1/enterprises/{enterprise}/cases/{case}"): lambda: {
            "title": "again",
            "intake": intake(enterprise),
        },
        ("post", "/api/v1/centre/assessments"): lambda: centre_records.assessment_body(role.value),
    }
    return made[route]() if route in made else BODIES.get(route)


def rescore_order() -> dict[str, Any]:
    """The fan's models without training over the window."""
    asset = AssetAddress.parse(FAN)
    model = artifact.dumps(untrained(load_pack("coal_mine").template("main_fan"), asset.path))
    return {"asset": FAN.split("/", 1)[1], "model": json.loads(model), **WINDOW}


def intake(enterprise: str) -> dict[str, Any]:
    """The sample intake as the JSON that the API takes."""
    from tests.cloud.diagnosis import mine

    return {**mine.case().raw, "enterprise": enterprise}
