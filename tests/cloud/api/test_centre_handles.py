"""Handles: unique, leading to something of their enterprise, and open to anybody with public fields only."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ovoo_cloud.centre import entries
from ovoo_contract.errors import ConfigErrors

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
