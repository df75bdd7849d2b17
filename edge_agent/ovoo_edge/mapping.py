"""The signal list of a gateway: a CSV or an xlsx workbook that a plant engineer keeps in a spreadsheet.

Columns (in any order, `address` and `unit` required): address, unit, source, reference (also called node, topic or
column), path, element, scale, offset, source_unit, type, low, high, data_class, uplink, period_s, name_zh, name_en,
keep_times, deadband, freshness_s, out_of_range, compress, max_error, refresh_s, max_rate, stuck_after_s. UTF-8 (with
or without BOM), UTF-16 with BOM and GBK/GB 18030 are recognised, and so are commas, semicolons and tabs. Lines that
start with `#` are comments, and so are columns whose head starts with `#`. Of a workbook every sheet with an `address`
column is read.
"""

from __future__ import annotations

import csv
import math
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError
from ovoo_contract.units import conversion

from ovoo_edge.normalise import SignalRule
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.json_path import parse_json_path
from ovoo_edge.spreadsheet_cells import mangled_number, mangled_text
from ovoo_edge.treatment import Treatment, read_treatment

__all__ = ["SIGNAL_COLUMNS", "RowReader", "SignalRow", "bind_signals", "decode_text", "read_signals", "read_table"]

SIGNAL_COLUMNS: tuple[str, ...] = (
    "address", "unit", "source", "reference", "path", "element", "scale", "offset", "source_unit", "type", "low",
    "high", "data_class", "uplink", "period_s", "name_zh", "name_en", "keep_times", "deadband", "freshness_s",
    "out_of_range", "compress", "max_error", "refresh_s", "max_rate", "stuck_after_s",
)  # fmt: skip
_ALIASES = {"node": "reference", "topic": "reference", "column": "reference"}
_REQUIRED = ("address", "unit")
_TRUE = frozenset({"1", "true", "yes", "y"})
_FALSE = frozenset({"0", "false", "no", "n", ""})
_TEXTS = ("address", "unit", "source", "reference", "path", "name_zh", "name_en")
_MOST_ROWS = 2_000_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""A line with its end, as a file gives it."""


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One line of the signal list.

    Attributes:
        entry: its catalogue entry.
        source: name of the source that feeds it; may be empty where the gateway has a single source.
        reference: node id, topic or column in that source.
        path: JSON path inside the message.
        element: which element of an array value counts, >= 0.
        factor, offset: `value * factor + offset` is the value in `entry.unit`.
        treatment: what is done with its samples.
        freshness_s: silence deadline, 0 = the source's default.
        where: `file:line`, for messages.
    """

    entry: SignalEntry
    source: str
    reference: str
    path: str
    element: int
    factor: float
    offset: float
    treatment: Treatment
    freshness_s: float
    where: str

    @property
    def rule(self) -> SignalRule:
        """How its samples are treated on their way into the spool."""
        return self.treatment.rule(self.entry, self.factor, self.offset)


def read_signals(path: pathlib.Path) -> tuple[SignalRow, ...]:
    """All signals of the file, in its order.

    Raises:
        ConfigErrors: every fault of the file, each with file, line and column.
    """
    errors: list[ConfigError] = []
    rows: list[SignalRow] = []
    seen: dict[str, str] = {}
    for where, fields in read_table(path, SIGNAL_COLUMNS, _REQUIRED, _ALIASES):
        reader = RowReader(where, fields)
        row = reader.signal()
        errors += reader.errors
        if row is None:
            continue
        address = str(row.entry.address)
        if address in seen:
            remedy = f"first given at {seen[address]}"
            errors.append(
                ConfigError("address stands twice", offender=f"{where} address", value=address, remedy=remedy)
            )
            continue
        seen[address] = where
        rows.append(row)
    if errors:
        raise ConfigErrors(errors)
    return tuple(rows)


def bind_signals(rows: Iterable[SignalRow], catalogue: Catalogue, source: str) -> tuple[SignalMap, ...]:
    """The rows of one source with their catalogue indexes; rows without a source belong to every caller."""
    return tuple(
        SignalMap(
            index=catalogue.index(row.entry.address),
            address=str(row.entry.address),
            reference=row.reference,
            path=row.path,
            element=row.element,
            freshness_s=row.freshness_s,
            period_s=row.entry.period_s,
            keep_times=row.entry.keep_times,
            is_text=row.entry.type == "text",
        )
        for row in rows
        if row.source in ("", source)
    )


def decode_text(data: bytes, where: str) -> str:
    """The text of a file written by a spreadsheet: UTF-8, UTF-16 with BOM, or GBK/GB 18030.

    Raises:
        ConfigError: it is none of them; `where` is the offender.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    else:
        encodings = ("utf-8", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError("is not a text file", offender=where, value=data[:16], remedy="save it as CSV UTF-8 or GBK")


def read_table(
    path: pathlib.Path, columns: Sequence[str], required: Sequence[str], aliases: dict[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The lines of a CSV or workbook as (`file:line` or `file[sheet]:line`, fields by column name), stripped.

    Raises:
        ConfigErrors: the file is missing, neither of the two, or its header is wrong.
    """
    try:
        data = path.read_bytes()
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            yield from _workbook_lines(path, data, columns, required, aliases)
        else:
            yield from _csv_lines(path, decode_text(data, str(path)), columns, required, aliases)
    except OSError as error:
        raise ConfigErrors([ConfigError("cannot be read", offender=str(path), value=error.strerror)]) from error
    except ConfigError as error:
        raise ConfigErrors([error]) from error


def _workbook_lines(
    path: pathlib.Path, data: bytes, columns: Sequence[str], required: Sequence[str], aliases: dict[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    from ovoo_contract.xlsx import read_xlsx

    found = False
    for sheet in read_xlsx(data, str(path)):
        header: list[str] | None = None
        for number, cells in sheet.rows:
            where = f"{path.name}[{sheet.name}]:{number}"
            if cells[0].startswith("#"):
                continue
            if header is None:
                if "address" not in (cell.strip().lower() for cell in cells):
                    break  # a sheet of notes
                header, found = _check_header(where, cells, columns, required, aliases), True
                continue
            yield where, _fields(where, header, cells)
    if not found:
        remedy = "the head of the list must have a column named address"
        raise ConfigError("has no sheet with a signal list", offender=str(path), remedy=remedy)


def _fields(where: str, header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        remedy = f"the header has {len(header)} columns"
        raise ConfigErrors([ConfigError("too many columns", offender=where, value=len(cells), remedy=remedy)])
    named = zip(header, cells, strict=False)
    return {name: _bare(cell.strip()) for name, cell in named if not name.startswith("#")}


def _bare(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running a text as a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def _csv_lines(
    path: pathlib.Path, text: str, columns: Sequence[str], required: Sequence[str], aliases: dict[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    lines = (match[0] for match in _LINE.finditer(text))  # one at a time: a list of all would double the room
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader((match[0] for match in _LINE.finditer(text)), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
                continue
            where = f"{path.name}:{reader.line_num}"
            if header is None:
                header = _check_header(where, cells, columns, required, aliases)
                continue
            yield where, _fields(where, header, cells)
            if reader.line_num > _MOST_ROWS:
                raise ConfigErrors([ConfigError("too many lines", offender=where, remedy=f"at most {_MOST_ROWS}")])
    except csv.Error as error:
        where = f"{path.name}:{reader.line_num}"
        raise ConfigErrors([ConfigError("broken CSV", offender=where, value=str(error))]) from error


def _check_header(
    where: str, cells: Sequence[str], columns: Sequence[str], required: Sequence[str], aliases: dict[str, str]
) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    header = [aliases.get(name, name) for name in names]
    known = "known columns: " + ", ".join(columns)
    errors = [
        ConfigError("unknown column", offender=where, value=name, remedy=known)
        for name, real in zip(names, header, strict=True)
        if real not in columns and not name.startswith("#")
    ]
    errors += [
        ConfigError("column is missing", offender=where, value=name, remedy=known)
        for name in required
        if name not in header
    ]
    errors += [
        ConfigError("column stands twice", offender=where, value=name)
        for name in sorted(set(header))
        if header.count(name) > 1
    ]
    if errors:
        raise ConfigErrors(errors)
    return header


class RowReader:
    """Turns one line into a SignalRow and gathers what is wrong with it.

    Args:
        where: `file:line`, for messages.
        fields: the line's cells by column name; absent ones count as empty.
    """

    def __init__(self, where: str, fields: dict[str, str]) -> None:
        self._where = where
        self._fields = fields
        self.errors: list[ConfigError] = []

    def signal(self) -> SignalRow | None:
        """The row, or None with at least one error noted."""
        factor, offset = self._conversion()
        for name in _TEXTS:
            if mangled := mangled_text(self._fields.get(name, "")):
                self._fault(name, mangled[0], self._fields[name], mangled[1])
        entry = self._entry()
        path = self._path()
        element = int(self._number("element", 0.0, low=0, whole=True))
        treatment = None if entry is None else read_treatment(self._fields, self._where, entry, self.errors)
        freshness_s = self._number("freshness_s", 0.0, low=0)
        if entry is None or treatment is None or self.errors:
            return None
        source, reference = sys.intern(self._fields.get("source", "")), self._fields.get("reference", "")
        return SignalRow(entry, source, reference, path, element, factor, offset, treatment, freshness_s, self._where)

    def _entry(self) -> SignalEntry | None:
        fields = self._fields
        text = {
            name: fields[name] for name in ("type", "data_class", "uplink", "name_zh", "name_en") if fields.get(name)
        }
        low, high = self._bound("low"), self._bound("high")
        period_s = self._number("period_s", 1.0)
        keep_times = self._flag("keep_times")
        try:
            return SignalEntry(
                Address.parse(fields.get("address", "")),
                sys.intern(fields.get("unit", "")),
                low=low,
                high=high,
                period_s=period_s,
                keep_times=keep_times,
                **text,  # type: ignore[arg-type]  # SignalEntry checks the choices itself
            )
        except OvooError as error:
            # the entry names its own offender; here the line matters more
            self.errors.append(
                ConfigError(
                    error.message, offender=f"{self._where} {error.offender}", value=error.value, remedy=error.remedy
                )
            )
            return None

    def _conversion(self) -> tuple[float, float]:
        scale, offset = self._number("scale", 1.0), self._number("offset", 0.0)
        source_unit, unit = self._fields.get("source_unit", ""), self._fields.get("unit", "")
        if not source_unit or source_unit == unit:
            return scale, offset
        try:
            factor, shift = conversion(source_unit, unit)
        except OvooError as error:
            self._fault("source_unit", error.message, source_unit, error.remedy)
            return scale, offset
        return scale * factor, offset * factor + shift

    def _path(self) -> str:
        text = self._fields.get("path", "")
        try:
            parse_json_path(text, f"{self._where} path")
        except ConfigError as error:
            self.errors.append(error)
        return text

    def _bound(self, name: str) -> float | None:
        return self._number(name, 0.0) if self._fields.get(name) else None

    def _number(self, name: str, default: float, *, low: float = -math.inf, whole: bool = False) -> float:
        text = self._fields.get(name, "")
        if not text:
            return default
        if mangled := mangled_number(text):
            self._fault(name, mangled[0], text, mangled[1])
            return default
        try:
            value = float(text)
        except ValueError:
            self._fault(name, "is not a number", text, "write it with a decimal point, without thousands separators")
            return default
        if not math.isfinite(value) or value < low or (whole and value != int(value)):
            self._fault(
                name,
                "is out of range",
                text,
                f"a {'whole ' if whole else ''}number{f' from {low:g}' if low > -math.inf else ''}",
            )
            return default
        return value

    def _flag(self, name: str) -> bool:
        text = self._fields.get(name, "").lower()
        if text not in _TRUE and text not in _FALSE:
            self._fault(name, "is not yes or no", text, "write yes or no")
        return text in _TRUE

    def _fault(self, name: str, message: str, value: object, remedy: str) -> None:
        self.errors.append(ConfigError(message, offender=f"{self._where} {name}", value=value, remedy=remedy))


_RowReader = RowReader  # until signal_list imports the public name
