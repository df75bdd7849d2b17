"""The OPC UA source: one server, one subscription, taken up again after every restart on either side."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import logging
from collections import Counter
from collections.abc import Sequence

from ovoo_contract.errors import OvooError, SourceError

from ovoo_edge.backoff import Backoff
from ovoo_edge.sources.backfill import Backfill
from ovoo_edge.sources.base import Intake, SignalMap, SourceContext, SourceHealth, SourceProblem, SourceState
from ovoo_edge.sources.decode import HandleTable
from ovoo_edge.sources.freshness import FreshnessWatch, watch_silence
from ovoo_edge.sources.gaps import GapLog
from ovoo_edge.sources.load_budget import LoadBudget
from ovoo_edge.sources.opcua_expiry import CertificateWatch
from ovoo_edge.sources.opcua_items import (
    ItemFactory,
    Subscription,
    create_subscription,
    delete_subscription,
    read_namespaces,
    resume_subscription,
)
from ovoo_edge.sources.opcua_limits import ServerFacts, first_limits, learn_limits
from ovoo_edge.sources.opcua_link import ResumeToken, UaLink
from ovoo_edge.sources.opcua_model import NodeKeeper
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.opcua_probe import wait_for_server
from ovoo_edge.sources.opcua_receiver import MessageReceiver, SubscriptionLost
from ovoo_edge.sources.opcua_sequence import SequenceLedger
from ovoo_edge.sources.opcua_session_state import Memory, SessionStore, fingerprint, restored
from ovoo_edge.sources.opcua_trust import trust_store
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.vendor_profile import load_profiles

__all__ = ["OpcUaSource"]

_log = logging.getLogger(__name__)
_SAVE_EVERY_S = 2.0


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
        self._token: ResumeToken | None = None
        self._subscription: Subscription | None = None
        self._items_missing = False
        self._recalled = False
        self._receiver = MessageReceiver(
            settings,
            self._signals,
            context,
            handles,
            self._backfill,
            self._gaps,
            self._fresh,
            self._counters,
            self._note_running,
            self._note_committed,
        )

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
        counters["uncommitted_messages"] = self._receiver.ledger.pending
        counters.update(self._budget.counters() | self._backfill.figures())
        return SourceHealth(
            name=self.name,
            driver="opcua",
            state=state,
            detail=self._detail,
            last_sample_ns=self._receiver.last_sample_ns,
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
        if isinstance(error, SubscriptionLost):
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
            subscription = await self._subscribe(link, factory, intake)
            await self._serve(link, subscription, factory, facts, intake)
        except asyncio.CancelledError:
            await self._receiver.settle(link, intake)
            raise
        except SourceError:
            await self._receiver.hand_over(intake)
            raise
        finally:
            link.drop()
            self._remember()

    async def _subscribe(self, link: PacedLink, factory: ItemFactory, intake: Intake) -> Subscription:
        """The old subscription where it can be taken up again, else a new one, still without items."""
        subscription = self._subscription
        if subscription is not None and await self._resume(link, subscription, intake):
            self._counters["resumed_subscriptions"] += 1
            factory.problems.update(self._problems)
        else:
            await self._receiver.hand_over(intake)
            subscription = await self._subscribe_anew(link)
        self._problems = factory.problems
        self._counters["short_queues"] = factory.short_queues
        self._remember(durable=True)
        return subscription

    async def _resume(self, link: UaLink, subscription: Subscription, intake: Intake) -> bool:
        """Takes the old subscription up again; False when it is gone or was of no use the last time."""
        if self._receiver.deaf:
            return False
        if link.resumed_session:
            return True
        available = await resume_subscription(link, subscription)
        if available is None:
            return False
        ledger = self._receiver.ledger
        for number in ledger.in_order(available):
            if not ledger.is_known(number):
                await self._receiver.republish(link, number, intake)
        return True

    async def _subscribe_anew(self, link: UaLink) -> Subscription:
        heard_ns = self._receiver.last_sample_ns
        old, self._subscription = self._subscription, None
        if old is not None or self._counters["subscriptions"] or self._counters["messages"]:
            self._backfill.lost("subscription lost at the server", heard_ns)
            self._counters["subscriptions_lost"] += 1
        elif self._backfill.marks.newest_ns:
            self._backfill.lost("no subscription outlived the restart of the gateway", heard_ns)
        self._store.forget()
        if old is not None:
            await delete_subscription(link, old)
        created = await create_subscription(link, self._settings)
        subscription = dataclasses.replace(created, created_ns=self._context.wall_ns())
        self._receiver.nodes = None
        self._receiver.deaf = False
        self._receiver.follow(subscription, SequenceLedger(subscription.id))
        self._subscription, self._items_missing = subscription, True
        return subscription

    async def _create_items(self, subscription: Subscription, factory: ItemFactory) -> None:
        """Creates the items of a new subscription; what the first ones bring is taken meanwhile."""
        try:
            await factory.create(subscription, range(len(self._signals)))
        except BaseException:
            # half of the items may exist: a new session leaves them to time out instead of taking them for whole
            self._token = self._subscription = None
            raise
        self._items_missing = False
        self._counters["subscriptions"] += 1
        self._counters["short_queues"] = factory.short_queues
        self._remember(durable=True)
        self._note_running()

    async def _serve(
        self, link: PacedLink, subscription: Subscription, factory: ItemFactory, facts: ServerFacts, intake: Intake
    ) -> None:
        """Publishes until something fails; always leaves by an exception."""
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.keep_channel())
                tasks.create_task(self._certificates.change_over())
                tasks.create_task(self._save_regularly())
                patience_s = functools.partial(self._patience_s, subscription)
                tasks.create_task(self._receiver.run(link, patience_s, intake))
                if self._items_missing:
                    await self._create_items(subscription, factory)
                self._receiver.nodes = nodes = NodeKeeper(
                    factory, self._backfill.marks.received, self._settings.retry_nodes_s, self._moved
                )
                tasks.create_task(self._keep_nodes(link, nodes, factory))
                responses = functools.partial(self._counters.__getitem__, "responses")
                tasks.create_task(self._backfill.run(link, factory.node_of, facts.history_values, intake, responses))
        except* SourceError as group:
            failure = group.exceptions[0]
        if failure is not None:
            raise failure

    def _patience_s(self, subscription: Subscription) -> float:
        """Longest time without an answer; a server that is busy creating items may leave the others waiting."""
        return max(subscription.stale_s, self._settings.request_timeout_s if self._items_missing else 0.0)

    def _note_running(self) -> None:
        """The subscription is whole and the server answers."""
        if self._items_missing or not self._receiver.answered:
            return
        self._backoff.reset()
        self._state = "running"
        self._detail = ""
        self._fault = None
        _log.info("source=%s event=connected signals=%d missing=%d", self.name, len(self._signals), len(self._problems))

    def _note_committed(self) -> None:
        if self._state == "stopped":  # nobody saves for us any more
            self._remember()

    async def _keep_nodes(self, link: PacedLink, keeper: NodeKeeper, factory: ItemFactory) -> None:
        """Follows the server's address space: nodes may vanish, appear and move with every download to the PLC."""
        while True:
            await keeper.wait()
            subscription = self._subscription
            if subscription is None:
                continue
            if not await keeper.look(link, subscription):
                raise SubscriptionLost(
                    "the server's address space changed",
                    offender=self._settings.endpoint,
                    remedy="a new subscription is created",
                )
            self._counters["moved_nodes"] = keeper.moved
            self._problems = factory.problems
            self._remember()

    def _moved(self, handles: Sequence[int]) -> None:
        signals = {self._signals[handle].index for handle in handles}
        self._backfill.lost("the server's address space changed", self._receiver.last_sample_ns, signals=signals)

    async def _save_regularly(self) -> None:
        committed = self._receiver.ledger.committed
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            if self._receiver.ledger.committed != committed:
                committed = self._receiver.ledger.committed
                self._remember()

    def _recall(self) -> None:
        """What an earlier process left; within this one the source itself knows best."""
        memory = None if self._recalled else self._store.load()
        self._recalled = True
        if memory is None:
            return
        self._token = memory.token
        self._subscription = memory.subscription
        ledger = restored(memory.subscription, memory.committed, self._context.position)
        self._receiver.follow(memory.subscription, ledger)
        self._receiver.last_sample_ns = memory.heard_ns
        for handle in memory.missing:
            if handle < len(self._signals):
                offender = self._signals[handle].reference
                self._problems[handle] = SourceProblem(offender, "was missing before the restart", "it is tried again")

    def _remember(self, *, durable: bool = False) -> None:
        if self._subscription is None or self._token is None or self._items_missing:
            return
        receiver = self._receiver
        memory = Memory(
            self._token,
            self._subscription,
            receiver.ledger.committed,
            tuple(sorted(self._problems)),
            receiver.last_sample_ns,
        )
        with contextlib.suppress(OSError):  # a full disk must not stop collection; the spool reports it
            self._store.save(memory, durable=durable)
