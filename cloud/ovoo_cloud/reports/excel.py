"""Excel by xlsxwriter: the report's tables as sheets of words, for filtering; no formula, no second set of numbers."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from ovoo_cloud.reports.resolve import Resolved
from ovoo_cloud.reports.word import normalise_zip

__all__ = ["render_xlsx"]

_WIDEST = 60


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
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
        "cell": book.add_format({"text_wrap": True, "valign": "top"}),
        "right": book.add_format({"align": "right", "valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 13}),
    }
    _cover(book, document, formats)
    tables = [block for block in document.blocks if block["b"] == "table" and block["caption"]]
    for position, block in enumerate(tables, start=1):
        _sheet(book, f"{position:02d}", block, formats)
    book.close()
    return normalise_zip(buffer.getvalue())


def _cover(book: Any, document: Resolved, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet("00")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 80)
    sheet.write_string(0, 0, f"{document.cover['enterprise']}  {document.cover['title']}", formats["title"])
    sheet.write_string(1, 0, document.cover["status"])
    for row, (label, value) in enumerate(document.cover["rows"], start=3):
        sheet.write_string(row, 0, label)
        sheet.write_string(row, 1, value, formats["cell"])
    sheet.write_string(4 + len(document.cover["rows"]), 0, document.cover["status_note"])


def _sheet(book: Any, name: str, block: dict[str, Any], formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, block["caption"], formats["title"])
    for column, head in enumerate(block["columns"]):
        widest = max([len(head["text"]), *(len(row[column]) for row in block["rows"])])
        sheet.set_column(column, column, min(_WIDEST, 4 + 1.2 * widest))
        sheet.write_string(2, column, head["text"], formats["head"])
    for number, row in enumerate(block["rows"], start=3):
        for column, words in enumerate(row):
            kind = "right" if block["columns"][column]["align"] == "right" else "cell"
            sheet.write_string(number, column, words, formats[kind])
    sheet.freeze_panes(3, 0)
    if block["note"]:
        sheet.write_string(4 + len(block["rows"]), 0, block["note"])
