"""Cells that a spreadsheet turned into something else: recognised by their look, named with a remedy."""

from __future__ import annotations

import re

__all__ = ["mangled_number", "mangled_text"]

_AS_TEXT = "format the column as text and type it again"
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?(\d{2,})")
_TRAILING_ZERO = re.compile(r"[+-]?\d+[.,]0+")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T].*)?|\d{1,2}[-/](?:\d{1,2}[-/])\d{2,4}|\d{1,2}:\d{2}(?::\d{2})?"
    r"|\d{1,2}-[A-Za-z]{3}(?:-\d{2,4})?|[A-Za-z]{3}-\d{2,4}|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?"
)
_ERROR = re.compile(r"#(?:REF|NAME|VALUE|DIV/0|N/A|NUM|NULL|SPILL)[!?]?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[, ' ]\d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_UNIT = re.compile(r"[+-]?\d+(?:\.\d+)?\s*[^\d\s.,+\-eE].*")
_LOST_EXPONENT = 11
_LONGEST_WORD = 8
"""What is longer and starts with a letter is none of the above; the longest that does is a date like `Mar-2024`."""


def mangled_text(text: str) -> tuple[str, str] | None:
    """(what happened, remedy) for a text that a spreadsheet turned into something else, None for an innocent one."""
    if not text or (len(text) > _LONGEST_WORD and text[0].isalpha()):
        return None  # a long list is quickly read
    if _ERROR.fullmatch(text):
        return "holds a spreadsheet error", "the cell was a formula: write the text itself"
    if _SCIENTIFIC.fullmatch(text):
        return "was turned into a rounded number by the spreadsheet", _AS_TEXT
    if _TRAILING_ZERO.fullmatch(text):
        return "was turned into a decimal number by the spreadsheet", _AS_TEXT
    if _DATE.fullmatch(text):
        return "was turned into a date by the spreadsheet", _AS_TEXT
    return None


def mangled_number(text: str) -> tuple[str, str] | None:
    """As `mangled_text`, for a cell that should hold a number."""
    if _ERROR.fullmatch(text):
        return "holds a spreadsheet error", "repair the formula, or write the number itself"
    if _DATE.fullmatch(text):
        return "was turned into a date by the spreadsheet", _AS_TEXT
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific and int(scientific[1]) >= _LOST_EXPONENT:
        return "lost its last digits in the spreadsheet", "format the column as number or text and type it again"
    if _THOUSANDS.fullmatch(text):
        return "has thousands separators", "write the digits without them"
    if _COMMA.fullmatch(text):
        return "has a decimal comma", "write a decimal point"
    if _UNIT.fullmatch(text):
        return "holds more than a number", "write the unit into its own column"
    return None
