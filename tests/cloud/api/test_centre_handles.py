"""Handles: unique, leading to something of their enterprise, and open to anybody with public fields only."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ovoo_cloud.catalogue import cases
from ovoo_cloud.catalogue.tables import Report, Site
from ovoo_cloud.centre import entries
from ovoo_contract.errors import ConfigErrors
from sqlalchemy import select

from tests.cloud.api.plant import FAN, FOREIGN, NOW, OWN, SITE, SYSTEM, Plant

ASSET = FAN.removeprefix(f"{OWN}/")


def put(plant: Plant, name: str, *, withdrawn: bool = False, **fields: Any) -> None:
    with plant.services.database.write() as session:
        entries.save(
            session, SYSTEM, "handle", name, {"enterprise": OWN} | fields, read=entries.ANY, now_ns=NOW,
            withdrawn=withdrawn,
        )  # fmt: skip


def test_a_machine_gives_its_public_name_and_nothing_of_its_place(client: httpx.Client, plant: Plant) -> None:
    put(plant, "fan", handle="88.118.1/fan-1", object="asset", target=ASSET, name_zh="主通风机")

    found = client.get("/api/v1/handles/88.118.1/fan-1")

    assert found.json() == {
        "handle": "88.118.1/fan-1", "object": "asset", "status": "registered", "name_zh": "主通风机",
        "name_en": None, "version": 1, "page": f"{plant.url}/handles/88.118.1/fan-1",
    }  # fmt: skip
    assert OWN not in found.text
    assert SITE not in found.text


def test_a_report_gives_number_hash_and_status(client: httpx.Client, plant: Plant) -> None:
    report = plant.ids["own"]["report"]
    put(plant, "report", handle="88.118.1/r-1", object="report", target=report)

    found = client.get("/api/v1/handles/88.118.1/r-1").json()

    assert found["status"] == "issued"
    assert (found["number"], found["revision"], found["snapshot_sha256"]) == (f"{SITE}-2026-001", 1, "0" * 64)
    assert found.keys() == {
        "handle", "object", "status", "name_zh", "name_en", "version", "number", "revision", "newest_revision",
        "snapshot_sha256", "page", "issued",
    }  # fmt: skip
    assert "title" not in found


def test_a_withdrawn_handle_says_only_that_and_an_unknown_one_is_absent(client: httpx.Client, plant: Plant) -> None:
    put(plant, "gone", handle="88.118.1/gone", object="asset", target=ASSET, name_zh="旧", withdrawn=True)

    found = client.get("/api/v1/handles/88.118.1/gone").json()

    assert {"handle", "object", "status", "page"} == found.keys()
    assert client.get("/api/v1/handles/88.118.1/none").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"handle": "88.118.1/fan-1", "object": "asset", "target": ASSET},
        {"handle": "88.118.1/new", "object": "asset", "target": f"{SITE}/no/such/asset"},
        {"handle": "88.118.1/new", "object": "report", "target": "nothing"},
        {"handle": "88.118.1/new", "object": "asset", "target": ASSET, "enterprise": FOREIGN},
        {"handle": "not a handle", "object": "asset", "target": ASSET},
    ],
)
def test_a_handle_that_is_taken_or_leads_nowhere_is_refused(plant: Plant, fields: dict[str, Any]) -> None:
    put(plant, "fan", handle="88.118.1/fan-1", object="asset", target=ASSET, name_zh="主通风机")

    with pytest.raises(ConfigErrors):
        put(plant, "another", **fields)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/json", "json"),
        ("*/*", "json"),
        ("image/png", "json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "html"),
        ("text/plain", "text"),
        ("text/plain;q=0.2, application/json;q=0.9", "json"),
        ("text/html;q=x, text/plain", "text"),
        ("", "json"),
    ],
)
def test_a_handle_answers_in_the_form_that_is_asked_for(
    client: httpx.Client, plant: Plant, accept: str, form: str
) -> None:
    put(plant, "neg", handle="88.118.1/neg", object="asset", target=ASSET, name_zh="主通风机")

    found = client.get("/api/v1/handles/88.118.1/neg", headers={"Accept": accept}, follow_redirects=False)

    assert found.headers["vary"] == "Accept"
    if form == "html":
        assert (found.status_code, found.headers["location"]) == (303, f"{plant.url}/handles/88.118.1/neg")
    elif form == "text":
        assert "name_zh: 主通风机" in found.text
        assert found.headers["content-type"].startswith("text/plain")
    else:
        assert found.json()["name_zh"] == "主通风机"


def test_a_replaced_handle_names_the_one_that_took_its_place(client: httpx.Client, plant: Plant) -> None:
    fields: dict[str, Any] = {"object": "asset", "target": ASSET, "name_zh": "主通风机"}
    put(plant, "before", handle="88.118.1/before", **fields)
    with pytest.raises(ConfigErrors, match="replaced by nothing"):
        put(plant, "before", handle="88.118.1/before", replaced_by="88.118.1/after", **fields)
    put(plant, "after", handle="88.118.1/after", **fields)
    put(plant, "before", handle="88.118.1/before", replaced_by="88.118.1/after", withdrawn=True, **fields)

    found = client.get("/api/v1/handles/88.118.1/before").json()

    assert (found["status"], found["replaced_by"]) == ("replaced", "88.118.1/after")
    assert found["replaced_by_page"] == f"{plant.url}/handles/88.118.1/after"
    assert "name_zh" not in found


def test_a_handle_of_a_case_leads_to_its_newest_report(client: httpx.Client, plant: Plant) -> None:
    with plant.services.database.write() as session:
        for name, owner in (("hc-own", OWN), ("hc-far", FOREIGN)):
            site = session.scalars(select(Site.id).where(Site.enterprise == owner)).first() or ""
            cases.save_case(session, SYSTEM, name, enterprise=owner, site=site, title="t", intake={}, now_ns=NOW)
    put(plant, "case", handle="88.118.1/case", object="case_report", target="hc-own")
    with pytest.raises(ConfigErrors, match="leads nowhere"):
        put(plant, "far", handle="88.118.1/far", object="case_report", target="hc-far")

    assert client.get("/api/v1/handles/88.118.1/case").json()["status"] == "pending"
    with plant.services.database.write() as session:
        for revision in (1, 2):
            session.add(Report(
                id=f"case-r{revision}", case="hc-own", enterprise=OWN, site=SITE, number="CASE-1",
                revision=revision, title="t", language="zh", folder="", snapshot_sha256=f"{revision}" * 64, summary={},
                start_ns=NOW - 2, end_ns=NOW - 1, created_by="system", created_ns=NOW + revision,
            ))  # fmt: skip
    found = client.get("/api/v1/handles/88.118.1/case").json()

    assert (found["status"], found["revision"], found["snapshot_sha256"]) == ("issued", 2, "2" * 64)
