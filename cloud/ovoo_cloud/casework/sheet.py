"""A questionnaire as a table: written empty from the framework, read back with every mistake named by its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import openpyxl
import xlsxwriter
from openpyxl.utils import get_column_letter
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import Framework

from ovoo_cloud.casework.graded_rows import graded_rows
from ovoo_cloud.casework.sheet_cell import Cell, Row
from ovoo_cloud.casework.workbook import ROWS, check_workbook

__all__ = ["HEADER", "Cell", "read_csv", "read_xlsx", "write_csv", "write_xlsx"]

HEADER: Final = ("kind", "id", "option", "name_zh", "name_en", "answer", "class", "evidence")
"""The columns; a row is one option of an item, one ratio, or one level of a scene."""
_SHEET: Final = "questionnaire"
_ANSWERED: Final = 5  # the first column that people fill in


def _all_rows(framework: Framework, further: Sequence[Framework]) -> Iterator[tuple[str, str, str, str, str]]:
    """The rows of the leading framework, then those of the further ones with the framework before id and name."""
    yield from _rows(framework)
    for each in further:
        for kind, name, option, zh, en in _rows(each):
            yield kind, f"{each.id}/{name}", option, f"{each.name_zh}：{zh}", f"{each.name_en}: {en}"


def _rows(framework: Framework) -> Iterator[tuple[str, str, str, str, str]]:
    if framework.method != "points_gate":
        yield from graded_rows(framework)
        return
    for item in framework.items:
        if item.kind == "ratio":
            yield "item", item.id, "", item.name_zh, item.name_en
        for option in item.options:
            names = f"{item.name_zh}：{option.name_zh}", f"{item.name_en}: {option.name_en}"
            yield "item", item.id, option.id, *names
    for scene in framework.scenes:
        for level in scene.levels:
            names = f"{scene.name_zh}：{level.text_zh}", f"{scene.name_en}: {level.text_en}"
            yield "scene", scene.id, str(level.level), *names


def write_csv(framework: Framework, further: Sequence[Framework] = ()) -> bytes:
    """The empty questionnaire as CSV in UTF-8 with a byte-order mark, which office programs expect."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows((*row, "", "", "") for row in _all_rows(framework, further))
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(framework: Framework, further: Sequence[Framework] = ()) -> bytes:
    """The empty questionnaire as a workbook of one sheet."""
    out = io.BytesIO()
    # xlsxwriter has no types; Any at this border only
    book: Any = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(_SHEET)
    head, free = book.add_format({"bold": True, "bottom": 1}), book.add_format({"bg_color": "#FFF9E5", "border": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for column, (name, width) in enumerate(zip(HEADER, (8, 20, 20, 46, 46, 12, 12, 30), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, head)
    for number, row in enumerate(_all_rows(framework, further), 1):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text, wrapped)
        for column in range(_ANSWERED, len(HEADER)):
            sheet.write_blank(number, column, None, free)
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()


def read_xlsx(content: bytes) -> list[Row]:
    """The rows below the header of a filled workbook.

    Raises:
        ConfigErrors: no workbook, or one with macros or links; no such sheet, several of them or a hidden one; merged
            cells where answers stand, or a formula in place of an answer, each by its cell.
    """
    check_workbook(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=False)
    except Exception as error:  # the reader raises whatever its parsers raise on damaged files
        raise ConfigErrors(
            [
                ConfigError(
                    "not a workbook",
                    offender="file",
                    value=str(error)[:120],
                    remedy="save it as .xlsx",
                    code="case.not_workbook",
                )
            ]
        ) from error
    found = [sheet for sheet in book.worksheets if _is_header([str(c.value or "") for c in next(sheet.rows, ())])]
    if not found:
        names = [sheet.title for sheet in book.worksheets]
        raise ConfigErrors([_no_header(f"sheets {', '.join(names)}")])
    if len(found) > 1 or found[0].sheet_state != "visible":
        names = [f"{sheet.title} ({sheet.sheet_state})" for sheet in found]
        raise ConfigErrors(
            [
                ConfigError(
                    "hidden, or more than one questionnaire",
                    offender="file",
                    value=", ".join(names),
                    remedy="leave one, and show it",
                    code="case.hidden_or_several",
                )
            ]
        )
    return _sheet_rows(found[0])


def _sheet_rows(sheet: Any) -> list[Row]:
    errors = [
        ConfigError(
            "merged cells",
            offender=f"{sheet.title}!{area.coord}",
            remedy="split them: every row has its own answer",
            code="case.merged_cells",
        )
        for area in sheet.merged_cells.ranges
        if area.max_col > _ANSWERED and area.max_row > 1
    ]
    rows: list[Row] = []
    for number, cells in enumerate(sheet.iter_rows(min_row=2, max_col=len(HEADER)), 2):
        if number > ROWS:
            errors.append(
                ConfigError(
                    "too many rows",
                    offender=sheet.title,
                    value=number,
                    remedy=f"at most {ROWS}",
                    code="case.too_many_rows",
                    slots={"most": ROWS},
                )
            )
            break
        row = []
        for column, cell in enumerate(cells, 1):
            place = f"{sheet.title}!{get_column_letter(column)}{number}"
            if cell.data_type == "f":
                errors.append(
                    ConfigError(
                        "a formula",
                        offender=place,
                        value=str(cell.value),
                        remedy="write its result",
                        code="case.formula",
                    )
                )
            row.append(Cell("" if cell.value is None else str(cell.value).strip(), place))
        rows.append(tuple(row))
    if errors:
        raise ConfigErrors(errors)
    return [row for row in rows if any(cell.text for cell in row)]


def read_csv(content: bytes) -> list[Row]:
    """The rows below the header of a filled CSV file in UTF-8 or GBK.

    Raises:
        ConfigErrors: another encoding, or no header.
    """
    text = _decoded(content)
    try:
        lines = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise ConfigErrors(
            [ConfigError("not CSV", offender="file", value=str(error), remedy="save it again", code="case.not_csv")]
        ) from error
    if not lines or not _is_header(lines[0]):
        raise ConfigErrors([_no_header("line 1")])
    if len(lines) > ROWS:
        raise ConfigErrors(
            [
                ConfigError(
                    "too many rows",
                    offender="file",
                    value=len(lines),
                    remedy=f"at most {ROWS}",
                    code="case.too_many_rows",
                    slots={"most": ROWS},
                )
            ]
        )
    rows = []
    for number, line in enumerate(lines[1:], 2):
        padded = (line + [""] * len(HEADER))[: len(HEADER)]
        rows.append(
            tuple(Cell(text.strip(), f"line {number} column {column}") for column, text in enumerate(padded, 1))
        )
    return [row for row in rows if any(cell.text for cell in row)]


def _decoded(content: bytes) -> str:
    encodings: tuple[Literal["utf-8-sig", "gb18030"], ...] = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            place = error.start
    raise ConfigErrors(
        [
            ConfigError(
                "neither UTF-8 nor GBK",
                offender=f"byte {place}",
                remedy="save it as CSV UTF-8, or as .xlsx",
                code="case.not_text",
            )
        ]
    )


def _is_header(texts: Sequence[str]) -> bool:
    return tuple(text.strip().lower() for text in texts[: len(HEADER)]) == HEADER


def _no_header(where: str) -> ConfigError:
    return ConfigError(
        "this is no questionnaire",
        offender=where,
        remedy=f"the first row reads {', '.join(HEADER)}; export the form",
        code="case.not_questionnaire",
        slots={"header": ", ".join(HEADER)},
    )
