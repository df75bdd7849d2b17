"""Opening a spool: a new file, an existing one, or a damaged one that is set aside and salvaged."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ovoo_contract.errors import SpoolDamaged, SpoolError

from ovoo_edge.salvage import salvage, set_aside
from ovoo_edge.spool_acks import Ranges, gaps
from ovoo_edge.spool_gone import GONE
from ovoo_edge.spool_parts import take_back
from ovoo_edge.spool_schema import FORMAT, REFUSED, Budget, connect, create_tables, upgrade
from ovoo_edge.spool_spans import LOST_SPAN
from ovoo_edge.spool_transactions import in_transaction, spool_failure

__all__ = ["OpenSpool", "open_file"]


@dataclass(frozen=True, slots=True)
class OpenSpool:
    """An open file and what stands in it.

    Attributes:
        acked: ranges per sink, for exactly the configured sinks.
        last_seq: the number given last.
        high_ns: greatest sample time ever committed.
        salvaged: one sentence per damaged file that was set aside now.
    """

    connection: sqlite3.Connection
    path: pathlib.Path
    budget: Budget
    epoch: int
    last_seq: int
    high_ns: int
    acked: Mapping[str, Ranges]
    salvaged: tuple[str, ...]


def open_file(
    path: pathlib.Path,
    budget_bytes: int,
    sinks: tuple[str, ...],
    epoch_source: Callable[[], int],
    clock: Callable[[], int],
    damage: str = "",
) -> OpenSpool:
    """Opens, creates or replaces the file; see `Spool.open`.

    Args:
        path, budget_bytes, sinks, epoch_source, clock: as there.
        damage: the file is known to be damaged, in these words: it is replaced without being tried.
    """
    budget = Budget.of(budget_bytes)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not damage:
        try:
            return _load(path, budget, sinks, epoch_source, ())
        except SpoolDamaged as found:
            damage = str(found)
    kept = set_aside(path, clock())
    opened = _load(path, budget, sinks, epoch_source, ())
    try:
        note = salvage(kept, opened.connection, sinks, budget, clock())
    finally:
        opened.connection.close()
    return _load(path, budget, sinks, epoch_source, (f"{damage}: {note}",))


def _another_version(path: pathlib.Path, version: str) -> SpoolError:
    return SpoolError(
        "spool of another version",
        offender=str(path),
        value=version,
        remedy=f"this agent writes version {FORMAT}; use the agent that wrote it, or move the file away",
    )


def _refuse_later(path: pathlib.Path) -> None:
    """SpoolError for a file that a later agent wrote, before anything of it is touched."""
    if not path.exists() or not path.stat().st_size:
        return
    with contextlib.suppress(sqlite3.Error, ValueError, TypeError):  # what is damaged is judged when it is opened
        looking = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            found = looking.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        finally:
            looking.close()
        if found is not None and int(found[0]) > FORMAT:
            raise _another_version(path, found[0])


def _load(
    path: pathlib.Path,
    budget: Budget,
    sinks: tuple[str, ...],
    epoch_source: Callable[[], int],
    salvaged: tuple[str, ...],
) -> OpenSpool:
    _refuse_later(path)
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(path, budget)
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            create_tables(connection, epoch_source())
        return _read(connection, path, budget, sinks, salvaged)
    except sqlite3.Error as error:
        _close(connection)
        raise spool_failure(error, path) from error
    except (ValueError, KeyError, TypeError) as error:
        _close(connection)
        raise SpoolDamaged(f"unreadable head: {error!r}", offender=str(path), remedy="it is set aside") from error
    except SpoolError:
        _close(connection)
        raise


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


def _read(
    connection: sqlite3.Connection,
    path: pathlib.Path,
    budget: Budget,
    sinks: tuple[str, ...],
    salvaged: tuple[str, ...],
) -> OpenSpool:
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if not in_transaction(connection, lambda: upgrade(connection, int(meta["format"]))):
        raise _another_version(path, meta["format"])
    in_transaction(connection, lambda: take_back(connection))
    connection.execute(REFUSED)
    connection.execute(LOST_SPAN)
    connection.execute(GONE)
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'item'").fetchone()
    last_seq = int(found[0]) if found else 0
    stored = {name for (name,) in connection.execute("SELECT name FROM sink")}
    oldest = connection.execute("SELECT min(seq) FROM item").fetchone()[0]
    in_transaction(connection, lambda: _sync_sinks(connection, sinks, stored, oldest or last_seq + 1))
    acked = {name: _ranges(connection, name) for name in sinks}
    return OpenSpool(
        connection=connection,
        path=path,
        budget=budget,
        epoch=int(meta["epoch"]),
        last_seq=last_seq,
        high_ns=int(meta.get("high_ns", "0")),
        acked=acked,
        salvaged=salvaged,
    )


def _sync_sinks(connection: sqlite3.Connection, sinks: tuple[str, ...], stored: set[str], oldest: int) -> None:
    """New sinks start at the oldest row; rows that only a removed sink still needed leave."""
    for name in stored - set(sinks):
        connection.execute("DELETE FROM sink WHERE name = ?", (name,))
    for name in sinks:
        if name not in stored:
            done = json.dumps([[1, oldest - 1]] if oldest > 1 else [])
            connection.execute("INSERT INTO sink (name, acked) VALUES (?, ?)", (name, done))
    if stored - set(sinks):
        _delete_done(connection, sinks)


def _delete_done(connection: sqlite3.Connection, sinks: tuple[str, ...]) -> None:
    last = connection.execute("SELECT max(seq) FROM item").fetchone()[0]
    needed: list[tuple[int, int]] = []
    for name in sinks:
        needed += gaps(_ranges(connection, name), 1, last or 0)
    connection.execute("CREATE TEMP TABLE needed (low INTEGER, high INTEGER)")
    connection.executemany("INSERT INTO needed VALUES (?, ?)", needed)
    connection.execute(
        "DELETE FROM item WHERE NOT EXISTS (SELECT 1 FROM needed WHERE item.seq BETWEEN needed.low AND needed.high)"
    )
    connection.execute("DROP TABLE needed")


def _ranges(connection: sqlite3.Connection, name: str) -> Ranges:
    text = connection.execute("SELECT acked FROM sink WHERE name = ?", (name,)).fetchone()[0]
    return [(int(low), int(high)) for low, high in json.loads(text)]
