"""What a damaged spool still holds: one walk over all its pages, small tables copied, rows noted where they stand."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final, NamedTuple

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import CatalogueError, SpoolDamaged

from ovoo_edge.cells import unpack as unpack_counts
from ovoo_edge.spool_acks import Ranges, merge
from ovoo_edge.spool_cells import Cell, Value, cells, payload, record, signature
from ovoo_edge.spool_losses import record as record_lost
from ovoo_edge.spool_pages import PageFile
from ovoo_edge.spool_parts import UNFINISHED
from ovoo_edge.spool_transactions import in_transaction

__all__ = ["Place", "Survey"]

_NUMBERED: Final = {
    "NITIIIIIIIIB": "item",
    "NITTTITIIB": "quarantine",
    "NITB": "journal",
    "NT": "signal",
    "TI": "sqlite_sequence",
}
"""Tables with row numbers, by the signature of their records; no two of them share one."""
_KEYED: Final = {
    "TBI": "catalogue",
    "ITB": "ledger",
    "TTII": "sink",
    "IITTIII": "lost",
    "IIITTII": "lost_span",
    "TIII": "refused",
    "TB": "position",
    "TT": "meta",
    "IITB": "held",
    "II": "gone",
}
"""Tables without row numbers."""
_PACKED: Final = {"catalogue": 1, "ledger": 2, "journal": 3}
"""Column of a compressed body, which carries a checksum of its own."""
_GROUP_ROWS: Final = 64
_UNKNOWN_SIGNAL: Final = "*"
_PAGE_SHIFT: Final = 16
_SEQ_SHIFT: Final = 48
_PAGE_MASK: Final = (1 << _SEQ_SHIFT - _PAGE_SHIFT) - 1
_VERSION_MASK: Final = (1 << _PAGE_SHIFT) - 1


class Place(NamedTuple):
    """Where a row stands: a version of a page."""

    page: int
    version: int


class Survey:
    """Walks over the pages on creation.

    Args:
        file: the damaged spool.
        target: the new one; it gets catalogues, counts, losses, quarantine and positions.

    Attributes:
        acked: what each sink had acknowledged, as far as that can be read.
        last_seq: the greatest number that was given out, as far as known.
        gone: numbers whose rows were freed, and listed as lost then.
    """

    def __init__(self, file: PageFile, target: sqlite3.Connection) -> None:
        self._file = file
        self._target = target
        # a place is one number, seq then page then version: a big spool has a million of them
        self._places: list[int] = []
        self._waiting: list[tuple[str, tuple[Value, ...]]] = []
        self.acked: dict[str, Ranges] = {}
        self.last_seq = 0
        self.gone: Ranges = []
        self._unfinished: int | None = None
        for page in range(1, file.last + 1):
            if not file.is_free(page):
                self._visit(page)
        self._copy()
        in_transaction(target, self._name_losses)
        self._places.sort()
        self._leave_unfinished()

    def rows(self) -> Iterator[tuple[int, list[Place]]]:
        """Every number that has a row, ascending, with its places, newest first."""
        for seq, found in groupby(self._places, key=lambda place: place >> _SEQ_SHIFT):
            yield seq, [Place(place >> _PAGE_SHIFT & _PAGE_MASK, place & _VERSION_MASK) for place in found]

    def _visit(self, page: int) -> None:
        for version, content in enumerate(self._file.versions(page)):
            for cell in cells(content):
                self._note(cell, page, version)

    def _note(self, cell: Cell, page: int, version: int) -> None:
        kinds = signature(cell.head) or ""
        table = _KEYED.get(kinds) if cell.rowid is None else _NUMBERED.get(kinds)
        if table == "item" and cell.rowid is not None:
            self._places.append(cell.rowid << _SEQ_SHIFT | page << _PAGE_SHIFT | min(version, _VERSION_MASK))
            self.last_seq = max(self.last_seq, cell.rowid)
        elif table is not None and not (table == "meta" and version):
            data = payload(cell, self._file)
            values = None if data is None else record(data)
            if values is not None:
                self._take(table, values if cell.rowid is None else (cell.rowid, *values))

    def _take(self, table: str, values: tuple[Any, ...]) -> None:
        if table == "gone":
            self.gone.append((values[0], values[1]))
        elif table == "sink":
            self._take_acks(values[0], values[1])
        elif table == "meta":
            self._take_mark(values[0], values[1])
        elif table == "sqlite_sequence":
            if values[1] == "item":
                self.last_seq = max(self.last_seq, values[2])
        elif table not in _PACKED or _unpacks(table, values):
            # a numbered table's first column is stored as NULL and stands for the row number
            self._waiting.append((table, values if table in _KEYED.values() else (values[0], *values[2:])))
            if len(self._waiting) >= _GROUP_ROWS:
                self._copy()

    def _take_acks(self, name: str, text: str) -> None:
        try:
            ranges = [(int(low), int(high)) for low, high in json.loads(text)]
        except (ValueError, TypeError):
            # without them its rows go out again; the stores drop what they have
            return
        self.acked[name] = merge([*self.acked.get(name, []), *ranges])

    def _take_mark(self, key: str, value: str) -> None:
        """An older version of the page does not count: its mark may be of a commit that was finished since."""
        if key == UNFINISHED and value.isdecimal():
            self._unfinished = int(value)

    def _leave_unfinished(self) -> None:
        """Rows of a commit that never became whole exist for nobody: their source sends them again."""
        if self._unfinished is not None:
            first = self._unfinished
            self._places = [place for place in self._places if place >> _SEQ_SHIFT < first]
            self.last_seq = min(self.last_seq, first - 1)

    def _copy(self) -> None:
        def insert() -> None:
            for table, values in self._waiting:
                marks = ", ".join("?" * len(values))
                self._target.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values)  # noqa: S608

        in_transaction(self._target, insert)
        self._waiting.clear()

    def _name_losses(self) -> None:
        """Losses of a signal whose name is gone are kept under `*`, before a new signal can take its number."""
        nameless = "WHERE signal NOT IN (SELECT id FROM signal)"
        dangling = f"FROM lost {nameless}"
        found = self._target.execute(f"SELECT hour, cause, sink, count, from_ns, to_ns {dangling}").fetchall()
        self._target.execute(f"DELETE {dangling}")
        self._target.execute(f"DELETE FROM lost_span {nameless}")  # noqa: S608
        for hour, cause, sink, count, from_ns, to_ns in found:
            record_lost(self._target, cause, [sink], {(_UNKNOWN_SIGNAL, hour): [count, from_ns, to_ns]})


def _unpacks(table: str, values: tuple[Any, ...]) -> bool:
    # a numbered table's values stand one place further on
    body = values[_PACKED[table] + (table in _NUMBERED.values())]
    try:
        if table == "catalogue":
            return Catalogue.from_json(zlib.decompress(body)).id == str(values[0])
        return unpack_counts(body) is not None
    except (zlib.error, CatalogueError, SpoolDamaged):
        return False
