"""The exact intervals behind the sums of what was lost: a bounded number per signal, hour, cause and sink.

Losses that follow each other without room for a sample between them are one interval. What comes when the number is
used up is in the sum only: the rest, told with the span of the whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from ovoo_edge.spool_rows import LostRow, Tally

__all__ = ["LOST_SPAN", "MOST_SPANS", "has_spans", "note_spans", "spans_of"]

MOST_SPANS: Final = 16
_LEAST_REACH_NS: Final = 2_000_000_000
"""Single losses tell no step; a second apart they belong together."""

LOST_SPAN: Final = (
    "CREATE TABLE IF NOT EXISTS lost_span (signal INTEGER NOT NULL, hour INTEGER NOT NULL, from_ns INTEGER NOT NULL, "
    "cause TEXT NOT NULL, sink TEXT NOT NULL, to_ns INTEGER NOT NULL, count INTEGER NOT NULL, "
    "PRIMARY KEY (signal, hour, from_ns, cause, sink)) WITHOUT ROWID"
)
"""Also given to files that were made without it: an agent that does not know it leaves it alone."""

_SAME: Final = "signal = :signal AND hour = :hour AND cause = :cause AND sink = :sink"
_EXTEND: Final = (
    "UPDATE lost_span SET to_ns = max(to_ns, :to_ns), count = count + :count "  # noqa: S608  # constants only
    f"WHERE {_SAME} AND from_ns = (SELECT max(from_ns) FROM lost_span WHERE {_SAME} AND from_ns <= :from_ns) "
    "AND :from_ns - to_ns <= max(:reach_ns, iif(count > 1, 3 * (to_ns - from_ns) / (2 * max(count - 1, 1)), 0))"
)
_BEGIN: Final = (
    "INSERT INTO lost_span SELECT :signal, :hour, :from_ns, :cause, :sink, :to_ns, :count "  # noqa: S608
    f"WHERE (SELECT count(*) FROM lost_span WHERE {_SAME}) < {MOST_SPANS}"
)


def note_spans(connection: sqlite3.Connection, cause: str, sinks: Iterable[str], lost: Tally) -> None:
    """Adds the tally's intervals for each sink inside the caller's transaction; their signals have numbers already."""
    for (address, hour), (count, from_ns, to_ns) in lost.items():
        number = connection.execute("SELECT id FROM signal WHERE address = ?", (address,)).fetchone()[0]
        step_ns = 3 * (to_ns - from_ns) // (2 * (count - 1)) if count > 1 else 0
        cell = {
            "signal": number,
            "hour": hour,
            "cause": cause,
            "count": count,
            "from_ns": from_ns,
            "to_ns": to_ns,
            "reach_ns": max(_LEAST_REACH_NS, step_ns),
        }
        for sink in sinks:
            values = {**cell, "sink": sink}
            if not connection.execute(_EXTEND, values).rowcount:
                connection.execute(_BEGIN, values)


def has_spans(connection: sqlite3.Connection) -> bool:
    """False for a file that only agents without intervals have opened."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'lost_span'")
    return found.fetchone() is not None


def spans_of(connection: sqlite3.Connection, number: int, whole: LostRow) -> list[LostRow]:
    """The intervals of a sum, oldest first; what they leave of it comes last."""
    found = connection.execute(
        "SELECT count, from_ns, to_ns FROM lost_span "
        "WHERE signal = ? AND hour = ? AND cause = ? AND sink = ? ORDER BY from_ns",
        (number, whole.hour, whole.cause, whole.sink),
    )
    head = (whole.address, whole.hour, whole.cause, whole.sink)
    rows = [LostRow(*head, *span) for span in found]
    rest = whole.count - sum(row.count for row in rows)
    return [*rows, LostRow(*head, rest, whole.from_ns, whole.to_ns)] if rest > 0 else rows
