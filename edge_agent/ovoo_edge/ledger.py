"""Counts per signal and hour of what came in and what was kept back, durable with the rows they belong to.

Every group commits one small journal row; once a minute the journal is folded into one row per hour and catalogue.
After a crash the journal is added to the folded rows, so the counts are exact.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ovoo_contract.errors import SpoolDamaged

from ovoo_edge.spool_rows import Group

__all__ = ["COUNTERS", "KEEP_HOURS", "Ledger", "LedgerRow"]

COUNTERS = ("received", "suppressed", "duplicate", "shifted")
KEEP_HOURS = 400 * 24
_WIDTH = len(COUNTERS)


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


class Ledger:
    """The folded counters of the hours in use, backed by the tables `journal` and `ledger`.

    All methods run in the thread of the connection; `journal` inside the caller's transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._hours: dict[tuple[int, str], dict[int, int]] = {}
        self._journal_rows = 0
        self._replay()

    @property
    def journal_rows(self) -> int:
        """Rows waiting to be folded."""
        return self._journal_rows

    def journal(self, group: Group) -> None:
        """Writes the group's counts into the open transaction."""
        for key, cells in _cells(group).items():
            self._connection.execute(
                "INSERT INTO journal (hour, catalogue, body) VALUES (?, ?, ?)", (key[0], key[1], _pack(cells))
            )

    def committed(self, group: Group) -> None:
        """Takes the group's counts over once its transaction stands."""
        for key, cells in _cells(group).items():
            self._add(key, cells)
            self._journal_rows += 1

    def fold(self) -> None:
        """Folds the journal inside the caller's transaction; the hours leave the memory afterwards."""
        for key, cells in self._hours.items():
            self._connection.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", (key[0], key[1], _pack(cells)))
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
        found: dict[tuple[int, str], dict[int, int]] = {
            (hour, catalogue): _unpack(body)
            for hour, catalogue, body in self._connection.execute(
                "SELECT hour, catalogue, body FROM ledger WHERE hour >= ? AND hour < ?", (from_hour, to_hour)
            )
        }
        found.update({key: cells for key, cells in self._hours.items() if from_hour <= key[0] < to_hour})
        return [row for key in sorted(found) for row in _rows_of(key, found[key])]

    def _add(self, key: tuple[int, str], cells: Mapping[int, int]) -> None:
        have = self._hours.get(key)
        if have is None:
            have = self._hours[key] = self._load(key)
        for cell, number in cells.items():
            have[cell] = have.get(cell, 0) + number

    def _load(self, key: tuple[int, str]) -> dict[int, int]:
        found = self._connection.execute("SELECT body FROM ledger WHERE hour = ? AND catalogue = ?", key).fetchone()
        return _unpack(found[0]) if found else {}

    def _replay(self) -> None:
        stored = self._connection.execute("SELECT hour, catalogue, body FROM journal ORDER BY id").fetchall()
        for hour, catalogue, body in stored:
            self._add((hour, catalogue), _unpack(body))
            self._journal_rows += 1


def _cells(group: Group) -> dict[tuple[int, str], dict[int, int]]:
    found: dict[tuple[int, str], dict[int, int]] = {}
    for (hour, counter, catalogue), per_signal in group.counts.items():
        kind = COUNTERS.index(counter)
        cells = found.setdefault((hour, catalogue), {})
        for signal, number in per_signal.items():
            cells[signal * _WIDTH + kind] = number
    return found


def _pack(cells: Mapping[int, int]) -> bytes:
    keys = sorted(cells)
    steps = array("I", (here - before for here, before in zip(keys, [0, *keys], strict=False)))
    numbers = array("I", (cells[key] for key in keys))
    return zlib.compress(steps.tobytes() + numbers.tobytes(), 1)


def _unpack(body: bytes) -> dict[int, int]:
    try:
        packed = array("I", zlib.decompress(body))
    except (zlib.error, ValueError) as error:
        raise SpoolDamaged(str(error), offender="ledger", remedy="the spool is set aside and salvaged") from error
    half = len(packed) // 2
    found: dict[int, int] = {}
    key = 0
    for step, number in zip(packed[:half], packed[half:], strict=True):
        key += step
        found[key] = number
    return found


def _rows_of(key: tuple[int, str], cells: Mapping[int, int]) -> Iterable[LedgerRow]:
    signals: dict[int, list[int]] = {}
    for cell, number in cells.items():
        signals.setdefault(cell // _WIDTH, [0] * _WIDTH)[cell % _WIDTH] = number
    return [LedgerRow(signal, key[0], key[1], *signals[signal]) for signal in sorted(signals)]
