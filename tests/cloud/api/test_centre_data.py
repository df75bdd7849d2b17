"""Classes of data by rule, and the record of everything that leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ovoo_cloud.api.app import ROUTERS
from ovoo_cloud.api.egress_recorder import RECORDED
from ovoo_cloud.catalogue.baseline_tables import EnergySaving
from ovoo_cloud.centre import entries
from ovoo_cloud.console.site import ROUTERS as PAGES
from sqlalchemy import select

from tests.cloud.api.plant import FAN, FOREIGN, NOW, OWN, SITE, SYSTEM, Plant

BASE = f"/api/v1/enterprises/{OWN}"
WINDOW = {"start": "2026-06-05T08:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}
SIGNAL = FAN.removeprefix(f"{OWN}/") + "/power"


def rule(plant: Plant, name: str, pattern: str, data_class: str, *, withdrawn: bool = False) -> None:
    fields = {"enterprise": OWN, "pattern": pattern, "class": data_class, "category": "生产", "reason": "test"}
    with plant.services.database.write() as session:
        entries.save(session, SYSTEM, "data_rule", name, fields, read=entries.ANY, now_ns=NOW, withdrawn=withdrawn)


@pytest.fixture
def ruled(plant: Plant) -> Iterator[Plant]:
    rules = (
        ("r-all", "*", "important"),
        ("r-fan", FAN.removeprefix(f"{OWN}/"), "core"),
        ("r-power", SIGNAL, "general"),
    )
    for name, pattern, data_class in rules:
        rule(plant, name, pattern, data_class)
    yield plant
    for name, pattern, data_class in rules:
        rule(plant, name, pattern, data_class, withdrawn=True)


def newest(admin: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = admin.get("/api/v1/egress", params={"limit": 1}).json()["items"][0]
    return found


def test_the_longest_rule_counts_and_one_that_lowers_shows(admin: httpx.Client, ruled: Plant) -> None:
    found = admin.get(f"{BASE}/data-catalogue", params={"limit": 1000}).json()
    rows = {row["address"].split("/", 1)[1]: row for row in found["items"]}

    assert (rows[SIGNAL]["class"], rows[SIGNAL]["rule"]) == ("general", "r-power")
    assert rows[f"{SITE}/ventilation/main/fan1/flow"]["class"] == "core"
    assert rows[f"{SITE}/utilities/power/meter1/power"]["rule"] == "r-all"
    assert rows[SIGNAL]["lowered"] == (rows[SIGNAL]["class_of_gateway"] != "general")
    assert found["summary"]["places"][FAN] == "core"
    assert sum(found["summary"]["classes"].values()) == len(rows)
    core = admin.get(f"{BASE}/data-catalogue", params={"class": "core"}).json()["items"]
    assert {row["rule"] for row in core} == {"r-fan"}


def test_a_change_of_a_rule_is_a_version_in_the_audit(admin: httpx.Client, plant: Plant) -> None:
    url = "/api/v1/centre/registers/data_rule/entries/audited"
    fields = {"enterprise": OWN, "pattern": "x", "class": "core", "category": "c", "reason": "first"}
    made = admin.put(url, json={"fields": fields})
    admin.put(url, json={"fields": fields | {"class": "general"}}, headers={"If-Match": made.headers["etag"]})

    classes = [row["fields"]["class"] for row in admin.get(f"{url}/versions").json()["items"]]
    lines = [row for row in admin.get("/api/v1/audit").json()["items"] if row["subject"] == "data_rule/audited"]

    assert classes == ["general", "core"]
    assert [line["detail"]["version"] for line in lines] == [2, 1]
    assert lines[0]["actor"] == "centre_admin"
    rule(plant, "audited", "x", "general", withdrawn=True)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_is_noted_with_class_rows_and_bytes(admin: httpx.Client, ruled: Plant, form: str) -> None:
    flow = f"{SITE}/ventilation/main/fan1/flow"

    answer = admin.get(f"{BASE}/export", params={**WINDOW, "signal": [SIGNAL, flow], "format": form})
    line = newest(admin)

    assert line["what"] == "/api/v1/enterprises/{enterprise}/export"
    assert (line["who"], line["role"], line["enterprise"]) == ("centre_admin", "centre_admin", OWN)
    assert line["class"] == "core"
    assert line["rows"] == 2 * 120
    assert line["bytes"] == len(answer.content)
    assert line["complete"] is True


def test_history_and_report_files_are_noted(admin: httpx.Client, plant: Plant) -> None:
    admin.get(f"{BASE}/history", params={**WINDOW, "signal": SIGNAL, "points": 50, "mode": "raw"})
    history = newest(admin)
    report = admin.get(f"{BASE}/reports/{plant.ids['own']['report']}/files/report.pdf")
    file = newest(admin)

    assert (history["subject"], history["rows"]) == (SIGNAL, 50)
    assert file["subject"] == f"{plant.ids['own']['report']}/report.pdf"
    assert (file["rows"], file["bytes"]) == (1, len(report.content))


def test_what_was_refused_did_not_leave_and_a_foreign_line_is_not_seen(
    admin: httpx.Client, client: httpx.Client, plant: Plant
) -> None:
    before = newest(admin)["number"]
    admin.get(f"{BASE}/export", params={**WINDOW, "signal": "nowhere/a/b/c/d"})
    stranger = {"Authorization": f"Bearer {plant.token('stranger')}"}
    client.get(f"/api/v1/enterprises/{FOREIGN}/history", headers=stranger, params={
        **WINDOW, "signal": "bayan/airsep/train1/comp1/power", "points": 5,
    })  # fmt: skip

    assert newest(admin)["number"] == before
    own = client.get(f"/api/v1/enterprises/{FOREIGN}/egress", headers=stranger).json()["items"]
    assert own[0]["who"] == "stranger"
    assert client.get(f"{BASE}/egress", headers=stranger).status_code == 404


def test_the_record_is_paged_and_exported(admin: httpx.Client) -> None:
    for _ in range(4):
        admin.get(f"{BASE}/history", params={**WINDOW, "signal": SIGNAL, "points": 5})
    first = admin.get("/api/v1/egress", params={"limit": 2}).json()
    second = admin.get("/api/v1/egress", params={"limit": 2, "cursor": first["next"]}).json()
    numbers = [row["number"] for row in first["items"] + second["items"]]
    table = admin.get("/api/v1/egress/export", params={"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"})

    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4
    assert table.text.count("\r\n") > 4


_GIVING = ("export", "/files/", "history", "bundle", "/documents/")


def test_every_route_that_gives_a_file_away_is_recorded() -> None:
    paths = {
        getattr(route, "path", "")
        for router in (*ROUTERS, *PAGES)
        for route in router.routes
        if "GET" in getattr(route, "methods", ())
    }
    given = {
        path
        for path in paths
        if path.endswith(".csv") or (path.startswith("/api/") and any(word in path for word in _GIVING))
    }

    assert f"{BASE}/export".replace(OWN, "{enterprise}") in given
    assert given <= RECORDED.keys()


def test_a_saving_that_no_issued_report_tells_is_no_figure_of_the_centre(admin: httpx.Client, plant: Plant) -> None:
    bounds = {"start": "2020-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}
    with plant.services.database.read() as session:
        stored = session.scalars(select(EnergySaving)).all()

    found = admin.get("/api/v1/centre/kpis", params=bounds).json()
    saved = next(each for each in found["figures"] if each["id"] == "saved_tce")

    assert "provable" in {row.record["results"]["verdict"] for row in stored}
    assert (saved["value"], saved["reason"]) == (None, "no_savings")
