"""The uplink to an Ovoo cloud: spooled rows go out as wire batches, and leave the spool when the cloud stored them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from ovoo_contract import topics
from ovoo_contract.catalogue import DataClass
from ovoo_contract.delivery import GatewayState
from ovoo_contract.errors import SourceError

from ovoo_edge.backoff import Backoff
from ovoo_edge.sinks.base import SinkContext, SinkHealth
from ovoo_edge.sinks.class_view import ClassView
from ovoo_edge.sinks.mqtt_link import MqttLink, Will
from ovoo_edge.sinks.mqtt_session import MqttSession
from ovoo_edge.sinks.settings import MqttSinkSettings, Scope
from ovoo_edge.sinks.sink_status import SinkStatus
from ovoo_edge.sinks.uplink_post import Uplink
from ovoo_edge.spool_service import SpoolReader

__all__ = ["MqttSink"]

_LOG = logging.getLogger(__name__)


class MqttSink:
    """See `Sink`; one connection at a time, with the gateway's id as client id."""

    def __init__(self, settings: MqttSinkSettings, context: SinkContext) -> None:
        self._settings = settings
        self._context = context
        view = ClassView(settings.max_class)
        shown_id = view.catalogue(context.catalogue).id
        self._status = SinkStatus()
        self._uplink = Uplink(settings, context, self._status, view, shown_id, deque())

    @property
    def name(self) -> str:
        """The name given in the configuration."""
        return self._settings.name

    @property
    def scope(self) -> Scope:
        """Where the data goes."""
        return self._settings.scope

    @property
    def max_class(self) -> DataClass:
        """Highest data class it may carry."""
        return self._settings.max_class

    def health(self) -> SinkHealth:
        """A snapshot; never blocks."""
        return self._status.health(self.name, self._settings.driver)

    async def run(self, reader: SpoolReader) -> None:
        """Connects and delivers until cancelled, or until nothing is left once the agent drains."""
        backoff = Backoff(0.5, 30.0, self._context.rng)
        while True:
            self._status.state = "connecting"
            known_seq = reader.last_seq
            try:
                async with self._link(reader) as link:
                    backoff.reset()
                    self._uplink.inbox.clear()
                    await MqttSession(self._uplink, link, reader, known_seq).run()
                    break
            except SourceError as error:
                self._status.show("retrying", error.message, error.remedy)
                _LOG.warning("event=uplink_lost sink=%s detail=%r", self.name, str(error))
            self._status.counters["connection_losses"] += 1
            await asyncio.sleep(backoff.next_s())
        self._status.show("stopped")

    def _link(self, reader: SpoolReader) -> MqttLink:
        gateway = self._context.gateway
        will = GatewayState(online=False, time_ns=self._context.wall_ns(), epoch=reader.epoch)
        return MqttLink(
            self._settings,
            gateway,
            Will(topics.state(gateway), will.to_json()),
            self._subscriptions(),
            lambda topic, payload: self._receive(reader, topic, payload),
            reader.wake,
        )

    def _subscriptions(self) -> tuple[str, ...]:
        gateway = self._context.gateway
        wanted = (topics.ack(gateway), topics.request(gateway))
        return wanted if self._context.configure is None else (*wanted, topics.config_desired(gateway))

    def _receive(self, reader: SpoolReader, topic: str, payload: bytes) -> None:
        self._uplink.inbox.append((topic, payload))
        reader.wake()
