"""The OPC UA source: subscribe, decode to columns, hand over, acknowledge after the commit, survive every restart."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import logging
from collections import Counter
from collections.abc import Sequence

from ovoo_contract.errors import ConnectFailed, OvooError, SourceError
from ovoo_contract.samples import SampleBatch

from ovoo_edge.backoff import Backoff
from ovoo_edge.sources.backfill import Backfill
from ovoo_edge.sources.base import (
    Chunk,
    Intake,
    SignalMap,
    SourceContext,
    SourceHealth,
    SourceProblem,
    SourceState,
)
from ovoo_edge.sources.decode import HandleTable, Notification, ServiceFault, WireFault
from ovoo_edge.sources.freshness import FreshnessWatch, watch_silence
from ovoo_edge.sources.gaps import GapLog
from ovoo_edge.sources.load_budget import LoadBudget
from ovoo_edge.sources.opcua_expiry import CertificateWatch
from ovoo_edge.sources.opcua_gather import MessageGather
from ovoo_edge.sources.opcua_items import (
    ItemFactory,
    Subscription,
    create_subscription,
    delete_subscription,
    read_namespaces,
    resume_subscription,
)
from ovoo_edge.sources.opcua_limits import ServerFacts, first_limits, learn_limits
from ovoo_edge.sources.opcua_link import ResumeToken, UaLink, status_name
from ovoo_edge.sources.opcua_model import NodeKeeper, gone_signals
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.opcua_probe import wait_for_server
from ovoo_edge.sources.opcua_publish import PublishLoop
from ovoo_edge.sources.opcua_sequence import SequenceLedger
from ovoo_edge.sources.opcua_session_state import Memory, SessionStore, fingerprint, position_of, restored
from ovoo_edge.sources.opcua_trust import trust_store
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua
from ovoo_edge.sources.vendor_profile import load_profiles

__all__ = ["OpcUaSource"]

_log = logging.getLogger(__name__)
_SAVE_EVERY_S = 2.0
_TOO_MANY_PUBLISH = int(ua.StatusCodes.BadTooManyPublishRequests)
_NO_SUBSCRIPTION = (int(ua.StatusCodes.BadNoSubscription), int(ua.StatusCodes.BadSubscriptionIdInvalid))
_NOT_AVAILABLE = int(ua.StatusCodes.BadMessageNotAvailable)
_PUBLISH_TIMEOUT = int(ua.StatusCodes.BadTimeout)


class _SubscriptionLost(ConnectFailed):
    """The server dropped the subscription: a new one is needed."""


class OpcUaSource:
    """One server, one subscription.

    Args:
        settings: the source's settings.
        signals: what to subscribe to; `reference` is the node id.
        context: clocks, randomness and the state folder.
    """

    def __init__(self, settings: OpcUaSettings, signals: Sequence[SignalMap], context: SourceContext) -> None:
        self._settings = settings
        self._signals = tuple(signals)
        self._context = context
        elements = {handle: signal.element for handle, signal in enumerate(self._signals) if signal.element}
        keep_times = any(signal.keep_times for signal in self._signals)
        handles = HandleTable([signal.index for signal in self._signals], elements, keep_times)
        self._gather = MessageGather(handles, self._make_chunk)
        self._trust = trust_store(settings, context.state_dir)
        self._certificates = CertificateWatch(settings, self._trust, context.wall_ns)
        shape = fingerprint(settings, self._signals)
        self._store = SessionStore(context.state_file(f"{settings.name}.session.json"), shape)
        self._fresh = FreshnessWatch(self._signals, settings.freshness_s, context.monotonic_s())
        self._backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s, context.rng)
        self._gaps = GapLog()
        self._budget = LoadBudget(first_limits(settings), context.monotonic_s)
        self._backfill = Backfill(settings, self._signals, context, handles, self._gaps)
        self._counters: Counter[str] = Counter()
        self._problems: dict[int, SourceProblem] = {}
        self._fault: SourceProblem | None = None
        self._state: SourceState = "idle"
        self._detail = ""
        self._last_sample_ns = 0
        self._token: ResumeToken | None = None
        self._subscription: Subscription | None = None
        self._ledger = SequenceLedger(0)
        self._distrust_resume = False
        self._recalled = False
        self._heard = False
        self._nodes: NodeKeeper | None = None
        self._overflowed = False

    @property
    def name(self) -> str:
        """The name given in the configuration."""
        return self._settings.name

    def health(self) -> SourceHealth:
        """State, counters, bad nodes and gaps."""
        problems = self._certificates.problems() + tuple(self._problems[handle] for handle in sorted(self._problems))
        state = "degraded" if self._state == "running" and (problems or self._fresh.silent) else self._state
        counters = dict(self._counters)
        counters["silent_signals"] = len(self._fresh.silent)
        counters["uncommitted_messages"] = self._ledger.pending
        counters.update(self._budget.counters() | self._backfill.figures())
        return SourceHealth(
            name=self.name,
            driver="opcua",
            state=state,
            detail=self._detail,
            last_sample_ns=self._last_sample_ns,
            counters=counters,
            silent=tuple(sorted(self._fresh.silent)),
            problems=((self._fault,) if self._fault else ()) + problems,
            gaps=self._gaps.recent,
            certificates=self._certificates.status(),
        )

    async def run(self, intake: Intake) -> None:
        """Collects until cancelled; every failure of the connection is retried."""
        self._recall()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watch_silence(self._fresh, intake, self.name, self._context, self._counters))
                tasks.create_task(self._certificates.run())
                tasks.create_task(self._stay_connected(intake))
        finally:
            self._remember()
            self._state = "stopped"

    async def _stay_connected(self, intake: Intake) -> None:
        while True:
            self._state = "connecting"
            try:
                await self._connect_once(intake)
            except SourceError as error:
                self._note_failure(error)
            delay_s = self._backoff.next_s()
            self._state = "retrying"
            await wait_for_server(self._settings.endpoint, delay_s)

    def _note_failure(self, error: OvooError) -> None:
        self._counters["connection_failures"] += 1
        text = str(error)
        if text != self._detail:
            _log.warning("source=%s event=connection_failed error=%r", self.name, text)
        self._detail = text
        self._fault = SourceProblem(error.offender or self._settings.endpoint, error.message, error.remedy)
        if isinstance(error, _SubscriptionLost):
            self._subscription = None

    async def _connect_once(self, intake: Intake) -> None:
        link = PacedLink(self._settings, self._trust, self._context.wall_ns(), self._budget)
        await link.open(self._token)
        try:
            self._counters["connects"] += 1
            self._certificates.connected(link.security)
            self._token = link.token
            facts, _ = await learn_limits(link, self._settings, self._budget, load_profiles())
            factory = ItemFactory(link, self._settings, self._signals, await read_namespaces(link))
            await self._subscribe(link, factory, intake)
            await self._serve(link, factory, facts, intake)
        except asyncio.CancelledError:
            await self._settle(link, intake)
            raise
        except SourceError:
            await self._gather.hand_over(intake)
            raise
        finally:
            link.drop()
            self._remember()

    async def _subscribe(self, link: UaLink, factory: ItemFactory, intake: Intake) -> None:
        if self._subscription is not None and await self._resume(link, intake):
            self._counters["resumed_subscriptions"] += 1
            factory.problems.update(self._problems)
        else:
            await self._gather.hand_over(intake)
            await self._subscribe_anew(link, factory)
        self._problems = factory.problems
        self._counters["short_queues"] = factory.short_queues
        self._remember(durable=True)

    async def _resume(self, link: UaLink, intake: Intake) -> bool:
        """Takes the old subscription up again; False when it is gone or was of no use the last time."""
        subscription = self._subscription
        if subscription is None or self._distrust_resume:
            return False
        if link.resumed_session:
            return True
        available = await resume_subscription(link, subscription)
        if available is None:
            return False
        for number in self._ledger.in_order(available):
            if not self._ledger.is_known(number):
                await self._republish(link, number, intake)
        return True

    async def _subscribe_anew(self, link: UaLink, factory: ItemFactory) -> None:
        old, self._subscription = self._subscription, None
        if old is not None or self._counters["subscriptions"]:
            self._backfill.lost("subscription lost at the server", self._last_sample_ns)
            self._counters["subscriptions_lost"] += 1
        elif self._backfill.marks.newest_ns:
            self._backfill.lost("no subscription outlived the restart of the gateway", self._last_sample_ns)
        if old is not None:
            await delete_subscription(link, old)
        try:
            created = await create_subscription(link, self._settings)
            subscription = dataclasses.replace(created, created_ns=self._context.wall_ns())
            await factory.create(subscription, range(len(self._signals)))
        except BaseException:
            # half of the items may exist: a new session leaves them to time out instead of taking them for whole
            self._token = None
            self._store.forget()
            raise
        self._subscription = subscription
        self._ledger = SequenceLedger(subscription.id)
        self._distrust_resume = False
        self._counters["subscriptions"] += 1

    async def _serve(self, link: PacedLink, factory: ItemFactory, facts: ServerFacts, intake: Intake) -> None:
        """Publishes until something fails; always leaves by an exception."""
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.keep_channel())
                tasks.create_task(self._certificates.change_over())
                self._nodes = NodeKeeper(
                    factory, self._backfill.marks.received, self._settings.retry_nodes_s, self._moved
                )
                tasks.create_task(self._keep_nodes(link, self._nodes, factory))
                tasks.create_task(self._save_regularly())
                tasks.create_task(self._receive(link, intake))
                responses = functools.partial(self._counters.__getitem__, "responses")
                tasks.create_task(self._backfill.run(link, factory.node_of, facts.history_values, intake, responses))
        except* SourceError as group:
            failure = group.exceptions[0]
        if failure is not None:
            raise failure

    async def _receive(self, link: UaLink, intake: Intake) -> None:
        subscription, ledger = self._subscription, self._ledger
        if subscription is None:
            raise ConnectFailed("no subscription", offender=self._settings.endpoint)
        loop = PublishLoop(link, self._settings, ledger)
        self._heard = False
        try:
            while True:
                loop.fill()
                try:
                    body = await loop.next_body(subscription.stale_s)
                except ConnectFailed:
                    # a resumed subscription that never answers is not worth a second try
                    self._distrust_resume = not self._heard
                    raise
                await self._read_all(link, loop, body, intake)
        finally:
            loop.abandon()

    async def _read_all(self, link: UaLink, loop: PublishLoop, body: bytes | None, intake: Intake) -> None:
        """Decodes this response and those that came with it, then hands over what they gave, together."""
        while body is not None:
            note = self._decode(body, loop)
            if note is not None:
                self._arrived()
                await self._take(link, body, note, intake)
            loop.fill()
            body = None if self._gather.is_full else loop.ready_body()
        await self._gather.hand_over(intake)

    async def _settle(self, link: UaLink, intake: Intake) -> None:
        """Going down in order: what was handed over is committed and acknowledged before the link is dropped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._context.settle_s):
                await self._gather.hand_over(intake)
                await self._ledger.settled()
        with contextlib.suppress(SourceError):
            farewell = PublishLoop(link, self._settings, self._ledger)
            farewell.fill(1)
            farewell.abandon()

    def _arrived(self) -> None:
        if self._heard:
            return
        self._heard = True
        self._distrust_resume = False
        self._backoff.reset()
        self._state = "running"
        self._detail = ""
        self._fault = None
        _log.info("source=%s event=connected signals=%d missing=%d", self.name, len(self._signals), len(self._problems))

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
            _log.warning("source=%s event=malformed_message error=%r", self.name, str(fault))
            return None

    def _lost(self, status: int) -> _SubscriptionLost:
        return _SubscriptionLost(
            "the server dropped the subscription",
            offender=self._settings.endpoint,
            value=status_name(status),
            remedy="a new one is created",
        )

    async def _take(self, link: UaLink, body: bytes, note: Notification, intake: Intake) -> None:
        """Keeps the samples of the message decoded last, or takes them back: it is not ours, or known already."""
        ledger, reader = self._ledger, self._gather.reader
        if note.subscription_id != ledger.subscription_id:
            reader.undo()
            self._counters["foreign_messages"] += 1
            return
        self._counters["refused_acks"] += sum(1 for status in note.ack_results if status & 0x8000_0000)
        if note.status_change is not None and note.status_change & 0x8000_0000:
            reader.undo()
            raise self._lost(note.status_change)
        if ledger.must_resume:
            self._counters["repeated_messages"] += sum(
                1 for number in note.available if number != note.sequence and ledger.is_known(number)
            )
            wanted = ledger.resume_at(note.sequence, note.available)
        else:
            wanted = ledger.missing_before(note.sequence)
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

    async def _fetch_missing(self, link: UaLink, wanted: Sequence[int], intake: Intake) -> None:
        gone: list[int] = []
        gap: int | None = None
        for number in wanted:
            if not await self._republish(link, number, intake):
                gone.append(number)
                await self._gather.hand_over(intake)
                # noted here, not behind the loop: what later messages bring must end the gap
                gap = self._backfill.lost("messages no longer held by the server", self._last_sample_ns, gap)
        if gap is not None:
            self._counters["lost_messages"] += len(gone)
            self._ledger.give_up(gone)
            self._gaps.amend(gap, len(gone))
            _log.warning("source=%s event=gap messages=%d first=%d", self.name, len(gone), gone[0])

    async def _republish(self, link: UaLink, number: int, intake: Intake) -> bool:
        """Asks for one message again; False when the server no longer holds it."""
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId = self._ledger.subscription_id
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

    def _keep(self, note: Notification) -> None:
        """The message decoded last goes into the next hand-over, even an empty one: the spool must know its number."""
        self._ledger.receive(note.sequence)
        self._gather.add(note.sequence)
        self._overflowed = self._overflowed or note.overflow > 0
        self._count(note)
        if note.rows:
            self._last_sample_ns = self._context.wall_ns()

    def _make_chunk(self, batch: SampleBatch, sequences: tuple[int, ...]) -> Chunk:
        """What was received up to now is in this chunk or in an earlier one; the position says just that."""
        ledger, subscription = self._ledger, self._subscription
        if len(batch):
            self._fresh.hear(batch, self._context.monotonic_s())
            self._backfill.arriving(batch, overflow=self._overflowed)
            self._overflowed = False
            if self._nodes is not None and (gone := gone_signals(batch)):
                self._nodes.vanished([handle for handle, signal in enumerate(self._signals) if signal.index in gone])
        committed = functools.partial(self._commit, ledger, sequences, batch)
        position = functools.partial(position_of, subscription, ledger.position()) if subscription else None
        return Chunk(batch, committed, self.name, receive_ns=self._context.wall_ns(), position=position)

    def _commit(self, ledger: SequenceLedger, sequences: Sequence[int], batch: SampleBatch) -> None:
        for sequence in sequences:
            ledger.commit(sequence)
        self._backfill.committed(batch)
        if self._state == "stopped":  # nobody saves for us any more
            self._remember()

    def _count(self, note: Notification) -> None:
        self._counters["samples"] += note.rows
        self._counters["messages"] += 1
        self._counters["overflow"] += note.overflow
        self._counters["unknown_handles"] += note.unknown_handles
        self._counters["time_from_server"] += note.time_from_server
        self._counters["time_from_receive"] += note.time_from_receive
        self._counters["null_values"] += note.null_values

    async def _keep_nodes(self, link: PacedLink, keeper: NodeKeeper, factory: ItemFactory) -> None:
        """Follows the server's address space: nodes may vanish, appear and move with every download to the PLC."""
        while True:
            await keeper.wait()
            subscription = self._subscription
            if subscription is None:
                continue
            if not await keeper.look(link, subscription):
                raise _SubscriptionLost(
                    "the server's address space changed",
                    offender=self._settings.endpoint,
                    remedy="a new subscription is created",
                )
            self._counters["moved_nodes"] = keeper.moved
            self._problems = factory.problems
            self._remember()

    def _moved(self, handles: Sequence[int]) -> None:
        signals = {self._signals[handle].index for handle in handles}
        self._backfill.lost("the server's address space changed", self._last_sample_ns, signals=signals)

    async def _save_regularly(self) -> None:
        committed = self._ledger.committed
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            if self._ledger.committed != committed:
                committed = self._ledger.committed
                self._remember()

    def _recall(self) -> None:
        """What an earlier process left; within this one the source itself knows best."""
        memory = None if self._recalled else self._store.load()
        self._recalled = True
        if memory is None:
            return
        self._token = memory.token
        self._subscription = memory.subscription
        self._ledger = restored(memory.subscription, memory.committed, self._context.position)
        self._last_sample_ns = memory.heard_ns
        for handle in memory.missing:
            if handle < len(self._signals):
                offender = self._signals[handle].reference
                self._problems[handle] = SourceProblem(offender, "was missing before the restart", "it is tried again")

    def _remember(self, *, durable: bool = False) -> None:
        if self._subscription is None or self._token is None:
            return
        memory = Memory(
            self._token, self._subscription, self._ledger.committed, tuple(sorted(self._problems)), self._last_sample_ns
        )
        with contextlib.suppress(OSError):  # a full disk must not stop collection; the spool reports it
            self._store.save(memory, durable=durable)
