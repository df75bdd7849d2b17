"""Through a real broker: acknowledged only when stored, and again after every kind of interruption."""

from __future__ import annotations

import dataclasses
import pathlib
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import desired, findings, verdicts
from ovoo_cloud.catalogue.tables import Gateway as GatewayRow
from ovoo_cloud.ingest.mqtt import BrokerLink
from ovoo_cloud.ingest.service import IngestService
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.influx import InfluxSettings, InfluxStore
from ovoo_contract import topics
from ovoo_contract.address import AssetAddress
from ovoo_contract.delivery import Ack
from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding
from ovoo_contract.gateway_config import DesiredConfig, ReportedConfig
from ovoo_contract.ranges import SeqRanges
from ovoo_contract.wire import FLAG_BACKFILL, encode_batch
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.cloud import builders
from tests.cloud.builders import FAN, GATEWAY, T0, S, address, steady
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import wait_until

pytestmark = pytest.mark.server


class Gateway:
    """A gateway as the broker sees one."""

    def __init__(self, broker: MosquittoServer) -> None:
        self.acked = SeqRanges()
        self.order: list[list[int]] = []
        self._lock = threading.Lock()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=GATEWAY, clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(topics.ack(GATEWAY), 1)
        self.client.on_message = self._on_message
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        wait_until(self.client.is_connected, what="gateway connected")

    def publish(self, seq: int, rows: int = 20, flags: int = 0) -> None:
        sent = builders.delivery(steady(1, rows, start_ns=T0 + seq * 100 * S), seq, flags=flags)
        self.client.publish(topics.batch(GATEWAY), encode_batch(sent.header, sent.batch), qos=1)

    def publish_catalogue(self) -> None:
        listed = builders.catalogue()
        self.client.publish(topics.catalog(GATEWAY, listed.id), listed.to_json(), qos=1, retain=True)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._lock:
            ranges = Ack.from_json(bytes(message.payload)).ranges
            self.acked = self.acked.union(ranges)
            self.order += ranges.to_list()


@pytest.fixture
def gateway(mosquitto: MosquittoServer) -> Iterator[Gateway]:
    made = Gateway(mosquitto)
    yield made
    made.stop()


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[InfluxServer]:
    """An InfluxDB that a test may kill."""
    made = InfluxServer(tmp_path / "influx")
    made.start()
    yield made
    made.stop()


def settings(
    tmp_path: pathlib.Path,
    broker: MosquittoServer,
    protocol: Literal["5", "3.1.1"] = "5",
    *,
    share: str = "",
    name: str = "ovoo-cloud",
) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        broker_host=broker.host,
        broker_port=broker.port,
        broker_protocol=protocol,
        broker_share=share,
        broker_client_id=name,
    )


def started(ingest: IngestService) -> None:
    ingest.start()
    wait_until(lambda: ingest.link.connected, what="ingest subscribed")


@pytest.fixture(params=["5", "3.1.1"])
def services(request: pytest.FixtureRequest, tmp_path: pathlib.Path, mosquitto: MosquittoServer) -> Iterator[Services]:
    with build_services(settings(tmp_path, mosquitto, request.param), clock=lambda: T0 + 60 * S) as built:
        with built.database.write() as session:
            builders.tenant(session)
        yield built


def test_batches_are_stored_and_acknowledged_end_to_end(services: Services, gateway: Gateway) -> None:
    ingest = IngestService(services)
    started(ingest)
    gateway.publish_catalogue()
    for seq in range(1, 21):
        gateway.publish(seq)

    wait_until(lambda: gateway.acked.to_list() == [[1, 20]], what="all acknowledged")
    ingest.stop()

    assert len(services.store.raw(address(), T0, T0 + 10_000 * S, 1000)) == 400
    assert ingest.health()["failure"] == ""


def test_ingest_that_was_away_takes_everything_when_it_is_back(services: Services, gateway: Gateway) -> None:
    first = IngestService(services)
    started(first)
    gateway.publish_catalogue()
    gateway.publish(1)
    wait_until(lambda: 1 in gateway.acked, what="first ack")
    first.stop()
    for seq in range(2, 12):
        gateway.publish(seq)

    second = IngestService(services)
    second.start()

    wait_until(lambda: gateway.acked.to_list() == [[1, 11]], what="the backlog")
    second.stop()
    assert len(services.store.raw(address(), T0, T0 + 10_000 * S, 1000)) == 220


def test_a_broker_that_restarts_costs_nothing(services: Services, gateway: Gateway, mosquitto: MosquittoServer) -> None:
    ingest = IngestService(services)
    started(ingest)
    gateway.publish_catalogue()
    gateway.publish(1)
    wait_until(lambda: 1 in gateway.acked, what="first ack")

    mosquitto.stop()
    wait_until(lambda: not ingest.link.connected, what="cut seen")
    mosquitto.start()
    wait_until(lambda: ingest.link.connected and gateway.client.is_connected(), what="reconnected")
    gateway.publish(2)

    wait_until(lambda: gateway.acked.to_list() == [[1, 2]], what="second ack")
    ingest.stop()
    assert len(services.store.raw(address(), T0, T0 + 10_000 * S, 1000)) == 40


def test_a_store_that_is_away_delays_the_acks_and_loses_nothing(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway, server: InfluxServer
) -> None:
    store = InfluxStore(InfluxSettings(server.url), lambda address: None)
    with build_services(settings(tmp_path, mosquitto), clock=lambda: T0 + 60 * S, store=store) as services:
        with services.database.write() as session:
            builders.tenant(session)
        ingest = IngestService(services)
        started(ingest)
        gateway.publish_catalogue()
        gateway.publish(1)
        wait_until(lambda: 1 in gateway.acked, what="first ack")

        server.kill()
        for seq in range(2, 6):
            gateway.publish(seq)
        wait_until(lambda: ingest.store_down, what="outage seen")
        assert gateway.acked.to_list() == [[1, 1]]
        server.start()

        wait_until(lambda: gateway.acked.to_list() == [[1, 5]], what="all acknowledged", timeout_s=40)
        ingest.stop()
        assert len(services.store.raw(address(), T0, T0 + 10_000 * S, 1000)) == 100


def test_live_data_pass_a_backlog_that_came_before_them(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway, server: InfluxServer
) -> None:
    store = InfluxStore(InfluxSettings(server.url), lambda address: None)
    one_a_group = dataclasses.replace(settings(tmp_path, mosquitto), ingest_group_rows=1000)
    with build_services(one_a_group, clock=lambda: T0 + 60 * S, store=store) as services:
        with services.database.write() as session:
            builders.tenant(session)
        ingest = IngestService(services)
        started(ingest)
        gateway.publish_catalogue()
        gateway.publish(1)
        wait_until(lambda: 1 in gateway.acked, what="first ack")

        server.kill()
        for seq in range(2, 8):
            gateway.publish(seq, 1000, FLAG_BACKFILL)
        gateway.publish(8)
        wait_until(lambda: ingest.waiting().messages == 7, what="everything received")
        server.start()

        wait_until(lambda: gateway.acked.to_list() == [[1, 8]], what="all acknowledged", timeout_s=40)
        ingest.stop()
    # one message was in hand already, so that live data were the next
    assert gateway.order == [[1, 1], [2, 2], [8, 8], *([seq, seq] for seq in range(3, 8))]
    server.stop()


def test_two_processes_share_a_subscription(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway
) -> None:
    server = InfluxServer(tmp_path / "influx")
    server.start()
    opened = []
    for name in ("one", "two"):
        store = InfluxStore(InfluxSettings(server.url), lambda address: None)
        shared = settings(tmp_path, mosquitto, share="ovoo", name=name)
        services = build_services(shared, clock=lambda: T0 + 60 * S, store=store)
        opened.append((services, IngestService(services)))
    with opened[0][0].database.write() as session:
        builders.tenant(session)
    for _, ingest in opened:
        ingest.start()
    wait_until(lambda: all(ingest.link.connected for _, ingest in opened), what="both connected")
    gateway.publish_catalogue()
    wait_until(lambda: sum(ingest.intake.counters.catalogues for _, ingest in opened) == 1, what="catalogue")
    for seq in range(1, 31):
        gateway.publish(seq)

    wait_until(lambda: gateway.acked.to_list() == [[1, 30]], what="all acknowledged", timeout_s=40)
    taken = [ingest.intake.counters.stored for _, ingest in opened]
    assert sum(taken) == 600
    assert min(taken) > 0
    for services, ingest in opened:
        ingest.stop()
        services.close()
    server.stop()


def test_without_a_broker_it_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="broker_host"):
        BrokerLink(Settings())


class Listener:
    """A gateway that hears configurations and reports as told; what the broker kept for it comes first."""

    def __init__(self, broker: MosquittoServer) -> None:
        self.heard: list[tuple[DesiredConfig, bool]] = []
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=f"{GATEWAY}-listener")
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(topics.config_desired(GATEWAY), 1)
        self.client.on_message = lambda _client, _data, message: self.heard.append(
            (DesiredConfig.from_json(bytes(message.payload)), bool(message.retain))
        )
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    @property
    def versions(self) -> list[int]:
        return [config.version for config, _ in self.heard]

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def judge(services: Services, number: int) -> None:
    """A finding of the fan that somebody calls false."""
    start = T0 + number * S
    found = Finding(
        "anomaly.multivariate", "warning", AssetAddress.parse(FAN), start, start + S, value=1.4, model="mewma"
    )
    with services.database.write() as session:
        findings.upsert(session, GATEWAY, found, found.end_ns)
        verdicts.give(session, Scope.system(), found.id, verdicts.Said("false", ""), T0 + 60 * S)


def test_opinions_stand_at_the_broker_for_their_gateway_and_what_it_reports_is_kept(
    services: Services, gateway: Gateway, mosquitto: MosquittoServer
) -> None:
    ingest = IngestService(services)
    started(ingest)
    gateway.publish_catalogue()
    wait_until(lambda: ingest.intake.counters.catalogues == 1, what="the machine is known")
    judge(services, 0)
    online = Listener(mosquitto)
    wait_until(lambda: online.versions == [1], what="told")
    judge(services, 1)
    wait_until(lambda: online.versions == [1, 2], what="told of the change")
    later = Listener(mosquitto)
    wait_until(lambda: later.versions == [2], what="the broker kept the newest one")
    config, retained = later.heard[0]
    gateway.client.publish(
        topics.config_reported(GATEWAY), ReportedConfig(config.version, config.hash).to_json(), qos=1, retain=True
    )

    def state() -> str:
        with services.database.read() as session:
            row = session.get(GatewayRow, GATEWAY)
            assert row is not None
            return desired.status(session, row).state

    wait_until(lambda: state() == "applied", what="reported")
    ingest.stop()
    online.stop()
    later.stop()
    assert retained
    assert config.feedback[AssetAddress.parse(FAN)]["relief"] == {"mewma": 1.25**2}


def test_a_broker_that_lost_what_it_kept_is_told_again(
    tmp_path: pathlib.Path, services: Services, gateway: Gateway, mosquitto: MosquittoServer
) -> None:
    ingest = IngestService(services)
    started(ingest)
    gateway.publish_catalogue()
    wait_until(lambda: ingest.intake.counters.catalogues == 1, what="the machine is known")
    judge(services, 0)
    first = Listener(mosquitto)
    wait_until(lambda: first.versions == [1], what="told")
    first.stop()
    emptied = Client(CallbackAPIVersion.VERSION2)
    emptied.connect(mosquitto.host, mosquitto.port)
    emptied.loop_start()
    emptied.publish(topics.config_desired(GATEWAY), b"", qos=1, retain=True).wait_for_publish(10)
    emptied.disconnect()
    emptied.loop_stop()
    ingest.stop()

    second = IngestService(services)
    started(second)
    again = Listener(mosquitto)
    wait_until(lambda: bool(again.versions), what="told again")
    second.stop()
    again.stop()
    assert again.versions == [1], "under the same version"
