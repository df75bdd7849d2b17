from __future__ import annotations

import asyncio
import json
import pathlib
import threading

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from ovoo_contract.errors import ConfigError, ConnectFailed, Untrusted
from ovoo_simulator.emission import Emission
from ovoo_simulator.ledger import Tally, tally
from ovoo_simulator.live import Feed
from ovoo_simulator.plants import Plant, create_plant
from ovoo_simulator.serve_mqtt import MqttPublisher, MqttSettings
from ovoo_simulator.times import SECOND_NS, local_midnight_ns
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.mosquitto import MosquittoServer

pytestmark = pytest.mark.server
ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)
START_NS = ORIGIN_NS + 9 * 3600 * SECOND_NS


@pytest.fixture(scope="module")
def dairy() -> Plant:
    return create_plant("dairy", seed=3, origin_ns=ORIGIN_NS)


class Subscriber:
    """A real MQTT client that keeps every payload."""

    def __init__(self, port: int, topic: str) -> None:
        self.messages: list[tuple[str, dict[str, object]]] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False)
        self._client.on_message = self._keep
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(5)

    def _keep(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.messages.append((message.topic, json.loads(message.payload)))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def tallies(self, enterprise: str) -> dict[str, Tally]:
        rows: dict[str, list[tuple[int, float]]] = {}
        for topic, body in self.messages:
            values = body["values"]
            assert isinstance(values, dict)
            for name, value in values.items():
                address = f"{enterprise}/{topic}/{name}"
                rows.setdefault(address, []).append((int(str(body["ts"])) * 1_000_000, float(value)))
        return {
            address: tally([row[0] for row in found], [row[1] for row in found], [0] * len(found))
            for address, found in rows.items()
        }


def emission(plant: Plant, second: int) -> Emission:
    return Feed(plant, tuple).at(START_NS + second * SECOND_NS)


async def test_a_subscriber_gets_exactly_what_the_ledger_counts(dairy: Plant, mosquitto: MosquittoServer) -> None:
    subscriber = Subscriber(mosquitto.port, "xilin/#")
    publisher = MqttPublisher(dairy.catalogue, MqttSettings("127.0.0.1", mosquitto.port))
    await publisher.start()

    await publisher.ready(emission(dairy, 0))
    for second in range(1, 30):
        await publisher.emit(emission(dairy, second))
    await publisher.stop()

    async with asyncio.timeout(10):
        while not publisher.ledger.compare(subscriber.tallies("xilin-dairy")).exact:
            await asyncio.sleep(0.02)
    subscriber.close()
    assert publisher.ledger.count > 30 * 35
    assert publisher.ledger.compare(subscriber.tallies("xilin-dairy")).exact
    topic, body = subscriber.messages[0]
    assert topic == "xilin/reception/line1/intake1"
    assert set(body) == {"ts", "values"}


async def test_nothing_counts_until_somebody_listens(dairy: Plant, mosquitto: MosquittoServer) -> None:
    publisher = MqttPublisher(dairy.catalogue, MqttSettings("127.0.0.1", mosquitto.port))
    await publisher.start()
    ready = asyncio.create_task(publisher.ready(emission(dairy, 0)))
    done, _ = await asyncio.wait({ready}, timeout=0.8)
    before = publisher.ledger.count

    subscriber = Subscriber(mosquitto.port, "xilin/#")
    await asyncio.wait_for(ready, 10)
    await publisher.stop()

    assert not done
    assert before == 0
    async with asyncio.timeout(10):
        while not publisher.ledger.compare(subscriber.tallies("xilin-dairy")).exact:
            await asyncio.sleep(0.02)
    subscriber.close()


async def test_samples_wait_while_the_broker_is_away(
    dairy: Plant, tmp_path: pathlib.Path, mosquitto: MosquittoServer
) -> None:
    subscriber = Subscriber(mosquitto.port, "xilin/#")
    publisher = MqttPublisher(dairy.catalogue, MqttSettings("127.0.0.1", mosquitto.port, protocol="311"))
    await publisher.start()
    await publisher.ready(emission(dairy, 0))
    counted = publisher.ledger.count
    mosquitto.stop()

    for second in range(1, 5):
        await publisher.emit(emission(dairy, second))
    during = publisher.ledger.count
    mosquitto.start()
    await publisher.stop()

    assert during == counted
    assert publisher.ledger.count > 5 * 35
    async with asyncio.timeout(15):
        while not {body["ts"] for _, body in subscriber.messages} >= {(START_NS // 10**6) + 1000 * n for n in range(5)}:
            await asyncio.sleep(0.05)
    subscriber.close()


async def test_values_keep_their_type_and_silence_is_left_out(dairy: Plant, mosquitto: MosquittoServer) -> None:
    subscriber = Subscriber(mosquitto.port, "xilin/#")
    publisher = MqttPublisher(dairy.catalogue, MqttSettings("127.0.0.1", mosquitto.port))
    await publisher.start()
    rows = [row for row, entry in enumerate(dairy.entries) if entry.address.asset == "store1"]
    sample = Emission(
        START_NS,
        np.array(rows, dtype=np.int64),
        np.array([2.35, 1.0, np.nan, 0.0]),
        np.array([0, 0, 0x80310000, 0], dtype=np.uint32),
    )

    await publisher.ready(sample)
    await publisher.stop()

    async with asyncio.timeout(10):
        while not subscriber.messages:
            await asyncio.sleep(0.02)
    subscriber.close()
    assert publisher.ledger.count == 3
    assert subscriber.messages[0][1]["values"] == {"temperature": 2.35, "running": True, "door_open": False}


async def test_no_broker_is_a_clear_error(dairy: Plant, free_port: int) -> None:
    publisher = MqttPublisher(dairy.catalogue, MqttSettings("127.0.0.1", free_port))

    with pytest.raises(ConnectFailed, match="no broker"):
        await publisher.start()


async def test_wrong_password_is_a_clear_error_that_does_not_show_it(dairy: Plant, tmp_path: pathlib.Path) -> None:
    users = tmp_path / "users"
    users.write_text("", encoding="utf-8")
    users.chmod(0o600)
    broker = MosquittoServer(tmp_path / "broker", password_file=users)
    broker.start()
    settings = MqttSettings("127.0.0.1", broker.port, user="plant", password="hidden")

    with pytest.raises(Untrusted, match="plant") as caught:
        await MqttPublisher(dairy.catalogue, settings).start()

    broker.stop()
    assert "hidden" not in str(caught.value) + repr(settings)


def test_tls_files_are_checked(dairy: Plant, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="TLS"):
        MqttPublisher(dairy.catalogue, MqttSettings("127.0.0.1", 1, ca=tmp_path / "absent.pem"))
