"""Counts per signal and hour of what came in and what was kept back, durable with the rows they belong to.

Every group commits one small journal row; once a minute the journal is folded into one row per hour and catalogue.
After a crash the journal is added to the folded rows, so the counts are exact.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from ovoo_edge.cells import COUNTERS, Cells, pack, unpack
from ovoo_edge.spool_rows import Group

__all__ = ["COUNTERS", "KEEP_HOURS", "Ledger", "LedgerRow"]

KEEP_HOURS = 400 * 24


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Counts of one signal in one hour (hours since 1970 UTC)."""

    signal: int
    hour: int
    catalogue_id: str
    received: int
    suppressed: int
    duplicate: int
    shifted: int
    backfilled: int


class Ledger:
    """The folded counters of the hours in use, backed by the tables `journal` and `ledger`.

    All methods run in the thread of the connection; `journal` inside the caller's transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._hours: dict[tuple[int, str], Cells] = {}
        self._journal_rows = 0
        self._replay()

    @property
    def journal_rows(self) -> int:
        """Rows waiting to be folded."""
        return self._journal_rows

    def journal(self, group: Group) -> None:
        """Writes the group's counts into the open transaction."""
        for key, cells in group.counts.items():
            self._connection.execute(
                "INSERT INTO journal (hour, catalogue, body) VALUES (?, ?, ?)", (key[0], key[1], pack(cells))
            )

    def committed(self, group: Group) -> None:
        """Takes the group's counts over once its transaction stands."""
        for key, cells in group.counts.items():
            self._add(key, cells)
            self._journal_rows += 1

    def fold(self) -> None:
        """Folds the journal inside the caller's transaction; the hours leave the memory afterwards."""
        for key, cells in self._hours.items():
            self._connection.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", (key[0], key[1], pack(cells)))
        self._connection.execute("DELETE FROM journal")
        if self._hours:
            newest = max(hour for hour, _ in self._hours)
            self._connection.execute("DELETE FROM ledger WHERE hour < ?", (newest - KEEP_HOURS,))

    def folded(self) -> None:
        """Called once the folding transaction stands."""
        self._journal_rows = 0
        self._hours.clear()

    def rows(self, from_hour: int, to_hour: int) -> list[LedgerRow]:
        """All counts with `from_hour <= hour < to_hour`, sorted by hour and signal."""
        found: dict[tuple[int, str], Cells] = {
            (hour, catalogue): unpack(body)
            for hour, catalogue, body in self._connection.execute(
                "SELECT hour, catalogue, body FROM ledger WHERE hour >= ? AND hour < ?", (from_hour, to_hour)
            )
        }
        found.update({key: cells for key, cells in self._hours.items() if from_hour <= key[0] < to_hour})
        return [row for key in sorted(found) for row in _rows_of(key, found[key])]

    def marks(self, from_hour: int, to_hour: int) -> dict[int, int]:
        """A checksum per hour of all its counts, which changes whenever one of them does."""
        stored = self._connection.execute(
            "SELECT hour, catalogue, body FROM ledger WHERE hour >= ? AND hour < ?", (from_hour, to_hour)
        )
        bodies = {(hour, catalogue): body for hour, catalogue, body in stored}
        bodies.update({key: pack(cells) for key, cells in self._hours.items() if from_hour <= key[0] < to_hour})
        found: dict[int, int] = {}
        for hour, catalogue in sorted(bodies):
            found[hour] = zlib.crc32(bodies[hour, catalogue], found.get(hour, 0))
        return found

    def _add(self, key: tuple[int, str], cells: Cells) -> None:
        have = self._hours.get(key)
        if have is None:
            have = self._load(key)
        self._hours[key] = cells if have is None else have.plus(cells)

    def _load(self, key: tuple[int, str]) -> Cells | None:
        found = self._connection.execute("SELECT body FROM ledger WHERE hour = ? AND catalogue = ?", key).fetchone()
        return unpack(found[0]) if found else None

    def _replay(self) -> None:
        stored = self._connection.execute("SELECT hour, catalogue, body FROM journal ORDER BY id").fetchall()
        for hour, catalogue, body in stored:
            self._add((hour, catalogue), unpack(body))
            self._journal_rows += 1


def _rows_of(key: tuple[int, str], cells: Cells) -> Iterable[LedgerRow]:
    signals: dict[int, dict[str, int]] = {}
    for signal, counter, number in cells.each():
        signals.setdefault(signal, dict.fromkeys(COUNTERS, 0))[counter] = number
    return [LedgerRow(signal, *key, *counts.values()) for signal, counts in signals.items()]
