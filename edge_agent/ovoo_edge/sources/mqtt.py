"""The MQTT source: JSON messages to columns, acknowledged after the commit, through a session the broker keeps."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections import Counter, deque
from collections.abc import Sequence

from ovoo_contract.errors import ConfigError, ConfigErrors, PayloadError, SourceError
from ovoo_contract.quality import TIME_FROM_RECEIVE
from ovoo_contract.samples import SampleBatch

from ovoo_edge.backoff import Backoff
from ovoo_edge.sources.base import Chunk, Intake, SignalMap, SourceContext, SourceHealth, SourceProblem, SourceState
from ovoo_edge.sources.dead_letters import DeadLetters
from ovoo_edge.sources.freshness import FreshnessWatch
from ovoo_edge.sources.mqtt_deliveries import DeliveryLog, Handover, identity_of
from ovoo_edge.sources.mqtt_link import BrokerLink, suspected_twin
from ovoo_edge.sources.mqtt_packets import Message
from ovoo_edge.sources.mqtt_payload import Columns, PayloadMapper
from ovoo_edge.sources.settings_mqtt import MqttSettings

__all__ = ["MqttSource"]

_log = logging.getLogger(__name__)
_MESSAGES_PER_CHUNK = 2000
_GOOD_RUN_S = 30.0
_SHORT_RUNS = 3


class MqttSource:
    """One broker, one persistent session.

    Args:
        settings: the source's settings.
        signals: what to map.
        context: clocks, randomness and the state folder.

    Raises:
        ConfigErrors: signals cannot be mapped, or nothing would be subscribed to.
    """

    def __init__(self, settings: MqttSettings, signals: Sequence[SignalMap], context: SourceContext) -> None:
        self._settings = settings
        self._context = context
        self._mapper = PayloadMapper(settings, signals)
        filters = settings.topics or self._mapper.topic_filters()
        self._filters = [f"$share/{settings.share_group}/{each}" if settings.share_group else each for each in filters]
        if not self._filters:
            where = f"source {settings.name}.topics"
            raise ConfigErrors(
                [ConfigError("nothing to subscribe to", offender=where, remedy="map signals to this source")]
            )
        self._letters = DeadLetters(
            context.state_dir / f"{settings.name}.dead-letters.jsonl", settings.dead_letter_bytes
        )
        self._fresh = FreshnessWatch(signals, settings.freshness_s, context.monotonic_s())
        self._backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s, context.rng)
        self._counters: Counter[str] = Counter()
        self._state: SourceState = "idle"
        self._fault: SourceProblem | None = None
        self._detail = ""
        self._last_sample_ns = 0
        self._deliveries = DeliveryLog(context.position, settings.max_in_flight)
        self._link: BrokerLink | None = None
        self._short_runs = 0
        self._order: deque[tuple[Handover, Sequence[Message]]] = deque()
        self._uncommitted = 0
        self._progress = asyncio.Event()

    @property
    def name(self) -> str:
        """The name given in the configuration."""
        return self._settings.name

    def health(self) -> SourceHealth:
        """State, counters and why messages were set aside."""
        counters = dict(self._counters)
        counters["silent_signals"] = len(self._fresh.silent)
        counters["uncommitted_messages"] = self._uncommitted
        letters = tuple(
            SourceProblem(f"{count} messages", reason, "see the dead-letter file")
            for reason, count in self._letters.reasons.items()
        )
        state = "degraded" if self._state == "running" and self._fresh.silent else self._state
        return SourceHealth(
            name=self.name,
            driver="mqtt",
            state=state,
            detail=self._detail,
            last_sample_ns=self._last_sample_ns,
            counters=counters,
            silent=tuple(sorted(self._fresh.silent)),
            problems=((self._fault,) if self._fault else ()) + letters,
        )

    async def run(self, intake: Intake) -> None:
        """Collects until cancelled; every failure of the connection is retried."""
        self._context.state_dir.mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_silence(intake))
                tasks.create_task(self._stay_connected(intake))
        finally:
            self._state = "stopped"

    async def _stay_connected(self, intake: Intake) -> None:
        while True:
            self._state = "connecting"
            try:
                await self._connect_once(intake)
            except (SourceError, OSError) as error:
                self._note_failure(error)
            self._state = "retrying"
            await asyncio.sleep(self._backoff.next_s())

    def _note_failure(self, error: SourceError | OSError) -> None:
        self._counters["connection_failures"] += 1
        text = str(error)
        if text != self._detail:
            _log.warning("source=%s event=connection_failed error=%r", self.name, text)
        self._detail = text
        if isinstance(error, SourceError):
            self._fault = SourceProblem(error.offender, error.message, error.remedy)
        else:
            self._fault = SourceProblem(
                str(error.filename or self._settings.host), str(error.strerror or error), "check the file"
            )

    async def _connect_once(self, intake: Intake) -> None:
        link = BrokerLink(self._settings, self._filters, self._context.wall_ns)
        since_s = None
        try:
            await link.open()
            since_s = self._context.monotonic_s()
            self._arrived(link)
            if not link.session_present and not self._deliveries.is_empty:
                await self._start_anew(intake)
            await self._collect(link, intake)
        except asyncio.CancelledError:
            await self._settle()
            raise
        except SourceError as error:
            raise self._judge(link, since_s, error) from error
        finally:
            self._link = None
            self._counters["dropped_qos0"] += link.dropped_qos0
            await asyncio.shield(link.close())

    def _arrived(self, link: BrokerLink) -> None:
        self._counters["connects"] += 1
        self._counters["sessions_resumed"] += link.session_present
        self._state = "running"
        self._detail = ""
        self._fault = None
        _log.info("source=%s event=connected session_present=%s", self.name, link.session_present)

    def _judge(self, link: BrokerLink, since_s: float | None, error: SourceError) -> SourceError:
        """Waiting starts over only after a good run: two clients of one id would else drive each other out for ever.

        MQTT 5 says why a connection is ended. Before that the broker just hangs up, each time soon after the connect.
        """
        if since_s is None:
            return error
        if self._context.monotonic_s() - since_s >= _GOOD_RUN_S:
            self._backoff.reset()
            self._short_runs = 0
            return error
        self._short_runs += 1
        self._counters["taken_over"] += link.taken_over
        if self._short_runs >= _SHORT_RUNS and not link.taken_over:
            return suspected_twin(error, self._settings.session_id)
        return error

    async def _start_anew(self, intake: Intake) -> None:
        """A new session at the broker numbers its messages from 1: what the old one delivered must not match them."""
        self._deliveries.forget()
        position = functools.partial(self._deliveries.position, self._deliveries.end)
        await intake.put(Chunk(SampleBatch.empty(), None, self.name, position=position))

    async def _collect(self, link: BrokerLink, intake: Intake) -> None:
        self._attach(link)
        while True:
            await self._take(await link.messages(_MESSAGES_PER_CHUNK), intake)

    def _attach(self, link: BrokerLink) -> None:
        self._link, self._order, self._uncommitted = link, deque(), 0

    async def _take(self, messages: Sequence[Message], intake: Intake) -> None:
        handover = Handover()
        fresh = self._without_repetitions(messages, handover)
        if fresh:
            await self._hand_over(fresh, handover, intake)
        self._deliveries.widen(self._uncommitted)
        self._acknowledge()

    def _without_repetitions(self, messages: Sequence[Message], handover: Handover) -> Sequence[Message]:
        """Messages to hand over now. One that was handed over before waits for that copy's commit instead.

        A broker repeats what it has no acknowledgement for: after our restart, and after every lost connection. Then
        the flag DUP is set; without it the same id and content are another message.
        """
        self._uncommitted += len(messages)
        if not any(message.repeated for message in messages):
            self._order.append((handover, messages))
            return messages
        fresh = []
        for message in messages:
            earlier = None
            if message.repeated and message.qos:
                earlier = self._deliveries.find(identity_of(message.mid, message.topic, message.payload))
            if earlier is None:
                fresh.append(message)
            else:
                self._counters["repeated_messages"] += 1
            self._order.append((earlier or handover, (message,)))
        return fresh

    async def _hand_over(self, messages: Sequence[Message], handover: Handover, intake: Intake) -> None:
        columns = self._map(messages)
        identities = [identity_of(each.mid, each.topic, each.payload) for each in messages if each.qos]
        end = self._deliveries.end + len(identities)
        if not len(columns):
            self._deliveries.note(identities, handover)
            handover.committed = True
            return
        batch, receive_ns = columns.batch(), messages[-1].receive_ns
        self._last_sample_ns = receive_ns
        self._fresh.hear(batch, self._context.monotonic_s())
        committed = functools.partial(self._commit, handover, end)
        position = functools.partial(self._deliveries.position, end)
        await intake.put(Chunk(batch, committed, self.name, receive_ns=receive_ns, position=position))
        # only now: what was cancelled before it was in the intake must be taken when it comes again
        self._deliveries.note(identities, handover)

    async def _settle(self) -> None:
        """Going down in order: what was handed over is committed and acknowledged before the goodbye."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._context.settle_s):
                while self._order:
                    self._progress.clear()
                    await self._progress.wait()

    def _map(self, messages: Sequence[Message]) -> Columns:
        columns = Columns()
        add = self._mapper.add
        for message in messages:
            try:
                if message.retained:
                    self._add_retained(message, columns)
                elif message.payload:
                    add(message.topic, message.payload, message.receive_ns, columns)
                else:
                    self._counters["empty_messages"] += 1  # how a retained message is deleted: it says nothing
            except PayloadError as error:
                self._counters["bad_messages"] += 1
                self._letters.add(message.topic, message.payload, error.message, message.receive_ns)
        self._counters["messages"] += len(messages)
        self._counters["samples"] += len(columns)
        self._counters.update(columns.counters)
        return columns

    def _add_retained(self, message: Message, columns: Columns) -> None:
        """A retained message may be of any age: without a time of its own it would count as a value of now."""
        self._counters["retained_messages"] += 1
        start, mode = len(columns), self._settings.retained
        if mode == "ignore":
            return
        self._mapper.add(message.topic, message.payload, message.receive_ns, columns)
        if mode == "with_time" and any(quality & TIME_FROM_RECEIVE for quality in columns.quality[start:]):
            columns.cut(start)
            self._counters["retained_without_time"] += 1

    def _commit(self, handover: Handover, end: int) -> None:
        handover.committed = True
        self._deliveries.settle(end)
        self._progress.set()
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Acknowledges in the order of arrival (MQTT 4.6), as far as everything before is on disk too.

        Only deliveries of the present connection are in that order: ids of an earlier one mean nothing to the broker.
        """
        done: list[Message] = []
        while self._order and self._order[0][0].committed:
            done += self._order.popleft()[1]
        self._uncommitted -= len(done)
        if done and self._link is not None:
            self._link.acknowledge(done)

    async def _watch_silence(self, intake: Intake) -> None:
        shortest_s = self._fresh.shortest_s
        if shortest_s is None:
            return
        while True:
            await asyncio.sleep(min(1.0, shortest_s / 4))
            receive_ns = self._context.wall_ns()
            batch = self._fresh.overdue(self._context.monotonic_s(), receive_ns)
            if batch is not None:
                self._counters["silence_rows"] += len(batch)
                await intake.put(Chunk(batch, None, self.name, receive_ns=receive_ns))
