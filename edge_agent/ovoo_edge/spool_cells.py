"""Records of a spool's b-tree pages, read without SQLite: cells, overflow chains, values.

Formats: SQLite "Database File Format", sections 1.6 (cells), 1.7 (overflow) and 2.1 (records).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ovoo_edge.spool_pages import PageFile
from ovoo_edge.spool_schema import PAGE_BYTES

__all__ = ["Cell", "Value", "cells", "payload", "record", "signature"]

Value = int | float | str | bytes | None
_LEAF_TABLE: Final = 0x0D
_LEAF_INDEX: Final = 0x0A
_INNER_INDEX: Final = 0x02
_CHUNK: Final = PAGE_BYTES - 4
_LEAST: Final = (PAGE_BYTES - 12) * 32 // 255 - 23
_MOST_TABLE: Final = PAGE_BYTES - 35
_MOST_INDEX: Final = (PAGE_BYTES - 12) * 64 // 255 - 23
_INTEGER_BYTES: Final = (0, 1, 2, 3, 4, 6, 8)
_FLOAT: Final = 7
_CONSTANTS: Final = {8: 0, 9: 1}
_RESERVED: Final = (10, 11)
_FIRST_BLOB: Final = 12
_LONGEST_HEADER: Final = 128


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a page.

    Attributes:
        rowid: the row's number; None in a table without row numbers.
        size: bytes of its record.
        head: the part of the record that lies in the page.
        overflow: page with the rest, 0 when there is none.
    """

    rowid: int | None
    size: int
    head: bytes
    overflow: int


def cells(page: bytes) -> Iterator[Cell]:
    """The cells of a page that holds rows; nothing for any other page. A cell that leaves the page is passed over."""
    kind = page[0]
    if kind not in (_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX):
        return
    start = 12 if kind == _INNER_INDEX else 8
    count = min(int.from_bytes(page[3:5], "big"), (PAGE_BYTES - start) // 2)
    for offset in struct.unpack_from(f">{count}H", page, start):
        cell = _cell(page, kind, offset, start + 2 * count)
        if cell is not None:
            yield cell


def payload(cell: Cell, file: PageFile) -> bytes | None:
    """The whole record of a cell; None when its chain of overflow pages is broken."""
    parts = [cell.head]
    missing, page = cell.size - len(cell.head), cell.overflow
    while missing > 0:
        content = next(file.versions(page), None) if 1 < page <= file.last else None
        if content is None:
            return None
        parts.append(content[4 : 4 + missing])
        missing -= _CHUNK
        page = int.from_bytes(content[:4], "big")
    return b"".join(parts)


def signature(head: bytes) -> str | None:
    """One letter per value of a record (N null, I integer, F float, T text, B blob); None when it is no record."""
    kinds = _kinds(head)
    return None if kinds is None else "".join(_letter(kind) for kind in kinds)


def record(data: bytes) -> tuple[Value, ...] | None:
    """The values of a whole record; None when it is none."""
    kinds = _kinds(data)
    if kinds is None:
        return None
    body = _varint(data, 0)[0]
    values: list[Value] = []
    for kind in kinds:
        end = body + _width(kind)
        try:
            values.append(_value(kind, data[body:end]))
        except UnicodeDecodeError:
            return None
        body = end
    return tuple(values) if body == len(data) else None


def _kinds(data: bytes) -> list[int] | None:
    """The serial types that a record begins with."""
    length, position = _varint(data, 0)
    if not position < length <= len(data) or length > _LONGEST_HEADER:
        return None
    kinds = []
    while position < length:
        kind, position = _varint(data, position)
        kinds.append(kind)
    return None if position != length or any(kind in _RESERVED for kind in kinds) else kinds


def _letter(kind: int) -> str:
    if kind == 0:
        return "N"
    if kind < _FIRST_BLOB:
        return "F" if kind == _FLOAT else "I"
    return "T" if kind % 2 else "B"


def _cell(page: bytes, kind: int, offset: int, first: int) -> Cell | None:
    if not first <= offset < PAGE_BYTES - 3:
        return None
    size, position = _varint(page, offset + (4 if kind == _INNER_INDEX else 0))
    rowid = None
    if kind == _LEAF_TABLE:
        rowid, position = _varint(page, position)
    local = _local(size, _MOST_TABLE if kind == _LEAF_TABLE else _MOST_INDEX)
    end = position + local + (4 if local < size else 0)
    if size == 0 or end > PAGE_BYTES:
        return None
    overflow = int.from_bytes(page[end - 4 : end], "big") if local < size else 0
    return Cell(rowid, size, page[position : position + local], overflow)


def _local(size: int, most: int) -> int:
    """How many bytes of a record of `size` bytes stay in its page."""
    if size <= most:
        return size
    kept = _LEAST + (size - _LEAST) % _CHUNK
    return kept if kept <= most else _LEAST


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """(number, position after it); a number cut off by the end of the data is what was there."""
    number = 0
    for count in range(9):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        if count == 8:
            return number << 8 | byte, position
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return number, position


def _width(kind: int) -> int:
    """Bytes that a value of this serial type takes."""
    if kind < len(_INTEGER_BYTES):
        return _INTEGER_BYTES[kind]
    if kind == _FLOAT:
        return 8
    return 0 if kind in _CONSTANTS else (kind - _FIRST_BLOB) // 2


def _value(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind == _FLOAT:
        return float(struct.unpack(">d", data)[0])
    if kind < _FLOAT:
        return int.from_bytes(data, "big", signed=True)
    return data if kind % 2 == 0 else data.decode()
