"""Live counters through real brokers and processes: in `serve` behind the sign-in, in `ingest` on its own listener."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from ovoo_cloud.access import tokens, users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.ingest.metrics import IngestMetrics, listening
from ovoo_cloud.ingest.service import IngestService
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings, load_settings
from ovoo_cloud.stores.influx import InfluxSettings, InfluxStore
from ovoo_contract import topics
from ovoo_contract.errors import ConfigError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from tests.cloud import builders
from tests.cloud.builders import T0, S
from tests.cloud.ingest.test_service import Gateway, settings, started
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import wait_until

pytestmark = pytest.mark.server


@pytest.fixture
def gateway(mosquitto: MosquittoServer) -> Iterator[Gateway]:
    made = Gateway(mosquitto)
    yield made
    made.stop()


def samples(text: str) -> dict[str, float]:
    """`name` or `name{label=value}` to value."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@contextlib.contextmanager
def process(folder: pathlib.Path, verb: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`ovoo-cloud VERB` as a process of its own; it must end cleanly on SIGTERM."""
    log = folder / f"{verb}.log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "ovoo_cloud.cli", verb]
        child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=out, text=True)
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            code = child.wait(timeout=60)
    assert code == 0, log.read_text()


def fetch(url: str, token: str = "") -> Callable[[], dict[str, float]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask() -> dict[str, float]:
        try:
            answer = httpx.get(url, headers=headers, timeout=5, trust_env=False)
        except httpx.TransportError:
            return {}
        return samples(answer.text) if answer.status_code == 200 else {}

    return ask


def test_serve_shows_what_its_ingest_does_and_to_a_tenant_its_own_only(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway, free_port: int
) -> None:
    environment = {
        "OVOO_DATA_DIR": str(tmp_path / "data"),
        "OVOO_BROKER_HOST": mosquitto.host,
        "OVOO_BROKER_PORT": str(mosquitto.port),
        "OVOO_LISTEN_PORT": str(free_port),
        "OVOO_ACCESS_CONSENT": "own",
    }
    with build_services(load_settings(None, environment)) as services, services.database.write() as session:
        builders.tenant(session)
        builders.tenant(session, "bayan-chem", "bayan", "bayan-gw1")
        system, now_ns = Scope.system(), services.clock()
        everything = _token(session, "head", [], system, now_ns)
        foreign = _token(session, "stranger", ["bayan-chem"], system, now_ns)

    with process(tmp_path, "serve", environment):
        url = f"http://127.0.0.1:{free_port}/metrics"
        ask = fetch(url, everything)
        wait_until(lambda: ask().get("ovoo_ingest_live_connected") == 1, what="ingest connected", timeout_s=60)
        gateway.publish_catalogue()
        for seq in (1, 2, 2, 3):
            gateway.publish(seq)
        gateway.client.publish(topics.batch("nobody-gw"), b"x", qos=1)
        wait_until(lambda: gateway.acked.to_list() == [[1, 3]], what="acknowledged")
        wait_until(lambda: ask()["ovoo_ingest_live_waiting_messages"] == 0, what="nothing waits")
        seen, strange = ask(), fetch(url, foreign)()

    assert seen["ovoo_ingest_live_samples_stored_total"] == 60
    assert seen["ovoo_ingest_live_messages_total"] >= 6
    assert seen["ovoo_ingest_live_rejected_total{code=unknown_gateway}"] == 1
    assert seen["ovoo_ingest_live_oldest_unacknowledged_seconds"] == 0
    assert seen["ovoo_ingest_live_store_seconds_count"] >= 1
    assert seen[f"ovoo_ingest_live_last_delivery_seconds{{gateway={builders.GATEWAY}}}"] > 1.7e9
    assert seen[f"ovoo_ingest_stored_total{{gateway={builders.GATEWAY}}}"] == 60  # the ledger agrees
    assert strange
    assert not [name for name in strange if "_live_" in name or builders.GATEWAY in name]


def test_without_consent_a_centre_sees_the_platform_and_of_a_gateway_only_whether_it_is_online(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway, free_port: int
) -> None:
    environment = {
        "OVOO_DATA_DIR": str(tmp_path / "data"),
        "OVOO_BROKER_HOST": mosquitto.host,
        "OVOO_BROKER_PORT": str(mosquitto.port),
        "OVOO_LISTEN_PORT": str(free_port),
        "OVOO_ACCESS_CONSENT": "required",
    }
    with build_services(load_settings(None, environment)) as services, services.database.write() as session:
        builders.tenant(session)
        token = _token(session, "head", [], Scope.system(), services.clock())

    with process(tmp_path, "serve", environment):
        ask = fetch(f"http://127.0.0.1:{free_port}/metrics", token)
        wait_until(lambda: ask().get("ovoo_ingest_live_connected") == 1, what="ingest connected", timeout_s=60)
        gateway.publish_catalogue()
        gateway.publish(1)
        wait_until(lambda: gateway.acked.to_list() == [[1, 1]], what="acknowledged")
        seen = ask()

    assert seen["ovoo_ingest_live_samples_stored_total"] > 0
    assert [name for name in seen if builders.GATEWAY in name] == [f"ovoo_gateway_online{{gateway={builders.GATEWAY}}}"]


def test_a_separate_ingest_answers_on_its_own_listener(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway, free_port: int
) -> None:
    server = InfluxServer(tmp_path / "influx")
    server.start()
    environment = {
        "OVOO_DATA_DIR": str(tmp_path / "data"),
        "OVOO_STORE": "influx",
        "OVOO_INFLUX_URL": server.url,
        "OVOO_BROKER_HOST": mosquitto.host,
        "OVOO_BROKER_PORT": str(mosquitto.port),
        "OVOO_METRICS_LISTEN": f"127.0.0.1:{free_port}",
    }
    with build_services(load_settings(None, environment)) as services, services.database.write() as session:
        builders.tenant(session)

    with process(tmp_path, "ingest", environment):
        ask = fetch(f"http://127.0.0.1:{free_port}/metrics")
        wait_until(lambda: ask().get("ovoo_ingest_live_connected") == 1, what="ingest connected", timeout_s=60)
        gateway.publish_catalogue()
        gateway.publish(1)
        wait_until(lambda: 1 in gateway.acked, what="acknowledged")
        assert ask()["ovoo_ingest_live_samples_stored_total"] == 20
        assert ask()["ovoo_ingest_live_store_down"] == 0

        server.kill()
        gateway.publish(2)
        wait_until(lambda: ask()["ovoo_ingest_live_store_down"] == 1, what="outage told", timeout_s=40)
        waiting = ask()
        wait_until(
            lambda: (
                ask()["ovoo_ingest_live_oldest_unacknowledged_seconds"]
                > waiting["ovoo_ingest_live_oldest_unacknowledged_seconds"]
            ),
            what="the age grows",
        )
        assert waiting["ovoo_ingest_live_waiting_messages"] == 1
        server.start()
        wait_until(lambda: 2 in gateway.acked, what="second ack", timeout_s=60)
        wait_until(lambda: ask()["ovoo_ingest_live_oldest_unacknowledged_seconds"] == 0, what="nothing waits")
    server.stop()


def test_duplicates_and_repeats_are_counted_apart(
    tmp_path: pathlib.Path, mosquitto: MosquittoServer, gateway: Gateway
) -> None:
    with build_services(settings(tmp_path, mosquitto), clock=lambda: T0 + 60 * S) as services:
        with services.database.write() as session:
            builders.tenant(session)
        ingest = IngestService(services)
        started(ingest)
        gateway.publish_catalogue()
        gateway.publish(1)
        wait_until(lambda: 1 in gateway.acked, what="first ack")
        gateway.publish(1)
        wait_until(lambda: ingest.intake.counters.known == 1, what="the repeat")
        ingest.stop()
    registry = CollectorRegistry()
    registry.register(IngestMetrics(ingest))
    seen = samples(generate_latest(registry).decode())

    assert seen["ovoo_ingest_live_samples_stored_total"] == 20
    assert seen["ovoo_ingest_live_deliveries_known_total"] == 1
    assert seen[f"ovoo_ingest_live_last_delivery_seconds{{gateway={builders.GATEWAY}}}"] == (T0 + 60 * S) / 1e9


def test_a_taken_port_is_told_with_its_setting(tmp_path: pathlib.Path, mosquitto: MosquittoServer) -> None:
    address = f"{mosquitto.host}:{mosquitto.port}"
    store = InfluxStore(InfluxSettings("http://127.0.0.1:9"), lambda _: None)
    with build_services(Settings(data_dir=tmp_path, broker_host="127.0.0.1"), store=store) as services:
        metrics = IngestMetrics(IngestService(services))

        with pytest.raises(ConfigError, match="metrics_listen"), listening(address, metrics):
            pass


def _token(session: Session, name: str, seen: list[str], system: Scope, now_ns: int) -> str:
    role = Role.CENTRE_ADMIN
    users.create_user(session, system, name, password="a long password", role=role, enterprises=seen, now_ns=now_ns)
    return tokens.issue(session, name, kind="bearer", label="t", lifetime_s=3600, now_ns=now_ns, personal=True).text
