"""From spool rows to messages: what may be merged, what a sink may not see, how a message is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ovoo_contract.catalogue import Catalogue, class_rank
from ovoo_contract.completeness import CompletenessEnvelope
from ovoo_contract.delivery import EventEnvelope
from ovoo_contract.findings import Finding
from ovoo_contract.hour_sums import HourSums, SumsEnvelope
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, FLAG_BACKFILL, BatchHeader, decode_batch, encode_batch

from ovoo_edge.completeness_row import ReportRow
from ovoo_edge.sinks.class_view import ClassView, Refusals
from ovoo_edge.spool_rows import RowKind, SpoolRow
from ovoo_edge.watermark import LATE_NS

__all__ = ["LIVE_SPAN_NS", "Message", "encode_rows", "plan"]

LIVE_SPAN_NS = 10_000_000_000
"""Longest stretch of time that one live message may cover."""


@dataclass(frozen=True, slots=True)
class Message:
    """A publishable message and the rows it carries.

    Attributes:
        kind: which chooses the topic.
        first, last: spool rows, inclusive.
        payload: bytes to publish.
        catalogue_id: what the receiver must know.
        refused: samples left out because of their data class.
    """

    kind: RowKind
    first: int
    last: int
    payload: bytes
    catalogue_id: str
    refused: Refusals = field(default_factory=dict)


def plan(
    rows: Sequence[SpoolRow], max_bytes: int, *, span_ns: int | None = None, merge: bool = True
) -> Iterator[list[SpoolRow]]:
    """Splits rows into those that travel together: consecutive batches of one catalogue and equal flags.

    Args:
        rows: ascending.
        max_bytes: sum of payloads; a larger single row goes alone.
        span_ns: rows stored further apart than this stay apart; None for a backlog.
        merge: False gives one message a row.
    """
    part: list[SpoolRow] = []
    size = 0
    for row in rows:
        if part and not (merge and _joins(part, row, span_ns) and size + len(row.payload) <= max_bytes):
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row.payload)
    if part:
        yield part


def encode_rows(
    rows: Sequence[SpoolRow], epoch: int, catalogue: Catalogue, view: ClassView, now_ns: int, sink: str
) -> Message:
    """The message of rows that `plan` put together.

    Rows of which the receiver may see nothing still give a batch, without samples: their numbers must not look lost.

    Raises:
        WireError: a payload cannot be decoded.
        DeliveryError: a finding, report or hour of sums cannot be read.
    """
    first = rows[0]
    if first.kind == "event":
        return _encode_event(first, epoch, catalogue, view)
    if first.kind == "completeness":
        return _encode_report(first, epoch, catalogue, view, sink)
    if first.kind == "sums":
        return _encode_sums(first, epoch, catalogue, view)
    decoded = [decode_batch(row.payload) for row in rows]
    merged = SampleBatch.concat([batch for _, batch in decoded]).sorted()
    flags = first.flags
    if max(row.last_ns for row in rows) < now_ns - LATE_NS:
        flags |= FLAG_BACKFILL
    shown_catalogue = view.catalogue(catalogue)
    shown, refused = view.show(merged, catalogue)
    header = BatchHeader(
        catalogue_id=shown_catalogue.id,
        epoch=epoch,
        seq=first.seq,
        merged=len(rows),
        flags=flags,
        receive_ns=max(header.receive_ns for header, _ in decoded),
        clock_offset_ns=decoded[-1][0].clock_offset_ns if len(shown) else 0,
    )
    payload = encode_batch(header, shown, CODEC_ZLIB)
    return Message("batch", first.seq, rows[-1].seq, payload, shown_catalogue.id, refused)


def _encode_report(row: SpoolRow, epoch: int, catalogue: Catalogue, view: ClassView, sink: str) -> Message:
    shown_id = view.catalogue(catalogue).id
    report = ReportRow.from_bytes(row.payload).for_sink(sink, shown_id, *view.places(catalogue))
    return Message("completeness", row.seq, row.seq, CompletenessEnvelope(epoch, row.seq, report).to_bytes(), shown_id)


def _encode_event(row: SpoolRow, epoch: int, catalogue: Catalogue, view: ClassView) -> Message:
    finding = Finding.from_json(row.payload)
    shown_id = view.catalogue(catalogue).id
    refused = view.refuses(finding, catalogue)
    if refused:
        return _withheld(row, epoch, shown_id, refused)
    payload = EventEnvelope(epoch, row.seq, finding).to_json()
    return Message("event", row.seq, row.seq, payload, shown_id)


def _encode_sums(row: SpoolRow, epoch: int, catalogue: Catalogue, view: ClassView) -> Message:
    hour = HourSums.from_bytes(row.payload)
    shown_id = view.catalogue(catalogue).id
    if not view.passes(hour.data_class):
        return _withheld(row, epoch, shown_id, {("event:sums", class_rank(hour.data_class)): 1})
    return Message("sums", row.seq, row.seq, SumsEnvelope(epoch, row.seq, hour).to_bytes(), shown_id)


def _withheld(row: SpoolRow, epoch: int, shown_id: str, refused: Refusals) -> Message:
    """A batch without samples in the place of what may not be seen: the number must not look lost."""
    header = BatchHeader(catalogue_id=shown_id, epoch=epoch, seq=row.seq, receive_ns=row.stored_ns)
    payload = encode_batch(header, SampleBatch.empty(), CODEC_ZLIB)
    return Message("batch", row.seq, row.seq, payload, shown_id, refused)


def _joins(part: Sequence[SpoolRow], row: SpoolRow, span_ns: int | None) -> bool:
    last = part[-1]
    return (
        row.seq == last.seq + 1
        and row.kind == last.kind == "batch"
        and row.catalogue_id == last.catalogue_id
        and row.flags == last.flags
        and (span_ns is None or row.stored_ns - part[0].stored_ns <= span_ns)
    )
