"""Every changing route under an Idempotency-Key, on both databases, through the real server."""

from __future__ import annotations

import pathlib
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from ovoo_cloud.access.roles import PERMISSIONS, Role
from ovoo_cloud.api.schema import OPEN_ROUTES, UNKEYED
from ovoo_cloud.catalogue import jobs
from ovoo_edge.enrol import make_request

from tests.cloud.api import centre_records, works
from tests.cloud.api.conftest import furnished
from tests.cloud.api.plant import GATEWAY, NOW, OWN, PASSWORD, SITE, SYSTEM, Plant
from tests.cloud.api.route_bodies import intake, period, rescore_order
from tests.cloud.api.route_calls import asked
from tests.cloud.api.routes import ENERGY, ROUTES

HOUR = 3600 * 10**9
BASE = f"/api/v1/enterprises/{OWN}"
CHANGING = sorted(route for route in ROUTES if route[0] != "get" and route not in UNKEYED)
# what to ask, and what to ask instead under the same key; None: the route has no body
BODIES: dict[tuple[str, str], tuple[Any, Any]] = {
    ("post", "/api/v1/tokens"): ({"label": "mine", "days": 1}, {"label": "mine", "days": 2}),
    ("post", "/api/v1/users"): (
        {"name": "keyed", "password": PASSWORD, "role": "enterprise_viewer", "enterprises": [OWN]},
        {"name": "keyed", "password": PASSWORD, "role": "enterprise_engineer", "enterprises": [OWN]},
    ),
    ("patch", "/api/v1/users/{name}"): ({"disabled": False}, {"disabled": True}),
    ("post", "/api/v1/enterprises"): (
        {"id": OWN, "name_zh": "甲", "name_en": "A", "sector": "coal_mine"},
        {"id": OWN, "name_zh": "乙", "name_en": "B", "sector": "coal_mine"},
    ),
    ("post", "/api/v1/enterprises/{enterprise}/sites"): (
        {"id": "second", "name_zh": "甲", "name_en": "A"},
        {"id": "second", "name_zh": "乙", "name_en": "B"},
    ),
    ("post", "/api/v1/enterprises/{enterprise}/alarms/{alarm}/acknowledge"): ({"comment": "seen"}, {"comment": "x"}),
    ("post", "/api/v1/enterprises/{enterprise}/findings/{finding}/verdicts"): (
        {"opinion": "confirmed", "comment": "seen"},
        {"opinion": "false", "comment": "seen"},
    ),
    ("post", "/api/v1/enterprises/{enterprise}/rescore"): (rescore_order(), rescore_order() | {"compare": True}),
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/tariff"): (
        {"tariff": ""},
        {"tariff": "", "flat_price_yuan": 0.5, "source": "contract"},
    ),
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/meter-tree"): (
        {"document": "drawing 7", "meters": [{"name": "spare", "carrier": "electricity", "measured": False}]},
        {"document": "drawing 8", "meters": [{"name": "spare", "carrier": "electricity", "measured": False}]},
    ),
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/inputs"): (
        {"name": "idle_switch_off.cost_low", "value": "100", "document": "offer 3"},
        {"name": "idle_switch_off.cost_low", "value": "200", "document": "offer 3"},
    ),
    ("put", "/api/v1/enterprises/{enterprise}/cases/{case}"): (
        {"title": "first", "intake": intake(OWN)},
        {"title": "second", "intake": intake(OWN)},
    ),
    ("post", "/api/v1/enterprises/{enterprise}/cases/{case}/reports"): ({"number": "N-2"}, {"number": "N-3"}),
    ("post", "/api/v1/gateways"): (
        {"id": "heishan-gw9", "enterprise": OWN, "sites": [SITE]},
        {"id": "heishan-gw8", "enterprise": OWN, "sites": [SITE]},
    ),
    ("post", "/api/v1/gateways/{gateway}/enrol-tokens"): ({"hours": 1}, {"hours": 2}),
    ("post", "/api/v1/centre/assessments"): (
        centre_records.assessment_body("keyed"),
        centre_records.assessment_body("other"),
    ),
    **{
        route: (asked, {**asked, **other})
        for route, asked, other in (
            (("post", f"{ENERGY}/baselines"), works.baseline_body(OWN, works.OWN_WORKS), {"name": "other"}),
            (("post", f"{ENERGY}/baselines/{{baseline}}/fits"), period(works.START, works.TURN), {"end": "x"}),
            (("post", f"{ENERGY}/baselines/{{baseline}}/fits/{{fit}}/signature"), {"document": "a"}, {"document": "b"}),
            (
                ("post", f"{ENERGY}/baselines/{{baseline}}/events/{{event}}/decision"),
                {"accepted": True, "reason": "a"},
                {"accepted": False},
            ),
            (("post", f"{ENERGY}/baselines/{{baseline}}/savings"), period(works.TURN, works.END), {"end": "x"}),
            (("post", f"{ENERGY}/intensities"), works.intensity_body(OWN, works.OWN_WORKS), {"months": 1}),
            (("put", f"{ENERGY}/intensities/{{intensity}}"), works.intensity_body(OWN, works.OWN_WORKS), {"months": 1}),
        )
    },
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant of its own on each database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_server").fresh_database("keys")
    folder = tmp_path_factory.mktemp("keys")
    with furnished(folder, database_url=url) as running:
        yield running


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: f"{route[0]} {route[1]}")
def test_a_repeated_request_gets_the_first_answer(plant: Plant, route: tuple[str, str]) -> None:
    wanted = ROUTES[route]
    theirs = wanted is not None and wanted not in PERMISSIONS[Role.CENTRE_ADMIN]  # a centre never consents
    role = Role.ENTERPRISE_ENGINEER if theirs else Role.CENTRE_ADMIN
    path, sent = asked(plant, route, plant.ids["own"], role)
    sent["headers"] = sent["headers"] | _key() | _bearer(plant, role.value)
    plain = sent["json"]
    sent["json"], other = BODIES.get(route, (plain, {**(plain or {}), "unexpected": 1}))
    changes = {"content": sent["content"] + b"!"} if "content" in sent else {"json": other}

    first = plant.http.request(route[0], path, **sent)
    again = plant.http.request(route[0], path, **sent)
    changed = plant.http.request(route[0], path, **{**sent, **changes})

    assert first.status_code in (200, 201, 202, 204), first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("location") == first.headers.get("location")
    assert again.headers.get("content-type") == first.headers.get("content-type")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert changed.status_code == 422, changed.text
    assert changed.headers["content-type"] == "application/problem+json"
    assert changed.json()["type"] == "urn:ovoo:error:idempotency-conflict"


def test_every_changing_route_tells_of_the_header(plant: Plant) -> None:
    paths = plant.http.get("/api/v1/openapi.json").json()["paths"]
    told = {
        (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if any(item["name"] == "Idempotency-Key" for item in operation.get("parameters", []))
    }

    assert told == set(CHANGING) | {("post", "/api/v1/enrol"), ("post", "/api/v1/invitations/accept")}
    assert ("post", "/api/v1/sessions") in OPEN_ROUTES & UNKEYED


def test_two_at_once_do_the_work_once(admin: httpx.Client, plant: Plant) -> None:
    path, key, gate = f"{BASE}/cases/heishan-case/reports", _key(), threading.Barrier(4)

    def order(_: int) -> httpx.Response:
        gate.wait(20)
        return admin.post(path, json={"number": "HS-RACE"}, headers=key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(order, range(4)))
    afterwards = admin.post(path, json={"number": "HS-RACE"}, headers=key)

    assert {answer.status_code for answer in answers} <= {202, 409}
    for waiting in (answer for answer in answers if answer.status_code == 409):
        assert waiting.json()["type"] == "urn:ovoo:error:idempotency-running"
        assert waiting.headers["retry-after"] == "1"
    assert len({answer.json()["id"] for answer in [*answers, afterwards] if answer.status_code == 202}) == 1
    with plant.services.database.read() as session:
        queued = [job for job in jobs.jobs(session, SYSTEM) if job.parameters.get("number") == "HS-RACE"]
    assert len(queued) == 1


def test_a_refused_request_gives_its_key_back(admin: httpx.Client) -> None:
    key = _key()

    refused = admin.post("/api/v1/tokens", json={"label": "", "days": 1}, headers=key)
    absent = admin.post(f"{BASE}/cases/none/reports", json={"number": "N"}, headers=key)
    mended = admin.post("/api/v1/tokens", json={"label": "mended", "days": 1}, headers=key)

    assert (refused.status_code, absent.status_code, mended.status_code) == (422, 404, 201)
    assert "idempotency-replayed" not in mended.headers


def test_keys_of_two_users_do_not_meet_and_nobody_replays_without_a_credential(
    admin: httpx.Client, client: httpx.Client, plant: Plant
) -> None:
    key, body = _key(), {"label": "mine", "days": 1}

    mine = admin.post("/api/v1/tokens", json=body, headers=key)
    other = client.post("/api/v1/tokens", json=body, headers=key | _bearer(plant, "enterprise_engineer"))
    nobody = client.post("/api/v1/tokens", json=body, headers=key)

    assert mine.json()["id"] != other.json()["id"]
    assert nobody.status_code == 401
    assert "idempotency-replayed" not in other.headers


def test_an_answer_lives_for_the_time_of_the_settings(admin: httpx.Client, plant: Plant) -> None:
    key, body = _key(), {"label": "mine", "days": 3}
    first = admin.post("/api/v1/tokens", json=body, headers=key)
    plant.clock.now_ns = NOW + 24 * HOUR
    try:
        later = admin.post("/api/v1/tokens", json=body, headers=key | _bearer(plant, "centre_admin"))
    finally:
        plant.clock.now_ns = NOW

    assert later.status_code == 201
    assert later.json()["id"] != first.json()["id"]


def test_a_gateway_that_missed_its_certificate_gets_it_again(admin: httpx.Client, client: httpx.Client) -> None:
    token = admin.post(f"/api/v1/gateways/{GATEWAY}/enrol-tokens", json={"hours": 1}).json()["token"]
    body, key = {"token": token, "gateway": GATEWAY, "csr_pem": make_request(GATEWAY)[1]}, _key()

    first = client.post("/api/v1/enrol", json=body, headers=key)
    again = client.post("/api/v1/enrol", json=body, headers=key)
    without = client.post("/api/v1/enrol", json=body)
    broken = client.post("/api/v1/enrol", content=b"\xff{", headers=key)

    assert first.status_code == 201, first.text
    assert again.json() == first.json()
    assert without.status_code == 401
    assert broken.status_code in (400, 422)


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "k\u00e9y"])
def test_what_is_no_key_is_refused(admin: httpx.Client, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}

    answer = admin.post("/api/v1/tokens", json={"label": "x", "days": 1}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["offender"] == "Idempotency-Key"


def _bearer(plant: Plant, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {plant.token(user)}"}


def test_the_secret_lies_in_the_installation(admin: httpx.Client, plant: Plant) -> None:
    path: pathlib.Path = plant.services.settings.answers_key

    made = admin.post("/api/v1/tokens", json={"label": "first", "days": 1}, headers=_key())

    assert made.status_code == 201
    assert path.stat().st_mode & 0o077 == 0
