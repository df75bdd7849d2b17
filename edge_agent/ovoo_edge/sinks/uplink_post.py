"""What goes out on one connection of the uplink: rows as messages, each catalogue before the first row of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ovoo_contract import topics
from ovoo_contract.errors import CatalogueError, DeliveryError, WireError

from ovoo_edge.backoff import Backoff
from ovoo_edge.sinks.base import SinkContext
from ovoo_edge.sinks.class_view import ClassView
from ovoo_edge.sinks.in_flight import InFlight, Sent
from ovoo_edge.sinks.mqtt_link import MqttLink
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.sinks.sink_status import SinkStatus
from ovoo_edge.sinks.uplink_plan import Message, encode_rows
from ovoo_edge.spool_rows import SpoolRow
from ovoo_edge.spool_service import SpoolReader

__all__ = ["Uplink", "UplinkPost"]

_TOPICS = {
    "batch": topics.batch,
    "event": topics.event,
    "completeness": topics.completeness,
    "sums": topics.sums,
}


@dataclass(frozen=True, slots=True)
class Uplink:
    """What outlives a connection.

    Attributes:
        view: the catalogue as this sink may show it.
        shown_id: id of the running catalogue in that view.
        inbox: messages of the cloud that were not read yet, topic and payload.
    """

    settings: MqttSinkSettings
    context: SinkContext
    status: SinkStatus
    view: ClassView
    shown_id: str
    inbox: deque[tuple[str, bytes]]


class UplinkPost:
    """The post of one connection.

    Attributes:
        window: messages that the cloud has not acknowledged.
        epoch: of the spool when the connection began; every message carries it.
    """

    def __init__(self, uplink: Uplink, link: MqttLink, reader: SpoolReader) -> None:
        settings, context = uplink.settings, uplink.context
        self.window = InFlight(
            lambda: Backoff(settings.resend_s, settings.resend_limit_s, context.rng), context.monotonic_s
        )
        self.epoch = reader.epoch
        self._uplink = uplink
        self._link = link
        self._reader = reader
        self._published: set[str] = set()

    def forget(self, catalogue_id: str) -> None:
        """The cloud asks for a catalogue: it goes out again."""
        self._published.discard(catalogue_id)

    async def send(self, rows: list[SpoolRow], *, live: bool, again: Sent | None = None) -> None:
        """Publishes `rows`, which share kind and catalogue, as one message, its catalogue before it."""
        message = await self._encode(rows)
        if message is None:
            return
        await self.catalogue(message.catalogue_id)
        gateway = self._uplink.context.gateway
        self._link.publish(_TOPICS[message.kind](gateway), message.payload)
        self.window.add(message, live=live, retry=again.retry if again else None)
        counters = self._uplink.status.counters
        counters["messages"] += 1
        counters["bytes"] += len(message.payload)
        counters["rows"] += len(rows)

    async def _encode(self, rows: list[SpoolRow]) -> Message | None:
        """The message; rows that cannot be made into one are quarantined, never dropped silently."""
        try:
            catalogue = await self._reader.catalogue(rows[0].catalogue_id)
            return encode_rows(
                rows,
                self.epoch,
                catalogue,
                self._uplink.view,
                self._uplink.context.wall_ns(),
                self._uplink.settings.name,
            )
        except (WireError, DeliveryError, CatalogueError) as error:
            for row in rows:
                await self._reader.quarantine(self.epoch, row.seq, "unreadable", str(error))
            return None

    async def catalogue(self, catalogue_id: str) -> None:
        """Publishes a catalogue, retained, unless this connection did.

        Raises:
            CatalogueError: no row can name it, for this sink never showed it.
        """
        if catalogue_id in self._published:
            return
        whole_id = self._uplink.view.whole_id(catalogue_id)
        if whole_id is None:
            raise CatalogueError("was never shown to this sink", offender=catalogue_id, remedy="rows name what was")
        shown = self._uplink.view.catalogue(await self._reader.catalogue(whole_id))
        self._link.publish(topics.catalog(self._uplink.context.gateway, catalogue_id), shown.to_json(), retain=True)
        self._published.add(catalogue_id)
