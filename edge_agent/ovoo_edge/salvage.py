"""Getting rows out of a damaged spool: the file is kept aside, every row whose checksum fits moves to the new one."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence

from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge.spool_acks import Ranges, intersect, merge
from ovoo_edge.spool_losses import record, tally_unreadable
from ovoo_edge.spool_parts import unfinished_from
from ovoo_edge.spool_rows import Tally
from ovoo_edge.spool_schema import PAGE_BYTES, Budget
from ovoo_edge.spool_transactions import in_transaction

__all__ = ["salvage", "set_aside"]

_Row = tuple[int, int, str, int, int, int, int, int, int, int, int, bytes]
_TABLES = ("catalogue", "ledger", "signal", "lost", "quarantine", "position")
_NEXT = "SELECT * FROM item WHERE seq > ? ORDER BY seq LIMIT 1"
_ONE = "SELECT * FROM item WHERE seq = ?"
_INSERT = (
    "INSERT INTO item (kind, catalogue, rows, first_ns, last_ns, stored_ns, class, flags, size, crc, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MOST_PROBES = 2_000_000
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
    """Copies every readable row, catalogue, count and quarantine entry into the new spool.

    Rows get new numbers in their old order and the flag backfill, so that a store can drop what it already holds.
    What each sink had acknowledged stays acknowledged. Unreadable rows are recorded as lost, cause `spool_damaged`.

    Returns:
        One sentence for the log and the health page.
    """
    source = sqlite3.connect(f"file:{kept}?mode=rw", uri=True, isolation_level=None)
    mover = _Mover(target, sinks, int(budget.max_pages * PAGE_BYTES * _FILL_SHARE))
    try:
        mover.acked = _old_acks(source)
        for table in _TABLES:
            _copy_table(source, target, table)
        for seq, row in _rows(source):
            mover.take(seq, row)
    finally:
        source.close()
    mover.finish()
    if mover.bad or not mover.moved:
        _record_unknown(target, sinks, mover.bad, now_ns)
    return f"{mover.moved} rows salvaged, {mover.bad} unreadable, file kept as {kept.name}"


class _Mover:
    """Moves rows into the new spool, some at a time, within its budget."""

    def __init__(self, target: sqlite3.Connection, sinks: Sequence[str], room: int) -> None:
        self._target = target
        self._done: dict[str, Ranges] = {name: [] for name in sinks}
        self._room = room
        self._group: list[_Row] = []
        self.acked: dict[str, Ranges] = {}
        self.moved = 0
        self.bad = 0

    def take(self, seq: int, row: _Row | None) -> None:
        """A row, or None for one that cannot be read."""
        if row is None or zlib.crc32(row[11]) != row[10] or len(row[11]) > self._room:
            self.bad += 1
            return
        self._room -= len(row[11])
        self._group.append(row)
        if len(self._group) >= _GROUP_ROWS:
            self._write()

    def finish(self) -> None:
        """Writes the rest and what each sink had acknowledged."""
        self._write()
        for name, ranges in self._done.items():
            self._target.execute("UPDATE sink SET acked = ? WHERE name = ?", (json.dumps(merge(ranges)), name))

    def _write(self) -> None:
        in_transaction(self._target, self._insert)
        self._target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._group.clear()

    def _insert(self) -> None:
        for row in self._group:
            cursor = self._target.execute(_INSERT, (*row[1:8], row[8] | FLAG_BACKFILL, *row[9:]))
            new = cursor.lastrowid or 0
            self.moved += 1
            for name, ranges in self._done.items():
                if intersect(self.acked.get(name, []), [(row[0], row[0])]):
                    ranges.append((new, new))


def _copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    rows: list[tuple[object, ...]] = []
    # what can be read before the damage is kept
    with contextlib.suppress(sqlite3.Error):
        rows.extend(source.execute(f"SELECT * FROM {table}"))  # noqa: S608 - a name from _TABLES
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        statement = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608
        in_transaction(target, lambda: target.executemany(statement, rows))


def _old_acks(source: sqlite3.Connection) -> dict[str, Ranges]:
    try:
        found = source.execute("SELECT name, acked FROM sink").fetchall()
        return {name: merge(json.loads(text)) for name, text in found}
    except (sqlite3.Error, ValueError, TypeError):
        # without them every row goes out again; the stores drop what they have
        return {}


def _rows(source: sqlite3.Connection) -> Iterator[tuple[int, _Row | None]]:
    """Every row in order; (seq, None) for one that cannot be read."""
    after, last = _end(source, "min", 1) - 1, _end(source, "max", 0)
    with contextlib.suppress(sqlite3.Error, ValueError):
        first_unfinished = unfinished_from(source)
        last = last if first_unfinished is None else min(last, first_unfinished - 1)
    for _ in range(_MOST_PROBES):
        if after >= last:
            return
        try:
            found: _Row | None = source.execute(_NEXT, (after,)).fetchone()
        except sqlite3.Error:
            after += 1
            readable, row = _probe(source, after)
            if row is not None or not readable:
                yield after, row
            continue
        if found is None or found[0] > last:
            return
        after = found[0]
        yield after, found


def _end(source: sqlite3.Connection, which: str, default: int) -> int:
    """The smallest or greatest number; where the table's edge is damaged, what the counter of numbers says."""
    with contextlib.suppress(sqlite3.Error):
        order = "ASC" if which == "min" else "DESC"
        found = source.execute(f"SELECT seq FROM item ORDER BY seq {order} LIMIT 1").fetchone()  # noqa: S608
        return int(found[0]) if found else default
    with contextlib.suppress(sqlite3.Error, TypeError):
        counter = source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'item'").fetchone()
        return int(counter[0]) if which == "max" else default
    return default


def _probe(source: sqlite3.Connection, seq: int) -> tuple[bool, _Row | None]:
    """(readable, row): (True, None) when there is no such row, (False, None) when it is damaged."""
    try:
        found: _Row | None = source.execute(_ONE, (seq,)).fetchone()
    except sqlite3.Error:
        return False, None
    return True, found


def _record_unknown(target: sqlite3.Connection, sinks: Sequence[str], bad: int, now_ns: int) -> None:
    lost: Tally = {}
    tally_unreadable(max(bad, 1), now_ns, now_ns, lost)
    in_transaction(target, lambda: record(target, "spool_damaged", sinks, lost))
