"""A commit that needs several transactions: until the last one stands, none of its rows exists for anybody.

The number of its first row is marked in the file; what is found behind a mark is taken back. Nobody saw those rows, so
their numbers are given again.
"""

from __future__ import annotations

import sqlite3

__all__ = ["UNFINISHED", "finish", "mark", "take_back", "unfinished_from"]

UNFINISHED = "unfinished"
"""Key of the mark in the table `meta`."""


def mark(connection: sqlite3.Connection, first_seq: int) -> None:
    """Notes inside the caller's transaction that rows from `first_seq` on wait for the last part."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (UNFINISHED, str(first_seq)))


def finish(connection: sqlite3.Connection) -> None:
    """Removes the mark inside the transaction of the last part."""
    connection.execute("DELETE FROM meta WHERE key = ?", (UNFINISHED,))


def unfinished_from(connection: sqlite3.Connection) -> int | None:
    """Number of the first row of an unfinished commit, None when there is none."""
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (UNFINISHED,)).fetchone()
    return None if found is None else int(found[0])


def take_back(connection: sqlite3.Connection) -> None:
    """Removes the rows of an unfinished commit inside the caller's transaction."""
    first_seq = unfinished_from(connection)
    if first_seq is None:
        return
    connection.execute("DELETE FROM item WHERE seq >= ?", (first_seq,))
    connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'item'", (first_seq - 1,))
    finish(connection)
