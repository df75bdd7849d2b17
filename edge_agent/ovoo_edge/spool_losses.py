"""The list of what will never arrive: per signal, hour, cause and sink, in the same transaction as the loss."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterable, Mapping

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import WireError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import decode_batch

from ovoo_edge._select import spare_kernels
from ovoo_edge.spool_rows import HOUR_NS, LostRow, Tally
from ovoo_edge.spool_spans import has_spans, note_spans, spans_of

__all__ = [
    "join",
    "lost_marks",
    "lost_rows",
    "lost_totals",
    "record",
    "tally",
    "tally_batch",
    "tally_event",
    "tally_payload",
    "tally_unreadable",
]


def tally_payload(payload: bytes, catalogue: Catalogue, into: Tally) -> None:
    """Adds every sample of a wire batch.

    Raises:
        WireError: the payload cannot be decoded; nothing was added.
    """
    tally_batch(decode_batch(payload)[1], catalogue, into)


def tally_batch(batch: SampleBatch, catalogue: Catalogue, into: Tally) -> None:
    """Adds every sample of a batch; IndexError, with nothing added, for a signal that the catalogue does not have."""
    rows = batch.sorted()
    runs = spare_kernels.runs_of(rows.signal, rows.time_ns, HOUR_NS)
    names = _addresses(catalogue)
    if max(runs[0], default=-1) >= len(names):
        raise IndexError(f"signal {max(runs[0])}")
    for signal, count, first_ns, last_ns in zip(*runs, strict=True):
        _add_run(into, (names[signal], first_ns // HOUR_NS), count, first_ns, last_ns)


@functools.lru_cache(maxsize=4)
def _addresses(catalogue: Catalogue) -> list[str]:
    return [str(entry.address) for entry in catalogue.entries]


def join(into: Tally, more: Tally) -> None:
    """Adds one tally to another."""
    for cell, (count, first_ns, last_ns) in more.items():
        _add_run(into, cell, count, first_ns, last_ns)


def tally_event(payload: bytes, time_ns: int, into: Tally) -> None:
    """Adds a finding under `event:<code>`."""
    try:
        code = str(json.loads(payload)["code"])
    except (ValueError, KeyError, TypeError):
        code = "unreadable"
    _add(into, f"event:{code}", time_ns, 1)


def tally_unreadable(rows: int, first_ns: int, last_ns: int, into: Tally) -> None:
    """Adds a row whose payload is damaged: its count and span are known, its signals are not."""
    _add(into, "*", first_ns, rows)
    cell = into["*", first_ns // HOUR_NS]
    cell[2] = max(cell[2], last_ns)


def tally(kind: str, payload: bytes, catalogue: Catalogue | None, span: tuple[int, int, int], into: Tally) -> None:
    """Adds any row; `span` = (rows, first_ns, last_ns) is what counts when the payload is unreadable."""
    if kind == "event":
        tally_event(payload, span[1], into)
        return
    if kind in ("completeness", "sums"):
        _add(into, f"event:{kind}", span[1], 1)
        return
    try:
        if catalogue is None:
            tally_unreadable(*span, into)
        else:
            tally_payload(payload, catalogue, into)
    except (WireError, IndexError):
        tally_unreadable(*span, into)


def record(connection: sqlite3.Connection, cause: str, sinks: Iterable[str], lost: Tally) -> None:
    """Adds the tally for each sink inside the caller's transaction: to the sum of the hour, and as an interval."""
    sinks = tuple(sinks)
    cells = [(address, hour, *numbers) for (address, hour), numbers in lost.items()]
    connection.executemany("INSERT OR IGNORE INTO signal (address) VALUES (?)", {(cell[0],) for cell in cells})
    for sink in sinks:
        connection.executemany(
            "INSERT INTO lost SELECT id, ?2, ?6, ?7, ?3, ?4, ?5 FROM signal WHERE address = ?1 "
            "ON CONFLICT DO UPDATE SET count = count + excluded.count, from_ns = min(from_ns, excluded.from_ns), "
            "to_ns = max(to_ns, excluded.to_ns)",
            [(*cell, cause, sink) for cell in cells],
        )
    note_spans(connection, cause, sinks, lost)


def lost_rows(connection: sqlite3.Connection, from_hour: int, to_hour: int) -> list[LostRow]:
    """Everything lost with `from_hour <= hour < to_hour`, interval by interval, sorted by hour and address."""
    found = connection.execute(
        "SELECT id, address, hour, cause, sink, count, from_ns, to_ns FROM lost JOIN signal ON signal.id = lost.signal "
        "WHERE hour >= ? AND hour < ? ORDER BY hour, address, cause, sink",
        (from_hour, to_hour),
    ).fetchall()
    if not has_spans(connection):
        return [LostRow(*whole) for _, *whole in found]
    return [part for number, *whole in found for part in spans_of(connection, number, LostRow(*whole))]


def lost_marks(connection: sqlite3.Connection, from_hour: int, to_hour: int) -> dict[int, str]:
    """A text per hour with losses, which changes whenever one of them does; counts only ever grow."""
    found = connection.execute(
        "SELECT hour, count(*), sum(count) FROM lost JOIN signal ON signal.id = lost.signal "
        # a report that a cloud refuses is not made anew because of that
        "WHERE hour >= ? AND hour < ? AND NOT (address LIKE 'event:%' AND cause LIKE 'rejected:%') GROUP BY hour",
        (from_hour, to_hour),
    )
    return {hour: f"-{rows}-{count}" for hour, rows, count in found}


def lost_totals(connection: sqlite3.Connection) -> Mapping[str, dict[str, int]]:
    """Samples lost, by sink and cause."""
    totals: dict[str, dict[str, int]] = {}
    for sink, cause, count in connection.execute("SELECT sink, cause, sum(count) FROM lost GROUP BY sink, cause"):
        totals.setdefault(sink, {})[cause] = count
    return totals


def _add(into: Tally, address: str, time_ns: int, count: int) -> None:
    _add_run(into, (address, time_ns // HOUR_NS), count, time_ns, time_ns)


def _add_run(into: Tally, place: tuple[str, int], count: int, first_ns: int, last_ns: int) -> None:
    cell = into.setdefault(place, [0, first_ns, last_ns])
    cell[0] += count
    cell[1] = min(cell[1], first_ns)
    cell[2] = max(cell[2], last_ns)
