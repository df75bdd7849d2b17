"""Batches become spool rows: one data class each, small enough for a message, in groups that a transaction can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, BatchHeader, encode_batch

from ovoo_edge._select import extent_kernels
from ovoo_edge.cells import HourCells, count_rows
from ovoo_edge.spool_rows import EVENT_RANK, HOUR_NS, Group, RowMeta, Tally

__all__ = ["MAX_ROWS", "Output", "RowWriter"]

MAX_ROWS = 10_000
"""Samples per spool row, at most: a row stays far below a message's limit."""


@dataclass(slots=True)
class Output:
    """What is to be committed.

    Attributes:
        groups: in order; several only when one transaction cannot take all of it.
        lost: rows that fit nowhere, with the reason.
    """

    groups: list[Group] = field(default_factory=lambda: [Group()])
    lost: dict[str, Tally] = field(default_factory=dict)

    def group_for(self, size: int, largest: int) -> Group:
        """The group that takes `size` bytes more."""
        if self.groups[-1].size + size > largest:
            self.groups.append(Group())
        return self.groups[-1]


class RowWriter:
    """Encodes rows of one catalogue.

    Args:
        catalogue: of the batches.
        ranks: data class of every signal, see `catalogue.class_rank`.
        limits: (largest row, largest group) in bytes.
        span_ns: added to the greatest time of a row: figures of a window stand at its start.
    """

    def __init__(self, catalogue: Catalogue, ranks: Sequence[int], limits: tuple[int, int], span_ns: int = 0) -> None:
        self._catalogue = catalogue
        self._limits = limits
        self._span_ns = span_ns
        self._classes = [(rank, bytes(own == rank for own in ranks)) for rank in sorted(set(ranks))]

    def append(self, batch: SampleBatch, flags: int, receive_ns: int, output: Output, clock_offset_ns: int = 0) -> None:
        """Adds a row per data class and at most `MAX_ROWS` samples."""
        header = BatchHeader(
            catalogue_id=self._catalogue.id,
            epoch=0,
            seq=0,
            flags=flags,
            receive_ns=receive_ns,
            clock_offset_ns=clock_offset_ns,
        )
        for rank, mask in self._classes if len(batch) else ():
            part = batch.select_signals(mask) if len(self._classes) > 1 else batch
            for start in range(0, len(part), MAX_ROWS):
                rows = part if len(part) <= MAX_ROWS else part.slice(start, start + MAX_ROWS)
                self._append_row(rows, rank, header, output)

    def append_event(self, finding: Finding, receive_ns: int, output: Output) -> None:
        """Adds a finding."""
        payload = finding.to_json()
        meta = RowMeta(1, finding.start_ns, finding.end_ns, EVENT_RANK, 0, receive_ns)
        output.group_for(len(payload), self._limits[1]).append("event", self._catalogue.id, payload, meta)

    def lose(self, cause: str, counts: HourCells, output: Output) -> None:
        """Lists samples that cannot be stored."""
        into = output.lost.setdefault(cause, {})
        for hour, cells in counts.items():
            for signal, _, number in cells.each():
                address = str(self._catalogue.entries[signal].address)
                cell = into.setdefault((address, hour), [0, hour * HOUR_NS, (hour + 1) * HOUR_NS - 1])
                cell[0] += number

    def _append_row(self, batch: SampleBatch, rank: int, header: BatchHeader, output: Output) -> None:
        payload = encode_batch(header, batch, CODEC_ZLIB)
        if len(payload) > self._limits[0]:
            self._append_halves(batch, rank, header, output)
            return
        first_ns, last_ns = extent_kernels.bounds_of(batch.time_ns)
        meta = RowMeta(len(batch), first_ns, last_ns + self._span_ns, rank, header.flags, header.receive_ns)
        output.group_for(len(payload), self._limits[1]).append("batch", self._catalogue.id, payload, meta)

    def _append_halves(self, batch: SampleBatch, rank: int, header: BatchHeader, output: Output) -> None:
        half = len(batch) // 2
        if not half:
            self.lose("larger_than_a_row", count_rows(batch, "received"), output)
            return
        self._append_row(batch.slice(0, half), rank, header, output)
        self._append_row(batch.slice(half, len(batch)), rank, header, output)
