"""A simulated site as an MQTT publisher: topic `<site>/<area>/<line>/<asset>`, body {"ts": ms, "values": {...}}."""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import paho.mqtt.client as mqtt
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import ConfigError, ConnectFailed, Untrusted
from ovoo_contract.quality import GOOD
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from ovoo_simulator.arrays import IntArray
from ovoo_simulator.emission import Emission
from ovoo_simulator.ledger import Ledger

__all__ = ["MqttPublisher", "MqttSettings"]

_LOG = logging.getLogger(__name__)
_NO_RECEIVER = 0x10
_MOST_UNACKED = 5000
_FINISH_S = 10.0
_CONNECT_S = 20.0
_AGAIN_S = 0.5
_KEEP_ALIVE_S = 10
"""A link that died without a word is noticed after two of them at most."""
_REFUSALS = (134, 135, 138, 140)
"""Bad user name or password, not authorized, banned, bad authentication method."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where and how to publish.

    Attributes:
        host: of the broker.
        port: of the broker.
        user: name, or empty.
        password: of the user; never shown.
        ca: file that signed the broker's certificate; None connects without TLS.
        certificate: own certificate for mutual TLS.
        private_key: of `certificate`.
        protocol: `5` also learns from the broker whether anybody receives; `311` for brokers without MQTT 5.
        client_id: or empty for `ovoo-simulator-<site>`.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    ca: pathlib.Path | None = None
    certificate: pathlib.Path | None = None
    private_key: pathlib.Path | None = None
    protocol: Literal["5", "311"] = "5"
    client_id: str = ""

    def __repr__(self) -> str:
        return f"MqttSettings({self.host}:{self.port}, user={self.user!r}, protocol={self.protocol})"


@dataclass(slots=True)
class _Message:
    topic: str
    payload: bytes
    time_ns: int
    signal: IntArray
    value: Any
    tries: int = 0


class MqttPublisher:
    """Publisher over MQTT with QoS 1: a sample counts as emitted when the broker acknowledged its message.

    paho sends unacknowledged messages again after a reconnect. With MQTT 5 a message that the broker acknowledges
    with "no matching subscribers" is published again until somebody is there.
    """

    def __init__(self, catalogue: Catalogue, settings: MqttSettings, ledger: Ledger | None = None) -> None:
        site = catalogue.entries[0].address.site
        self._settings = settings
        self._ledger = ledger or Ledger([str(entry.address) for entry in catalogue.entries])
        self._names = [entry.address.signal for entry in catalogue.entries]
        self._types = [entry.type for entry in catalogue.entries]
        self._topics = [f"{site}/{entry.address.asset_path}" for entry in catalogue.entries]
        self._client = self._make_client(settings.client_id or f"ovoo-simulator-{site}")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connected: asyncio.Future[None] | None = None
        self._waiting: dict[int, _Message] = {}
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._unheard = 0

    @property
    def ledger(self) -> Ledger:
        """Counts of acknowledged samples."""
        return self._ledger

    def _make_client(self, client_id: str) -> mqtt.Client:
        settings = self._settings
        protocol = mqtt.MQTTv5 if settings.protocol == "5" else mqtt.MQTTv311
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
        if settings.user:
            client.username_pw_set(settings.user, settings.password)
        if settings.ca is not None:
            self._add_tls(client)
        client.max_inflight_messages_set(1000)
        client.max_queued_messages_set(0)
        client.reconnect_delay_set(1, 5)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        return client

    def _add_tls(self, client: mqtt.Client) -> None:
        settings = self._settings
        try:
            client.tls_set(
                str(settings.ca),
                None if settings.certificate is None else str(settings.certificate),
                None if settings.private_key is None else str(settings.private_key),
                tls_version=ssl.PROTOCOL_TLS_CLIENT,
            )
        except (OSError, ValueError) as error:
            raise ConfigError(
                "TLS files cannot be used", offender=str(settings.ca), value=str(error), remedy="check the PEM files"
            ) from error

    async def start(self) -> None:
        """Connects; raises ConnectFailed or Untrusted where the first attempt fails."""
        self._loop = asyncio.get_running_loop()
        self._connected = self._loop.create_future()
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            await asyncio.to_thread(self._client.connect, self._settings.host, self._settings.port, _KEEP_ALIVE_S)
        except OSError as error:
            raise ConnectFailed(
                "no broker", offender=where, value=str(error), remedy="check address, port and TLS"
            ) from error
        self._client.loop_start()
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._connected
        except TimeoutError as error:
            await self._close()
            raise ConnectFailed(
                "the broker does not answer", offender=where, remedy="check protocol and port"
            ) from error
        except Untrusted:
            await self._close()
            raise

    def _on_connect(self, _client: object, _data: object, _flags: object, code: ReasonCode, _props: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._note_connected, code)

    def _note_connected(self, code: ReasonCode) -> None:
        _LOG.info("event=mqtt_connected broker=%s:%d reason=%s", self._settings.host, self._settings.port, code)
        if self._connected is None or self._connected.done():
            return
        if not code.is_failure:
            self._connected.set_result(None)
        elif code.value in _REFUSALS:
            self._connected.set_exception(
                Untrusted(
                    "the broker refuses this user",
                    offender=f"{self._settings.host}:{self._settings.port}",
                    value=self._settings.user,
                    remedy="check user and password",
                )
            )

    async def ready(self, first: Emission) -> None:
        """Publishes `first` and returns when all of it reached a subscriber (MQTT 5) or the broker (3.1.1)."""
        await self.emit(first)
        await self._idle.wait()

    async def emit(self, emission: Emission) -> None:
        """Publishes one message an asset; samples without a value are left out, as such devices do."""
        for message in self._messages(emission):
            await self._room.wait()
            self._publish(message)

    def _messages(self, emission: Emission) -> Iterator[_Message]:
        good = emission.quality == GOOD
        signals, values = emission.signal[good], emission.value[good]
        groups: dict[str, list[int]] = {}
        for row, signal in enumerate(signals.tolist()):
            groups.setdefault(self._topics[signal], []).append(row)
        for topic, rows in groups.items():
            chosen = signals[rows]
            body = {
                self._names[signal]: _plain(self._types[signal], value)
                for signal, value in zip(chosen.tolist(), values[rows].tolist(), strict=True)
            }
            payload = json.dumps({"ts": emission.time_ns // 1_000_000, "values": body}).encode()
            yield _Message(topic, payload, emission.time_ns, chosen, values[rows])

    def _publish(self, message: _Message) -> None:
        info = self._client.publish(message.topic, message.payload, qos=1)
        if info.rc not in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_NO_CONN):
            raise ConnectFailed("paho refuses a message", offender=message.topic, value=mqtt.error_string(info.rc))
        self._waiting[info.mid] = message
        self._idle.clear()
        if len(self._waiting) >= _MOST_UNACKED:
            self._room.clear()

    def _on_publish(self, _client: object, _data: object, mid: int, code: ReasonCode, _props: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._acknowledged, mid, code.value)

    def _acknowledged(self, mid: int, code: int) -> None:
        message = self._waiting.pop(mid, None)
        if message is None:
            return
        if code == _NO_RECEIVER or code >= 0x80:
            self._retry(message, code)
            return
        rows = len(message.signal)
        self._ledger.add(message.signal, np.full(rows, message.time_ns), message.value, np.zeros(rows, dtype=np.uint32))
        self._settle()

    def _retry(self, message: _Message, code: int) -> None:
        if message.tries == 0:
            _LOG.info("event=mqtt_not_received topic=%s reason=0x%02x", message.topic, code)
        message.tries += 1
        self._unheard += 1
        if self._loop is not None:
            self._loop.call_later(_AGAIN_S, self._again, message)
        self._settle()

    def _again(self, message: _Message) -> None:
        self._unheard -= 1
        self._publish(message)

    def _settle(self) -> None:
        if len(self._waiting) < _MOST_UNACKED:
            self._room.set()
        if not self._waiting and not self._unheard:
            self._idle.set()

    async def stop(self) -> None:
        """Waits some seconds for missing acknowledgements, then disconnects."""
        try:
            async with asyncio.timeout(_FINISH_S):
                await self._idle.wait()
        except TimeoutError:
            _LOG.warning("event=mqtt_unacknowledged messages=%d", len(self._waiting) + self._unheard)
        await self._close()

    async def _close(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)


def _plain(kind: str, value: float) -> bool | int | float:
    if kind == "bool":
        return value != 0.0
    return int(value) if kind == "int" else value
