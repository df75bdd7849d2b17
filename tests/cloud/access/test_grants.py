"""Consent as people meet it: what a centre reads is listed for the enterprise, once a minute, and ends when it ends."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ovoo_cloud.catalogue import audit
from ovoo_cloud.settings import Settings, load_settings

from tests.cloud.api.plant import NOW, SITE, SYSTEM
from tests.cloud.casework.centre import Centre, centre, iso

MINUTE = 60 * 10**9
ASSETS = f"/sites/{SITE}/energy/inputs"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre(tmp_path_factory.mktemp("grants")) as opened:
        yield opened


def given(house: Centre, *purposes: str, days: int = 2) -> str:
    body = {"purposes": list(purposes), "sites": [SITE], "until": iso(house.plant.clock() + days * 1440 * MINUTE)}
    answer = house.call("enterprise_engineer", "POST", "/grants", json={**body, "reason": "advice"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def log(house: Centre, role: str = "enterprise_viewer") -> list[dict[str, Any]]:
    answer = house.call(role, "GET", "/access-log")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def read(house: Centre, path: str = "/alarms", role: str = "centre_expert") -> httpx.Response:
    return house.call(role, "GET", path)


def test_every_read_under_a_grant_is_one_line_per_user_route_and_minute(house: Centre) -> None:
    grant = given(house, "findings")
    before = len(log(house))

    statuses = [read(house).status_code for _ in range(3)] + [read(house, role="centre_admin").status_code]
    house.plant.clock.now_ns += MINUTE
    statuses += [read(house).status_code, read(house, "/latest").status_code]
    own = read(house, role="enterprise_engineer").status_code

    lines = log(house)[: len(log(house)) - before]
    assert statuses == [200, 200, 200, 200, 200, 404]
    assert own == 200
    assert [(line["user"], line["grant"]) for line in lines] == [
        ("centre_expert", grant),
        ("centre_admin", grant),
        ("centre_expert", grant),
    ]
    assert {line["name"]["en"] for line in lines} == {"Alarms"}
    assert {line["name"]["zh"] for line in lines} == {"报警列表"}
    assert [line["reads"] for line in lines] == [1, 1, 3]
    with house.plant.services.database.read() as session:
        noted = [line for line in audit.listing(session, SYSTEM, limit=1000) if line.action == "grant.use"]
        assert audit.verify_chain(session) > 0
    assert len([line for line in noted if line.subject == grant]) == 3


def test_a_grant_ends_at_its_hour_and_when_it_is_withdrawn(house: Centre) -> None:
    first = given(house, "energy", days=1)
    opened = read(house, ASSETS).status_code
    withdrawn = house.call("enterprise_engineer", "POST", f"/grants/{first}/withdraw", json={"reason": "enough"})
    closed = read(house, ASSETS).status_code
    second = given(house, "energy", days=1)
    again = read(house, ASSETS).status_code
    house.plant.clock.now_ns += 1440 * MINUTE
    over = read(house, ASSETS).status_code
    twice = house.call("enterprise_engineer", "POST", f"/grants/{first}/withdraw", json={})
    states = {row["id"]: row["state"] for row in house.call("centre_admin", "GET", "/grants").json()["items"]}

    assert (opened, closed, again, over) == (200, 404, 200, 404)
    assert withdrawn.json()["state"] == "withdrawn"
    assert twice.status_code == 422
    assert (states[first], states[second]) == ("withdrawn", "expired")


def test_the_audit_record_tells_no_figure_of_a_plant_without_consent(house: Centre) -> None:
    def lines(role: str) -> list[dict[str, object]]:
        with house.person(role) as client:
            found: list[dict[str, object]] = client.get("/api/v1/audit", params={"limit": 1000}).json()["items"]
        return [line for line in found if str(line["action"]).startswith("energy.")]

    closed = lines("centre_admin")
    grant = given(house, "report")
    opened = lines("centre_admin")
    house.call("enterprise_engineer", "POST", f"/grants/{grant}/withdraw", json={})

    assert closed
    assert all(line["withheld"] and line["detail"] == {} for line in closed)
    assert any(line["detail"] for line in opened)


def test_an_answer_is_not_given_again_once_the_consent_has_ended(house: Centre) -> None:
    grant = given(house, "energy")
    body = {"name": "idle_switch_off.cost_low", "value": "100", "document": "offer 3"}
    key = {"Idempotency-Key": "the-same"}
    first = house.call("centre_expert", "PUT", ASSETS, json=body, headers=key)
    again = house.call("centre_expert", "PUT", ASSETS, json=body, headers=key)
    house.call("enterprise_engineer", "POST", f"/grants/{grant}/withdraw", json={})
    late = house.call("centre_expert", "PUT", ASSETS, json=body, headers=key)

    assert (first.status_code, again.headers["Idempotency-Replayed"], late.status_code) == (200, "true", 404)


def test_a_centre_cannot_consent_for_an_enterprise_nor_read_anothers_log(house: Centre) -> None:
    body = {"purposes": ["report"], "until": iso(NOW + 10**15 * 90), "reason": "x"}

    for role in ("centre_admin", "centre_expert", "enterprise_viewer", "fleet_operator", "region_viewer"):
        assert house.call(role, "POST", "/grants", json=body).status_code == 403
    assert house.call("stranger", "GET", "/access-log").status_code == 404
    assert house.call("stranger", "POST", "/grants", json=body).status_code == 404


def test_work_that_was_ordered_is_noted_too_and_ends_with_the_consent(house: Centre) -> None:
    grant = given(house, "report")
    ordered = house.call("centre_expert", "POST", f"/sites/{SITE}/energy-reports", json={"month": "2026-06"})
    house.work()
    done = house.call("centre_expert", "GET", f"/jobs/{ordered.json()['id']}").json()
    late = house.call("centre_expert", "POST", f"/sites/{SITE}/energy-reports", json={"month": "2026-06"}).json()
    house.call("enterprise_engineer", "POST", f"/grants/{grant}/withdraw", json={})
    house.work()
    refused = house.call("enterprise_engineer", "GET", f"/jobs/{late['id']}").json()

    assert done["state"] == "done", done
    assert any(line["operation"] == "job energy_report" and line["grant"] == grant for line in log(house))
    assert (refused["state"], "not found" in refused["error"]) == ("failed", True)


def test_consent_is_needed_unless_an_installation_says_that_it_is_one_plants_own(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('access_consent = "own"\n')

    assert Settings().access_consent == "required"
    assert load_settings(file, {}).access_consent == "own"
