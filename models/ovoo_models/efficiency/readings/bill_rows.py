"""Bills out of a table: months or read dates, energy, how the end was read, and the amounts beside them."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final, cast
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_models.efficiency.readings.headers import heading_of
from ovoo_models.efficiency.readings.numbers import decimal_sign, read_numbers
from ovoo_models.efficiency.readings.options import ReadingOptions, zone_named
from ovoo_models.efficiency.readings.problem import ProblemLog
from ovoo_models.efficiency.readings.table import Table, plain, read_table
from ovoo_models.efficiency.savings.bill_periods import Bill, BillKind

__all__ = ["BillTable", "local_day_ns", "read_bills", "read_day", "read_days"]

_LARGEST: Final = 256 * 1024
"""Bytes: a file of bills is small, and a large one need not be looked at twice."""
_SHORTEST_DAYS: Final = 20
_MONTH: Final = re.compile(r"^(\d{4})\s?[-/.年]?\s?(\d{1,2})月?$")
_DAY: Final = re.compile(r"^(\d{4})\s?[-/.年]?\s?(\d{1,2})\s?[-/.月]?\s?(\d{1,2})日?(?:[ T]0{1,2}:00(?::00)?)?$")
_ROLES: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(words)
    for name, words in {
        "start": r"^(上次|上期|前次|起始|开始|起)(抄表|计费)?(日期|日|时间)?$"
        r"|^(billing|period|read)?(start|from)(date)?$",
        "end": r"^(本次|本期|终止|结束|截止|止)(抄表|计费)?(日期|日|时间)?$|^(billing|period|read)?(end|to)(date)?$",
        "month": r"月份|账期|(电费|结算|账单|计费)年?月|^(billing)?month$|^(billing)?period$",
        "kind": r"读数方式|抄表方式|抄表类型|账单类型|^kind$|^type$|^(read|bill)(ing)?type$",
        "document": r"单号|票号|发票|凭证|文件|^document$|^invoice",
        "date": r"日期|时间|^date|^time|抄表日",
    }.items()
}
_KINDS: Final[Sequence[tuple[BillKind, re.Pattern[str]]]] = tuple(
    (cast("BillKind", kind), re.compile(words))
    for kind, words in (
        ("estimated", r"估|estim"),
        ("adds", r"退补|补退|差额|adds|adjust|credit"),
        ("replaces", r"更正|替换|冲正|replac|correct"),
    )
)


@dataclass(frozen=True, slots=True)
class BillTable:
    """Bills in the order of the file, its lines, further columns of numbers (NaN: empty), and the file's SHA-256."""

    bills: tuple[Bill, ...]
    lines: tuple[int, ...]
    columns: Mapping[str, array[float]]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Places:
    roles: Mapping[str, int]
    energy: int
    factor: float


def read_bills(path: Path, options: ReadingOptions) -> BillTable | None:
    """The bills of a file; None where its rows are no months and no read dates at least 20 days apart.

    Columns: a month, or start and end, or the date of the read; energy; how it was read (估 or estimated; 更正 or
    replaces; 退补 or adds); a document; amounts.

    Raises:
        ConfigError, ConfigErrors: bills with cells that cannot be read, each with its line.
    """
    if path.stat().st_size > _LARGEST:
        return None
    table = read_table(path, ProblemLog())
    places = _places(table, options)
    spans = None if places is None else _spans(table, places)
    if places is None or spans is None:
        return None
    return _made(path, table, places, spans, options)


def _places(table: Table, options: ReadingOptions) -> _Places | None:
    roles: dict[str, int] = {}
    for n, name in enumerate(table.header):
        bare = re.sub(r"[\s_]+", "", name.lower())
        role = next((role for role, pattern in _ROLES.items() if pattern.search(bare)), None)
        if role is not None:
            roles.setdefault(role, n)
    headings = [heading_of(n, name) for n, name in enumerate(table.header)]
    asked = plain(options.column).lower()
    energy = next(
        (h for h in headings if (h.name.lower() == asked if asked else h.role == "energy" and h.quantity != "money")),
        None,
    )
    if energy is None or not table.rows:
        return None
    return _Places(roles, energy.place, energy.factor if energy.quantity == "energy" else 1.0)


def _spans(table: Table, places: _Places) -> list[tuple[date, date] | None] | None:
    """First day and day after the last of each row, None for a cell that says none; None where these are no bills."""
    roles = places.roles
    if "start" in roles and "end" in roles:
        ends = [(read_day(row[roles["start"]]), read_day(row[roles["end"]])) for row in table.rows]
        spans = [None if a is None or b is None else (a, b) for a, b in ends]
        return _half_open(spans) if _long([(b - a).days for a, b in filter(None, spans)]) else None
    if "month" in roles:
        months = [_month(row[roles["month"]]) for row in table.rows]
        return months if sum(each is not None for each in months) * 2 > len(months) else None
    if "date" in roles:
        days = [read_day(row[roles["date"]]) for row in table.rows]
        known = sorted({each for each in days if each is not None})
        if len(known) * 2 <= len(days) or not _long([(b - a).days for a, b in pairwise(known)]):
            return None
        return _from_dates(days, known, reads="抄表" in table.header[roles["date"]])
    return None


def _long(lengths: Sequence[int]) -> bool:
    return bool(lengths) and median(lengths) >= _SHORTEST_DAYS


def _half_open(spans: list[tuple[date, date] | None]) -> list[tuple[date, date] | None]:
    """Ends that are the day before the next start are themselves within their bill."""
    known = sorted(filter(None, spans))
    next_day = sum(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(known))
    same_day = sum(after[0] == before[1] for before, after in pairwise(known))
    if next_day <= same_day:
        return spans
    return [None if each is None else (each[0], each[1] + timedelta(days=1)) for each in spans]


def _from_dates(days: Sequence[date | None], known: Sequence[date], *, reads: bool) -> list[tuple[date, date] | None]:
    """A date of a read ends its bill; any other date starts it. The missing outer end is a month away."""
    if reads:
        before = {day: known[n - 1] if n else _moved(day, -1) for n, day in enumerate(known)}
        return [None if day is None else (before[day], day) for day in days]
    after = {day: known[n + 1] if n + 1 < len(known) else _moved(day, 1) for n, day in enumerate(known)}
    return [None if day is None else (day, after[day]) for day in days]


def _moved(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, min(day.day, 28)) if day.day > 28 else day.replace(
        year=number // 12, month=number % 12 + 1
    )  # fmt: skip


def _month(cell: str) -> tuple[date, date] | None:
    found = _MONTH.match(cell) or _DAY.match(cell)
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    first = date(int(found[1]), int(found[2]), 1)
    return first, _moved(first, 1)


def read_day(cell: str) -> date | None:
    """The day of a cell like 2026-02-05, 2026/2/5, 20260205 or 2026年2月5日; None where it is none."""
    found = _DAY.match(cell)
    try:
        return None if found is None else date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def _made(
    path: Path, table: Table, places: _Places, spans: Sequence[tuple[date, date] | None], options: ReadingOptions
) -> BillTable:
    zone, wrong = zone_named(options.zone), []
    energy = _numbers(table, places.energy, options)
    kind, document = places.roles.get("kind"), places.roles.get("document")
    bills: list[Bill] = []
    for row, (cells, span, kwh) in enumerate(zip(table.rows, spans, energy, strict=True)):
        where = f"{path.name} line {table.lines[row]}"
        if span is None or span[1] <= span[0]:
            wrong.append(
                ConfigError(
                    "no period of a bill",
                    code="bills.no_period",
                    offender=where,
                    value=" ".join(cells)[:60],
                    remedy="2026-02, or the read dates of both ends",
                )
            )
        elif not math.isfinite(kwh):
            wrong.append(
                ConfigError(
                    "no energy", code="bills.no_energy", offender=where, value=cells[places.energy], remedy="its kWh"
                )
            )
        else:
            ends = (local_day_ns(span[0], zone), local_day_ns(span[1], zone))
            named = "" if document is None else cells[document]
            bills.append(Bill(*ends, kwh * places.factor, _kind("" if kind is None else cells[kind]), named or where))
    if wrong:
        raise ConfigErrors(wrong)
    used = {places.energy, *places.roles.values()}
    columns = {
        name: _numbers(table, n, options) for n, name in enumerate(table.header) if n not in used and _numeric(table, n)
    }
    return BillTable(tuple(bills), tuple(table.lines), columns, table.sha256)


def _kind(cell: str) -> BillKind:
    return next((kind for kind, pattern in _KINDS if pattern.search(cell.lower())), "read")


def _numbers(table: Table, place: int, options: ReadingOptions) -> array[float]:
    log, cells = ProblemLog(), [row[place] for row in table.rows]
    return read_numbers(cells, table.lines, decimal_sign(cells, table.lines, options.decimal, log), log)


def _numeric(table: Table, place: int) -> bool:
    return any(math.isfinite(each) for each in _numbers(table, place, ReadingOptions()))


def local_day_ns(day: date, zone: ZoneInfo) -> int:
    """Local midnight in ns UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000_000


def read_days(path: Path, column: str, options: ReadingOptions) -> tuple[array[int], array[float], str]:
    """Starts of local days, the mean of a column on each, and the file's SHA-256: weather beside bills.

    Raises:
        ConfigError: no such column, or no column of dates.
    """
    table = read_table(path, ProblemLog())
    asked = plain(column).lower()
    names = [name.lower() for name in table.header]
    bare = [name.partition("(")[0].strip() for name in names]
    place = next((n for n in range(len(names)) if asked and asked in (names[n], bare[n])), None)
    if place is None:
        known = ", ".join(table.header)
        raise ConfigError(
            "no such column",
            code="bills.no_such_column",
            slots={"known": known},
            offender="--temperature",
            value=column,
            remedy=f"one of: {known}",
        )
    when = next((n for n in range(len(names)) if _ROLES["date"].search(names[n]) or (n == 0 and n != place)), None)
    days: dict[date, list[float]] = {}
    for cells, value in zip(table.rows, _numbers(table, place, options), strict=True):
        day = None if when is None else read_day(cells[when].replace("T", " ").partition(" ")[0])
        if day is not None and math.isfinite(value):
            days.setdefault(day, []).append(value)
    if not days:
        raise ConfigError(
            "no day with a value",
            code="bills.no_day_with_a_value",
            offender=str(path),
            value=column,
            remedy="a column of dates",
        )
    zone, known_days = zone_named(options.zone), sorted(days)
    starts = array("q", [local_day_ns(day, zone) for day in known_days])
    return starts, array("d", [math.fsum(days[day]) / len(days[day]) for day in known_days]), table.sha256
