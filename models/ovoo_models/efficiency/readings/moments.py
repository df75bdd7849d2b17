"""Times as exports write them, as seconds of the wall clock (or of UTC where the cell gives its offset)."""

from __future__ import annotations

import functools
import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from ovoo_models.efficiency.readings.problem import ProblemLog

__all__ = ["NO_TIME", "Moments", "read_moments"]

NO_TIME: Final = -(2**62)
"""Stands where a cell holds no time."""
_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_EXCEL: Final = date(1899, 12, 30).toordinal()
_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_FORM: Final = re.compile(
    r"(\d{1,4})\s?[-/.年]\s?(\d{1,2}|[a-z]{3,9})\s?[-/.月]\s?(\d{1,4})日?(?:[\st,]*)"
    r"(?:星期.|周.)?\s*(上午|下午|凌晨|晚上|中午|am|pm)?\s*"
    r"(?:(\d{1,2})[:：时点](\d{1,2})?分?(?::?(\d{1,2})(?:[.,]\d+)?)?秒?)?\s*(am|pm|a\.m\.|p\.m\.)?\s*"
    r"(z|utc|[+-]\d{2}:?(?:\d{2})?)?"
)
_DIGITS: Final = re.compile(r"\d+(\.\d+)?$")
_PM: Final = ("下午", "晚上", "中午", "pm", "p.m.")
_AM: Final = ("上午", "凌晨", "am", "a.m.")
_ORDERS: Final = {"ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}


@dataclass(frozen=True, slots=True)
class Moments:
    """`seconds[i]` since 1970 of the wall clock, or of UTC where `zoned`; `midnight_24` says that 24:00 is written."""

    seconds: array[int]
    zoned: bool
    midnight_24: bool


_Parts = tuple[int, int, int, int, int | None]
"""Three numbers of the date in their order, second of the day, offset from UTC in seconds or None."""


def read_moments(cells: Sequence[str], lines: Sequence[int], order: str, log: ProblemLog) -> Moments:
    """The times of a column in one form; a cell that holds none is told and gives `NO_TIME`.

    Raises:
        Refused: no cell is a time, the order of day and month is open, or clocks of twelve hours do not say which half.
    """
    counted = _counted(cells, log)
    if counted is not None:
        return counted
    parts = [_parts(cell.lower()) for cell in cells]
    if not any(parts):
        raise log.refuse("time.unreadable", lines[0] if lines else 0, cells[0] if cells else "")
    for cell, line, found in zip(cells, lines, parts, strict=True):
        if found is None:
            log.add("time.text", "dropped", line, cell)
    known = [each for each in parts if each is not None]
    chosen = order if order != "auto" else _order(known, cells[0], log)
    seconds = array("q", [NO_TIME if each is None else _seconds(each, chosen) for each in parts])
    for cell, line, found, at in zip(cells, lines, parts, seconds, strict=True):
        if found is not None and at == NO_TIME:
            log.add("time.text", "dropped", line, cell)
    _twelve(cells, known, seconds, log)
    offsets = {each[4] for each in known}
    if None in offsets and len(offsets) > 1:
        raise log.refuse("time.offsets_mixed", lines[0], cells[0])
    return Moments(seconds, None not in offsets, any(each[3] == _DAY for each in known))


def _counted(cells: Sequence[str], log: ProblemLog) -> Moments | None:
    """Times written as one number: of Excel, of Unix, or digits in a row."""
    sample = [cell for cell in cells if cell]
    if not sample or sum(1 for cell in sample if _DIGITS.match(cell)) < 0.9 * len(sample):
        return None
    first = sample[0].partition(".")[0]
    if len(first) in (8, 12, 14) and "." not in sample[0] and first[:2] in ("19", "20"):
        return None
    scale = {10: 1, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}.get(len(first))
    if scale is not None:
        log.add("time.unix", "repaired", value=sample[0])
        return Moments(array("q", [_whole(cell, scale) for cell in cells]), True, False)
    if len(first) == 5:
        log.add("time.excel", "repaired", value=sample[0])
        return Moments(array("q", [_excel(cell) for cell in cells]), False, False)
    return None


def _whole(cell: str, scale: int) -> int:
    return int(cell.partition(".")[0]) // scale if _DIGITS.match(cell) else NO_TIME


def _excel(cell: str) -> int:
    """Seconds of a serial date; Excel's own error is below a second."""
    return (_EXCEL - _EPOCH) * _DAY + round(float(cell) * _DAY) if _DIGITS.match(cell) else NO_TIME


def _parts(cell: str) -> _Parts | None:
    if cell.isdigit() and len(cell) in (8, 12, 14):
        clock = cell[8:].ljust(6, "0")
        second = int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:])
        return int(cell[:4]), int(cell[4:6]), int(cell[6:8]), second, None
    match = _FORM.fullmatch(cell)
    if match is None:
        return None
    middle = match[2] if match[2].isdigit() else _MONTHS.get(match[2][:3], 0)
    hour = int(match[5] or 0)
    half = match[8] or match[4]
    if half in _PM and hour < 12:
        hour += 12
    elif half in _AM and hour == 12:
        hour = 0
    second = hour * 3600 + int(match[6] or 0) * 60 + int(match[7] or 0)
    if second > _DAY or int(match[6] or 0) > 59:
        return None
    return int(match[1]), int(middle), int(match[3]), second, _offset(match[9])


def _offset(words: str | None) -> int | None:
    if words is None:
        return None
    if words in ("z", "utc"):
        return 0
    minutes = int(words[1:3]) * 60 + int(words[3:].lstrip(":") or 0)
    return (-60 if words[0] == "-" else 60) * minutes


def _order(known: Sequence[_Parts], example: str, log: ProblemLog) -> str:
    """The order of year, month and day: the only one that all rows allow, else the only one that gives even steps."""
    if all(each[0] > 31 for each in known):
        return "ymd"
    dates = {each[:3] for each in known}
    allowed = [order for order in _ORDERS if all(_ordinal(each, order) is not None for each in dates)]
    if not allowed:
        raise log.refuse("date.contradiction", value=example)
    if len(allowed) > 1:
        even = {order: _evenness(known, order) for order in allowed}
        best = max(allowed, key=lambda order: even[order])
        if even[best] < 0.9 or sum(1 for order in allowed if even[order] > even[best] - 0.02) > 1:
            raise log.refuse("date.ambiguous", value=example, orders=", ".join(allowed))
        allowed = [best]
    log.add("date.order", "repaired", value=example, order=allowed[0])
    return allowed[0]


def _evenness(known: Sequence[_Parts], order: str) -> float:
    """Share of steps that equal the most frequent one."""
    seconds = [_seconds(each, order) for each in known]
    steps = Counter(after - before for before, after in pairwise(seconds))
    return steps.most_common(1)[0][1] / (len(seconds) - 1) if steps else 0.0


@functools.lru_cache(maxsize=4096)
def _ordinal(parts: tuple[int, int, int], order: str) -> int | None:
    year, month, day = (parts[place] for place in _ORDERS[order])
    if year < 100:
        year += 2000
    try:
        return date(year, month, day).toordinal() if 1980 <= year < 2100 else None
    except ValueError:
        return None


def _seconds(parts: _Parts, order: str) -> int:
    day = _ordinal(parts[:3], order)
    return NO_TIME if day is None else (day - _EPOCH) * _DAY + parts[3] - (parts[4] or 0)


def _twelve(cells: Sequence[str], known: Sequence[_Parts], seconds: array[int], log: ProblemLog) -> None:
    """Refuses hours of 1 to 12 without their half of the day: each time of a day stands there twice."""
    hours = {each[3] // 3600 for each in known}
    marked = any(sign in cells[0].lower() for sign in (*_PM, *_AM))
    if marked or len(hours) < 6 or max(hours) > 12 or min(hours) < 1:
        return
    if len(set(seconds)) <= 0.6 * len(seconds):
        raise log.refuse("time.twelve", value=cells[0])
