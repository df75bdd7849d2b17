"""What a sink still has to be given: rows in either order, damaged ones left out and listed as lost."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable

from ovoo_edge.spool_acks import Acknowledgements
from ovoo_edge.spool_rows import COLUMNS, SpoolRow, read_row

__all__ = ["Backlog"]


class Backlog:
    """Reads rows; no transaction stays open between calls.

    Args:
        connection: the spool's.
        acks: what each sink has.
        on_damaged: called for every row whose checksum does not fit.
    """

    def __init__(
        self, connection: sqlite3.Connection, acks: Acknowledgements, on_damaged: Callable[[SpoolRow], None]
    ) -> None:
        self._connection = connection
        self._acks = acks
        self._on_damaged = on_damaged

    def rows(
        self, sink: str, low: int, high: int, limit: int, *, newest_first: bool, max_bytes: int | None
    ) -> list[SpoolRow]:
        """At most `limit` rows with `low <= seq <= high` that the sink lacks, until payloads pass `max_bytes`."""
        holes = self._acks.missing(sink, low, high)
        found: list[SpoolRow] = []
        left = max_bytes if max_bytes is not None else 1 << 62
        for first, last in reversed(holes) if newest_first else holes:
            left = self._read(first, last, limit, newest_first, left, found)
            if len(found) >= limit or left <= 0:
                break
        return found

    def row(self, seq: int) -> SpoolRow | None:
        """One row, None when it is gone."""
        found = self._connection.execute(f"SELECT {COLUMNS} FROM item WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
        return None if found is None else read_row(found)

    def _read(self, low: int, high: int, limit: int, newest_first: bool, left: int, into: list[SpoolRow]) -> int:
        order = "DESC" if newest_first else "ASC"
        cursor = self._connection.execute(
            f"SELECT {COLUMNS} FROM item WHERE seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?",  # noqa: S608
            (low, high, limit - len(into)),
        )
        damaged: list[SpoolRow] = []
        for found in cursor:
            row = read_row(found)
            if zlib.crc32(row.payload) != found[9]:
                damaged.append(row)
                continue
            into.append(row)
            left -= len(row.payload)
            if left <= 0:
                break
        cursor.close()
        for row in damaged:
            self._on_damaged(row)
        return left
