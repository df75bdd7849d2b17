"""Backlog per sink and the time until the budget is used up, kept up to date without scanning the file."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable

from ovoo_edge.spool_acks import Acknowledgements, Ranges

__all__ = ["FillRate", "SinkGauges"]

_WINDOW_NS = 600_000_000_000
_LEAST_NS = 30_000_000_000


class SinkGauges:
    """Rows and bytes that each sink still has to acknowledge."""

    def __init__(self, connection: sqlite3.Connection, acks: Acknowledgements) -> None:
        self._connection = connection
        self._acks = acks
        self.rows: dict[str, int] = dict.fromkeys(acks.sinks, 0)
        self.bytes: dict[str, int] = dict.fromkeys(acks.sinks, 0)

    def recount(self, last_seq: int) -> None:
        """Counts from the file: at the start and after rows were freed."""
        for sink in self._acks.sinks:
            self.rows[sink], self.bytes[sink] = self._measure(self._acks.missing(sink, 1, last_seq))

    def added(self, rows: int, size: int) -> None:
        """Rows were committed."""
        for sink in self._acks.sinks:
            self.rows[sink] += rows
            self.bytes[sink] += size

    def removed(self, sink: str, fresh: Ranges) -> int:
        """Ranges were acknowledged; returns how many rows that were."""
        rows, size = self._measure(fresh)
        self.rows[sink] -= rows
        self.bytes[sink] -= size
        return rows

    def since_ns(self, last_seq: int) -> dict[str, int]:
        """When the oldest row that a sink still needs was stored; 0 when it has all."""
        found: dict[str, int] = {}
        for sink in self._acks.sinks:
            found[sink] = self._oldest_ns(self._acks.missing(sink, 1, last_seq)) if self.rows[sink] else 0
        return found

    def _oldest_ns(self, holes: Ranges) -> int:
        for low, high in holes:
            row = self._connection.execute(
                "SELECT stored_ns FROM item WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 1", (low, high)
            ).fetchone()
            if row:
                return int(row[0])
        return 0

    def quarantined(self) -> dict[str, int]:
        """Rows ever refused by the server of each sink."""
        found = self._connection.execute("SELECT name, rejected FROM sink")
        return {name: rejected for name, rejected in found if name in self.rows}

    def _measure(self, ranges: Ranges) -> tuple[int, int]:
        rows = size = 0
        for low, high in ranges:
            found = self._connection.execute(
                # the index holds the sizes; the rows themselves are gigabytes
                "SELECT count(*), coalesce(sum(size), 0) FROM item INDEXED BY item_by_class "
                "WHERE class IN (0, 1, 2, 3) AND seq BETWEEN ? AND ?",
                (low, high),
            ).fetchone()
            rows += found[0]
            size += found[1]
        return rows, size


class FillRate:
    """Bytes per second over the last ten minutes."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._started_ns = clock()
        self._minutes: deque[tuple[int, int]] = deque()

    def add(self, size: int) -> None:
        """Bytes were committed now."""
        now = self._clock()
        if self._minutes and now - self._minutes[-1][0] < 10_000_000_000:
            start, have = self._minutes[-1]
            self._minutes[-1] = (start, have + size)
        else:
            self._minutes.append((now, size))
        while self._minutes and now - self._minutes[0][0] > _WINDOW_NS:
            self._minutes.popleft()

    def hours(self, free_bytes: int) -> float | None:
        """Hours until `free_bytes` are used up at that rate; None before half a minute of data."""
        span = min(self._clock() - self._started_ns, _WINDOW_NS)
        total = sum(size for _, size in self._minutes)
        if span < _LEAST_NS or not total:
            return None
        return max(free_bytes, 0) / (total / (span / 1e9)) / 3600.0
