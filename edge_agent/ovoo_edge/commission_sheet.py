"""A browsed server as a signal list in a spreadsheet: CSV in any usual encoding, or xlsx.

Columns that start with `#` are for people; the signal list passes over them. Address is for a person to fill in, and
so is the unit where the server's own is not one of ours.
"""

from __future__ import annotations

import csv
import io
import pathlib
from collections.abc import Iterable, Sequence
from typing import Literal

from ovoo_contract.errors import ConfigError, OvooError
from ovoo_contract.units import unit
from ovoo_contract.xlsx import write_xlsx

from ovoo_edge.sources.opcua_describe import BrowsedNode

__all__ = ["ENCODINGS", "Encoding", "sheet_bytes", "write_list"]

Encoding = Literal["utf-8", "utf-16", "gbk"]
ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "gbk")
_COLUMNS: tuple[tuple[str, int], ...] = (
    ("address", 44), ("unit", 8), ("source", 10), ("reference", 44), ("type", 8), ("low", 10), ("high", 10),
    ("name_zh", 24), ("name_en", 24), ("#path", 44), ("#data_type", 12), ("#server_unit", 12), ("#access", 18),
    ("#description", 40), ("#value", 18),
)  # fmt: skip
_TYPES = {
    "Boolean": "bool", "String": "text", "LocalizedText": "text", "Byte": "int", "SByte": "int", "Int16": "int",
    "UInt16": "int", "Int32": "int", "UInt32": "int", "Int64": "int", "UInt64": "int", "DateTime": "text",
}  # fmt: skip
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")


def sheet_bytes(nodes: Iterable[BrowsedNode], source: str, suffix: str, encoding: Encoding = "utf-8") -> bytes:
    """The list as a file's content.

    Args:
        nodes: what was found.
        source: name of the source, written into every line.
        suffix: ".csv" or ".xlsx".
        encoding: of a CSV; UTF-8 and UTF-16 are written with a BOM, by which spreadsheets know them.

    Raises:
        ConfigError: another suffix, or GBK lacks a character.
    """
    rows = [_row(node, source) for node in nodes]
    head = [name for name, _ in _COLUMNS]
    if suffix == ".xlsx":
        return write_xlsx("signals", [head, *rows], [width for _, width in _COLUMNS])
    if suffix != ".csv":
        remedy = "give the file a name that ends in .csv or .xlsx"
        raise ConfigError("is no kind of list", offender="output", value=suffix, remedy=remedy)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else _harmless(cell) for cell in row] for row in rows])
    return _encoded(text.getvalue(), encoding)


def _encoded(text: str, encoding: Encoding) -> bytes:
    if encoding == "utf-8":
        return text.encode("utf-8-sig")
    if encoding == "utf-16":
        return b"\xff\xfe" + text.encode("utf-16-le")
    try:
        return text.encode("gb18030")  # a superset of GBK that has every character
    except UnicodeEncodeError as error:
        raise ConfigError("cannot be written", offender="encoding", value=str(error), remedy="use utf-8") from error


def _row(node: BrowsedNode, source: str) -> Sequence[str | float | None]:
    kind = _TYPES.get(node.data_type, "float")
    return (
        "",
        "1" if kind in ("bool", "text") and not node.unit else _known_unit(node.unit),
        source,
        node.node,
        kind,
        node.low,
        node.high,
        node.name_zh,
        node.name_en,
        node.path,
        node.data_type,
        node.unit,
        node.access,
        node.description,
        node.value,
    )


def _known_unit(text: str) -> str:
    try:
        return unit(text).symbol if text else ""
    except OvooError:
        return ""


def _harmless(cell: str | float) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay as they are."""
    if isinstance(cell, float):
        return repr(cell)
    return "'" + cell if cell.startswith(_FORMULA_START) else cell


def write_list(path: pathlib.Path, data: bytes) -> None:
    """Writes a new list; one that is there stays.

    Raises:
        ConfigError: the file exists, or the folder refuses.
    """
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise ConfigError("is there already", offender=str(path), remedy="give another name") from error
    except OSError as error:
        raise ConfigError("cannot be written", offender=str(path), value=error.strerror) from error
