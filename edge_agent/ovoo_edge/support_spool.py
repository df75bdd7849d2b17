"""What a support bundle tells of the spool: read only, in short transactions, while an agent runs or when none does."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import urllib.parse
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final, get_args

from ovoo_contract.catalogue import Catalogue, DataClass, class_rank
from ovoo_contract.errors import OvooError
from ovoo_contract.findings import Finding
from ovoo_contract.hour_sums import HourSums
from ovoo_contract.wire import decode_batch

from ovoo_edge.ledger import Ledger
from ovoo_edge.sinks.class_view import finding_rank
from ovoo_edge.spool_losses import lost_rows
from ovoo_edge.spool_rows import KINDS

__all__ = ["SpoolFacts", "read_spool"]

_CLASSES: Final[tuple[DataClass, ...]] = get_args(DataClass)
_HIGHEST: Final = len(_CLASSES) - 1
_LOST_ROWS: Final = 2000
_QUARANTINED: Final = 50
_HEAD_SAMPLES: Final = 5
_LEDGER_HOURS: Final = 48
_WAIT_S: Final = 5.0


class SpoolFacts:
    """What was found.

    Attributes:
        catalogues: all that the file holds; their data classes decide what may be named.
        sections: name of a file in the bundle -> JSON-ready content.
    """

    def __init__(self) -> None:
        self.catalogues: dict[str, Catalogue] = {}
        self.sections: dict[str, Any] = {}


def read_spool(path: pathlib.Path) -> SpoolFacts:
    """The facts; what cannot be read is named instead of them, and nothing is raised."""
    facts = SpoolFacts()
    if not path.exists():
        facts.sections["spool"] = {"file": "absent"}
        return facts
    try:
        with _connected(path) as connection:
            facts.catalogues = _catalogues(connection)
            for name, read in (("spool", _overview), ("lost", _lost), ("ledger", _ledger)):
                facts.sections[name] = read(connection)
            facts.sections["quarantine"] = _quarantine(connection, facts.catalogues)
    except (sqlite3.Error, OvooError, ValueError) as error:
        facts.sections["spool_unreadable"] = {"error": str(error)}
    return facts


@contextlib.contextmanager
def _connected(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    address = f"file:{urllib.parse.quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _catalogues(connection: sqlite3.Connection) -> dict[str, Catalogue]:
    found = connection.execute("SELECT id, body FROM catalogue").fetchall()
    return {name: Catalogue.from_json(_unpacked(body)) for name, body in found}


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error as error:
        raise ValueError(f"a catalogue is damaged: {error}") from error


def _overview(connection: sqlite3.Connection) -> dict[str, Any]:
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    rows, size, first, last = connection.execute(
        "SELECT count(*), coalesce(sum(size), 0), min(stored_ns), max(stored_ns) FROM item"
    ).fetchone()
    pages, page, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size", "freelist_count")
    )
    return {
        "meta": meta,
        "rows": rows,
        "payload_bytes": size,
        "oldest_stored_ns": first,
        "newest_stored_ns": last,
        "pages": {"count": pages, "bytes": page, "free": free},
        "sinks": [
            {"name": name, "acked": json.loads(acked)[-20:], "rejected": rejected}
            for name, acked, rejected in connection.execute("SELECT name, acked, rejected FROM sink")
        ],
    }


def _lost(connection: sqlite3.Connection) -> dict[str, Any]:
    rows = lost_rows(connection, 0, 1 << 40)
    totals: Counter[str] = Counter()
    for row in rows:
        totals[f"{row.sink} {row.cause}"] += row.count
    return {"totals": dict(totals), "of": len(rows), "newest": [asdict(row) for row in rows[-_LOST_ROWS:]]}


def _ledger(connection: sqlite3.Connection) -> list[dict[str, int]]:
    """Sums over all signals, for each of the newest hours: single signals are not named."""
    rows = Ledger(connection).rows(0, 1 << 40)
    hours: dict[int, Counter[str]] = {}
    for row in rows:
        cell = hours.setdefault(row.hour, Counter())
        cell["signals"] += 1
        for name in ("received", "suppressed", "duplicate", "shifted"):
            cell[name] += getattr(row, name)
    return [{"hour": hour, **hours[hour]} for hour in sorted(hours)[-_LEDGER_HOURS:]]


def _quarantine(connection: sqlite3.Connection, catalogues: Mapping[str, Catalogue]) -> list[dict[str, Any]]:
    found = connection.execute(
        "SELECT seq, sink, code, detail, kind, catalogue, rows, at_ns, payload FROM quarantine "
        "ORDER BY id DESC LIMIT ?",
        (_QUARANTINED,),
    )
    return [_quarantined(row, catalogues) for row in found]


def _quarantined(row: tuple[Any, ...], catalogues: Mapping[str, Catalogue]) -> dict[str, Any]:
    """Number, sink and code of every row; the server's words and a few samples only where all is of class general."""
    seq, sink, code, detail, kind, catalogue_id, rows, at_ns, payload = row
    told = {"seq": seq, "sink": sink, "code": code, "kind": KINDS[kind], "rows": rows, "at_ns": at_ns}
    rank, head = _head(KINDS[kind], payload, catalogues.get(catalogue_id))
    told["data_class"] = _CLASSES[rank]
    return {**told, "detail": detail, "head": head} if rank == 0 else told


def _head(kind: str, payload: bytes, catalogue: Catalogue | None) -> tuple[int, list[Any]]:
    """The class rank of a payload and its first samples; what cannot be read counts as the highest class."""
    if catalogue is None:
        return _HIGHEST, []
    try:
        if kind == "event":
            finding = Finding.from_json(payload)
            return finding_rank(finding, catalogue), [finding.to_dict()]
        if kind == "sums":
            hour = HourSums.from_bytes(payload)
            return class_rank(hour.data_class), [{"asset": str(hour.asset), "rows": [*hour.rows]}]
        _, batch = decode_batch(payload)
        entries = [catalogue.entries[signal] for signal in batch.signal]
    except (OvooError, IndexError):
        return _HIGHEST, []
    rank = max((class_rank(entry.data_class) for entry in entries), default=0)
    head = [
        [str(entry.address), str(time_ns), repr(value), quality, batch.text.get(place, "")]
        for place, (entry, time_ns, value, quality) in enumerate(
            zip(entries[:_HEAD_SAMPLES], batch.time_ns, batch.value, batch.quality, strict=False)
        )
    ]
    return rank, head
