"""The whole gateway with signals of three classes: everything that leaves it is captured and searched."""

from __future__ import annotations

import asyncio
import json
import pathlib
import struct
import threading
import time
import urllib.request
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.delivery import Ack, EventEnvelope, SeqRanges
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, decode_batch, encode_batch
from ovoo_edge.agent import Agent
from ovoo_edge.config import load
from ovoo_edge.status_words import status_lines
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_packs import instantiate, load_pack
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge_agent.support import SECOND, eventually
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer

pytestmark = pytest.mark.server
FAN = AssetAddress("ent", "site", "ventilation", "main", "fan1")
TEMPLATE = load_pack("coal_mine").templates["main_fan"]
ENTRIES = instantiate(TEMPLATE, FAN)
CORE = {"vibration": "core", "power": "important"}
STEPS = 720
ALARM_FROM = 360


class Capture:
    """Subscribes to all topics of a broker, keeps every byte, and acknowledges as a cloud does."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="capture")
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_connect = lambda client, *_: client.subscribe([("#", 1)])
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def of(self, kind: str) -> list[tuple[str, bytes]]:
        with self._lock:
            return [(topic, payload) for topic, payload in self.messages if topic.split("/")[3] == kind]

    def batches(self) -> list[tuple[BatchHeader, SampleBatch]]:
        return [decode_batch(payload) for _, payload in self.of("batch")]

    def events(self) -> list[EventEnvelope]:
        return [EventEnvelope.from_json(payload) for _, payload in self.of("event")]

    def catalogues(self) -> dict[str, Catalogue]:
        return {topic.split("/")[-1]: Catalogue.from_json(payload) for topic, payload in self.of("catalog")}

    def plain(self) -> bytes:
        """Everything in readable form: what is packed is unpacked, values of batches are written out."""
        with self._lock:
            texts = [topic.encode() + b" " + payload for topic, payload in self.messages]
        texts += [repr((list(batch.value), batch.text)).encode() for _, batch in self.batches()]
        return b"\n".join(texts)

    def _take(self, client: Client, _: object, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        with self._lock:
            self.messages.append((message.topic, payload))
        kind = message.topic.split("/")[3]
        if kind == "batch":
            header, _rows = decode_batch(payload)
            self._ack(header.epoch, header.seq, header.seq + header.merged - 1)
        elif kind == "event":
            envelope = EventEnvelope.from_json(payload)
            self._ack(envelope.epoch, envelope.seq, envelope.seq)

    def _ack(self, epoch: int, first: int, last: int) -> None:
        self._client.publish("ovoo/v1/gw-1/ack", Ack(epoch, SeqRanges([(first, last)])).to_json(), qos=1)


@contextmanager
def capturing(port: int) -> Iterator[Capture]:
    capture = Capture(port)
    try:
        yield capture
    finally:
        capture.close()


def value_of(entry: SignalEntry, step: int) -> float:
    """Core values have a form of their own, so that they can be searched for."""
    signal = entry.address.signal
    late = step >= ALARM_FROM
    if signal == "vibration":
        return 30.7071 + step / 1e6 if late else 2.7071 + step / 1e6
    if signal == "bearing_temp":
        return 140.0 + step / 1e5 if late else 50.0 + step / 1e5
    if signal == "running":
        return 1.0
    return ((entry.low or 0.0) + (entry.high or 1.0)) / 2 * (1 + step % 7 / 500)


def record(path: pathlib.Path) -> None:
    catalogue = Catalogue(ENTRIES)
    start_ns = time.time_ns() - STEPS * 5 * SECOND
    count = len(catalogue)
    with path.open("wb") as file:
        head = catalogue.to_json()
        file.write(struct.pack("<I", len(head)) + head)
        for step in range(STEPS):
            batch = SampleBatch(
                array("I", range(count)),
                array("q", [start_ns + step * 5 * SECOND]) * count,
                array("d", [value_of(entry, step) for entry in catalogue.entries]),
                array("I", bytes(4 * count)),
            )
            data = encode_batch(BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=start_ns), batch)
            file.write(struct.pack("<I", len(data)) + data)


def prepare(folder: pathlib.Path, broker_port: int, influx_url: str, health_port: int) -> pathlib.Path:
    record(folder / "rec.ovb")
    artifact.save(folder / "fan1.json", untrained(TEMPLATE, FAN.path))
    lines = ["address,unit,type,low,high,data_class,uplink,source"]
    for entry in ENTRIES:
        data_class = CORE.get(entry.address.signal, "general")
        lines.append(f"{entry.address},{entry.unit},{entry.type},{entry.low:g},{entry.high:g},{data_class},raw,rec")
    (folder / "signals.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "agent.toml"
    path.write_text(f"""
[gateway]
id = "gw-1"
enterprise = "ent"
site = "site"
state_dir = "state"
signals = ["signals.csv"]
[spool]
budget_mib = 32
commit_ms = 50
[health]
listen = "127.0.0.1:{health_port}"
[[source]]
name = "rec"
driver = "replay"
path = "rec.ovb"
speed = 0
[[model]]
asset = "ventilation/main/fan1"
artifact = "fan1.json"
[[sink]]
name = "region"
driver = "mqtt"
host = "127.0.0.1"
port = {broker_port}
linger_ms = 20
[[sink]]
name = "region-store"
driver = "influx"
url = "{influx_url}"
database = "region_store"
scope = "region"
[[sink]]
name = "plant"
driver = "influx"
url = "{influx_url}"
database = "plant_store"
""")
    return path


def ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        content: bytes = answer.read()
    return content.decode()


async def test_nothing_above_the_class_leaves_by_any_way_and_refusals_are_counted(
    mosquitto: MosquittoServer, influxdb: InfluxServer, tmp_path: pathlib.Path, free_port: int
) -> None:
    influxdb.create("region_store")
    influxdb.create("plant_store")
    config = load(prepare(tmp_path, mosquitto.port, influxdb.url, free_port))
    agent = Agent(config)
    with capturing(mosquitto.port) as capture:
        running = asyncio.create_task(agent.run())
        try:
            await eventually(lambda: sum(len(batch) for _, batch in capture.batches()) >= 6 * STEPS, "uplink", 60)

            def drained() -> bool:
                return not any(json.loads(ask(free_port, "/health"))["spool"]["backlog_rows"].values())

            deadline = time.monotonic() + 60
            while not await asyncio.to_thread(drained):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
            health = json.loads(await asyncio.to_thread(ask, free_port, "/health"))
            ledger = json.loads(await asyncio.to_thread(ask, free_port, "/ledger"))
            metrics = await asyncio.to_thread(ask, free_port, "/metrics")
        finally:
            agent.stop()
            await asyncio.wait_for(running, 30)

    # the broker: no name, no value, no finding, no hash of the whole catalogue
    seen = capture.plain()
    for hidden in (b"vibration", b"power", b"30.7071", b"2.7071", b"mewma", b"energy"):
        assert hidden not in seen, (hidden, seen[max(0, seen.find(hidden) - 200) :][:400])
    (shown,) = capture.catalogues().values()
    assert {entry.data_class for entry in shown.entries} == {"general"}
    assert {header.catalogue_id for header, _ in capture.batches()} == {shown.id}
    found = {(event.finding.code, event.finding.detail.get("signal")) for event in capture.events()}
    assert ("limit.high", "bearing_temp") in found
    assert {event.finding.detail["data_class"] for event in capture.events()} == {"general"}

    # the region's store, and the plant's own, which may hold everything
    region = await asyncio.to_thread(influxdb.query, "region_store", "SHOW SERIES")
    plant = await asyncio.to_thread(influxdb.query, "plant_store", "SHOW SERIES")
    assert not any("vibration" in row["key"] or "signal=power" in row["key"] for row in region)
    assert not any(row["key"].startswith(("score", "energy")) for row in region)
    assert any("vibration" in row["key"] for row in plant)
    stored = await asyncio.to_thread(
        influxdb.query, "plant_store", "SELECT count(value) FROM telemetry WHERE signal = 'vibration'"
    )
    assert stored[0]["count"] == STEPS

    # counted per sink, class and signal, and shown
    per_signal = {(row["sink"], row["data_class"], row["address"]): row["count"] for row in ledger["refused"]}
    for sink in ("region", "region-store"):
        assert per_signal[sink, "core", f"{FAN}/vibration"] == STEPS
        assert per_signal[sink, "important", f"{FAN}/power"] == STEPS
        assert health["spool"]["refused"][sink]["core"] >= STEPS
    assert per_signal["region", "core", "event:limit.high"] >= 1
    assert not any(sink == "plant" for sink, _, _ in per_signal)
    assert 'ovoo_edge_refused_total{data_class="core",sink="region"}' in metrics
    words = "\n".join(status_lines(health, "zh"))
    assert "高于 region 允许等级的数据留在现场：" in words
    assert health["spool"]["lost"] == {}
