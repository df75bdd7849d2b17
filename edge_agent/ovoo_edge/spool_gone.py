"""Numbers whose rows were freed while older rows stayed: a salvage must not take them for destroyed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from ovoo_edge.spool_acks import merge

__all__ = ["GONE", "forget_gone", "note_gone"]

GONE: Final = "CREATE TABLE IF NOT EXISTS gone (low INTEGER PRIMARY KEY, high INTEGER NOT NULL) WITHOUT ROWID"
"""Also given to files that were made without it: an agent that does not know it leaves it alone."""


def note_gone(connection: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """Notes freed numbers inside the caller's transaction."""
    ranges = merge((seq, seq) for seq in seqs)
    connection.executemany("INSERT OR REPLACE INTO gone VALUES (?, ?)", ranges)


def forget_gone(connection: sqlite3.Connection, oldest: int) -> None:
    """Forgets those before the oldest row there is, inside the caller's transaction."""
    connection.execute("DELETE FROM gone WHERE high < ?", (oldest,))
