"""The broker link: callbacks only enqueue, messages are acknowledged after the commit, answers are published."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ovoo_contract import topics
from ovoo_contract.errors import AddressError, ConfigError, WireError
from ovoo_contract.wire import FLAG_BACKFILL, peek_header
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ovoo_cloud.ingest.acknowledgements import OrderedAcknowledgements
from ovoo_cloud.ingest.intake import Message, Outgoing
from ovoo_cloud.ingest.lanes import BACKLOG, CATALOGUE, LIVE, Lanes
from ovoo_cloud.settings import Settings

__all__ = ["BrokerLink", "Received"]

_log = logging.getLogger(__name__)
_KEEPALIVE_S: Final = 10
"""A link that died without a word is noticed after two of them at most."""
_SESSION_EXPIRY_S: Final = 3600
_IN_FLIGHT: Final = 500
_PUT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what is needed to acknowledge it: its id counts only on the connection it came by.

    received_s: monotonic seconds at its arrival.
    """

    message: Message
    mid: int
    qos: int
    connection: int
    received_s: float = 0.0


class BrokerLink:
    """One connection to the broker, kept up by paho's network thread.

    Messages go into bounded lanes, live data apart from what comes late. When they are full, the network thread waits:
    the broker's in-flight window fills and the broker keeps the rest (overflow policy: back-pressure, nothing is
    dropped).
    """

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        if not settings.broker_host:
            raise ConfigError("no broker", offender="broker_host", remedy="name the MQTT broker")
        self._settings = settings
        self._monotonic = monotonic
        self.lanes: Lanes[Received] = Lanes(settings.ingest_queue, monotonic)
        self._order = OrderedAcknowledgements()
        self._lock = threading.Lock()
        self._connection = 0
        self._up = False
        self._subscribed = False
        self._stopping = threading.Event()
        self._client = self._make_client()

    @property
    def connected(self) -> bool:
        """True while the broker has confirmed our subscriptions: what gateways publish from now on arrives."""
        return self._up and self._subscribed

    @property
    def connection(self) -> int:
        """Number of the connection: another one after every loss."""
        return self._connection

    def oldest(self) -> Received | None:
        """The message that waits longest, which stays where it is."""
        return min(self.lanes.first(), key=lambda item: item.received_s, default=None)

    def start(self) -> None:
        """Connects in the background and keeps trying."""
        properties = None
        if self._settings.broker_protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own gap
            properties.SessionExpiryInterval = _SESSION_EXPIRY_S
            properties.ReceiveMaximum = min(_IN_FLIGHT, self._settings.ingest_queue)
        self._client.connect_async(
            self._settings.broker_host,
            self._settings.broker_port,
            _KEEPALIVE_S,
            clean_start=False if properties is not None else 3,
            properties=properties,
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects; what was not acknowledged will come again."""
        self._stopping.set()
        self._client.disconnect()
        self._client.loop_stop()
        self._up = False

    def acknowledge(self, received: Iterable[Received]) -> None:
        """Acknowledges messages to the broker, except those of an earlier connection."""
        with self._lock:  # the connection cannot change between the check and the sending
            for item in received:
                if item.qos and item.connection == self._connection:
                    self._order.done(item.mid)
            for mid in self._order.take() if self._up else ():
                self._client.ack(mid, 1)

    def publish(self, answers: Iterable[Outgoing]) -> int:
        """Publishes answers when connected and gives how many; the others are lost, and asked for again."""
        sent = 0
        for answer in answers:
            if not self._up:
                break
            told = self._client.publish(answer.topic, answer.payload, qos=1, retain=answer.retain)
            sent += told.rc == MQTTErrorCode.MQTT_ERR_SUCCESS
        return sent

    def _make_client(self) -> Client:
        settings = self._settings
        fifth = settings.broker_protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.broker_client_id,
            clean_session=None if fifth else False,
            protocol=MQTTProtocolVersion.MQTTv5 if fifth else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        if settings.broker_user:
            client.username_pw_set(settings.broker_user, settings.broker_password or None)
        if settings.broker_ca or settings.broker_certificate:
            client.tls_set(settings.broker_ca or None, settings.broker_certificate or None, settings.broker_key or None)
        client.reconnect_delay_set(1, 30)
        client.max_inflight_messages_set(1000)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            _log.error("event=broker_refused reason=%s", reason)
            return
        with self._lock:
            self._connection += 1
            self._order.clear()
            self._up = True
        prefix = f"$share/{self._settings.broker_share}/" if self._settings.broker_share else ""
        client.subscribe([(prefix + topics.subscription(kind), 1) for kind in topics.UP_KINDS])
        _log.info("event=broker_connected host=%s", self._settings.broker_host)

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            _log.error("event=subscription_refused reasons=%s remedy=check_the_brokers_acl", refused)
        self._subscribed = not refused

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, reason: ReasonCode, _props: Properties | None
    ) -> None:
        with self._lock:
            self._connection += 1
            self._up = self._subscribed = False
        _log.warning("event=broker_disconnected reason=%s", reason)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        content = Message(message.topic, bytes(message.payload))
        received = Received(content, message.mid, message.qos, self._connection, self._monotonic())
        if received.qos:
            with self._lock:
                self._order.arrived(received.mid)
        lane = _lane(content)
        while not self._stopping.is_set() and not self.lanes.put(received, lane, _PUT_S):
            continue


def _lane(message: Message) -> int:
    """Where a message belongs; a batch that cannot be read is dealt with at once."""
    try:
        kind = topics.parse(message.topic).kind
        if kind == "catalog":
            return CATALOGUE
        return BACKLOG if kind == "batch" and peek_header(message.payload)[0].flags & FLAG_BACKFILL else LIVE
    except (AddressError, WireError):
        return LIVE
