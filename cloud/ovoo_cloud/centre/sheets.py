"""Registers as tables: CSV (UTF-8, UTF-16, GBK) and xlsx in, with the row and cell of every cell; both out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_contract.xlsx import read_xlsx, write_xlsx
from ovoo_models.efficiency.readings.table import decode_text, separator_of

from ovoo_cloud.centre.kinds import Field, Kind
from ovoo_cloud.centre.values import cell_text

__all__ = ["MOST_ROWS", "Table", "TableRow", "read_table", "write_csv", "write_workbook"]

MOST_ROWS: Final = 20_000
_FIXED: Final = {"id": "编号", "version": "版本", "withdrawn": "已撤回"}
_HEADER_WITHIN: Final = 20
_MOST_ELEMENTS: Final = 1_500_000
"""Three to a cell of the largest register; reading so many takes seconds, more would hold the server up."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_RANGE: Final = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_NUMBER: Final = re.compile(r"-?[0-9]+([.][0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: where it stands (from 1) and its cells by field id, `id`, `version` and `withdrawn` among them."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file; `columns` gives the letter of each column that was read."""

    rows: tuple[TableRow, ...]
    columns: Mapping[str, str]

    def place(self, row: TableRow, column: str) -> str:
        """How a person finds a cell."""
        return f"row {row.line} {column} ({self.columns.get(column, '?')}{row.line})"


def read_table(kind: Kind, raw: bytes, name: str) -> Table:
    """The table in the bytes of a file; its header names fields by id or by their words in Chinese or English.

    Raises:
        ConfigErrors: no header, an unknown or repeated column, merged cells in the table.
        ConfigError: no text, no workbook, more than one sheet, too many rows.
    """
    lines, merged = _cells(raw, name)
    names = _names(kind)
    place = next(
        (n for n, (_, row) in enumerate(lines[:_HEADER_WITHIN]) if "id" in {names.get(_key(c)) for c in row}), None
    )
    if place is None:
        raise ConfigError("no header", offender=name, remedy="the first row names the columns, one of them id (编号)")
    header_line, header = lines[place]
    faults = _header_faults(header, names) + _merged_faults(merged, header_line)
    if faults:
        raise ConfigErrors(faults)
    if len(lines) - place - 1 > MOST_ROWS:
        raise ConfigError("too many rows", offender=name, value=len(lines) - place - 1, remedy=f"at most {MOST_ROWS}")
    columns = {names[_key(cell)]: column for column, cell in enumerate(header) if cell.strip()}
    rows = tuple(
        TableRow(line, {field: _unguarded(row[at]) if at < len(row) else "" for field, at in columns.items()})
        for line, row in lines[place + 1 :]
        if any(cell.strip() for cell in row)
    )
    return Table(rows, {field: _letters(at) for field, at in columns.items()})


def write_csv(kind: Kind, rows: Sequence[tuple[str, int, bool, Mapping[str, Any]]], fields: Sequence[Field]) -> bytes:
    """Rows of (id, version, withdrawn, content) as CSV in UTF-8 with a mark; cells that a spreadsheet would run as a
    formula begin with an apostrophe, which reading takes away again."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_FIXED, *(each.id for each in fields)])
    for row in _texts(rows, fields):
        writer.writerow([_guarded(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_workbook(
    kind: Kind, rows: Sequence[tuple[str, int, bool, Mapping[str, Any]]], fields: Sequence[Field], language: str
) -> bytes:
    """The same as a workbook whose header is in the reader's words."""
    fixed = [word if language == "zh" else name for name, word in _FIXED.items()]
    header = [*fixed, *(each.label.of(language) for each in fields)]
    widths = [18, 8, 8, *(max(12, 2 * len(each.label.of(language))) for each in fields)]
    return write_xlsx(kind.label.of(language), [header, *_texts(rows, fields)], widths)


def _texts(rows: Sequence[tuple[str, int, bool, Mapping[str, Any]]], fields: Sequence[Field]) -> list[list[str]]:
    return [
        [name, str(version), "yes" if withdrawn else "no", *(cell_text(each, content.get(each.id)) for each in fields)]
        for name, version, withdrawn, content in rows
    ]


def _cells(raw: bytes, name: str) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    if raw[:4] == b"\xd0\xcf\x11\xe0":
        raise ConfigError("a workbook of the old form", offender=name, remedy="save it as .xlsx or CSV UTF-8")
    if raw[:4] == b"PK\x03\x04":
        sheets = [each for each in read_xlsx(raw, name, most_elements=_MOST_ELEMENTS) if each.rows]
        if len(sheets) != 1:
            found = ", ".join(each.name for each in sheets) or "none"
            raise ConfigError("not one sheet with rows", offender=name, value=found, remedy="keep that of the register")
        return [(line, list(cells)) for line, cells in sheets[0].rows], sheets[0].merged
    words, _ = decode_text(raw, Path(name))
    reader = csv.reader(io.StringIO(words.lstrip("\ufeff"), newline=""), delimiter=_separator(words))
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)], ()
    except csv.Error as error:
        raise ConfigError("not a table", offender=name, value=str(error), remedy="save it as CSV UTF-8") from error


def _separator(words: str) -> str:
    head = words.lstrip("\ufeff\r\n").split("\n", 1)[0]
    # lists inside cells are split by semicolons: a comma in the header decides
    return "," if "," in head else separator_of(words)


def _key(cell: str) -> str:
    return cell.strip().strip("*").strip().lower()


def _names(kind: Kind) -> dict[str, str]:
    names: dict[str, str] = {}
    for each in kind.fields:
        names |= {each.id: each.id, each.label.zh.lower(): each.id, each.label.en.lower(): each.id}
    for name, word in _FIXED.items():
        names |= {name: name, word: name}
    return names


def _header_faults(header: Sequence[str], names: Mapping[str, str]) -> list[ConfigError]:
    faults, seen = [], set()
    for column, cell in enumerate(header):
        if not cell.strip():
            continue
        found = names.get(_key(cell))
        if found is None or found in seen:
            message = "no such column" if found is None else "this column is there twice"
            remedy = ", ".join(dict.fromkeys(names.values()))
            faults.append(ConfigError(message, offender=f"header {_letters(column)}", value=cell, remedy=remedy))
        seen.add(found)
    return faults


def _merged_faults(merged: Sequence[str], header_line: int) -> list[ConfigError]:
    ranges = [found for each in merged if (found := _RANGE.fullmatch(each)) and int(found[4]) >= header_line]
    remedy = "take the merging away and fill every cell"
    return [ConfigError("merged cells", offender=f"cells {found[0]}", remedy=remedy) for found in ranges]


def _letters(column: int) -> str:
    text, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(("'", *_FORMULA)) and not _NUMBER.fullmatch(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(("'", *_FORMULA)) else cell
