"""What is wrong with a series of intervals, found before anything is priced and named with time, value and remedy."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, Literal

from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, Intervals, kwh_of, nano_kwh

__all__ = ["Defect", "DefectKind", "MeterFacts", "examine", "repeated_months"]

DefectKind = Literal[
    "empty", "backwards", "repeated", "overlap", "gap", "missing", "negative",
    "power_as_energy", "register", "daylight_saving", "repeated_month",
]  # fmt: skip
_SUNDAY: Final = 6
_LEAST_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong in [start_ns, end_ns); `value` shows it, `remedy` says what to do.

    `code` tells kinds with several remedies apart; its sentences, filled with `slots`, say both for a reader.
    """

    kind: DefectKind
    start_ns: int
    end_ns: int
    value: str
    remedy: str
    code: str
    slots: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """What the case knows beside the intervals; None leaves the check out.

    `capacity_kva` is what the supply can carry; `register_kwh` is the difference of the meter's register over the
    window, told apart by more than `tolerance` of it.
    """

    capacity_kva: float | None = None
    register_kwh: float | None = None
    tolerance: float = 0.02
    may_export: bool = False


def examine(
    intervals: Intervals, start_ns: int, end_ns: int, zone: tzinfo, facts: MeterFacts | None = None
) -> tuple[Defect, ...]:
    """Every defect of the rows that reach into [start_ns, end_ns), in time order; empty when all is well."""
    known = facts or MeterFacts()
    rows = [row for row in range(len(intervals)) if _touches(intervals, row, start_ns, end_ns)]
    found = [*_order(intervals, rows, start_ns, end_ns), *_values(intervals, rows, known)]
    found += _register(intervals, rows, start_ns, end_ns, known)
    found += _repeats_earlier(intervals, rows)
    named = [_daylight(each, zone) for each in found]
    return tuple(sorted(named, key=lambda each: (each.start_ns, each.end_ns, each.kind)))


def repeated_months(intervals: Intervals, zone: tzinfo) -> tuple[Defect, ...]:
    """Months whose first 28 days hold the same readings as an earlier month: the same file was given twice."""
    months: dict[tuple[int, int], list[int]] = {}
    for row, start in enumerate(intervals.start_ns):
        local = datetime.fromtimestamp(start / NANO, zone)
        if local.day <= _LEAST_DAYS:
            months.setdefault((local.year, local.month), []).append(row)
    seen: dict[bytes, tuple[int, int]] = {}
    found = []
    for month, rows in months.items():
        values = array("d", (intervals.kwh[row] for row in rows))
        if len(rows) < _LEAST_DAYS or len(set(values)) == 1:
            continue
        first = seen.setdefault(values.tobytes(), month)
        if first != month:
            text = f"{month[0]}-{month[1]:02d} repeats {first[0]}-{first[1]:02d}"
            remedy = "ask for the export of this month"
            found.append(Defect(
                "repeated_month", intervals.start_ns[rows[0]], intervals.end_ns[rows[-1]], text, remedy,
                code="defect.repeated_month",
                slots={"month": f"{month[0]}-{month[1]:02d}", "earlier": f"{first[0]}-{first[1]:02d}"},
            ))  # fmt: skip
    return tuple(found)


def _touches(intervals: Intervals, row: int, start_ns: int, end_ns: int) -> bool:
    low, high = intervals.start_ns[row], intervals.end_ns[row]
    return low < end_ns and max(high, low + 1) > start_ns


def _order(intervals: Intervals, rows: Sequence[int], start_ns: int, end_ns: int) -> Iterator[Defect]:
    reached, previous = start_ns, -1
    for row in rows:
        low, high = intervals.start_ns[row], intervals.end_ns[row]
        rows_named = {"row": row, "previous": previous}
        if high <= low:
            yield Defect(
                "empty", low, high, f"{high - low} ns long", "the end of an interval lies behind its start",
                code="defect.empty", slots={"ns": high - low},
            )  # fmt: skip
            continue
        if previous >= 0 and low < intervals.start_ns[previous]:
            remedy = "sort the rows; stamps at midnight may carry the date of the day before"
            yield Defect(
                "backwards", low, high, f"row {row} begins before row {previous}", remedy, code="defect.backwards",
                slots=rows_named,
            )  # fmt: skip
        elif previous >= 0 and (low, high) == (intervals.start_ns[previous], intervals.end_ns[previous]):
            yield Defect(
                "repeated", low, high, f"row {row} repeats row {previous}", "leave one of them out",
                code="defect.repeated", slots=rows_named,
            )  # fmt: skip
        elif low < reached and previous >= 0:
            yield Defect(
                "overlap", low, min(high, reached), f"row {row} overlaps row {previous}", "check the stamps",
                code="defect.overlap", slots=rows_named,
            )  # fmt: skip
        elif low > reached:
            yield _gap(reached, low)
        reached, previous = max(reached, high), row
    if reached < end_ns:
        yield _gap(reached, end_ns)


def _gap(start_ns: int, end_ns: int) -> Defect:
    minutes = (end_ns - start_ns) / (60 * NANO)
    return Defect(
        "gap", start_ns, end_ns, f"{minutes:g} min", "bring the missing readings; nothing is filled in",
        code="defect.gap", slots={"minutes": f"{minutes:g}"},
    )  # fmt: skip


def _values(intervals: Intervals, rows: Sequence[int], facts: MeterFacts) -> Iterator[Defect]:
    for row in rows:
        low, high, kwh = intervals.start_ns[row], intervals.end_ns[row], intervals.kwh[row]
        if not math.isfinite(kwh):
            yield Defect(
                "missing", low, high, repr(kwh), "bring the missing reading; nothing is filled in",
                code="defect.missing",
            )  # fmt: skip
        elif kwh < 0 and not facts.may_export:
            remedy = "check the sign of the current transformers, or say that the site exports"
            yield Defect(
                "negative", low, high, f"{kwh!r} kWh", remedy, code="defect.negative", slots={"kwh": repr(kwh)}
            )
        elif facts.capacity_kva is not None and high > low and abs(kwh) * HOUR_NS > facts.capacity_kva * (high - low):
            power = kwh * HOUR_NS / (high - low)
            text = f"{kwh!r} kWh is {power:.6g} kW on a supply of {facts.capacity_kva:g} kVA"
            yield Defect(
                "power_as_energy", low, high, text, "is the column kW? multiply by the hours of an interval",
                code="defect.power_as_energy",
                slots={"kwh": repr(kwh), "kw": f"{power:.6g}", "kva": f"{facts.capacity_kva:g}"},
            )  # fmt: skip


def _register(
    intervals: Intervals, rows: Sequence[int], start_ns: int, end_ns: int, facts: MeterFacts
) -> Iterator[Defect]:
    if facts.register_kwh is None:
        return
    total = float(kwh_of(sum(nano_kwh(intervals.kwh[row]) for row in rows if math.isfinite(intervals.kwh[row]))))
    if abs(total - facts.register_kwh) <= facts.tolerance * abs(facts.register_kwh):
        return
    text = f"intervals {total:.6g} kWh, register {facts.register_kwh:.6g} kWh"
    slots = {"total": f"{total:.6g}", "register": f"{facts.register_kwh:.6g}"}
    if rows and facts.register_kwh:
        hours = (intervals.end_ns[rows[0]] - intervals.start_ns[rows[0]]) / HOUR_NS
        if abs(total * hours - facts.register_kwh) <= facts.tolerance * abs(facts.register_kwh):
            yield Defect(
                "power_as_energy", start_ns, end_ns, text, f"the column is kW: multiply by {hours:g} h",
                code="defect.power_as_energy_register", slots={**slots, "hours": f"{hours:g}"},
            )  # fmt: skip
            return
    remedy = "a constant of the meter, a gap or another meter: make both agree"
    yield Defect("register", start_ns, end_ns, text, remedy, code="defect.register", slots=slots)


def _repeats_earlier(intervals: Intervals, rows: Sequence[int]) -> Iterator[Defect]:
    """The first 28 days of the window stand in the series before, reading by reading."""
    if not rows:
        return
    first, until = rows[0], intervals.start_ns[rows[0]] + _LEAST_DAYS * 24 * HOUR_NS
    start = array("d", (intervals.kwh[row] for row in rows if intervals.start_ns[row] < until))
    if intervals.end_ns[rows[-1]] < until or len(start) < _LEAST_DAYS or len(set(start)) == 1:
        return
    pattern, before = start.tobytes(), intervals.kwh[:first].tobytes()
    at = before.find(pattern)
    while at >= 0 and at % start.itemsize:
        at = before.find(pattern, at + 1)
    if at >= 0:
        text = f"{len(start)} readings are those from row {at // start.itemsize} on"
        remedy = "the same file stands under two months: ask for the export of this one"
        yield Defect(
            "repeated_month", intervals.start_ns[first], intervals.end_ns[rows[-1]], text, remedy,
            code="defect.repeated_month_earlier", slots={"count": len(start), "row": at // start.itemsize},
        )  # fmt: skip


def _daylight(defect: Defect, zone: tzinfo) -> Defect:
    """One hour doubled on a Sunday where the zone itself changes nothing is another zone's clock change.

    An hour that is missing then may be one too, or a real hole: it stays a gap that says so.
    """
    if defect.kind not in ("gap", "overlap", "backwards") or not _is_foreign_change(defect, zone):
        return defect
    remedy = "the stamps were read in a time zone with daylight saving: read them in that of the meter"
    if defect.kind == "gap":
        return dataclasses.replace(defect, remedy=f"{defect.remedy}; or {remedy}", code="defect.gap_or_daylight")
    return Defect(
        "daylight_saving", defect.start_ns, defect.end_ns, f"{defect.kind}, {defect.value}", remedy,
        code="defect.daylight_saving",
    )  # fmt: skip


def _is_foreign_change(defect: Defect, zone: tzinfo) -> bool:
    local = datetime.fromtimestamp(defect.start_ns / NANO, zone)
    hour_long = defect.kind != "gap" or defect.end_ns - defect.start_ns == HOUR_NS
    after = datetime.fromtimestamp(defect.start_ns / NANO + 7200, zone)
    return hour_long and local.weekday() == _SUNDAY and local.minute == 0 and local.utcoffset() == after.utcoffset()
