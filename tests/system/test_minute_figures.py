"""Signals of policy `aggregate_1m`: figures of every minute in a real store, and what API and console say of them."""

from __future__ import annotations

import json
import pathlib
import re
import urllib.parse
import urllib.request
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from ovoo_contract.address import Address
from ovoo_contract.schema import database_name
from ovoo_simulator.journal import read_journal

from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import wait_until
from tests.system import programs
from tests.system.cloud_api import CloudApi
from tests.system.gateway import Gateway
from tests.system.line import Line
from tests.system.readback import read_signal

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(600)]

FASTER = 20
MINUTE_NS = 60_000_000_000
FIGURES = ("count", "good", "min", "max", "mean", "last")


def minutes_of(influx: InfluxServer, address: Address) -> dict[int, dict[str, float]]:
    """By the start of the minute what `telemetry_1m` holds of a signal."""
    where = f"\"site\" = '{address.site}' AND \"asset\" = '{address.asset_path}' AND \"signal\" = '{address.signal}'"
    query = f"SELECT {', '.join(FIGURES)} FROM telemetry_1m WHERE {where}"
    parameters = urllib.parse.urlencode({"db": database_name(address.enterprise), "q": query, "epoch": "ns"})
    with urllib.request.urlopen(f"{influx.url}/query?{parameters}", timeout=60) as answer:
        (result,) = json.loads(answer.read())["results"]
    return {
        row[0]: dict(zip(FIGURES, row[1:], strict=True))
        for series in result.get("series", [])
        for row in series["values"]
    }


def test_minutes_of_a_plant_stand_in_the_store_and_are_shown(tmp_path: pathlib.Path) -> None:
    journal = tmp_path / "journal.bin"
    broker = MosquittoServer(tmp_path / "plant-broker")
    plant = programs.started(
        "ovoo-simulator",
        "plant",
        "dairy",
        *("--mqtt", f"127.0.0.1:{broker.port}", "--step-s", str(1 / FASTER)),
        *("--journal", journal, "--wait-for-subscription"),
        log=tmp_path / "plant.log",
    )
    with Line(tmp_path / "line") as line, CloudApi(line) as api:
        broker.start()
        line.enrol("xilin-gw1", "xilin-dairy", "xilin", "dairy")
        gateway = Gateway.of_plant(
            tmp_path / "gateway", "dairy", "--mqtt", f"127.0.0.1:{broker.port}", "--cloud", line.uplink
        )
        gateway.set_columns({"uplink": "aggregate_1m"}, {"uplink": "raw"})
        try:
            line.ingest.start()
            gateway.start()
            plant.start()
            seen: list[dict[str, Any]] = []

            def shown() -> bool:
                items = api.get("enterprises/xilin-dairy/latest", site="xilin")["items"]
                seen[:] = [item for item in items if "_1m_" not in item["address"]]
                return bool(seen) and not any(item["stale"] for item in seen) and len(seen) == len(listed(api))

            wait_until(shown, timeout_s=240, step_s=2, what="a minute of every signal is shown as fresh")
            # The first minute holds what was left of it when the plant started: one sample, at worst.
            wait_until(
                lambda: drawn(api, seen[0]["address"]) >= 60, timeout_s=120, step_s=2, what="a whole minute is drawn"
            )
            page = api.page(f"/signals/{seen[0]['address']}")
            plant.stop()
            gateway.stop()  # what is still open goes as single samples
        finally:
            for process in (plant, gateway.process):
                process.stop()
            broker.stop()
        assert 'data-minutes="true"' in page
        compare(line.influx, journal)


def drawn(api: CloudApi, address: str) -> int:
    """The samples that the page of a signal says it draws."""
    return int(re.findall(r'id="samples" data-count="(\d+)"', api.page(f"/signals/{address}"))[0])


def listed(api: CloudApi) -> list[dict[str, Any]]:
    """The measured signals of the site."""
    items = api.get("enterprises/xilin-dairy/signals", site="xilin", limit="1000")["items"]
    return [item for item in items if item["measurement"] == "telemetry"]


def compare(influx: InfluxServer, journal: pathlib.Path) -> None:
    """Every emitted sample stands in exactly one minute's figures, or alone in `telemetry`."""
    addresses, records = read_journal(journal)
    aggregated = 0
    for number, name in enumerate(addresses):
        address = Address.parse(name)
        mine = np.sort(records[records["signal"] == number], order="time_ns")
        stored = read_signal(influx, address)
        minutes = minutes_of(influx, address)
        assert len(mine) > 100
        if not minutes:
            assert stored.time_ns.tolist() == mine["time_ns"].tolist(), "sent as it is"
            continue
        aggregated += 1
        alone = set(stored.time_ns.tolist())
        expected: dict[int, list[Any]] = defaultdict(list)
        for row in mine:
            if int(row["time_ns"]) not in alone:
                expected[int(row["time_ns"]) // MINUTE_NS * MINUTE_NS].append(row)
        assert expected.keys() == minutes.keys()
        for start_ns, rows in expected.items():
            figures = minutes[start_ns]
            values = [
                float(row["value"]) for row in rows if row["quality"] < 0x4000_0000 and row["value"] == row["value"]
            ]
            assert figures["count"] == len(rows)
            assert figures["good"] == len(values)
            assert (figures["min"], figures["max"], figures["last"]) == (min(values), max(values), values[-1])
            assert figures["mean"] == pytest.approx(float(np.mean(values)), rel=1e-9, abs=1e-9)
    assert aggregated > 5
