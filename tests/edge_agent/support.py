"""Builders and loopback partners for the gateway's tests."""

from __future__ import annotations

import asyncio
import itertools
import pathlib
import random
import threading
import time
from array import array
from collections.abc import Callable, Sequence

from ovoo_contract import topics
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.completeness import CompletenessEnvelope
from ovoo_contract.delivery import Ack, EventEnvelope, Rejection, Request, SeqRanges
from ovoo_contract.hour_sums import SumsEnvelope
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, decode_batch, encode_batch
from ovoo_edge.spool import Spool
from ovoo_edge.spool_policy import Measure, SpoolPolicy
from ovoo_edge.spool_rows import Group, RowMeta
from ovoo_edge.spool_service import SpoolService
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

HOUR = 3_600_000_000_000
T0 = 1_790_000_000_000_000_000 // HOUR * HOUR
SECOND = 1_000_000_000


def make_catalogue(signals: int = 4, data_classes: Sequence[str] = ("general",)) -> Catalogue:
    classes = itertools.cycle(data_classes)
    return Catalogue(
        SignalEntry(Address.parse(f"ent/site/area/line/asset/s{index}"), "kW", data_class=next(classes))  # type: ignore[arg-type]
        for index in range(signals)
    )


def make_batch(rows: Sequence[tuple[int, int, float]], quality: int = 0) -> SampleBatch:
    """Rows of (signal, time_ns, value)."""
    return SampleBatch(
        array("I", [row[0] for row in rows]),
        array("q", [row[1] for row in rows]),
        array("d", [row[2] for row in rows]),
        array("I", [quality] * len(rows)),
    )


def samples_at(time_ns: int, count: int, signals: int = 4, seed: int = 0) -> SampleBatch:
    """`count` rows, a second apart per signal, with incompressible values."""
    rng = random.Random(seed + time_ns)
    return make_batch(
        [(index % signals, time_ns + index // signals * SECOND, rng.random()) for index in range(count)]
    ).sorted()


def bulk_at(time_ns: int, count: int, signals: int = 4) -> SampleBatch:
    """Like `samples_at`, quicker, sorted, with values of random bits."""
    each = count // signals
    times = array("q", [time_ns + step * SECOND for step in range(each)])
    return SampleBatch(
        array("I", [signal for signal in range(signals) for _ in range(each)]),
        times * signals,
        array("d", random.Random(time_ns).randbytes(8 * each * signals)),
        array("I", bytes(4 * each * signals)),
    )


def payload_of(catalogue: Catalogue, batch: SampleBatch, receive_ns: int = T0) -> bytes:
    return encode_batch(BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=receive_ns), batch)


def meta_of(batch: SampleBatch, rank: int = 0, flags: int = 0) -> RowMeta:
    return RowMeta(len(batch), min(batch.time_ns), max(batch.time_ns), rank, flags, max(batch.time_ns))


def group_of(catalogue: Catalogue, *batches: SampleBatch, rank: int = 0) -> Group:
    group = Group()
    for batch in batches:
        group.append("batch", catalogue.id, payload_of(catalogue, batch), meta_of(batch, rank))
    return group


class Clock:
    """UTC nanoseconds that move only when told to."""

    def __init__(self, start_ns: int = T0) -> None:
        self.now_ns = start_ns

    def __call__(self) -> int:
        return self.now_ns

    def tick(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)


def open_spool(
    folder: pathlib.Path,
    *,
    budget_mib: int = 8,
    sinks: Sequence[str] = ("cloud",),
    policy: Measure | SpoolPolicy = "drop_oldest",
    seed: int | None = None,
    clock: Callable[[], int] | None = None,
    damage: str = "",
) -> Spool:
    rng = random.Random(seed)
    return Spool.open(
        folder / "spool.db",
        budget_mib << 20,
        sinks=sinks,
        epoch_source=lambda: rng.getrandbits(64),
        clock=clock or Clock(),
        policy=policy if isinstance(policy, SpoolPolicy) else SpoolPolicy.same(policy),
        damage=damage,
    )


def service_of(folder: pathlib.Path, sinks: Sequence[str] = ("cloud",), budget_mib: int = 8) -> SpoolService:
    return SpoolService(
        lambda damage: open_spool(folder, sinks=sinks, budget_mib=budget_mib, clock=time.time_ns, damage=damage)
    )


async def eventually(condition: Callable[[], bool], what: str, timeout_s: float = 15.0) -> None:
    """Returns once the condition holds; fails naming `what` when it never does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.01)


class CloudDouble:
    """What a cloud does on the wire: remembers deliveries by (epoch, seq), acknowledges as told. A real MQTT client."""

    def __init__(self, port: int, gateway: str = "gw-1", *, acknowledge: bool = True) -> None:
        self.acknowledge = acknowledge
        self.reject: dict[int, tuple[str, str]] = {}
        self.samples: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
        self.messages: list[tuple[BatchHeader, int, int]] = []
        self.times: list[float] = []
        self.events: list[EventEnvelope] = []
        self.reports: list[CompletenessEnvelope] = []
        self.sums: list[SumsEnvelope] = []
        self.states: list[bytes] = []
        self.catalogues: dict[str, bytes] = {}
        self.seen_rows: set[tuple[int, int]] = set()
        self.repeats = 0
        self._gateway = gateway
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="cloud")
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_connect = lambda client, *_: client.subscribe([(f"ovoo/v1/{gateway}/#", 1)])
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send_ack(self, epoch: int, *ranges: tuple[int, int], rejected: tuple[Rejection, ...] = ()) -> None:
        self._client.publish(topics.ack(self._gateway), Ack(epoch, SeqRanges(ranges), rejected).to_json(), qos=1)

    def ask_catalogue(self, catalogue_id: str) -> None:
        request = Request("catalog", {"catalogue_id": catalogue_id})
        self._client.publish(topics.request(self._gateway), request.to_json(), qos=1)

    def send_raw(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    @property
    def rows(self) -> list[tuple[int, int, float]]:
        """All samples, each delivery once."""
        with self._lock:
            return [row for rows in self.samples.values() for row in rows]

    def _take(self, _: Client, __: object, message: MQTTMessage) -> None:
        kind, payload = topics.parse(message.topic), bytes(message.payload)
        with self._lock:
            if kind.kind == "batch":
                self._take_batch(payload)
            elif kind.kind == "event":
                envelope = EventEnvelope.from_json(payload)
                self.events.append(envelope)
                if self.acknowledge:
                    self.send_ack(envelope.epoch, (envelope.seq, envelope.seq))
            elif kind.kind == "completeness":
                account = CompletenessEnvelope.from_bytes(payload)
                self.reports.append(account)
                if self.acknowledge:
                    self.send_ack(account.epoch, (account.seq, account.seq))
            elif kind.kind == "sums":
                hour = SumsEnvelope.from_bytes(payload)
                self.sums.append(hour)
                if self.acknowledge:
                    self.send_ack(hour.epoch, (hour.seq, hour.seq))
            elif kind.kind == "state":
                self.states.append(payload)
            elif kind.kind == "catalog":
                self.catalogues[kind.detail] = payload

    def _take_batch(self, payload: bytes) -> None:
        header, batch = decode_batch(payload)
        numbers = range(header.seq, header.seq + header.merged)
        self.messages.append((header, len(batch), len(payload)))
        self.times.append(time.monotonic())
        rejected = tuple(Rejection(seq, *self.reject[seq]) for seq in numbers if seq in self.reject)
        known = {(header.epoch, seq) for seq in numbers} & self.seen_rows
        if len(known) == header.merged:
            self.repeats += 1
        elif not rejected:
            self.seen_rows |= {(header.epoch, seq) for seq in numbers}
            rows = list(zip(batch.signal, batch.time_ns, batch.value, strict=True))
            if known:  # merged otherwise than before the gateway died: what is stored falls on the same points
                stored = {row for rows in self.samples.values() for row in rows}
                rows = [row for row in rows if row not in stored]
            self.samples.setdefault((header.epoch, header.seq), []).extend(rows)
        if self.acknowledge:
            taken = [(seq, seq) for seq in numbers if seq not in self.reject]
            self.send_ack(header.epoch, *taken, rejected=rejected)
