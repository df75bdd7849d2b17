"""Both brokers' settings in a real Mosquitto, with the certificates and passwords that `prepare` made."""

from __future__ import annotations

import pathlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives import serialization
from ovoo_cloud.access.authority import Authority
from ovoo_edge.enrol import make_request
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.docker.prepared import PreparedSite
from tests.servers.certificates import KeyPair
from tests.servers.process import free_port, wait_until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def tls_port(site: PreparedSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    server = site.broker("mosquitto", port, tmp_path_factory.mktemp("broker"))
    server.start()
    yield port
    server.stop()


@pytest.fixture(scope="module")
def plant_port(site: PreparedSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    server = site.broker("plant-broker", port, tmp_path_factory.mktemp("plant"))
    server.start()
    yield port
    server.stop()


@pytest.fixture(scope="module")
def pairs(site: PreparedSite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, KeyPair]:
    """The identities that `prepare` made, and those that the cloud's authority would give to further gateways."""
    state = site.folder / "state"
    folder = tmp_path_factory.mktemp("pairs")
    authority = Authority(state / "cloud" / "authority")
    found = {
        "ovoo-cloud": KeyPair(state / "cloud-certificates" / "client.crt", state / "cloud-certificates" / "client.key"),
        "heishan-gw1": KeyPair(
            state / "edge" / "identity" / "gateway.pem", state / "edge" / "identity" / "gateway.key"
        ),
    }
    key, csr = make_request("bayan-gw1")
    pair = KeyPair(folder / "bayan.crt", folder / "bayan.key")
    pair.certificate.write_bytes(authority.sign(csr.encode(), "bayan-gw1", time.time_ns()).certificate_pem)
    pair.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    found["bayan-gw1"] = pair
    return found


class Client:
    """A paho client with a certificate that remembers what it received."""

    def __init__(
        self,
        port: int,
        *,
        ca: pathlib.Path | None = None,
        pair: KeyPair | None = None,
        user: tuple[str, str] = ("", ""),
    ) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.connected = threading.Event()
        self.refused = threading.Event()
        self.subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if ca is not None:
            context = ssl.create_default_context(cafile=str(ca))
            if pair is not None:
                context.load_cert_chain(pair.certificate, pair.key)
            self._client.tls_set_context(context)
        if user[0]:
            self._client.username_pw_set(*user)
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
        (self.refused if code.is_failure else self.connected).set()

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)
        assert self.subscribed.wait(10)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def connect(site: PreparedSite, pairs: dict[str, KeyPair], tls_port: int) -> Iterator[Callable[[str], Client]]:
    """Clients of the site's broker by the name in their certificate; an empty name brings none."""
    clients: list[Client] = []

    def open_client(name: str) -> Client:
        pair = pairs[name] if name else None
        clients.append(Client(tls_port, ca=site.folder / "state" / "broker" / "ca.crt", pair=pair))
        if name:
            assert clients[-1].connected.wait(10)
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def sign_in(site: PreparedSite, plant_port: int) -> Iterator[Callable[[str, str], Client]]:
    """Clients of the plant's broker by user name and password."""
    clients: list[Client] = []

    def open_client(name: str, password: str) -> Client:
        clients.append(Client(plant_port, user=(name, password)))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


@pytest.mark.parametrize("kind", ["batch", "event", "completeness", "sums"])
def test_gateway_writes_its_own_topics_only(connect: Callable[[str], Client], kind: str) -> None:
    cloud, gateway = connect("ovoo-cloud"), connect("heishan-gw1")
    cloud.subscribe(f"ovoo/v1/+/{kind}")

    gateway.publish(f"ovoo/v1/xilin-gw1/{kind}", b"forged")
    gateway.publish(f"ovoo/v1/heishan-gw1/{kind}", b"own")
    wait_until(lambda: len(cloud.received) > 0)

    assert cloud.received == [(f"ovoo/v1/heishan-gw1/{kind}", b"own")]


def test_acknowledgements_reach_their_gateway_and_no_other(connect: Callable[[str], Client]) -> None:
    cloud, gateway = connect("ovoo-cloud"), connect("bayan-gw1")
    gateway.subscribe("ovoo/v1/+/ack")

    cloud.publish("ovoo/v1/heishan-gw1/ack", b"for another")
    cloud.publish("ovoo/v1/bayan-gw1/ack", b"for me")
    wait_until(lambda: len(gateway.received) > 0)

    assert gateway.received == [("ovoo/v1/bayan-gw1/ack", b"for me")]


def test_a_configuration_reaches_its_gateway_alone_and_no_gateway_writes_one(connect: Callable[[str], Client]) -> None:
    cloud, gateway, other = connect("ovoo-cloud"), connect("heishan-gw1"), connect("bayan-gw1")
    cloud.subscribe("ovoo/v1/+/config/reported")
    for client in (gateway, other):
        client.subscribe("ovoo/v1/+/config/desired")

    other.publish("ovoo/v1/heishan-gw1/config/desired", b"forged")
    other.publish("ovoo/v1/heishan-gw1/config/reported", b"forged")
    cloud.publish("ovoo/v1/heishan-gw1/config/desired", b"for one")
    cloud.publish("ovoo/v1/bayan-gw1/config/desired", b"for the other")
    gateway.publish("ovoo/v1/heishan-gw1/config/reported", b"applied")
    wait_until(lambda: all(client.received for client in (cloud, gateway, other)))

    assert gateway.received == [("ovoo/v1/heishan-gw1/config/desired", b"for one")]
    assert other.received == [("ovoo/v1/bayan-gw1/config/desired", b"for the other")]
    assert cloud.received == [("ovoo/v1/heishan-gw1/config/reported", b"applied")]


def test_nobody_enters_without_a_certificate(connect: Callable[[str], Client]) -> None:
    stranger = connect("")
    connect("heishan-gw1")

    # the stranger started first: by now the broker has answered it as well, with an alert
    assert not stranger.connected.wait(1)


def test_plant_devices_write_and_the_gateway_reads(site: PreparedSite, sign_in: Callable[[str, str], Client]) -> None:
    gateway = sign_in("gateway", site.secret("edge_plant_password"))
    device = sign_in("simulator", site.secret("simulator_plant_password"))
    assert gateway.connected.wait(10)
    assert device.connected.wait(10)
    gateway.subscribe("heishan/#")

    gateway.publish("heishan/utilities/power/meter1", b"forged")
    device.publish("elsewhere/utilities/power/meter1", b"forged")
    device.publish("heishan/utilities/power/meter1", b"own")
    wait_until(lambda: len(gateway.received) > 0)

    assert gateway.received == [("heishan/utilities/power/meter1", b"own")]


@pytest.mark.parametrize("name", ["gateway", "simulator", "nobody"])
def test_wrong_passwords_are_refused(name: str, sign_in: Callable[[str, str], Client]) -> None:
    assert sign_in(name, "ovoo").refused.wait(10)


def test_plant_broker_lets_nobody_in_without_a_name(sign_in: Callable[[str, str], Client]) -> None:
    assert sign_in("", "").refused.wait(10)
