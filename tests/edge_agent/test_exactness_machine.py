"""Wherever a gateway dies: each message of a persistent session is counted exactly once, thinned or not."""

from __future__ import annotations

import asyncio
import json
import pathlib
import random
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from ovoo_contract.wire import decode_batch
from ovoo_edge.normalise import SignalRule
from ovoo_edge.pipeline import complete_groups
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.sources.base import Chunk, Intake, SignalMap, SourceContext
from ovoo_edge.sources.mqtt import MqttSource
from ovoo_edge.sources.mqtt_link import Message
from ovoo_edge.sources.settings_mqtt import MqttSettings
from ovoo_edge.spool import Spool
from ovoo_edge.spool_parts import mark
from ovoo_edge.spool_rows import Group
from ovoo_edge.watermark import Watermark

from tests.edge_agent.support import T0, Clock, make_catalogue, open_spool

CATALOGUE = make_catalogue(2)
# of two classes, so that a commit is several rows and, with a limit of one byte, several transactions
RULES = [SignalRule(), SignalRule(rank=1, keep="on_change", deadband=5.0)]
WINDOW = 4
PLANT = MqttSettings(
    "plant",
    "nowhere",
    max_in_flight=WINDOW,
    time_form="receive",
    topic_template="{site}/{area}/{line}/{asset}",
    address={"enterprise": "ent"},
)
IDS = 2 * WINDOW  # the fewest that the source can tell apart: ids come round again all the time


@dataclass(slots=True)
class _Held:
    mid: int
    payload: bytes
    sent: bool = False


class SessionBroker:
    """A broker's side of one persistent session, by MQTT 3.1.1 sections 2.3.1, 4.4 and 4.6."""

    def __init__(self) -> None:
        self._queued: deque[bytes] = deque()
        self._held: list[_Held] = []
        self._next = 0
        self._connected: list[_Held] = []

    def publish(self, payload: bytes) -> None:
        self._queued.append(payload)

    def connect(self) -> None:
        self._connected = []

    def deliver(self, most: int, clock: Clock) -> list[Message]:
        while self._queued and len(self._held) < WINDOW:
            self._next = self._next % IDS + 1
            self._held.append(_Held(self._next, self._queued.popleft()))
        fresh = [each for each in self._held if each not in self._connected][:most]
        messages = []
        for each in fresh:
            clock.tick(1)
            messages.append(Message("site/area/line/asset", each.payload, each.mid, 1, clock(), each.sent))
            each.sent = True
        self._connected += fresh
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        for message in messages:
            assert self._held[0].mid == message.mid, "acknowledged out of order or twice"
            del self._held[0]

    @property
    def is_empty(self) -> bool:
        return not self._queued and not self._held


class ExactnessMachine(RuleBasedStateMachine):
    """The gateway's own source, stage and spool; the machine moves messages, commits and acknowledgements apart."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = pathlib.Path(self._folder.name)
        self._loop = asyncio.new_event_loop()
        self._broker = SessionBroker()
        self._clock = Clock(T0)
        self._emitted = 0
        self._lost_acks = False
        self._start()

    @rule(constant=st.booleans(), times=st.integers(1, 3))
    def publish(self, constant: bool, times: int) -> None:
        """The thinned signal stays within its dead band; constant messages are equal byte for byte."""
        for _ in range(times):
            sample = {"s0": 7.0, "s1": 1.0} if constant else {"s0": self._emitted, "s1": self._emitted % 3}
            self._broker.publish(json.dumps({"values": sample}).encode())
            self._emitted += 1

    @rule(most=st.integers(1, 4))
    def deliver(self, most: int) -> None:
        self._loop.run_until_complete(self._deliver(most))

    @rule()
    def commit(self) -> None:
        self._commit(tell=True)

    @rule()
    def reconnect(self) -> None:
        self._connect()

    @rule()
    def acknowledgements_are_lost(self) -> None:
        """From now on they never reach the broker, until the next connection: a stream has no holes."""
        self._lost_acks = True

    @rule()
    def die_before_the_commit(self) -> None:
        self._die()

    @rule()
    def die_between_commit_and_acknowledgement(self) -> None:
        self._commit(tell=False)
        self._die()

    @rule()
    def die_between_the_transactions_of_a_commit(self) -> None:
        self._commit_first_part()
        self._die()

    def teardown(self) -> None:
        self._lost_acks = False
        self._connect()
        while not self._broker.is_empty:
            self._loop.run_until_complete(self._deliver(10))
            self._commit(tell=True)
        try:
            self._check()
        finally:
            self._loop.close()
            self._spool.close()
            self._folder.cleanup()

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """What the source says to its connection."""
        if not self._lost_acks:
            self._broker.acknowledge(messages)

    def _die(self) -> None:
        self._spool._connection.close()
        self._start()

    def _check(self) -> None:
        stored = {0: 0, 1: 0}
        points: set[tuple[int, int]] = set()
        for row in self._spool.pending("cloud", 100_000):
            _, batch = decode_batch(row.payload)
            for signal, time_ns in zip(batch.signal, batch.time_ns, strict=True):
                stored[signal] += 1
                points.add((signal, time_ns))
        counts = {0: [0, 0, 0], 1: [0, 0, 0]}
        for cell in self._spool.ledger(0, 1 << 40):
            for place, number in enumerate((cell.received, cell.suppressed, cell.duplicate)):
                counts[cell.signal][place] += number
        assert len(points) == sum(stored.values())
        for signal in (0, 1):
            received, suppressed, duplicate = counts[signal]
            assert (received, duplicate) == (self._emitted, 0)
            assert stored[signal] + suppressed == self._emitted

    def _start(self) -> None:
        self._spool = self._open()
        self._waiting: list[Chunk] = []
        self._stage = Stage(CATALOGUE, RULES, None, Watermark(2, self._spool.high_ns, self._clock()), 600, (1 << 16, 1))
        context = SourceContext(
            self._path, self._clock, lambda: 0.0, random.Random(1), position=self._spool.positions().get("plant", b"")
        )
        signals = [SignalMap(index, str(entry.address)) for index, entry in enumerate(CATALOGUE.entries)]
        self._source = MqttSource(PLANT, signals, context)
        self._intake = Intake()
        self._connect()

    def _connect(self) -> None:
        self._lost_acks = False
        self._broker.connect()
        self._source._attach(self)  # type: ignore[arg-type]  # of a connection only `acknowledge` is used here

    async def _deliver(self, most: int) -> None:
        messages = self._broker.deliver(most, self._clock)
        if messages:
            await self._source._take(messages, self._intake)
        while self._intake.chunks:
            self._waiting.append(await self._intake.get())

    def _groups(self) -> list[Group]:
        return complete_groups(self._waiting, self._stage.process(self._waiting, self._clock()))

    def _commit(self, *, tell: bool) -> None:
        if not self._waiting:
            return
        self._spool.commit(*self._groups())
        for chunk in self._waiting if tell else ():
            if chunk.committed is not None:
                chunk.committed()
        self._waiting.clear()

    def _commit_first_part(self) -> None:
        if not self._waiting:
            return
        for group in self._groups()[:-1]:
            self._spool._writer._write(group, lambda: mark(self._spool._connection, self._spool.last_seq + 1))

    def _open(self) -> Spool:
        spool = open_spool(self._path, clock=self._clock)
        spool.add_catalogue(CATALOGUE)
        return spool


ExactnessMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestExactnessMachine = ExactnessMachine.TestCase
