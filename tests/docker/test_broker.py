"""The site's broker settings in a real Mosquitto: identities from certificates, each gateway in its own topics."""

from __future__ import annotations

import pathlib
import ssl
import threading
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.servers.certificates import KeyPair, TestAuthority
from tests.servers.process import ServerProcess, find_program, free_port, port_answers, wait_until

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docker" / "mosquitto"
pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls_port(authority: TestAuthority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("broker")
    pair = authority.issue("broker", server=True)
    users = folder / "users"
    users.touch(mode=0o600)
    port, plant_port = free_port(), free_port()
    text = (FOLDER / "mosquitto.conf").read_text(encoding="utf-8")
    for container, here in {
        "/mosquitto/data/": f"{folder}/",
        "/mosquitto/config/acl": str(FOLDER / "acl"),
        "/run/secrets/mosquitto_users": str(users),
        "/mosquitto/certs/ca.crt": str(authority.certificate),
        "/mosquitto/certs/broker.crt": str(pair.certificate),
        "/mosquitto/certs/broker.key": str(pair.key),
        "listener 8883": f"listener {port} 127.0.0.1",
        "listener 1883": f"listener {plant_port} 127.0.0.1",
    }.items():
        assert container in text
        text = text.replace(container, here)
    (folder / "mosquitto.conf").write_text("user root\n" + text, encoding="utf-8")
    server = ServerProcess(
        [find_program("mosquitto"), "-c", str(folder / "mosquitto.conf")],
        log=folder / "log",
        ready=lambda: port_answers(port),
    )
    server.start()
    yield port
    server.stop()


class Client:
    """A paho client with a certificate that remembers what it received."""

    def __init__(self, authority: TestAuthority, pair: KeyPair | None, port: int) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        context = ssl.create_default_context(cafile=str(authority.certificate))
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.received.append(
            (message.topic, bytes(message.payload))
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_connect(
        self,
        client: mqtt.Client,
        data: object,
        flags: mqtt.ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if not code.is_failure:
            self.connected.set()

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)
        assert self.subscribed.wait(10)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_gateway_writes_its_own_topics_only(authority: TestAuthority, tls_port: int) -> None:
    cloud = Client(authority, authority.issue("ovoo-cloud"), tls_port)
    gateway = Client(authority, authority.issue("heishan-gw1"), tls_port)
    try:
        assert cloud.connected.wait(10)
        assert gateway.connected.wait(10)
        cloud.subscribe("ovoo/v1/+/batch")

        gateway.publish("ovoo/v1/xilin-gw1/batch", b"forged")
        gateway.publish("ovoo/v1/heishan-gw1/batch", b"own")
        wait_until(lambda: len(cloud.received) > 0)

        assert cloud.received == [("ovoo/v1/heishan-gw1/batch", b"own")]
    finally:
        cloud.close()
        gateway.close()


def test_acknowledgements_reach_their_gateway_and_no_other(authority: TestAuthority, tls_port: int) -> None:
    cloud = Client(authority, authority.issue("ovoo-cloud"), tls_port)
    gateway = Client(authority, authority.issue("bayan-gw1"), tls_port)
    try:
        assert cloud.connected.wait(10)
        assert gateway.connected.wait(10)
        gateway.subscribe("ovoo/v1/+/ack")

        cloud.publish("ovoo/v1/heishan-gw1/ack", b"for another")
        cloud.publish("ovoo/v1/bayan-gw1/ack", b"for me")
        wait_until(lambda: len(gateway.received) > 0)

        assert gateway.received == [("ovoo/v1/bayan-gw1/ack", b"for me")]
    finally:
        cloud.close()
        gateway.close()


def test_nobody_enters_without_a_certificate(authority: TestAuthority, tls_port: int) -> None:
    known = Client(authority, authority.issue("probe-gw1"), tls_port)
    stranger = Client(authority, None, tls_port)
    try:
        assert known.connected.wait(10)
        # both started at once: by now the broker has answered the stranger as well, with an alert
        assert not stranger.connected.wait(1)
    finally:
        known.close()
        stranger.close()
