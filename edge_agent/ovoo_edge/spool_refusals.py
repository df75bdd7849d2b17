"""What a sink was not shown because of its class: samples per sink, class and signal, durable with its acks."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from ovoo_edge.spool_rows import RefusedRow

__all__ = ["RefusalCounts"]


class RefusalCounts:
    """The table `refused`; all methods run in the thread of the connection.

    Args:
        connection: of the spool.
        sinks: counts of other sinks are left alone and not shown.
    """

    def __init__(self, connection: sqlite3.Connection, sinks: Sequence[str]) -> None:
        self._connection = connection
        found = connection.execute(
            "SELECT sink, class, address, count FROM refused JOIN signal ON signal.id = refused.signal"
        )
        self._counts = {(sink, rank, address): count for sink, rank, address, count in found if sink in sinks}
        self._changed: set[tuple[str, int, str]] = set()

    def add(self, sink: str, refused: Mapping[tuple[str, int], int]) -> None:
        """Adds to what is written with the next `write`."""
        for (address, rank), count in refused.items():
            key = (sink, rank, address)
            self._counts[key] = self._counts.get(key, 0) + count
            self._changed.add(key)

    def write(self) -> None:
        """Writes what changed inside the caller's transaction; `written` follows once it stands."""
        if not self._changed:
            return
        cells = [(sink, rank, address, self._counts[sink, rank, address]) for sink, rank, address in self._changed]
        self._connection.executemany(
            "INSERT OR IGNORE INTO signal (address) VALUES (?)", {(cell[2],) for cell in cells}
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO refused SELECT ?1, ?2, id, ?4 FROM signal WHERE address = ?3", cells
        )

    def written(self) -> None:
        """Called once the transaction stands."""
        self._changed.clear()

    def totals(self) -> dict[str, dict[int, int]]:
        """Samples by sink and class rank."""
        found: dict[str, dict[int, int]] = {}
        for (sink, rank, _), count in self._counts.items():
            classes = found.setdefault(sink, {})
            classes[rank] = classes.get(rank, 0) + count
        return found

    def rows(self) -> list[RefusedRow]:
        """Every count, by sink, class and address."""
        return [RefusedRow(*key, self._counts[key]) for key in sorted(self._counts)]
