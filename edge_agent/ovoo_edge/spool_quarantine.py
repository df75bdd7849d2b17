"""Rows that a sink's server refused: kept for inspection within a bound, counted as lost for that sink."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.spool_losses import record, tally
from ovoo_edge.spool_rows import KINDS, QuarantinedRow, SpoolRow, Tally
from ovoo_edge.spool_schema import Budget

__all__ = ["Quarantine"]

_SHARE = 20
_LONGEST_DETAIL = 2000


class Quarantine:
    """The table `quarantine`; payloads take at most a twentieth of the budget, their counts stay in `lost` for ever."""

    def __init__(self, connection: sqlite3.Connection, budget: Budget, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._budget = budget
        self._clock = clock

    def add(
        self, sink: str, row: SpoolRow, code: str, detail: str, payload: bytes, catalogue: Catalogue | None
    ) -> None:
        """Adds a row, or the refused part of it, inside the caller's transaction."""
        lost: Tally = {}
        tally(row.kind, payload, catalogue, (row.rows, row.first_ns, row.last_ns), lost)
        record(self._connection, f"rejected:{code}", [sink], lost)
        self._connection.execute(
            "INSERT INTO quarantine (seq, sink, code, detail, kind, catalogue, rows, at_ns, payload) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.seq,
                sink,
                code,
                detail[:_LONGEST_DETAIL],
                KINDS.index(row.kind),
                row.catalogue_id,
                row.rows,
                self._clock(),
                payload,
            ),
        )
        self._connection.execute("UPDATE sink SET rejected = rejected + 1 WHERE name = ?", (sink,))
        self._trim()

    def newest(self, limit: int) -> list[QuarantinedRow]:
        """The rows added last, newest first."""
        found = self._connection.execute(
            "SELECT seq, sink, code, detail, kind, catalogue, rows, at_ns, payload FROM quarantine "
            "ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [
            QuarantinedRow(seq, name, code, detail, KINDS[kind], catalogue, rows, at_ns, payload)
            for seq, name, code, detail, kind, catalogue, rows, at_ns, payload in found
        ]

    def _trim(self) -> None:
        room = self._budget.total_bytes // _SHARE
        found = self._connection.execute("SELECT id, length(payload) FROM quarantine ORDER BY id DESC").fetchall()
        for identifier, size in found:
            room -= size
            if room < 0:
                self._connection.execute("DELETE FROM quarantine WHERE id <= ?", (identifier,))
                return
