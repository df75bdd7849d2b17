"""Getting rows out of a damaged spool: the file is kept aside, every row whose checksum fits moves to the new one.

SQLite gives up a whole table when one inner page is gone, and the file when the first page is. So the pages are read
one by one, file and log, and every record that has the form of a spool's row is taken from wherever it stands.
"""

from __future__ import annotations

import json
import pathlib
import sqlite3
import zlib
from collections.abc import Sequence
from typing import cast

from ovoo_contract.errors import WireError
from ovoo_contract.wire import FLAG_BACKFILL, decode_batch

from ovoo_edge.spool_acks import Ranges, gaps, intersect, merge
from ovoo_edge.spool_cells import cells, payload, record
from ovoo_edge.spool_losses import record as record_lost
from ovoo_edge.spool_losses import tally_unreadable
from ovoo_edge.spool_pages import PageFile
from ovoo_edge.spool_rows import EVENT_RANK, FIGURE_SPAN_NS, KINDS, Tally
from ovoo_edge.spool_schema import PAGE_BYTES, Budget
from ovoo_edge.spool_survey import Place, Survey
from ovoo_edge.spool_transactions import in_transaction

__all__ = ["salvage", "set_aside"]

_Row = tuple[int, int, str, int, int, int, int, int, int, int, int, bytes]
_INSERT = (
    "INSERT INTO item (kind, catalogue, rows, first_ns, last_ns, stored_ns, class, flags, size, crc, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_GROUP_ROWS = 32
_FILL_SHARE = 0.9


def set_aside(path: pathlib.Path, now_ns: int) -> pathlib.Path:
    """Moves the database and its log to `<name>.damaged-<ns>`; returns the new path. Never deletes anything."""
    kept = path.with_name(f"{path.name}.damaged-{now_ns}")
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(kept.with_name(kept.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return kept


def salvage(kept: pathlib.Path, target: sqlite3.Connection, sinks: Sequence[str], budget: Budget, now_ns: int) -> str:
    """Copies every readable row, catalogue, count and quarantine entry into the new spool; `kept` stays as it is.

    Rows get new numbers in their old order and the flag backfill, so that a store can drop what it already holds.
    What each sink had acknowledged stays acknowledged, and a row that every sink had is left behind. Rows that were
    still wanted and cannot be read are recorded as lost, cause `spool_damaged`.

    Returns:
        One sentence for the log and the health page.
    """
    file = PageFile(kept)
    try:
        survey = Survey(file, target)
        mover = _Mover(target, sinks, int(budget.max_pages * PAGE_BYTES * _FILL_SHARE), survey.acked, survey.gone)
        for seq, places in survey.rows():
            mover.take(seq, _read_row(file, seq, places))
    finally:
        file.close()
    mover.finish()
    bad = mover.missing(survey.last_seq)
    if bad or not (mover.moved or survey.acked):
        _record_unknown(target, sinks, bad, now_ns)
    return f"{mover.moved} rows salvaged, {bad} unreadable, file kept as {kept.name}"


class _Mover:
    """Moves rows into the new spool, some at a time, within its budget."""

    def __init__(
        self,
        target: sqlite3.Connection,
        sinks: Sequence[str],
        room: int,
        acked: dict[str, Ranges],
        gone: Ranges,
    ) -> None:
        self._target = target
        self._acked = acked
        self._done: dict[str, Ranges] = {name: [] for name in sinks}
        self._all_have = _everywhere([acked[name] for name in sinks if name in acked])
        self._first = 1 if self._all_have else None
        # what was freed is listed as lost already; a row of it on a page that nobody overwrote counts no more
        self._all_have = merge([*self._all_have, *gone])
        self._taken: Ranges = []
        self._room = room
        self._group: list[_Row] = []
        self._high_ns = 0
        self.moved = 0

    def take(self, seq: int, row: _Row | None) -> None:
        """A row in ascending order, or None for one that cannot be read."""
        if self._first is None:
            self._first = seq
        if not gaps(self._all_have, seq, seq) or row is None or len(row[11]) > self._room:
            return
        self._room -= len(row[11])
        if self._taken and self._taken[-1][1] == seq - 1:
            self._taken[-1] = (self._taken[-1][0], seq)
        else:
            self._taken.append((seq, seq))
        self._group.append(row)
        if len(self._group) >= _GROUP_ROWS:
            self._write()

    def finish(self) -> None:
        """Writes the rest and what each sink had acknowledged."""
        self._write()
        for name, ranges in self._done.items():
            self._target.execute("UPDATE sink SET acked = ? WHERE name = ?", (json.dumps(merge(ranges)), name))
        if self._high_ns:
            self._target.execute("INSERT OR REPLACE INTO meta VALUES ('high_ns', ?)", (str(self._high_ns),))

    def missing(self, last_seq: int) -> int:
        """How many numbers up to `last_seq` were still wanted by a sink and did not move.

        Where no acknowledgement could be read, the count starts at the first row seen.
        """
        if self._first is None:
            return 0
        accounted = merge([*self._all_have, *self._taken])
        return sum(high - low + 1 for low, high in gaps(accounted, self._first, last_seq))

    def _write(self) -> None:
        in_transaction(self._target, self._insert)
        self._target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._group.clear()

    def _insert(self) -> None:
        for row in self._group:
            cursor = self._target.execute(_INSERT, (*row[1:8], row[8] | FLAG_BACKFILL, *row[9:]))
            new = cursor.lastrowid or 0
            self.moved += 1
            self._high_ns = max(self._high_ns, row[5])
            for name, ranges in self._done.items():
                if not gaps(self._acked.get(name, []), row[0], row[0]):
                    ranges.append((new, new))


def _everywhere(acked: Sequence[Ranges]) -> Ranges:
    found = acked[0] if acked else []
    for ranges in acked[1:]:
        found = intersect(found, ranges)
    return found


def _read_row(file: PageFile, seq: int, places: Sequence[Place]) -> _Row | None:
    """The row with this number from the first of the places where it is whole."""
    for place in places:
        for cell in cells(file.version(place.page, place.version)):
            if cell.rowid != seq:
                continue
            data = payload(cell, file)
            values = None if data is None else record(data)
            row = None if values is None else cast("_Row", (seq, *values[1:]))
            if row is not None and _is_whole(row):
                return row
    return None


def _is_whole(row: _Row) -> bool:
    """Whether payload and columns fit each other: a torn page may have spared the one and not the other."""
    _, kind, catalogue, rows, first_ns, last_ns, _, rank, _, size, crc, body = row
    if not (0 <= kind < len(KINDS) and 0 <= rank <= EVENT_RANK and size == len(body) and zlib.crc32(body) == crc):
        return False
    if KINDS[kind] != "batch":
        return rows == 1 and first_ns <= last_ns
    try:
        header, batch = decode_batch(body)
    except WireError:
        return False
    beyond_ns = last_ns - max(batch.time_ns, default=0)
    return (header.catalogue_id, len(batch), min(batch.time_ns, default=0)) == (catalogue, rows, first_ns) and (
        beyond_ns in (0, FIGURE_SPAN_NS)
    )


def _record_unknown(target: sqlite3.Connection, sinks: Sequence[str], bad: int, now_ns: int) -> None:
    lost: Tally = {}
    tally_unreadable(max(bad, 1), now_ns, now_ns, lost)
    in_transaction(target, lambda: record_lost(target, "spool_damaged", sinks, lost))
