"""One connection of the uplink: what goes out, what the cloud answers, and when rows leave the spool.

Live rows go before backlog. Broker confirmations only pace the backlog; what counts is the cloud's own `ack`.
"""

from __future__ import annotations

import logging
import math

from ovoo_contract import topics
from ovoo_contract.delivery import Ack, GatewayState, Request
from ovoo_contract.errors import AddressError, CatalogueError, ConnectFailed, DeliveryError, OvooError

from ovoo_edge.sinks.backlog_pace import BacklogPace
from ovoo_edge.sinks.mqtt_link import MqttLink
from ovoo_edge.sinks.online_state import online_state
from ovoo_edge.sinks.uplink_plan import LIVE_SPAN_NS, plan
from ovoo_edge.sinks.uplink_post import Uplink, UplinkPost
from ovoo_edge.spool_rows import SpoolRow
from ovoo_edge.spool_service import SpoolReader

__all__ = ["MqttSession"]

_LOG = logging.getLogger(__name__)
_STATE_S = 30.0
_GOODBYE_S = 2.0
_READ_ROWS = 256
_BACKLOG_MESSAGE_BYTES = 24 << 10
_BACKLOG_UNCONFIRMED = 3
_REMEDY_CLOUD = "look at the cloud's ingest: the broker takes messages, nobody acknowledges them"


class MqttSession:
    """What happens on one connection; rows up to `known_seq` were there before it was sought, they are backlog."""

    def __init__(self, uplink: Uplink, link: MqttLink, reader: SpoolReader, known_seq: int) -> None:
        settings = uplink.settings
        self._uplink = uplink
        self._settings = settings
        self._context = uplink.context
        self._status = uplink.status
        self._link = link
        self._reader = reader
        self._post = UplinkPost(uplink, link, reader)
        self._window = self._post.window
        # a quarter of the window stays free for live rows
        self._pace = BacklogPace(max(1, settings.window - max(1, settings.window // 4)))
        # a spool that was replaced meanwhile begins again at a lower number
        self._live_after = self._backlog_last = min(known_seq, reader.last_seq)
        self._backlog_after = 0
        self._lingering_since: float | None = None
        self._state_due_s = 0.0
        self._trip_s = math.inf

    async def run(self) -> None:
        """Delivers until the link is lost (raises) or the agent has drained."""
        self._status.show("running")
        await self._post.catalogue(self._uplink.shown_id)
        await self._configure(b"")
        try:
            while not await self._finished():
                self._link.check()
                heard = await self._read_inbox()
                self._follow_epoch()
                await self._report()
                busy = await self._send() or heard
                self._status.in_flight = len(self._window)
                if not busy:
                    await self._reader.wait(self._patience_s())
        finally:
            self._status.in_flight = 0
            await self._say_goodbye()

    async def _finished(self) -> bool:
        if not self._context.draining.is_set():
            return False
        self._status.state = "draining"
        return not len(self._window) and not await self._reader.pending(1)

    async def _send(self) -> bool:
        resent = await self._resend()
        live = await self._send_live()
        backlog = await self._send_backlog()
        return resent or live or backlog

    async def _resend(self) -> bool:
        """What the cloud did not acknowledge in time goes again, a row at a time: each is then judged alone."""
        due = self._window.take_due()
        if not all(sent.live for sent in due):
            self._pace.timed_out()
        for sent in due:
            rows = await self._reader.pending(sent.last - sent.first + 1, after=sent.first - 1, before=sent.last + 1)
            for part in plan(rows, 0, merge=False):
                await self._post.send(part, live=sent.live, again=sent)
            self._status.counters["resent"] += 1
        if due and self._status.state == "running":
            self._status.show("degraded", f"{len(due)} messages were not acknowledged in time", _REMEDY_CLOUD)
        return bool(due)

    async def _send_live(self) -> bool:
        if len(self._window) >= self._settings.window:
            return False
        rows = await self._reader.pending(_READ_ROWS, after=self._live_after, max_bytes=self._max_bytes)
        if not rows:
            self._lingering_since = None
            return False
        if self._context.wall_ns() - rows[0].stored_ns > LIVE_SPAN_NS:
            # too far behind to be called live: it joins the backlog, and what is stored from now on goes first
            self._backlog_last = self._live_after = self._reader.last_seq
            return True
        if not self._worth_sending(rows):
            return False
        self._lingering_since = None
        for part in plan(rows, self._max_bytes, span_ns=LIVE_SPAN_NS):
            if len(self._window) >= self._settings.window:
                break
            await self._post.send(part, live=True)
            self._live_after = part[-1].seq
        return True

    async def _send_backlog(self) -> bool:
        """A message of the backlog, as the pace allows; the broker's own pace is respected too."""
        if self._backlog_after >= self._backlog_last or self._window.backlog >= self._pace.allowed:
            return False
        if len(self._window) >= self._settings.window or self._link.unconfirmed >= _BACKLOG_UNCONFIRMED:
            return False
        limit = min(self._max_bytes, _BACKLOG_MESSAGE_BYTES)
        rows = await self._reader.pending(
            _READ_ROWS, after=self._backlog_after, before=self._backlog_last + 1, max_bytes=limit
        )
        if not rows:
            self._backlog_after = self._backlog_last
            return False
        part = next(plan(rows, limit))
        await self._post.send(part, live=False)
        self._backlog_after = part[-1].seq
        return True

    async def _read_inbox(self) -> bool:
        heard = bool(self._uplink.inbox)
        while self._uplink.inbox:
            topic, payload = self._uplink.inbox.popleft()
            try:
                kind = topics.parse(topic).kind
                if kind == "ack":
                    await self._take_ack(Ack.from_json(payload))
                elif kind == "request":
                    await self._answer(Request.from_json(payload))
                elif kind == "config_desired":
                    self._status.counters["configurations"] += 1
                    await self._configure(payload)
            except (DeliveryError, AddressError) as error:
                self._status.counters["unreadable_messages"] += 1
                _LOG.warning("event=unreadable_message topic=%s detail=%r", topic, str(error))
        return heard

    async def _take_ack(self, ack: Ack) -> None:
        counters = self._status.counters
        if ack.epoch != self._post.epoch:
            counters["foreign_epoch_acks"] += 1
            return
        done = ack.ranges
        for rejection in ack.rejected:
            if await self._reader.quarantine(self._post.epoch, rejection.seq, rejection.code, rejection.detail):
                counters["rejected"] += 1
                _LOG.error("event=rejected seq=%d code=%s detail=%r", rejection.seq, rejection.code, rejection.detail)
            done = done.add(rejection.seq)
        told, refused = self._window.acknowledge(done)
        for sent in told:
            if sent.retry.attempts == 1:
                self._trip_s = min(self._trip_s, self._context.monotonic_s() - sent.sent_s)
            if not sent.live and sent.retry.attempts == 1:
                self._pace.acknowledged(sent.sent_s, self._context.monotonic_s())
        counters["acknowledged"] += await self._reader.ack(self._post.epoch, done.to_list(), refused=refused)
        counters["refused_by_class"] += sum(refused.values())
        self._status.last_ack_ns = self._context.wall_ns()
        if self._status.state == "degraded":
            self._status.show("running")

    async def _configure(self, desired: bytes) -> None:
        """Applies what the cloud wants; what came of it is reported, retained, after every connection too."""
        if self._context.configure is not None:
            told = await self._context.configure(desired)
            self._link.publish(topics.config_reported(self._context.gateway), told, retain=True)

    async def _answer(self, request: Request) -> None:
        if request.kind != "catalog":
            self._status.counters["unknown_requests"] += 1
            return
        wanted = str(request.detail.get("catalogue_id") or self._uplink.shown_id)
        self._post.forget(wanted)
        try:
            await self._post.catalogue(wanted)
        except CatalogueError:
            self._status.counters["unknown_requests"] += 1
            return
        self._window.hasten(wanted)
        self._status.counters["catalogues_asked"] += 1

    def _follow_epoch(self) -> None:
        """After the spool was replaced while running, everything in it is backlog of the new epoch."""
        if self._post.epoch == self._reader.epoch:
            return
        raise ConnectFailed("the spool was replaced", offender=self._settings.name, remedy="the link starts over")

    async def _report(self) -> None:
        now = self._context.monotonic_s()
        if now < self._state_due_s:
            return
        self._state_due_s = now + _STATE_S
        figures = dict(await self._context.counters())
        if self._trip_s < math.inf:
            # the shortest since the last state: what a clock's error and the way can be told apart by
            figures["round_trip_ms"], self._trip_s = self._trip_s * 1000, math.inf
        state = online_state(
            figures,
            sink=self._settings.name,
            time_ns=self._context.wall_ns(),
            epoch=self._reader.epoch,
            next_seq=self._reader.last_seq + 1,
            software=self._context.software,
            catalogue_id=self._uplink.shown_id,
        )
        self._link.publish(topics.state(self._context.gateway), state.to_json(), retain=True)

    async def _say_goodbye(self) -> None:
        """Replaces the retained state by an offline one while the link still stands."""
        try:
            state = GatewayState(online=False, time_ns=self._context.wall_ns(), epoch=self._reader.epoch)
            self._link.publish(topics.state(self._context.gateway), state.to_json(), retain=True)
            await self._link.confirmed(_GOODBYE_S)
        except OvooError:
            # the link is gone: the broker publishes the last will instead
            self._status.counters["goodbyes_left_to_will"] += 1

    @property
    def _max_bytes(self) -> int:
        return self._settings.max_message_kib << 10

    def _worth_sending(self, rows: list[SpoolRow]) -> bool:
        """True once rows waited long enough for company, fill a good part of a message, or hold a finding."""
        now = self._context.monotonic_s()
        if self._lingering_since is None:
            self._lingering_since = now
        waited = now - self._lingering_since >= self._settings.linger_ms / 1000
        large = sum(len(row.payload) for row in rows) > self._max_bytes // 4
        return waited or large or self._context.draining.is_set() or any(row.kind == "event" for row in rows)

    def _patience_s(self) -> float:
        waits = [1.0, max(0.0, self._state_due_s - self._context.monotonic_s())]
        due = self._window.next_due_s()
        if due is not None:
            waits.append(due)
        if self._lingering_since is not None:
            spent = self._context.monotonic_s() - self._lingering_since
            waits.append(self._settings.linger_ms / 1000 - spent)
        return max(0.005, min(waits))
