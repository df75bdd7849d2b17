"""One connection to a broker: paho's thread only hands things over, the event loop decides everything."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ovoo_contract.errors import ConnectFailed, SourceError, Untrusted
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ovoo_edge.mqtt_sockets import release
from ovoo_edge.secret_file import read_secret
from ovoo_edge.sinks.settings import MqttSinkSettings

if TYPE_CHECKING:
    from ovoo_edge.mqtt_tls import TlsContext

__all__ = ["MqttLink", "Will"]

_CONNECT_S = 15.0
_CLOSE_S = 3.0
_REFUSED = {"Not authorized", "Bad user name or password", "Client identifier not valid", "Banned"}


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the gateway vanishes."""

    topic: str
    payload: bytes


class MqttLink:
    """Async context manager over one connection; a lost one is never repaired, a new link is made.

    Args:
        settings: of the sink.
        client_id: the gateway's id.
        will: retained last will.
        subscriptions: filters, QoS 1.
        on_message: called in the event loop with topic and payload.
        on_change: called in the event loop after a confirmation or a loss.
    """

    def __init__(
        self,
        settings: MqttSinkSettings,
        client_id: str,
        will: Will,
        subscriptions: tuple[str, ...],
        on_message: Callable[[str, bytes], None],
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._subscriptions = subscriptions
        self._on_message = on_message
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._connecting: asyncio.Future[None] | None = None
        self._lost = ""
        self._unconfirmed: set[int] = set()
        self._quiet = asyncio.Event()
        self._tls: TlsContext | None = None
        self._client = self._make_client(client_id, will)

    @property
    def unconfirmed(self) -> int:
        """Messages the broker has not confirmed yet."""
        return len(self._unconfirmed)

    def check(self) -> None:
        """Raises ConnectFailed once the connection is lost."""
        if self._lost:
            raise ConnectFailed(self._lost, offender=self._where, remedy="it is tried again")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Sends a message with QoS 1; never blocks, never queues without a connection.

        Raises:
            ConnectFailed: there is no connection.
        """
        self.check()
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost = self._lost or f"publish refused: {info.rc.name}"
            self.check()
        self._unconfirmed.add(info.mid)

    async def confirmed(self, timeout_s: float) -> None:
        """Waits until the broker confirmed everything, at most so long."""
        self._quiet = asyncio.Event()
        if self._unconfirmed and not self._lost:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._quiet.wait()

    async def __aenter__(self) -> MqttLink:
        try:
            async with asyncio.timeout(_CONNECT_S):
                self._connecting = self._loop.run_in_executor(None, self._connect)
                await asyncio.shield(self._connecting)
                await self._ready
        except TimeoutError as error:
            await self._close()
            raise ConnectFailed("no answer", offender=self._where, remedy="check address, port and firewall") from error
        except ssl.SSLError as error:
            await self._close()
            raise Untrusted(
                f"TLS refused: {error.reason or error}",
                offender=self._where,
                remedy="check ca_file, certificate and the gateway's clock",
            ) from error
        except OSError as error:
            await self._close()
            raise ConnectFailed(str(error), offender=self._where, remedy="check address, port and firewall") from error
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _make_client(self, client_id: str, will: Will) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, reconnect_on_failure=False
        )
        settings = self._settings
        if settings.ca_file is not None:
            from ovoo_edge.mqtt_tls import TlsContext

            self._tls = TlsContext.of(settings.ca_file, settings.certificate_file, settings.key_file)
            client.tls_set_context(self._tls)
        if settings.username:
            secret = settings.password_file
            client.username_pw_set(settings.username, read_secret(secret, "password_file") if secret else None)
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.max_inflight_messages_set(settings.window + 32)
        client.max_queued_messages_set(settings.window + 64)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        client.on_publish = self._published
        return client

    def _connect(self) -> None:
        self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
        self._client.loop_start()

    async def _close(self) -> None:
        """Says goodbye and ends paho's thread; the stop is bounded by its own select interval."""
        self._lost = self._lost or "closed"
        self._client.disconnect()
        async with asyncio.timeout(_CLOSE_S):
            if self._connecting is not None:
                if not self._connecting.done() and self._tls is not None:
                    self._tls.interrupt()
                # a connect that outlived the patience would otherwise push the next connection out of the broker
                await asyncio.wait({self._connecting})
                self._client.disconnect()
            await asyncio.shield(self._loop.run_in_executor(None, self._client.loop_stop))
        release(self._client, self._tls)

    def _hand_over(self, work: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work, *arguments)

    # The five callbacks below run on paho's thread.

    def _connected(self, client: Client, _: Any, flags: ConnectFlags, code: ReasonCode, __: Properties | None) -> None:
        if code.is_failure:
            self._hand_over(self._refuse, str(code))
        else:
            client.subscribe([(topic, 1) for topic in self._subscriptions])

    def _subscribed(self, _: Client, __: Any, ___: int, codes: list[ReasonCode], ____: Properties | None) -> None:
        failed = [str(code) for code in codes if code.is_failure]
        self._hand_over(self._refuse if failed else self._set_ready, *failed[:1])

    def _disconnected(
        self, _: Client, __: Any, ___: DisconnectFlags, code: ReasonCode, ____: Properties | None
    ) -> None:
        self._hand_over(self._set_lost, str(code))

    def _received(self, _: Client, __: Any, message: MQTTMessage) -> None:
        self._hand_over(self._on_message, message.topic, bytes(message.payload))

    def _published(self, _: Client, __: Any, mid: int, ___: ReasonCode, ____: Properties) -> None:
        self._hand_over(self._confirm, mid)

    # The rest runs in the event loop.

    def _set_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def _refuse(self, reason: str) -> None:
        if self._ready.done():
            return
        kind: type[SourceError] = Untrusted if reason in _REFUSED else ConnectFailed
        remedy = "enrol again, or check user, certificate and the broker's access list"
        self._ready.set_exception(kind(f"broker refused: {reason}", offender=self._where, remedy=remedy))

    def _set_lost(self, reason: str) -> None:
        self._lost = self._lost or f"connection lost: {reason}"
        self._quiet.set()
        if not self._ready.done():
            self._ready.set_exception(ConnectFailed(self._lost, offender=self._where, remedy="it is tried again"))
        self._on_change()

    def _confirm(self, mid: int) -> None:
        self._unconfirmed.discard(mid)
        if not self._unconfirmed:
            self._quiet.set()
        self._on_change()
