"""From messages to the store and back to acknowledgements; knows nothing of MQTT."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ovoo_contract import topics
from ovoo_contract.completeness import CompletenessEnvelope
from ovoo_contract.delivery import Rejection
from ovoo_contract.errors import AddressError, DeliveryError, StoreRejected, WireError
from ovoo_contract.hour_sums import SumsEnvelope
from ovoo_contract.ranges import SeqRanges
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, decode_batch, peek_header
from prometheus_client import Histogram

from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.ingest import messages as control
from ovoo_cloud.ingest.answers import Answers
from ovoo_cloud.ingest.bindings import Bindings
from ovoo_cloud.ingest.books import Books, PendingRow
from ovoo_cloud.ingest.counters import Counters
from ovoo_cloud.ingest.events import PendingEvent, decode_event
from ovoo_cloud.ingest.hour_reports import PendingReport, decode_report
from ovoo_cloud.ingest.sums import PendingSums, decode_sums
from ovoo_cloud.stores.base import Delivery, TelemetryStore, WriteOutcome

__all__ = ["Intake", "Message", "Outgoing"]

_log = logging.getLogger(__name__)
_STORE_METRIC: Final = "ovoo_ingest_live_store_seconds"
_STORE_WORDS: Final = "Time the store took for a group of deliveries."
_STORE_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a gateway."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to a gateway, QoS 1; the broker keeps a retained one for gateways that connect later."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(slots=True)
class _Group:
    """What one call of `handle` has to store."""

    deliveries: list[Delivery] = field(default_factory=list)
    events: list[PendingEvent] = field(default_factory=list)
    reports: list[PendingReport] = field(default_factory=list)
    sums: list[PendingSums] = field(default_factory=list)
    pending: dict[tuple[str, int], SeqRanges] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)


class Intake:
    """Takes groups of messages: decode, bind, store, ledger, acknowledge.

    One thread calls `handle`. A group is all or nothing towards the gateways: when the store or the database does not
    answer, StoreUnavailable leaves no acknowledgement behind and the same group may be handled again.
    """

    def __init__(self, database: Database, store: TelemetryStore, clock: control.Clock, *, timezone: str) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self.counters = Counters()
        self.store_seconds = Histogram(_STORE_METRIC, _STORE_WORDS, registry=None, buckets=_STORE_BUCKETS)
        self._bindings = Bindings(database, clock)
        self._books = Books(database, timezone)

    def handle(self, messages: Sequence[Message]) -> list[Outgoing]:
        """Stores the group and gives the answers to publish, in order.

        Raises:
            StoreUnavailable: nothing of the group is acknowledged.
        """
        group = _Group()
        parsed = [(topic, message.payload) for message in messages if (topic := self._topic(message)) is not None]
        for topic, payload in parsed:  # catalogues first: a batch behind its catalogue must find it
            if topic.kind == "catalog":
                self._catalogue(topic, payload)
        for topic, payload in parsed:
            self._sort(group, topic, payload)
        self._store_group(group)
        return [Outgoing(topic, payload) for topic, payload in group.answers.messages()]

    def _topic(self, message: Message) -> topics.Topic | None:
        self.counters.messages += 1
        try:
            topic = topics.parse(message.topic)
        except AddressError as error:
            self.counters.refuse("topic", str(error))
            return None
        if self._bindings.gateway(topic.gateway) is None:
            # no answer: what an unknown gateway holds stays in its spool until somebody enrols it
            self.counters.refuse("unknown_gateway", topic.gateway)
            return None
        return topic

    def _sort(self, group: _Group, topic: topics.Topic, payload: bytes) -> None:
        if topic.kind == "batch":
            self._batch(group, topic.gateway, payload)
        elif topic.kind == "event":
            self._event(group, topic.gateway, payload)
        elif topic.kind == "completeness":
            self._report(group, topic.gateway, payload)
        elif topic.kind == "sums":
            self._sums(group, topic.gateway, payload)
        elif topic.kind in ("state", "config_reported"):
            self._control(topic, payload)

    def _catalogue(self, topic: topics.Topic, payload: bytes) -> None:
        if not payload:
            return  # a cleared retained topic
        refused = self._bindings.take_catalogue(topic.gateway, topic.detail, payload)
        if refused:
            self.counters.refuse(refused.code, refused.detail)
        else:
            self.counters.catalogues += 1

    def _control(self, topic: topics.Topic, payload: bytes) -> None:
        try:
            state = control.note(self._database, topic, payload, self._clock())
            binding = self._bindings.gateway(topic.gateway)
            if state is not None and binding is not None and (figures := control.figures_of(state)):
                self._store.note_gateway(binding.enterprise, topic.gateway, state.time_ns, figures)
        except (DeliveryError, StoreRejected) as error:
            self.counters.refuse("state", f"{topic.gateway}: {error}")

    def _batch(self, group: _Group, gateway: str, payload: bytes) -> None:
        try:
            header, batch = decode_batch(payload)
        except WireError as error:
            self._broken(group, gateway, payload, error)
            return
        if self._settled(group, gateway, header):
            return
        held = self._bindings.catalogue(gateway, header.catalogue_id)
        if held is None:
            self.counters.waiting += 1
            group.answers.ask_catalogue(gateway, header.catalogue_id)
            return
        if held.refused is not None:
            self._reject(group, gateway, header, held.refused.code, held.refused.detail)
            return
        if len(batch) and _greatest(batch) >= len(held.catalogue):
            self._reject(group, gateway, header, "wire", "a row names a signal beyond the catalogue")
            return
        binding = self._bindings.gateway(gateway)
        if binding is None:
            return
        key = (gateway, header.epoch)
        group.pending[key] = group.pending.get(key, SeqRanges()).union(_seqs(header))
        group.deliveries.append(Delivery(gateway, binding.enterprise, header, held.catalogue, batch))

    def _settled(self, group: _Group, gateway: str, header: BatchHeader) -> bool:
        """True when a delivery needs no storing any more: answers again what was answered before."""
        stored, refused = self._books.known(gateway, header.epoch)
        wanted = _seqs(header)
        again = [refused[seq] for seq in wanted if seq in refused] if refused else []
        if again:
            group.answers.reject(gateway, header.epoch, again)
            return True
        if wanted.difference(stored):
            # the same delivery twice in one group: the first one's answer covers both
            return not wanted.difference(group.pending.get((gateway, header.epoch), SeqRanges()))
        self.counters.known += 1
        group.answers.accept(gateway, header.epoch, wanted)
        return True

    def _broken(self, group: _Group, gateway: str, payload: bytes, error: WireError) -> None:
        try:
            header, _ = peek_header(payload)
        except WireError:
            self.counters.refuse("wire", f"{gateway}: {error}")  # not even a header: nobody to answer for
            return
        if not self._settled(group, gateway, header):
            self._reject(group, gateway, header, "wire", str(error))

    def _reject(self, group: _Group, gateway: str, header: BatchHeader, code: str, detail: str) -> None:
        last = min(header.merged, _MOST_REJECTED)  # a hostile header may claim four billion rows
        refused = [Rejection(header.seq + offset, code, detail[:400]) for offset in range(last)]
        self.counters.refuse(code, f"{gateway}: {detail}")
        group.answers.reject(gateway, header.epoch, refused)

    def _event(self, group: _Group, gateway: str, payload: bytes) -> None:
        binding = self._bindings.gateway(gateway)
        if binding is None:
            return
        try:
            event = decode_event(gateway, payload)
        except (DeliveryError, AddressError) as error:
            self.counters.refuse("event", f"{gateway}: {error}")
            return
        if self._settled_row(group, gateway, event.epoch, event.seq):
            return
        if not binding.covers(event.finding.asset.enterprise, event.finding.asset.site):
            detail = f"{event.finding.asset} is not of this gateway"
            self._reject_row(group, gateway, event.epoch, Rejection(event.seq, "foreign_address", detail))
        else:
            group.events.append(event)

    def _report(self, group: _Group, gateway: str, payload: bytes) -> None:
        try:
            epoch, seq = CompletenessEnvelope.peek(payload)
        except DeliveryError as error:
            self.counters.refuse("completeness", f"{gateway}: {error}")  # nobody to answer for
            return
        if self._settled_row(group, gateway, epoch, seq):
            return
        try:
            pending = decode_report(gateway, payload)
            held = self._bindings.catalogue(gateway, pending.report.catalogue_id)
            if held is None:
                self.counters.waiting += 1
                group.answers.ask_catalogue(gateway, pending.report.catalogue_id)
                return
            if held.refused is not None:
                raise DeliveryError(held.refused.detail, offender=held.refused.code)
            pending.check(held.catalogue)
        except DeliveryError as error:
            self._reject_row(group, gateway, epoch, Rejection(seq, "completeness", str(error)[:400]))
            return
        group.reports.append(pending)

    def _sums(self, group: _Group, gateway: str, payload: bytes) -> None:
        binding = self._bindings.gateway(gateway)
        try:
            epoch, seq = SumsEnvelope.peek(payload)
        except DeliveryError as error:
            self.counters.refuse("sums", f"{gateway}: {error}")  # nobody to answer for
            return
        if binding is None or self._settled_row(group, gateway, epoch, seq):
            return
        try:
            pending = decode_sums(gateway, payload)
        except DeliveryError as error:
            self._reject_row(group, gateway, epoch, Rejection(seq, "sums", str(error)[:400]))
            return
        if binding.covers(pending.hour.asset.enterprise, pending.hour.asset.site):
            group.sums.append(pending)
        else:
            detail = f"{pending.hour.asset} is not of this gateway"
            self._reject_row(group, gateway, epoch, Rejection(seq, "foreign_address", detail))

    def _reject_row(self, group: _Group, gateway: str, epoch: int, refused: Rejection) -> None:
        self.counters.refuse(refused.code, f"{gateway}: {refused.detail}")
        group.answers.reject(gateway, epoch, [refused])

    def _settled_row(self, group: _Group, gateway: str, epoch: int, seq: int) -> bool:
        """True when a row of its own was answered before: it is answered again alike."""
        stored, refused = self._books.known(gateway, epoch)
        if seq in refused:
            group.answers.reject(gateway, epoch, [refused[seq]])
        elif seq in stored:
            self.counters.known += 1
            group.answers.accept(gateway, epoch, SeqRanges.of([seq]))
        return seq in refused or seq in stored

    def _store_group(self, group: _Group) -> None:
        now_ns = self._clock()
        outcomes: Sequence[WriteOutcome] = []
        if group.deliveries:
            with self.store_seconds.time():
                outcomes = self._store.write_many(group.deliveries)
        rows: list[PendingRow] = [*group.events, *group.reports, *group.sums]
        self._books.enter(group.deliveries, outcomes, rows, group.answers, now_ns)
        senders = {item.gateway for item in group.deliveries} | {row.gateway for row in rows}
        self.counters.reports += len(group.reports)
        self.counters.sums += len(group.sums)
        self.counters.take(outcomes, len(group.events), senders, now_ns)


_MOST_REJECTED = 10_000


def _seqs(header: BatchHeader) -> SeqRanges:
    return SeqRanges([(header.seq, header.seq + header.merged - 1)])


def _greatest(batch: SampleBatch) -> int:
    # sorted rows end with the greatest index; unsorted ones are legal too
    return batch.signal[-1] if batch.is_sorted() else max(batch.signal)
