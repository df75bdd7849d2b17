"""The file as a table of texts: encoding, separator, header row; what is no row of readings is told and left out."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.readings.headers import names_time
from ovoo_models.efficiency.readings.problem import ProblemLog

__all__ = ["Table", "decode_text", "plain", "read_table", "separator_of", "table_of"]

_SEPARATORS: Final = (";", "\t", "|", ",", "，")
_SUMMARY: Final = ("合计", "小计", "总计", "汇总", "平均", "最大", "最小", "total", "sum", "average", "subtotal")
_HEADER_WITHIN: Final = 40
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Table:
    """`rows[i]` are the cells of line `lines[i]` (from 1), in plain characters; `sha256` is of the file's bytes."""

    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    sha256: str
    encoding: str


def plain(cell: str) -> str:
    """Full-width digits, signs and letters as their plain ones (NFKC), without blanks at the ends."""
    return cell.strip() if cell.isascii() else unicodedata.normalize("NFKC", cell).replace("−", "-").strip()


def read_table(path: Path, log: ProblemLog, *, headed: bool = True) -> Table:
    """The table of a CSV file, of the one sheet of a workbook, or of a Parquet file where duckdb is installed.

    Raises:
        ConfigError: the file is not readable, holds no table, or more than one sheet.
    """
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    if raw[:4] == b"PAR1":
        from ovoo_models.efficiency.readings.parquet import parquet_cells

        return _headed(parquet_cells(path), digest, "parquet", log, headed)
    if raw[:4] == b"PK\x03\x04":
        return _headed(_sheet_cells(raw, path), digest, "xlsx", log, headed)
    if raw[:4] == b"\xd0\xcf\x11\xe0":
        raise ConfigError(
            "a workbook of the old form", code="readings.workbook_of_old_form", offender=str(path),
            remedy="save it as .xlsx or CSV UTF-8",
        )  # fmt: skip
    words, encoding = decode_text(raw, path)
    if encoding != "utf-8":
        log.add("file.encoding", "repaired", value=encoding)
    return table_of(words, digest, encoding, log, headed=headed)


def _sheet_cells(raw: bytes, path: Path) -> list[tuple[int, list[str]]]:
    from ovoo_contract.xlsx import read_xlsx

    sheets = [each for each in read_xlsx(raw, str(path)) if each.rows]
    if len(sheets) != 1:
        names = ", ".join(each.name for each in sheets) or "none"
        raise ConfigError(
            "not one sheet with rows", code="readings.not_one_sheet_with_rows", offender=str(path), value=names,
            remedy="keep that of the meter",
        )  # fmt: skip
    # empty cells at the end of a row do not stand in a workbook
    width = max(len(cells) for _line, cells in sheets[0].rows)
    blank = [""] * width
    return [(line, [*map(plain, cells), *blank[len(cells) :]]) for line, cells in sheets[0].rows]


def table_of(words: str, digest: str, encoding: str, log: ProblemLog, *, headed: bool = True) -> Table:
    """The table of a text."""
    separator = separator_of(words)
    if separator != ",":
        log.add("file.separator", "repaired", value={"\t": "tab"}.get(separator, separator))
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=separator)
    try:
        cells = [(reader.line_num, [plain(cell) for cell in row]) for row in reader]
    except csv.Error as error:
        raise ConfigError(
            "not a table", code="readings.not_table", offender=f"line {reader.line_num}", value=str(error),
            remedy="save the sheet as CSV UTF-8",
        ) from error  # fmt: skip
    return _headed(cells, digest, encoding, log, headed)


def decode_text(raw: bytes, path: Path) -> tuple[str, str]:
    """The text of UTF-8, UTF-16 with its mark, or GBK, and which of them; ConfigError for anything else."""
    if not raw.strip():
        raise ConfigError("the file is empty", code="readings.file_empty", offender=str(path), remedy="export it again")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw.decode("utf-8-sig", "strict") if _is(raw, "utf-8") else _foreign(raw, path), "utf-8 with a mark"
    if raw[:2] in _MARKS:
        return raw.decode("utf-16", "strict") if _is(raw, "utf-16") else _foreign(raw, path), "utf-16"
    if _is(raw, "utf-8"):
        return raw.decode("utf-8"), "utf-8"
    if _is(raw, "gb18030"):
        return raw.decode("gb18030"), "GBK"
    return _foreign(raw, path), ""


def _is(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _foreign(raw: bytes, path: Path) -> str:
    raise ConfigError(
        "neither UTF-8 nor GBK text", code="readings.neither_utf_8_nor_gbk_text", offender=str(path), value=raw[:16],
        remedy="save the sheet as CSV UTF-8",
    )  # fmt: skip


def separator_of(words: str) -> str:
    """The sign that splits most of the first lines into equally many cells; of equals the one that is no comma.

    A sign by which a line is no table, as its cell is too long, splits nothing: whoever reads the table tells of it.
    """
    head = words.splitlines()[:60]
    best, best_score = ",", (0, 0)
    for sign in _SEPARATORS:
        widths: Counter[int] = Counter()
        with contextlib.suppress(csv.Error):
            widths.update(len(row) for row in csv.reader(head, delimiter=sign) if len(row) > 1)
        if widths:
            width, rows = widths.most_common(1)[0]
            if (rows, width) > best_score:
                best, best_score = sign, (rows, width)
    return best


def _headed(cells: Sequence[tuple[int, list[str]]], digest: str, encoding: str, log: ProblemLog, headed: bool) -> Table:
    filled = [(line, row) for line, row in cells if any(row)]
    if not filled:
        raise ConfigError("no rows", code="readings.no_rows", offender="file", remedy="export it again")
    place = _header_place(filled) if headed else -1
    if place > 0:
        log.add_span("file.preamble", "dropped", (filled[0][0], filled[place - 1][0], place), " ".join(filled[0][1]))
    header = filled[place][1] if headed else [f"#{n + 1}" for n in range(len(filled[0][1]))]
    while len(header) > 1 and not header[-1]:
        header = header[:-1]
    rows, lines = _body(filled[place + 1 :], header, log)
    return Table(tuple(header), rows, lines, digest, encoding)


def _header_place(filled: Sequence[tuple[int, list[str]]]) -> int:
    """The first row that names a time and another column; else the first row."""
    for place, (_, row) in enumerate(filled[:_HEADER_WITHIN]):
        if sum(1 for cell in row if cell) > 1 and any(names_time(cell) for cell in row):
            return place
    return 0


def _body(
    filled: Sequence[tuple[int, list[str]]], header: Sequence[str], log: ProblemLog
) -> tuple[list[list[str]], list[int]]:
    rows, lines, width = [], [], len(header)
    for line, row in filled:
        if row[: len(header)] == list(header):
            log.add("row.header_again", "dropped", line)
        elif any(cell.lower().startswith(_SUMMARY) for cell in row[:2]):
            log.add("row.summary", "dropped", line, row[0])
        elif len(row) < width or any(row[width:]):
            log.add("row.cells", "dropped", line, f"{len(row)}", wanted=width)
        else:
            rows.append(row)
            lines.append(line)
    return rows, lines
