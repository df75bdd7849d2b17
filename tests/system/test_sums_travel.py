"""Hours of sums from a gateway that dies in the midst of them to a refit in the cloud: the minutes that are stored."""

from __future__ import annotations

import json
import math
import pathlib
import struct
import time
import urllib.parse
import urllib.request
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.quality import GOOD
from ovoo_contract.schema import database_name
from ovoo_contract.wire import BatchHeader, encode_batch
from ovoo_models import artifact
from ovoo_models.base import FrameBlock
from ovoo_models.minute_rows import MinuteRow, figures_of, layout_of, minute_rows

from tests.models.test_machine_minutes import ASSET, SIGNALS, STEP, batch_of, compressor, trained
from tests.servers.influxdb import InfluxServer
from tests.servers.process import free_port, wait_until
from tests.system.cloud_api import CloudApi
from tests.system.gateway import Gateway
from tests.system.line import Line
from tests.system.test_conservation import iso

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(600)]

NAME = "heishan-gw1"
HOURS = 6
ROWS = HOURS * 180 + 9
"""Six hours of a row every 20 s, and three minutes that close the sixth."""
SPEED = 1000
MINUTE_NS = 60_000_000_000


def record(path: pathlib.Path, start_ns: int) -> None:
    """The past of the compressor as a file for the replay source, two minutes in each batch."""
    catalogue = Catalogue(SignalEntry(ASSET.signal(use.name), use.unit) for use in SIGNALS)
    usual = compressor(ROWS, 9)
    block = FrameBlock(array("q", [start_ns + k * STEP for k in range(ROWS)]), usual.values, 3)
    header = BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=start_ns)
    with path.open("wb") as file:
        parts = [encode_batch(header, batch_of(block.rows(at, min(at + 6, ROWS))).sorted()) for at in range(0, ROWS, 6)]
        for part in (catalogue.to_json(), *parts):
            file.write(struct.pack("<I", len(part)) + part)


def prepared(folder: pathlib.Path, uplink_port: int, start_ns: int) -> Gateway:
    folder.mkdir()
    record(folder / "past.ovb", start_ns)
    lines = [f"{ASSET.signal(use.name)},{use.unit}" for use in SIGNALS]
    (folder / "signals.csv").write_text("\n".join(["address,unit", *lines]) + "\n", encoding="utf-8")
    artifact.save(folder / "comp1.json", trained())
    port = free_port()
    (folder / "agent.toml").write_text(
        f"""
[gateway]
id = "{NAME}"
enterprise = "{ASSET.enterprise}"
site = "{ASSET.site}"
state_dir = "state"
signals = ["signals.csv"]
[spool]
commit_ms = 50
[health]
listen = "127.0.0.1:{port}"
[[model]]
asset = "{ASSET.path}"
artifact = "comp1.json"
[[source]]
name = "past"
driver = "replay"
path = "past.ovb"
speed = {SPEED}
[[sink]]
name = "cloud"
driver = "mqtt"
host = "127.0.0.1"
port = {uplink_port}
resend_s = 1
resend_limit_s = 5
max_class = "core"
scope = "site"
""",
        encoding="utf-8",
    )
    return Gateway(folder, port)


@pytest.fixture
def line(tmp_path: pathlib.Path) -> Iterator[Line]:
    with Line(tmp_path / "line") as made:
        made.enrol(NAME, ASSET.enterprise, ASSET.site, "coal_mine")
        made.ingest.start()
        yield made


def stored_minutes(influx: InfluxServer, address: Address) -> dict[int, tuple[float, int]]:
    """What `telemetry_1m` holds of a figure, by the start of the minute."""
    where = f"\"site\" = '{address.site}' AND \"asset\" = '{address.asset_path}' AND \"signal\" = '{address.signal}'"
    query = f"SELECT last FROM telemetry_1m WHERE {where}"
    parameters = urllib.parse.urlencode({"db": database_name(address.enterprise), "q": query, "epoch": "ns"})
    with urllib.request.urlopen(f"{influx.url}/query?{parameters}", timeout=60) as answer:
        (result,) = json.loads(answer.read())["results"]
    return {row[0]: (float(row[1]), GOOD) for series in result.get("series", []) for row in series["values"]}


def stored_rows(influx: InfluxServer) -> list[MinuteRow]:
    """The rows of the fit as the store has them: a state stands only beside energy of a whole minute."""
    layout = layout_of(trained())
    assert layout is not None
    columns = [stored_minutes(influx, ASSET.signal(name)) for name in figures_of(layout)]
    assert all(at % MINUTE_NS == 0 for column in columns for at in column), "no minute was told twice"
    return [row for row in minute_rows(columns) if row.values]


def held_hours(api: CloudApi, start_ns: int) -> list[dict[str, Any]]:
    window = {"start": iso(start_ns), "end": iso(start_ns + HOURS * HOUR_NS)}
    path = f"enterprises/{ASSET.enterprise}/sites/{ASSET.site}/energy/sums/hours"
    items: list[dict[str, Any]] = api.get(path, asset=ASSET.path, limit="100", **window)["items"]
    return items


def kill_mid_hour(gateway: Gateway, samples: int) -> None:
    """Kills it once it has received so many samples since it started."""
    wait_until(lambda: gateway.received() >= samples, timeout_s=60, step_s=0.02, what="a part of an hour is in")
    gateway.kill()


def test_hours_of_a_gateway_that_dies_hold_the_minutes_that_are_stored(line: Line, tmp_path: pathlib.Path) -> None:
    start_ns = (time.time_ns() // HOUR_NS - HOURS - 1) * HOUR_NS
    gateway = prepared(tmp_path / "gateway", line.broker.port, start_ns)
    try:
        with CloudApi(line) as api:
            for samples in (250, 700, 200):  # in the first hour, in the third or so, and soon again
                gateway.start()
                kill_mid_hour(gateway, samples)
            gateway.start()
            wait_until(
                lambda: len(held_hours(api, start_ns)) == HOURS, timeout_s=120, step_s=0.5, what="all hours are held"
            )
            gateway.wait_drained(60)
            hours, rows = held_hours(api, start_ns), stored_rows(line.influx)
            window = {"start": iso(start_ns), "end": iso(start_ns + HOURS * HOUR_NS)}
            path = f"enterprises/{ASSET.enterprise}/sites/{ASSET.site}/energy/sums/refit"
            found = api.get(path, asset=ASSET.path, **window)
    finally:
        gateway.process.stop()

    for hour in hours:
        own = [row for row in rows if iso(row.start_ns // HOUR_NS * HOUR_NS) == hour["hour"].replace("Z", "+00:00")]
        assert (hour["rows"], hour["version"]) == (len(own), 1)
    inside = [row for row in rows if row.start_ns < start_ns + HOURS * HOUR_NS]
    assert found["rows"] == len(inside) > 300
    assert found["coverage"] <= 1.0
    for code, regime in enumerate(("off", "idle", "load")):
        told = next(each for each in found["regimes"] if each["regime"] == regime)
        own = [row for row in inside if row.regime == code]
        assert told["rows"] == len(own)
        assert told["energy_kwh"] == pytest.approx(math.fsum(row.values[1] for row in own) / 60.0, rel=1e-12)
    load = next(each for each in found["regimes"] if each["regime"] == "load")["fit"]
    points = np.array([row.values for row in inside if row.regime == 2])
    centre = points.mean(axis=0)
    slope = float(np.linalg.lstsq((points - centre)[:, :1], (points - centre)[:, 1], rcond=None)[0][0])
    assert load["coefficients"]["flow"] == pytest.approx(slope, rel=1e-9)
    assert load["intercept_kw"] == pytest.approx(float(centre[1] - slope * centre[0]), rel=1e-9)
    assert load["coefficients"]["flow"] == pytest.approx(5.0, rel=0.05), "the law of the machine"
