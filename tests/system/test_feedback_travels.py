"""What a person says of a finding reaches the models of the running gateway and comes back to the console."""

from __future__ import annotations

import pathlib
import random
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, encode_batch
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_packs import instantiate, load_pack

from tests.edge_agent.support import SECOND, make_batch
from tests.servers.process import free_port, wait_until
from tests.system.cloud_api import CloudApi
from tests.system.gateway import Gateway
from tests.system.line import Line

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

NAME, ENTERPRISE, SITE = "heishan-gw1", "heishan-coal", "heishan"
FAN = AssetAddress(ENTERPRISE, SITE, "ventilation", "main", "fan1")
TEMPLATE = load_pack("coal_mine").templates["main_fan"]
ENTRIES = instantiate(TEMPLATE, FAN)
STEPS = 720
"""An hour of rows, 5 s apart; the speed stands still after its first quarter."""


def hour_of_work(start_ns: int) -> SampleBatch:
    rng = random.Random(start_ns)
    rows = []
    for step in range(STEPS):
        for index, entry in enumerate(ENTRIES):
            value = ((entry.low or 0.0) + (entry.high or 1.0)) / 2 * rng.uniform(0.98, 1.02)
            value = {"running": 1.0, "vibration": 2.0 * rng.uniform(0.98, 1.02)}.get(entry.address.signal, value)
            if entry.address.signal == "speed" and step > STEPS // 4:
                value = 700.0
            rows.append((index, start_ns + step * 5 * SECOND, value))
    return make_batch(rows)


def record(path: pathlib.Path, start_ns: int) -> None:
    """A file for the replay source."""
    catalogue = Catalogue(ENTRIES)
    header = BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=start_ns)
    with path.open("wb") as file:
        for part in (catalogue.to_json(), encode_batch(header, hour_of_work(start_ns))):
            file.write(struct.pack("<I", len(part)) + part)


def prepared(folder: pathlib.Path, uplink_port: int) -> Gateway:
    """A gateway with one machine, its model, and the first of two hours to replay."""
    folder.mkdir()
    now_ns = time.time_ns()
    for name, hours in (("first", 3), ("second", 1)):
        record(folder / f"{name}.ovb", now_ns - hours * STEPS * 5 * SECOND)
    lines = [f"{entry.address},{entry.unit}" for entry in ENTRIES]
    (folder / "signals.csv").write_text("\n".join(["address,unit", *lines]) + "\n", encoding="utf-8")
    artifact.save(folder / "fan1.json", untrained(TEMPLATE, FAN.path))
    port = free_port()
    (folder / "agent.toml").write_text(
        f"""
[gateway]
id = "{NAME}"
enterprise = "{ENTERPRISE}"
site = "{SITE}"
state_dir = "state"
signals = ["signals.csv"]
[health]
listen = "127.0.0.1:{port}"
[[model]]
asset = "{FAN.path}"
artifact = "fan1.json"
[[source]]
name = "first"
driver = "replay"
path = "first.ovb"
speed = 0
[[sink]]
name = "cloud"
driver = "mqtt"
host = "127.0.0.1"
port = {uplink_port}
resend_s = 1
resend_limit_s = 5
""",
        encoding="utf-8",
    )
    return Gateway(folder, port)


@pytest.fixture
def line(tmp_path: pathlib.Path) -> Iterator[Line]:
    with Line(tmp_path / "line") as made:
        made.enrol(NAME, ENTERPRISE, SITE)
        made.ingest.start()
        yield made


@pytest.fixture
def gateway(line: Line, tmp_path: pathlib.Path) -> Iterator[Gateway]:
    made = prepared(tmp_path / "gateway", line.broker.port)
    made.start()
    yield made
    made.stop()


def flatlines(api: CloudApi) -> list[dict[str, Any]]:
    window = {"start": "2020-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
    items = api.get(f"enterprises/{ENTERPRISE}/findings", **window)["items"]
    return [item for item in items if item["code"] == "signal.flatline" and "speed" in str(item)]


def muted(api: CloudApi) -> list[dict[str, Any]]:
    return [item for item in flatlines(api) if item["detail"].get("muted") == "known"]


def config_state(api: CloudApi) -> str:
    return str(api.get(f"gateways/{NAME}")["config"]["state"])


def test_an_opinion_mutes_the_gateways_own_findings_until_it_is_taken_back(line: Line, gateway: Gateway) -> None:
    with CloudApi(line) as api:
        wait_until(lambda: bool(flatlines(api)), what="the models found the signal that stands still")
        first = flatlines(api)[0]
        assert config_state(api) == "none"

        path = f"enterprises/{ENTERPRISE}/findings/{first['id']}/verdicts"
        said = api.post(path, opinion="known", until="2099-01-01T00:00:00Z")
        wait_until(lambda: config_state(api) == "applied", what="the gateway reports it")
        running = gateway.ask("/health")["desired_config"]
        assert 'id="config" data-state="applied"' in api.page(f"/gateways/{NAME}")

        gateway.stop()
        text = gateway.config.read_text(encoding="utf-8")
        gateway.config.write_text(text.replace("first", "second"), encoding="utf-8")
        line.ingest.stop()
        gateway.start()
        assert gateway.ask("/health")["desired_config"] == running
        line.ingest.start()
        wait_until(lambda: bool(muted(api)), what="the second hour stands still as well, which people know")
        known = muted(api)

        api.delete(f"{path}/{said['id']}")
        wait_until(lambda: gateway.ask("/health")["desired_config"]["version"] == running["version"] + 1)
        wait_until(lambda: config_state(api) == "applied", what="taking it back arrived too")

    assert first["severity"] == "warning"
    assert {item["severity"] for item in known} == {"info"}
