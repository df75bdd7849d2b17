"""Excel by xlsxwriter: the report's tables as sheets of words, for filtering; no formula, no second set of numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import xlsxwriter
from ovoo_models.svg import text_width

from ovoo_cloud.reports.resolve import Resolved
from ovoo_cloud.reports.word import normalise_zip

__all__ = ["render_xlsx"]

_WIDEST = 60
_CHARACTER = 1.0 / text_width("0", 1.0)
"""The size at which a digit is one wide, the unit in which Excel counts."""
_PAPER_A4 = 9
_UPRIGHT = 95
"""Characters that an upright page still shows at a readable size; wider tables print across."""


def render_xlsx(document: Resolved, *, number: str, issued: str) -> bytes:
    """One sheet for the cover and one for every captioned table; the same bytes for the same document."""
    buffer = io.BytesIO()
    # xlsxwriter has no types; Any at this border only
    book: Any = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    )
    book.set_properties(
        {
            "title": document.cover["title"],
            "author": "Ovoo",
            "comments": number,
            "created": datetime.fromisoformat(issued),
        }
    )
    formats = _formats(book)
    tables = [block for block in document.blocks if block["b"] == "table" and block["caption"]]
    named = [(f"{position:02d}", block) for position, block in enumerate(tables, start=1)]
    _cover(book, document, formats, named)
    for name, block in named:
        _sheet(book, name, block, formats)
    if document.cover["marking"]:
        for sheet in book.worksheets():
            sheet.set_header(f"&L{number}")
    book.close()
    return normalise_zip(buffer.getvalue())


def _formats(book: Any) -> dict[str, Any]:
    middle = {"valign": "vcenter"}
    return {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}),
        "head_right": book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", "align": "right", "indent": 1}
        ),
        "cell": book.add_format({**middle, "text_wrap": True}),
        "right": book.add_format({**middle, "align": "right", "indent": 1}),
        "title": book.add_format({"bold": True, "font_size": 13}),
        "link": book.add_format({**middle, "font_color": "#1f5f93", "underline": 1}),
    }


def _cover(book: Any, document: Resolved, formats: dict[str, Any], named: Iterable[tuple[str, dict[str, Any]]]) -> None:
    sheet = book.add_worksheet("00")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    _print_on_a4(sheet, across=False)
    sheet.write_string(0, 0, f"{document.cover['enterprise']}  {document.cover['title']}", formats["title"])
    sheet.write_string(1, 0, document.cover["status"])
    row = 3
    for label, value in document.cover["rows"]:
        sheet.write_string(row, 0, label, formats["cell"])
        sheet.write_string(row, 1, value, formats["cell"])
        row += 1
    sheet.write_string(row + 1, 1, document.cover["status_note"], formats["cell"])
    sheet.write_string(row + 3, 0, document.texts["contents"], formats["title"])
    for line, (name, block) in enumerate(named, start=row + 4):
        sheet.write_url(line, 0, f"internal:'{name}'!A1", formats["link"], name)
        sheet.write_string(line, 1, block["caption"], formats["cell"])


def _sheet(book: Any, name: str, block: dict[str, Any], formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, block["caption"], formats["title"])
    right = [column["align"] == "right" for column in block["columns"]]
    total = 0.0
    for column, head in enumerate(block["columns"]):
        widest = max(_width(words) for words in (head["text"], *(row[column] for row in block["rows"])))
        total += min(_WIDEST, 3 + widest)
        sheet.set_column(column, column, min(_WIDEST, 3 + widest))
        sheet.write_string(2, column, head["text"], formats["head_right" if right[column] else "head"])
    for number, row in enumerate(block["rows"], start=3):
        for column, words in enumerate(row):
            sheet.write_string(number, column, words, formats["right" if right[column] else "cell"])
    sheet.freeze_panes(3, 0)
    if block["rows"]:
        sheet.autofilter(2, 0, 2 + len(block["rows"]), len(right) - 1)
    sheet.repeat_rows(2)
    _print_on_a4(sheet, across=total > _UPRIGHT)
    if block["note"]:
        sheet.write_string(4 + len(block["rows"]), 0, block["note"])


def _print_on_a4(sheet: Any, *, across: bool) -> None:
    """All columns on the width of a page, as many pages long as it takes."""
    sheet.set_paper(_PAPER_A4)
    if across:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def _width(words: str) -> float:
    """Characters of the default font that the longest line takes."""
    return max((text_width(line, _CHARACTER) for line in words.split("\n")), default=0.0)
