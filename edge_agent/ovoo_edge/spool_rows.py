"""What goes into the spool and what comes out of it: rows, groups, counts of what was kept back."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ovoo_edge.cells import Cells, cells_of

__all__ = [
    "COLUMNS",
    "EVENT_RANK",
    "FIGURE_SPAN_NS",
    "HOUR_NS",
    "KINDS",
    "Group",
    "HeldChange",
    "LostRow",
    "NewRow",
    "QuarantinedRow",
    "RefusedRow",
    "RowKind",
    "RowMeta",
    "SpoolGauges",
    "SpoolRow",
    "Tally",
    "insert_row",
    "read_row",
]

RowKind = Literal["batch", "event", "completeness", "sums"]
FIGURE_SPAN_NS = 60_000_000_000 - 1
"""How far a row of one-minute figures reaches beyond its times, which are the minutes' starts."""
HOUR_NS = 3_600_000_000_000
KINDS: tuple[RowKind, ...] = ("batch", "event", "completeness", "sums")
"""Kinds by the number that stands for them in the file."""
COLUMNS = "seq, kind, catalogue, rows, first_ns, last_ns, stored_ns, class, flags, crc, payload"
"""What `read_row` takes, in its order."""
EVENT_RANK = 3
"""Findings, completeness reports and sums rank above every data class: they are freed last."""


Tally = dict[tuple[str, int], list[int]]
"""(address, hour) -> [samples, first_ns, last_ns]."""


@dataclass(frozen=True, slots=True)
class RowMeta:
    """What the spool must know of a payload without decoding it.

    Attributes:
        rows: samples in it (1 for an event).
        first_ns: smallest sample time.
        last_ns: greatest sample time.
        rank: highest data class of its signals as `catalogue.class_rank`, or `EVENT_RANK`.
        flags: wire flags every message with this row must carry.
        receive_ns: when the gateway received it.
    """

    rows: int
    first_ns: int
    last_ns: int
    rank: int = 0
    flags: int = 0
    receive_ns: int = 0


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row on its way in; `payload` is a wire batch (seq 0), a finding's JSON, a `ReportRow` or `HourSums`."""

    kind: RowKind
    catalogue_id: str
    payload: bytes
    meta: RowMeta


@dataclass(frozen=True, slots=True)
class HeldChange:
    """One entry of the journal of held samples, see `spool_held`.

    Attributes:
        kind: which journal.
        number: of the entry, ascending within its kind.
        catalogue_id: of the samples.
        body: of `spool_held.pack_change`; empty = none is written.
        forget_below: entries of the kind with smaller numbers are deleted.
    """

    kind: int
    number: int
    catalogue_id: str
    body: bytes
    forget_below: int


@dataclass(slots=True)
class Group:
    """Rows and counts that become durable together.

    Attributes:
        rows: in the order in which they get their sequence numbers.
        counts: (hour, catalogue id) -> numbers per signal and counter.
        lost: samples that fit into no row, by cause.
        positions: how far each source is with this group, in the source's own words; they replace the earlier ones.
        held: changes of what is held.
    """

    rows: list[NewRow] = field(default_factory=list)
    counts: dict[tuple[int, str], Cells] = field(default_factory=dict)
    lost: dict[str, Tally] = field(default_factory=dict)
    positions: dict[str, bytes] = field(default_factory=dict)
    held: list[HeldChange] = field(default_factory=list)

    def append(self, kind: RowKind, catalogue_id: str, payload: bytes, meta: RowMeta) -> None:
        """Adds one row."""
        self.rows.append(NewRow(kind, catalogue_id, payload, meta))

    def count(self, hour: int, counter: str, catalogue_id: str, per_signal: Mapping[int, int]) -> None:
        """Adds counts of one hour (hours since 1970 UTC), see `cells.COUNTERS`."""
        self.add_cells(hour, catalogue_id, cells_of(counter, per_signal))

    def add_cells(self, hour: int, catalogue_id: str, cells: Cells) -> None:
        """Adds counts of one hour; a second call for the same hour adds up."""
        have = self.counts.get((hour, catalogue_id))
        self.counts[hour, catalogue_id] = cells if have is None else have.plus(cells)

    @property
    def is_empty(self) -> bool:
        """True when a commit of it would change nothing."""
        return not (self.rows or self.counts or self.lost or self.positions or self.held)

    @property
    def size(self) -> int:
        """Bytes of all payloads."""
        return sum(len(row.payload) for row in self.rows) + sum(len(change.body) for change in self.held)


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A row read back."""

    seq: int
    kind: RowKind
    catalogue_id: str
    rows: int
    first_ns: int
    last_ns: int
    stored_ns: int
    rank: int
    flags: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class LostRow:
    """Samples that will never reach `sink`: one signal, one hour, one cause."""

    address: str
    hour: int
    cause: str
    sink: str
    count: int
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """Samples of one signal (or findings, `event:<code>`) that `sink` may not see; `rank` is their data class."""

    sink: str
    rank: int
    address: str
    count: int


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that a sink's server refused, with the server's words; the payload stays for inspection."""

    seq: int
    sink: str
    code: str
    detail: str
    kind: RowKind
    catalogue_id: str
    rows: int
    at_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class SpoolGauges:
    """State of the spool for health pages.

    Attributes:
        epoch: of this file.
        next_seq: number the next row gets.
        used_bytes: pages in use, of `limit_bytes`.
        file_bytes: database and log on disk.
        backlog_rows: rows not yet acknowledged, per sink.
        backlog_bytes: their payload bytes, per sink.
        backlog_since_ns: time of storing of the oldest such row, 0 when none, per sink.
        buffer_h: hours until something must give way if nothing leaves, at the rate at which rows came in the last
            minutes; None while that rate is unknown.
        quarantined: rows in quarantine, per sink.
        refused: samples not shown to a sink because of its class, per sink and class rank.
        lost: samples that will never reach the sink, per sink and cause.
        ballast: False while the ballast file is spent: the disk is full.
    """

    epoch: int
    next_seq: int
    used_bytes: int
    limit_bytes: int
    file_bytes: int
    backlog_rows: Mapping[str, int]
    backlog_bytes: Mapping[str, int]
    backlog_since_ns: Mapping[str, int]
    buffer_h: float | None
    quarantined: Mapping[str, int]
    refused: Mapping[str, Mapping[int, int]]
    lost: Mapping[str, Mapping[str, int]]
    ballast: bool
    salvaged: Sequence[str] = ()


def insert_row(connection: sqlite3.Connection, row: NewRow, now_ns: int) -> int:
    """Writes a row inside the caller's transaction and gives its number."""
    meta = row.meta
    head = (KINDS.index(row.kind), row.catalogue_id, meta.rows, meta.first_ns, meta.last_ns, now_ns)
    cursor = connection.execute(
        "INSERT INTO item (kind, catalogue, rows, first_ns, last_ns, stored_ns, class, flags, size, crc, payload) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*head, meta.rank, meta.flags, len(row.payload), zlib.crc32(row.payload), row.payload),
    )
    return cursor.lastrowid or 0


def read_row(found: tuple[Any, ...]) -> SpoolRow:
    """The row of `COLUMNS`."""
    return SpoolRow(
        seq=found[0],
        kind=KINDS[found[1]],
        catalogue_id=found[2],
        rows=found[3],
        first_ns=found[4],
        last_ns=found[5],
        stored_ns=found[6],
        rank=found[7],
        flags=found[8],
        payload=found[10],
    )
