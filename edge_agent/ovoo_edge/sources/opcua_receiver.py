"""What a subscription sends: decoded, put in order, asked for again where it is missing, handed over, acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from ovoo_contract.errors import ConnectFailed, SourceError
from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.backfill import Backfill
from ovoo_edge.sources.base import Chunk, Intake, SignalMap, SourceContext
from ovoo_edge.sources.decode import HandleTable, Notification, ServiceFault, WireFault
from ovoo_edge.sources.freshness import FreshnessWatch
from ovoo_edge.sources.gaps import GapLog
from ovoo_edge.sources.opcua_gather import MessageGather
from ovoo_edge.sources.opcua_items import Subscription
from ovoo_edge.sources.opcua_link import UaLink, status_name
from ovoo_edge.sources.opcua_model import NodeKeeper, gone_signals
from ovoo_edge.sources.opcua_publish import PublishLoop
from ovoo_edge.sources.opcua_sequence import SequenceLedger
from ovoo_edge.sources.opcua_session_state import position_of
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

__all__ = ["MessageReceiver", "SubscriptionLost"]

_log = logging.getLogger(__name__)
_TOO_MANY_PUBLISH = int(ua.StatusCodes.BadTooManyPublishRequests)
_NO_SUBSCRIPTION = (int(ua.StatusCodes.BadNoSubscription), int(ua.StatusCodes.BadSubscriptionIdInvalid))
_PUBLISH_TIMEOUT = int(ua.StatusCodes.BadTimeout)


class SubscriptionLost(ConnectFailed):
    """The server dropped the subscription: a new one is needed."""


class MessageReceiver:
    """The messages of one source's subscriptions, one after the other; it outlives connections.

    Args:
        settings: of the source.
        signals: all of them; a signal's client handle is its position.
        context: clocks and how long a cancelled source waits for commits.
        handles: meaning of the client handles.
        backfill: hears of what arrives, is committed and is lost.
        gaps: where gaps are listed.
        fresh: hears which signals spoke.
        counters: of the source.
        on_answer: called after the first answer of a `run`.
        on_committed: called after a chunk is on disk and counted here.

    Attributes:
        ledger: of the subscription's messages.
        nodes: told of nodes that the server lost; None while there is nobody to tell.
        last_sample_ns: UTC of the last receipt of a sample, 0 = none.
        answered: whether the present run had an answer.
        deaf: the last run ended in silence, without a single answer.
    """

    def __init__(
        self,
        settings: OpcUaSettings,
        signals: Sequence[SignalMap],
        context: SourceContext,
        handles: HandleTable,
        backfill: Backfill,
        gaps: GapLog,
        fresh: FreshnessWatch,
        counters: Counter[str],
        on_answer: Callable[[], None],
        on_committed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._signals = signals
        self._context = context
        self._backfill = backfill
        self._gaps = gaps
        self._fresh = fresh
        self._counters = counters
        self._on_answer = on_answer
        self._on_committed = on_committed
        self._gather = MessageGather(handles, self._make_chunk)
        self._subscription: Subscription | None = None
        self._overflowed = False
        self.ledger = SequenceLedger(0)
        self.nodes: NodeKeeper | None = None
        self.last_sample_ns = 0
        self.answered = False
        self.deaf = False

    def follow(self, subscription: Subscription, ledger: SequenceLedger) -> None:
        """From now on the messages are those of this subscription."""
        self._subscription, self.ledger = subscription, ledger

    async def run(self, link: UaLink, patience_s: Callable[[], float], intake: Intake) -> None:
        """Publishes and hands over until something fails; `patience_s` gives the longest time without any answer."""
        loop = PublishLoop(link, self._settings, self.ledger)
        self.answered = False
        try:
            while True:
                loop.fill()
                try:
                    body = await loop.next_body(patience_s())
                except ConnectFailed:
                    # a resumed subscription that never answers is not worth a second try
                    self.deaf = not self.answered
                    raise
                await self._read_all(link, loop, body, intake)
        finally:
            loop.abandon()

    async def hand_over(self, intake: Intake) -> None:
        """Puts what was gathered into the intake, see `MessageGather.hand_over`."""
        await self._gather.hand_over(intake)

    async def settle(self, link: UaLink, intake: Intake) -> None:
        """Going down in order: what was handed over is committed and acknowledged before the link is dropped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._context.settle_s):
                await self._gather.hand_over(intake)
                await self.ledger.settled()
        with contextlib.suppress(SourceError):
            farewell = PublishLoop(link, self._settings, self.ledger)
            farewell.fill(1)
            farewell.abandon()

    async def republish(self, link: UaLink, number: int, intake: Intake) -> bool:
        """Asks for one message again; False when the server no longer holds it."""
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId = self.ledger.subscription_id
        request.Parameters.RetransmitSequenceNumber = number
        try:
            body = await link.call_raw(request)
            note = self._gather.reader.feed_republished(body, self._context.wall_ns())
        except ServiceFault as fault:
            if fault.status in _NO_SUBSCRIPTION:
                raise self._lost(fault.status) from fault
            return False
        except WireFault:
            self._counters["malformed_messages"] += 1
            return False
        # some servers answer with an empty message instead of BadMessageNotAvailable
        if note.sequence != number or note.is_keep_alive:
            self._gather.reader.undo()
            return False
        self._counters["republished_messages"] += 1
        self._keep(note)
        if self._gather.is_full:
            await self._gather.hand_over(intake)
        return True

    async def _read_all(self, link: UaLink, loop: PublishLoop, body: bytes | None, intake: Intake) -> None:
        """Decodes this response and those that came with it, then hands over what they gave, together."""
        while body is not None:
            note = self._decode(body, loop)
            if note is not None:
                self._answer()
                await self._take(link, body, note, intake)
            loop.fill()
            body = None if self._gather.is_full else loop.ready_body()
        await self._gather.hand_over(intake)

    def _answer(self) -> None:
        if not self.answered:
            self.answered = True
            self.deaf = False
            self._on_answer()

    def _decode(self, body: bytes, loop: PublishLoop) -> Notification | None:
        """The notification, or None for a fault that the loop survives."""
        self._counters["responses"] += 1
        try:
            return self._gather.reader.feed(body, self._context.wall_ns())
        except ServiceFault as fault:
            if fault.status == _TOO_MANY_PUBLISH:
                loop.lower()
                return None
            if fault.status == _PUBLISH_TIMEOUT:
                return None
            if fault.status in _NO_SUBSCRIPTION:
                raise self._lost(fault.status) from fault
            raise ConnectFailed(
                "the server ends publishing", offender=self._settings.endpoint, value=status_name(fault.status)
            ) from fault
        except WireFault as fault:
            # its number is missing now, so the next message asks for it again or lists the gap
            self._counters["malformed_messages"] += 1
            _log.warning("source=%s event=malformed_message error=%r", self._settings.name, str(fault))
            return None

    def _lost(self, status: int) -> SubscriptionLost:
        return SubscriptionLost(
            "the server dropped the subscription",
            offender=self._settings.endpoint,
            value=status_name(status),
            remedy="a new one is created",
        )

    async def _take(self, link: UaLink, body: bytes, note: Notification, intake: Intake) -> None:
        """Keeps the samples of the message decoded last, or takes them back: it is not ours, or known already."""
        ledger, reader = self.ledger, self._gather.reader
        if note.subscription_id != ledger.subscription_id:
            reader.undo()
            self._counters["foreign_messages"] += 1
            return
        self._counters["refused_acks"] += sum(1 for status in note.ack_results if status & 0x8000_0000)
        if note.status_change is not None and note.status_change & 0x8000_0000:
            reader.undo()
            raise self._lost(note.status_change)
        wanted = self._wanted_before(note)
        if wanted:
            # what is older goes first; this message is read again after it
            reader.undo()
            await self._fetch_missing(link, wanted, intake)
            note = reader.feed(body, self._context.wall_ns())
        if note.is_keep_alive:
            return
        if ledger.is_known(note.sequence):
            reader.undo()
            self._counters["repeated_messages"] += 1
            ledger.repeat(note.sequence)
            return
        self._keep(note)

    def _wanted_before(self, note: Notification) -> list[int]:
        """Messages that are to be asked for again before this one is taken, oldest first."""
        ledger = self.ledger
        if not ledger.must_resume:
            return ledger.missing_before(note.sequence)
        self._counters["repeated_messages"] += sum(
            1 for number in note.available if number != note.sequence and ledger.is_known(number)
        )
        return ledger.resume_at(note.sequence, note.available)

    async def _fetch_missing(self, link: UaLink, wanted: Sequence[int], intake: Intake) -> None:
        gone: list[int] = []
        gap: int | None = None
        for number in wanted:
            if not await self.republish(link, number, intake):
                gone.append(number)
                await self._gather.hand_over(intake)
                # noted here, not behind the loop: what later messages bring must end the gap
                gap = self._backfill.lost("messages no longer held by the server", self.last_sample_ns, gap)
        if gap is not None:
            self._counters["lost_messages"] += len(gone)
            self.ledger.give_up(gone)
            self._gaps.amend(gap, len(gone))
            _log.warning("source=%s event=gap messages=%d first=%d", self._settings.name, len(gone), gone[0])

    def _keep(self, note: Notification) -> None:
        """The message decoded last goes into the next hand-over, even an empty one: the spool must know its number."""
        self.ledger.receive(note.sequence)
        self._gather.add(note.sequence)
        self._overflowed = self._overflowed or note.overflow > 0
        self._count(note)
        if note.rows:
            self.last_sample_ns = self._context.wall_ns()

    def _make_chunk(self, batch: SampleBatch, sequences: tuple[int, ...]) -> Chunk:
        """What was received up to now is in this chunk or in an earlier one; the position says just that."""
        ledger, subscription = self.ledger, self._subscription
        if len(batch):
            self._fresh.hear(batch, self._context.monotonic_s())
            self._backfill.arriving(batch, overflow=self._overflowed)
            self._overflowed = False
            if self.nodes is not None and (gone := gone_signals(batch)):
                self.nodes.vanished([handle for handle, signal in enumerate(self._signals) if signal.index in gone])
        committed = functools.partial(self._commit, ledger, sequences, batch)
        position = functools.partial(position_of, subscription, ledger.position()) if subscription else None
        return Chunk(batch, committed, self._settings.name, receive_ns=self._context.wall_ns(), position=position)

    def _commit(self, ledger: SequenceLedger, sequences: Sequence[int], batch: SampleBatch) -> None:
        for sequence in sequences:
            ledger.commit(sequence)
        self._backfill.committed(batch)
        self._on_committed()

    def _count(self, note: Notification) -> None:
        self._counters["samples"] += note.rows
        self._counters["messages"] += 1
        self._counters["overflow"] += note.overflow
        self._counters["unknown_handles"] += note.unknown_handles
        self._counters["time_from_server"] += note.time_from_server
        self._counters["time_from_receive"] += note.time_from_receive
        self._counters["null_values"] += note.null_values
