"""Reads the little of Office Open XML that a table needs; standard library only. Writing is beside it.

A workbook comes from other people: members are bounded, document types are refused (so no entity can expand), and
nothing in it is run or followed.
"""

from __future__ import annotations

import datetime
import io
import math
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

from ovoo_contract._xlsx_writing import write_xlsx
from ovoo_contract.errors import ConfigError
from ovoo_contract.zip_members import require_usual_packing

__all__ = ["Sheet", "read_xlsx", "write_xlsx"]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MOST_BYTES = 256 << 20
_SHORTEST_ELEMENT = len("<a/>")
_MOST_COLUMNS = 200
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_DATE_FORMAT = re.compile(r"[ymdhs]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_SAVE_AS = "save it as an Excel workbook (.xlsx) or as CSV"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name and its rows as (row number from 1, cells as text); empty rows are left out.

    `merged` are ranges such as A2:A5: of one, only the first cell holds the text.
    """

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    merged: tuple[str, ...] = ()


def read_xlsx(data: bytes, where: str, *, most_elements: int = _MOST_BYTES // _SHORTEST_ELEMENT) -> tuple[Sheet, ...]:
    """All worksheets of a workbook.

    Numbers come as the shortest text that gives them back, dates as ISO text, errors as `#REF!` and so on.

    Args:
        data: the file.
        where: what it is called.
        most_elements: how many XML elements all its parts hold together; a cell takes two or three. A server that
            answers meanwhile sets it; as it stands, only the bytes are bounded.

    Raises:
        ConfigError: it is no such workbook, or larger than 256 MiB, or has more elements; `where` is the offender.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_workbook(_Members(archive, where, most_elements))
    except (zipfile.BadZipFile, LookupError, ParseError, expat.ExpatError, ValueError, zlib.error, EOFError) as error:
        raise ConfigError("is not a readable workbook", offender=where, value=str(error), remedy=_SAVE_AS) from error
    except (NotImplementedError, RuntimeError) as error:  # another compression, or a password
        raise ConfigError("is locked or packed strangely", offender=where, value=str(error), remedy=_SAVE_AS) from error


class _Members:
    """The archive's members as XML trees, within the bounds on their size and their elements."""

    def __init__(self, archive: zipfile.ZipFile, where: str, most_elements: int) -> None:
        self._archive = archive
        self._where = where
        self._left = _MOST_BYTES
        self._elements_left = self._most_elements = most_elements

    def has(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def tree(self, name: str) -> Element:
        require_usual_packing(self._archive.getinfo(name))
        with self._archive.open(name) as member:
            data = member.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise ConfigError(
                "unpacks to too much", offender=self._where, value=name, remedy=f"at most {_MOST_BYTES >> 20} MiB"
            )
        if data.count(b"<") - data.count(b"</") > self._elements_left:  # in a moment, before anything is built
            raise self._too_much()
        return _parse(data, self._count)

    def _count(self) -> None:
        """Counts what is built, as text may hide elements from the first look."""
        self._elements_left -= 1
        if self._elements_left < 0:
            raise self._too_much()

    def _too_much(self) -> ConfigError:
        remedy = f"at most {self._most_elements} XML elements"
        return ConfigError("holds too much", offender=self._where, remedy=remedy)


def _parse(data: bytes, count: Callable[[], None]) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ValueError("a document type is not allowed in it")

    def name(raw: str) -> str:
        return "{" + raw if "}" in raw else raw

    def start(tag: str, attributes: dict[str, str]) -> None:
        count()
        builder.start(name(tag), {name(key): value for key, value in attributes.items()})

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: builder.end(name(tag))
    parser.CharacterDataHandler = builder.data
    parser.Parse(data, True)
    return builder.close()


def _read_workbook(members: _Members) -> tuple[Sheet, ...]:
    book = members.tree("xl/workbook.xml")
    relations = {
        item.get("Id", ""): posixpath.normpath(posixpath.join("xl", item.get("Target", "").lstrip("/")))
        if not item.get("Target", "").startswith("/")
        else item.get("Target", "")[1:]
        for item in members.tree("xl/_rels/workbook.xml.rels")
    }
    from_1904 = any(item.get("date1904") in ("1", "true") for item in book.iter(_MAIN + "workbookPr"))
    texts = _shared_texts(members)
    dates = _date_styles(members)
    return tuple(
        _sheet(item.get("name", ""), members.tree(relations[item.get(_RELATION, "")]), texts, dates, from_1904)
        for item in book.iter(_MAIN + "sheet")
        if "worksheets/" in relations.get(item.get(_RELATION, ""), "")
    )


def _sheet(name: str, tree: Element, texts: Sequence[str], dates: Sequence[bool], from_1904: bool) -> Sheet:
    merged = tuple(item.get("ref", "") for item in tree.iter(_MAIN + "mergeCell"))
    return Sheet(name, tuple(_rows(tree, texts, dates, from_1904)), merged)


def _shared_texts(members: _Members) -> list[str]:
    if not members.has("xl/sharedStrings.xml"):
        return []
    return [_text(item) for item in members.tree("xl/sharedStrings.xml").iter(_MAIN + "si")]


def _text(item: Element) -> str:
    """The text of a string item without its phonetic guide."""
    parts = [part.text or "" for part in item.findall(_MAIN + "t")]
    parts += [part.text or "" for run in item.findall(_MAIN + "r") for part in run.findall(_MAIN + "t")]
    return "".join(parts)


def _date_styles(members: _Members) -> list[bool]:
    """Per cell style whether it shows a date or a time."""
    if not members.has("xl/styles.xml"):
        return []
    styles = members.tree("xl/styles.xml")
    own = {
        int(item.get("numFmtId", "0")): bool(_DATE_FORMAT.search(_QUOTED.sub("", item.get("formatCode", ""))))
        for item in styles.iter(_MAIN + "numFmt")
    }
    formats = [int(item.get("numFmtId", "0")) for group in styles.findall(_MAIN + "cellXfs") for item in group]
    return [own.get(number, number in _BUILT_IN_DATES) for number in formats]


def _rows(
    sheet: Element, texts: Sequence[str], dates: Sequence[bool], from_1904: bool
) -> Iterator[tuple[int, tuple[str, ...]]]:
    number = 0
    for row in sheet.iter(_MAIN + "row"):
        number = int(row.get("r", number + 1))
        cells: dict[int, str] = {}
        column = -1
        for cell in row.findall(_MAIN + "c"):
            place = _CELL.fullmatch(cell.get("r", ""))
            column = _column(place[1]) if place else column + 1
            text = _cell_text(cell, texts, dates, from_1904)
            if text and column < _MOST_COLUMNS:
                cells[column] = text
        if cells:
            yield number, tuple(cells.get(column, "") for column in range(max(cells) + 1))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell_text(cell: Element, texts: Sequence[str], dates: Sequence[bool], from_1904: bool) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(_MAIN + "is")
        return "" if inline is None else _text(inline)
    raw = cell.findtext(_MAIN + "v") or ""
    if kind == "s":
        place = int(raw)
        return texts[place] if 0 <= place < len(texts) else ""
    if kind == "b":
        return "yes" if raw == "1" else "no"
    if kind != "n" or not raw:
        return raw
    style = int(cell.get("s", "0"))
    value = float(raw)
    if not math.isfinite(value):
        return raw  # no spreadsheet writes it; whoever wants a number there refuses it by its cell
    if style < len(dates) and dates[style]:
        return _iso_date(value, from_1904)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _iso_date(days: float, from_1904: bool) -> str:
    start = datetime.datetime(1904, 1, 1) if from_1904 else datetime.datetime(1899, 12, 30)
    try:
        moment = start + datetime.timedelta(days=days)
    except OverflowError:
        return repr(days)
    return moment.isoformat(" ") if days % 1 else moment.date().isoformat()
