"""From spool rows to messages: what may be merged, what a sink may not see, how a message is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ovoo_contract.catalogue import Catalogue, DataClass, class_rank
from ovoo_contract.delivery import EventEnvelope
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, FLAG_BACKFILL, BatchHeader, decode_batch, encode_batch

from ovoo_edge.spool_rows import SpoolRow
from ovoo_edge.watermark import LATE_NS

__all__ = ["LIVE_SPAN_NS", "ClassFilter", "Message", "encode_rows", "plan"]

LIVE_SPAN_NS = 10_000_000_000
"""Longest stretch of time that one live message may cover."""


@dataclass(frozen=True, slots=True)
class Message:
    """A publishable message and the rows it carries.

    Attributes:
        kind: "batch" or "event", which chooses the topic.
        first, last: spool rows, inclusive.
        payload: bytes to publish.
        catalogue_id: what the receiver must know.
        refused: samples left out because of their data class.
    """

    kind: str
    first: int
    last: int
    payload: bytes
    catalogue_id: str
    refused: int = 0


class ClassFilter:
    """Leaves out samples of signals above a sink's class.

    Args:
        max_class: the highest class that passes.
    """

    def __init__(self, max_class: DataClass) -> None:
        self._rank = class_rank(max_class)
        self._masks: dict[str, bytes] = {}

    def apply(self, batch: SampleBatch, catalogue: Catalogue) -> SampleBatch:
        """The rows that may pass."""
        mask = self._masks.get(catalogue.id)
        if mask is None:
            mask = bytes(1 if class_rank(entry.data_class) <= self._rank else 0 for entry in catalogue.entries)
            self._masks[catalogue.id] = mask
        return batch if 0 not in mask else batch.select_signals(mask)


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
    rows: Sequence[SpoolRow], epoch: int, catalogue: Catalogue, allowed: ClassFilter, now_ns: int
) -> Message:
    """The message of rows that `plan` put together.

    Raises:
        WireError: a payload cannot be decoded.
        DeliveryError: a finding cannot be read.
    """
    first = rows[0]
    if first.kind == "event":
        envelope = EventEnvelope(epoch, first.seq, Finding.from_json(first.payload))
        return Message("event", first.seq, first.seq, envelope.to_json(), first.catalogue_id)
    decoded = [decode_batch(row.payload) for row in rows]
    total = sum(len(batch) for _, batch in decoded)
    merged = allowed.apply(SampleBatch.concat([batch for _, batch in decoded]).sorted(), catalogue)
    flags = first.flags
    if max(row.last_ns for row in rows) < now_ns - LATE_NS:
        flags |= FLAG_BACKFILL
    header = BatchHeader(
        catalogue_id=first.catalogue_id,
        epoch=epoch,
        seq=first.seq,
        merged=len(rows),
        flags=flags,
        receive_ns=max(header.receive_ns for header, _ in decoded),
        clock_offset_ns=decoded[-1][0].clock_offset_ns,
    )
    payload = encode_batch(header, merged, CODEC_ZLIB)
    return Message("batch", first.seq, rows[-1].seq, payload, first.catalogue_id, total - len(merged))


def _joins(part: Sequence[SpoolRow], row: SpoolRow, span_ns: int | None) -> bool:
    last = part[-1]
    return (
        row.seq == last.seq + 1
        and row.kind == last.kind == "batch"
        and row.catalogue_id == last.catalogue_id
        and row.flags == last.flags
        and (span_ns is None or row.stored_ns - part[0].stored_ns <= span_ns)
    )
