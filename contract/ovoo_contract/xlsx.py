"""Reads and writes the little of Office Open XML that a table needs; standard library only.

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
from xml.sax.saxutils import escape

from ovoo_contract.errors import ConfigError

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
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SAVE_AS = "save it as an Excel workbook (.xlsx) or as CSV"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name and its rows as (row number from 1, cells as text); empty rows are left out.

    `merged` are ranges such as A2:A5: of one, only the first cell holds the text.
    """

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    merged: tuple[str, ...] = ()


def read_xlsx(
    data: bytes, where: str, *, most_elements: int = _MOST_BYTES // _SHORTEST_ELEMENT
) -> tuple[Sheet, ...]:
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


def write_xlsx(sheet: str, rows: Sequence[Sequence[str | float | None]], widths: Sequence[int]) -> bytes:
    """A workbook with one sheet whose first row stands out and stays in view.

    Args:
        sheet: its name.
        rows: cells; texts are written as texts whatever they look like.
        widths: of the columns, in characters.
    """
    files = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _RELS,
        "xl/workbook.xml": _WORKBOOK.format(name=escape(sheet[:31], {'"': "&quot;"})),
        "xl/_rels/workbook.xml.rels": _WORKBOOK_RELS,
        "xl/styles.xml": _STYLES,
        "xl/worksheets/sheet1.xml": "".join(_sheet_xml(rows, widths)),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


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
        if self._archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError(f"{name} is packed in another way than spreadsheets do")
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


def _sheet_xml(rows: Sequence[Sequence[str | float | None]], widths: Sequence[int]) -> Iterator[str]:
    yield _SHEET_HEAD
    yield "".join(
        f'<col min="{place}" max="{place}" width="{width}" style="2" customWidth="1"/>'
        for place, width in enumerate(widths, start=1)
    )
    yield "</cols><sheetData>"
    for number, row in enumerate(rows, start=1):
        style = 1 if number == 1 else 2
        cells = (_cell_xml(_letters(column) + str(number), value, style) for column, value in enumerate(row))
        yield f'<row r="{number}">{"".join(cells)}</row>'
    yield "</sheetData></worksheet>"


def _cell_xml(place: str, value: str | float | None, style: int) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        text = escape(_CONTROL.sub("", value))
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'


def _letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_CONTENT}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_CONTENT}.worksheet+xml"/></Types>'
)
_RELS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_WORKBOOK = (
    f'{_HEAD}<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_WORKBOOK_RELS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
# style 1: bold head; style 2: text, so that a spreadsheet leaves what is typed alone
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_SPREADSHEET}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_SHEET_HEAD = (
    f'{_HEAD}<worksheet xmlns="{_SPREADSHEET}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>'
)
