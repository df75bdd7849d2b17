"""Measures over the API: why an input is missing, and what a reading with its uncertainty makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ovoo_cloud.catalogue.energy_tables import EnergyInput
from ovoo_cloud.energy.measure_lines import REASONS
from sqlalchemy import delete

from tests.cloud.api.plant import COMPRESSOR, OWN, SITE, Plant

HOME = f"/api/v1/enterprises/{OWN}/sites/{SITE}/energy"
DAY_LONG = {"start": "2026-06-04T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}
ASSET = COMPRESSOR.split("/", 2)[2]


@pytest.fixture
def client(admin: httpx.Client, plant: Plant) -> Iterator[httpx.Client]:
    yield admin
    with plant.services.database.write() as session:
        session.execute(delete(EnergyInput))


def measure(client: httpx.Client, kind: str = "compressor_pressure") -> dict[str, Any]:
    answer = client.get(f"{HOME}/measures", params=DAY_LONG)
    assert answer.status_code == 200
    found: dict[str, Any] = next(
        each for each in answer.json()["items"] if (each["measure"], each["asset"]) == (kind, ASSET)
    )
    return found


def give(client: httpx.Client, name: str, value: str) -> httpx.Response:
    body = {"asset": ASSET, "name": name, "value": value, "document": "现场试验 12（虚构）"}
    return client.put(f"{HOME}/inputs", json=body)


def test_what_the_data_do_not_give_is_refused_by_name_until_somebody_reads_it(client: httpx.Client) -> None:
    before = measure(client)
    for name, value in (("power_per_pressure", "8.5 ± 0.6"), ("pressure_cut", "0.5")):
        assert give(client, f"compressor_pressure.{name}", value).status_code == 200

    after = measure(client)

    (refused,) = before["refused"]
    assert (before["status"], refused["input"]) == ("insufficient_evidence", "power_per_pressure")
    assert refused["reason"] in REASONS
    assert after["status"] == "saving"
    assert (after["read"], after["refused"]) == (["power_per_pressure"], [])
    hours = after["measured"]["loaded_hours"]["value"]
    assert after["saving"]["value"] == pytest.approx(8.5 * 0.5 * hours)
    assert after["saving"]["low"] < after["saving"]["value"] < after["saving"]["high"]
    evidence = {each["id"]: each for each in after["evidence"]}
    read = evidence[after["measured"]["power_per_pressure"]["evidence"]]
    assert read["samples"] == 0
    assert "8.5 ± 0.6" in read["descriptor"]["query"]


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("compressor_pressure.power_per_pressure", "8.5", "±"),
        ("compressor_pressure.power_per_pressure", "-8.5 ± 0.1", "a number from 0"),
        ("leak_repair.quiet_hours", "at night", "02:00-05:00"),
        ("leak_repair.specific_power", "7 ± 0.1", "see the list of inputs"),
    ],
)
def test_a_reading_that_is_none_is_refused_with_its_remedy(
    client: httpx.Client, name: str, value: str, remedy: str
) -> None:
    answer = give(client, name, value)

    assert answer.status_code == 422
    assert remedy in answer.text
