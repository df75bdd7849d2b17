"""Getting rows out of a damaged spool: the file is kept aside, every row whose checksum fits moves to the new one."""

from __future__ import annotations

import json
import pathlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence

from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge.spool_acks import Ranges, intersect, merge
from ovoo_edge.spool_losses import Tally, record, tally_unreadable
from ovoo_edge.spool_schema import Budget
from ovoo_edge.spool_transactions import in_transaction

__all__ = ["salvage", "set_aside"]

_ITEM = "seq, kind, catalogue, rows, first_ns, last_ns, stored_ns, class, flags, size, crc, payload"
_MOST_PROBES = 2_000_000
_GROUP_ROWS = 64


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
    try:
        source.execute("PRAGMA cell_size_check = ON")
        for table in ("catalogue", "ledger", "signal", "lost", "quarantine"):
            _copy_table(source, target, table)
        acked = _old_acks(source)
        moved, bad = _move_rows(source, target, sinks, acked, budget)
    finally:
        source.close()
    if bad or not moved:
        _record_unknown(target, sinks, bad, now_ns)
    return f"{moved} rows salvaged, {len(bad)} unreadable, file kept as {kept.name}"


def _copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    rows: list[tuple[object, ...]] = []
    try:
        for row in source.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name from the tuple above
            rows.append(row)
    except sqlite3.Error:
        # what could be read before the damage is kept; the loss of the rest is recorded by the caller
        pass
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        in_transaction(target, lambda: target.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows))  # noqa: S608


def _old_acks(source: sqlite3.Connection) -> dict[str, Ranges]:
    try:
        found = source.execute("SELECT name, acked FROM sink").fetchall()
        return {name: merge(json.loads(text)) for name, text in found}
    except (sqlite3.Error, ValueError, TypeError):
        return {}


def _move_rows(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    sinks: Sequence[str],
    acked: dict[str, Ranges],
    budget: Budget,
) -> tuple[int, list[int]]:
    bad: list[int] = []
    done: dict[str, Ranges] = {name: [] for name in sinks}
    moved = 0
    group: list[tuple[object, ...]] = []
    room = int(budget.max_pages * 4096 * 0.9)

    def write() -> None:
        nonlocal moved
        for row in group:
            seq = target.execute(
                "INSERT INTO item (kind, catalogue, rows, first_ns, last_ns, stored_ns, class, flags, size, crc, payload) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row[1:8], int(str(row[8])) | FLAG_BACKFILL, *row[9:]),
            ).lastrowid
            moved += 1
            for name in sinks:
                if intersect(acked.get(name, []), [(int(str(row[0])),) * 2]):
                    done[name].append((seq or 0, seq or 0))

    for seq, row in _rows(source):
        if row is None or zlib.crc32(row[-1]) != row[-2]:
            bad.append(seq)
            continue
        room -= len(row[-1])
        if room < 0:
            bad.append(seq)
            continue
        group.append(row)
        if len(group) >= _GROUP_ROWS:
            in_transaction(target, write)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            group.clear()
    in_transaction(target, write)
    for name, ranges in done.items():
        target.execute("UPDATE sink SET acked = ? WHERE name = ?", (json.dumps(merge(ranges)), name))
    return moved, bad


def _rows(source: sqlite3.Connection) -> Iterator[tuple[int, tuple[object, ...] | None]]:
    """Every row in order; (seq, None) for one that cannot be read."""
    try:
        low, high = (
            source.execute(f"SELECT seq FROM item ORDER BY seq {order} LIMIT 1").fetchone() for order in ("ASC", "DESC")
        )
    except sqlite3.Error:
        low, high = None, None
    if low is None or high is None:
        return
    after = low[0] - 1
    for _ in range(_MOST_PROBES):
        try:
            row = source.execute(f"SELECT {_ITEM} FROM item WHERE seq > ? ORDER BY seq LIMIT 1", (after,)).fetchone()  # noqa: S608
        except sqlite3.Error:
            row = _probe(source, after + 1)
            yield after + 1, row
            after += 1
            if after >= high[0]:
                return
            continue
        if row is None:
            return
        after = row[0]
        yield after, row


def _probe(source: sqlite3.Connection, seq: int) -> tuple[object, ...] | None:
    try:
        found: tuple[object, ...] | None = source.execute(
            f"SELECT {_ITEM} FROM item WHERE seq = ?",
            (seq,),
        ).fetchone()
    except sqlite3.Error:
        return None
    return found


def _record_unknown(target: sqlite3.Connection, sinks: Sequence[str], bad: Sequence[int], now_ns: int) -> None:
    lost: Tally = {}
    tally_unreadable(max(len(bad), 1), now_ns, now_ns, lost)
    in_transaction(target, lambda: record(target, "spool_damaged", sinks, lost))
