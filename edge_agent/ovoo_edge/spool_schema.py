"""The spool's file: tables, pragmas and how the byte budget is divided between database and write-ahead log."""

from __future__ import annotations

import pathlib
import sqlite3
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError, SpoolDamaged

from ovoo_edge.spool_spans import LOST_SPAN

__all__ = [
    "FORMAT",
    "MIN_BUDGET_BYTES",
    "PAGE_BYTES",
    "REFUSED",
    "Budget",
    "connect",
    "create_tables",
    "stored_bytes",
    "upgrade",
]

FORMAT = 4
"""Version 2 added the table `position`, version 3 rows of the kind `completeness` and the count `backfilled`,
version 4 rows of the kind `sums`.

A file of an earlier version is brought up to this one when it is opened.
"""
PAGE_BYTES = 4096
MIN_BUDGET_BYTES = 4 << 20
_BUSY_S = 0.05
_ROW_HEAD_BYTES = 75
"""Columns of a row besides its payload, with their header."""
_CELL_BYTES = 20
"""Number and length of a cell and its place in the page, and what the row takes in the index."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE catalogue (id TEXT PRIMARY KEY, body BLOB NOT NULL, created_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE item (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, catalogue TEXT NOT NULL, rows INTEGER NOT NULL,
    first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, stored_ns INTEGER NOT NULL, class INTEGER NOT NULL,
    flags INTEGER NOT NULL, size INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE INDEX item_by_class ON item (class, seq, size);
CREATE TABLE sink (name TEXT PRIMARY KEY, acked TEXT NOT NULL, rejected INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, sink TEXT NOT NULL, code TEXT NOT NULL,
    detail TEXT NOT NULL, kind INTEGER NOT NULL, catalogue TEXT NOT NULL, rows INTEGER NOT NULL,
    at_ns INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE signal (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE);
CREATE TABLE lost (
    signal INTEGER NOT NULL, hour INTEGER NOT NULL, cause TEXT NOT NULL, sink TEXT NOT NULL, count INTEGER NOT NULL,
    from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, PRIMARY KEY (signal, hour, cause, sink)) WITHOUT ROWID;
CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, hour INTEGER NOT NULL, catalogue TEXT NOT NULL,
    body BLOB NOT NULL);
CREATE TABLE ledger (hour INTEGER NOT NULL, catalogue TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (hour, catalogue)) WITHOUT ROWID;
CREATE TABLE held (kind INTEGER NOT NULL, number INTEGER NOT NULL, catalogue TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (kind, number)) WITHOUT ROWID;
"""
REFUSED = (
    "CREATE TABLE IF NOT EXISTS refused (sink TEXT NOT NULL, class INTEGER NOT NULL, signal INTEGER NOT NULL, "
    "count INTEGER NOT NULL, PRIMARY KEY (sink, class, signal)) WITHOUT ROWID"
)
"""Also given to files that were made without it: an agent that does not know it leaves it alone."""
_POSITION = "CREATE TABLE position (source TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID"


@dataclass(frozen=True, slots=True)
class Budget:
    """How `budget_bytes` is shared out.

    Attributes:
        total_bytes: database, write-ahead log and its index together never grow beyond this.
        wal_reserve_bytes: the share of the write-ahead log; it is truncated at half of it.
    """

    total_bytes: int
    wal_reserve_bytes: int

    @classmethod
    def of(cls, total_bytes: int) -> Budget:
        """The division of a budget; a quarter, at most 32 MiB, goes to the log.

        Raises:
            ConfigError: below `MIN_BUDGET_BYTES`.
        """
        if total_bytes < MIN_BUDGET_BYTES:
            raise ConfigError(
                "spool budget too small",
                offender="spool.budget_mib",
                value=total_bytes / 2**20,
                remedy=f"at least {MIN_BUDGET_BYTES >> 20}",
            )
        return cls(total_bytes, min(total_bytes // 4, 32 << 20))

    @property
    def max_pages(self) -> int:
        """Pages the database file may have."""
        return (self.total_bytes - self.wal_reserve_bytes) // PAGE_BYTES

    @property
    def max_item_bytes(self) -> int:
        """Largest payload of one row: several of them must fit into the log's reserve."""
        return self.wal_reserve_bytes // 8

    @property
    def max_group_bytes(self) -> int:
        """Largest sum of payloads that one transaction may insert."""
        return self.wal_reserve_bytes // 3


def stored_bytes(payload_bytes: int) -> int:
    """Bytes of pages that a row with such a payload takes, as SQLite divides it between leaves and overflow pages.

    Source: SQLite's file format, section 1.6 (table leaf cells), for pages of 4,096 bytes.
    """
    usable, least = PAGE_BYTES - 4, (PAGE_BYTES - 12) * 32 // 255 - 23
    cell = payload_bytes + _ROW_HEAD_BYTES
    local, pages = cell, 0
    if cell > PAGE_BYTES - 35:
        local = least + (cell - least) % usable
        local = local if local <= PAGE_BYTES - 35 else least
        pages = -(-(cell - local) // usable)
    return pages * PAGE_BYTES + PAGE_BYTES // max(1, (PAGE_BYTES - 8) // (local + _CELL_BYTES))


def connect(path: pathlib.Path, budget: Budget) -> sqlite3.Connection:
    """An exclusive-writer connection in WAL mode with full durability and the page limit set.

    Raises:
        SpoolDamaged: the file is not a database, or its first pages are unreadable.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, cached_statements=64)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise SpoolDamaged("write-ahead log refused", offender=str(path), value=mode, remedy="use a local disk")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # zeroing freed pages would write every deleted byte to the log once more
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA cache_size = -2000")
        connection.execute(f"PRAGMA max_page_count = {budget.max_pages}")
    except sqlite3.DatabaseError as error:
        connection.close()
        if _is_full(error):
            raise
        raise SpoolDamaged(str(error), offender=str(path), remedy="it is set aside and salvaged") from error
    except SpoolDamaged:
        connection.close()
        raise
    return connection


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def create_tables(connection: sqlite3.Connection, epoch: int) -> None:
    """Fills an empty file with the tables of this version, in one transaction."""
    statements = [*(part for part in _TABLES.split(";") if part.strip()), _POSITION, REFUSED, LOST_SPAN]
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('format', ?), ('epoch', ?)", (str(FORMAT), str(epoch)))
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.rollback()
        raise


def upgrade(connection: sqlite3.Connection, version: int) -> bool:
    """Brings a file of an earlier version up to this one inside the caller's transaction; False where it cannot."""
    if version == 1:
        connection.execute(_POSITION)
    if version in (1, 2, 3):
        # counts of versions 1 and 2 are told from the present ones by how they start
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(FORMAT),))
        return True
    return version == FORMAT
