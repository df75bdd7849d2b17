"""One connection to a broker: paho's thread reads, callbacks only enqueue, acknowledgements are ours.

A new client object is made for every connection, so that an acknowledgement can never reach another connection than
the one its message came from (message ids are only unique within one).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from ovoo_contract.errors import ConnectFailed, SourceError, Untrusted
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ovoo_edge.mqtt_sockets import release
from ovoo_edge.sources.mqtt_client import BlockClient
from ovoo_edge.sources.mqtt_packets import Message
from ovoo_edge.sources.settings_mqtt import MqttSettings

if TYPE_CHECKING:
    from ovoo_edge.mqtt_tls import TlsContext

__all__ = ["BrokerLink", "Message", "suspected_twin", "taken_over"]

_REFUSED_IDENTITY = ("Bad user name or password", "Not authorized", "Banned")
_QUEUED_PER_IN_FLIGHT = 20
_TAKEN_OVER = "Session taken over"


def taken_over(endpoint: str, client_id: str) -> ConnectFailed:
    """What to say when two clients use one client id: the broker ends the older connection each time."""
    return ConnectFailed(
        "another client uses the same client id and takes the session over",
        offender=endpoint,
        value=client_id,
        remedy="give each gateway a client_id of its own; messages of this session reach either of them",
    )


def suspected_twin(error: SourceError, client_id: str) -> ConnectFailed:
    """The same suspicion with MQTT 3.1.1, whose brokers hang up without a word."""
    return ConnectFailed(
        "the broker ends the connection again and again, soon after it was made",
        offender=error.offender,
        value=client_id,
        remedy=f"probably another client uses this client id ({error.message}); see also the broker's log",
    )


class BrokerLink:
    """A connection from CONNECT to its loss.

    Args:
        settings: broker, identity and limits.
        filters: topic filters to subscribe to with QoS 1.
        wall_ns: UTC now in nanoseconds; called in paho's thread.
    """

    def __init__(self, settings: MqttSettings, filters: Sequence[str], wall_ns: Callable[[], int]) -> None:
        self._settings = settings
        self._endpoint = f"{settings.host}:{settings.port}"
        self._filters = tuple(filters)
        self._wall_ns = wall_ns
        self._loop = asyncio.get_running_loop()
        self._messages: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._wake_asked = False
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._failure: SourceError | None = None
        self._most_queued = settings.max_in_flight * _QUEUED_PER_IN_FLIGHT
        self.dropped_qos0 = 0
        self.session_present = False
        self.taken_over = False
        self._connecting: asyncio.Task[None] | None = None
        self._tls: TlsContext | None = None
        self._client = self._make_client()

    async def open(self, timeout_s: float = 15.0) -> None:
        """Connects and subscribes; returns when the broker granted every filter.

        Raises:
            ConnectFailed: no connection, or a filter is refused.
            Untrusted: TLS or the sign-in failed.
        """
        try:
            async with asyncio.timeout(timeout_s):
                self._connecting = asyncio.create_task(asyncio.to_thread(self._connect))
                await asyncio.shield(self._connecting)
                self._client.loop_start()
                await self._ready
        except TimeoutError as error:
            raise ConnectFailed(
                "no answer in time", offender=self._endpoint, remedy="check address and broker"
            ) from error
        except OSError as error:
            if self._tls is not None and isinstance(error, ssl.SSLError):
                raise Untrusted(
                    "TLS failed", offender=self._endpoint, value=str(error), remedy="check tls_ca and certificates"
                ) from error
            raise ConnectFailed(
                "no connection", offender=self._endpoint, value=str(error), remedy="check address and broker"
            ) from error

    async def messages(self, most: int) -> list[Message]:
        """The oldest waiting messages, one to `most`; raises SourceError when the connection is gone."""
        while not self._messages:
            if self._failure is not None:
                raise self._failure
            self._wake.clear()
            self._wake_asked = False
            # a message may have slipped in before the flag fell
            if not self._messages and self._failure is None:
                await self._wake.wait()
        return [self._messages.popleft() for _ in range(min(most, len(self._messages)))]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledges messages of this connection; without effect once it is closed."""
        if self._failure is not None:
            return
        self._client.acknowledge(messages)

    async def close(self) -> None:
        """Says goodbye and waits for paho's thread; the session stays at the broker."""
        self._failure = self._failure or ConnectFailed("closed", offender=self._endpoint)
        if self._ready.done() and not self._ready.cancelled():
            self._ready.exception()
        if self._connecting is not None:
            # a connect that outlived the patience would otherwise take the session over from the next connection
            if not self._connecting.done() and self._tls is not None:
                self._tls.interrupt()
            await asyncio.wait({self._connecting})
            if not self._connecting.cancelled():
                self._connecting.exception()  # marks it as seen: `open` reported what there was to report
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        release(self._client, self._tls)
        # without callbacks nothing refers back to the client, and it is freed
        self._client.on_connect = self._client.on_subscribe = None
        self._client.on_disconnect = self._client.on_message = None

    def _make_client(self) -> BlockClient:
        settings = self._settings
        modern = settings.version == "5"
        client = BlockClient(
            self._take,
            self._on_broken,
            self._wall_ns,
            callback_api_version=CallbackAPIVersion.VERSION2,
            client_id=settings.session_id,
            clean_session=None if modern else False,
            protocol=paho.MQTTv5 if modern else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.disable_logger()  # it reports an orderly close as an error; failures reach us by callbacks
        if settings.tls is not None:
            from ovoo_edge.mqtt_tls import TlsContext

            self._tls = TlsContext.of(settings.tls.ca, settings.tls.certificate, settings.tls.private_key)
            client.tls_set_context(self._tls)
        if settings.password_file is not None:
            password = settings.password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
            client.username_pw_set(settings.user, password)
        client.on_connect = self._guard(self._on_connect)
        client.on_subscribe = self._guard(self._on_subscribe)
        client.on_disconnect = self._guard(self._on_disconnect)
        client.on_message = self._guard(self._on_message)
        return client

    def _connect(self) -> None:
        settings = self._settings
        if settings.version == "5":
            properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = settings.session_expiry_s
            properties.ReceiveMaximum = settings.max_in_flight
            self._client.connect(
                settings.host, settings.port, settings.keep_alive_s, clean_start=False, properties=properties
            )
        else:
            self._client.connect(settings.host, settings.port, settings.keep_alive_s)

    def _guard(self, callback: Callable[..., None]) -> Callable[..., None]:
        """An exception in paho's thread ends the connection, visibly, instead of the thread, silently."""

        def guarded(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                self._fail(ConnectFailed("receiving failed", offender=self._endpoint, value=repr(error)))

        return guarded

    def _on_connect(self, client: paho.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            name = str(reason)
            kind = Untrusted if name in _REFUSED_IDENTITY else ConnectFailed
            self._fail(
                kind(
                    "the broker refuses",
                    offender=self._endpoint,
                    value=name,
                    remedy="check user, password_file and client_id",
                )
            )
            return
        self.session_present = bool(flags.session_present)
        if self._filters:
            client.subscribe(self._subscriptions())
        else:
            self._call(self._set_ready)

    def _subscriptions(self) -> list[Any]:
        if self._settings.version != "5":
            return [(topic, 1) for topic in self._filters]
        # retained messages only with a new subscription, not again with every reconnect
        handling = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
        return [(topic, SubscribeOptions(qos=1, retainHandling=handling)) for topic in self._filters]

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        refused = [topic for topic, reason in zip(self._filters, reasons, strict=False) if reason.is_failure]
        if refused:
            remedy = "allow this user to read these topics (ACL of the broker)"
            self._fail(
                ConnectFailed(
                    "the broker refuses a subscription", offender=self._endpoint, value=refused, remedy=remedy
                )
            )
            return
        self._call(self._set_ready)

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self.taken_over = str(reason) == _TAKEN_OVER
        if self.taken_over:
            self._fail(taken_over(self._endpoint, self._settings.session_id))
            return
        self._fail(ConnectFailed("connection lost", offender=self._endpoint, value=str(reason), remedy="reconnecting"))

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        """Only QoS 2 comes this way, which a broker sends for a subscription that an older version of us made."""
        now_ns = self._wall_ns()
        self._take(
            [
                Message(
                    message.topic,
                    bytes(message.payload),
                    message.mid,
                    message.qos,
                    now_ns,
                    message.dup,
                    bool(message.retain),
                )
            ]
        )

    def _on_broken(self, error: Exception) -> None:
        self._fail(ConnectFailed("receiving failed", offender=self._endpoint, value=repr(error)))

    def _take(self, messages: list[Message]) -> None:
        """Queues messages; those with QoS 0 only as long as there is room, which the receive maximum bounds not."""
        room = self._most_queued - len(self._messages)
        if len(messages) > room:
            kept = [message for number, message in enumerate(messages) if message.qos or number < room]
            self.dropped_qos0 += len(messages) - len(kept)
            messages = kept
        if not messages:
            return
        self._messages.extend(messages)
        if not self._wake_asked:
            self._wake_asked = True
            self._call(self._wake.set)

    def _fail(self, error: SourceError) -> None:
        self._call(lambda: self._set_failure(error))

    def _call(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the gateway is going down
            self._loop.call_soon_threadsafe(function)

    def _set_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def _set_failure(self, error: SourceError) -> None:
        self._failure = self._failure or error
        if not self._ready.done():
            self._ready.set_exception(error)
        self._wake.set()
