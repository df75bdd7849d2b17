"""The month against a period that was told: provisional, for want of a baseline that a person signed."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.errors import EvidenceError
from ovoo_contract.evidence import figure as decimal_text
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.savings.change_point import Settings
from ovoo_models.efficiency.savings.cusum import cusum
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from ovoo_models.efficiency.savings.saving import Plan, Saving, prove
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS

from ovoo_cloud.diagnosis.energy import MeterEnergy
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.meters import QuarterEnergy, counter_increments, power_increments, quarterly
from ovoo_cloud.diagnosis.observe import Observation, Window
from ovoo_cloud.energy_report.baseline_terms import BaselineTerms
from ovoo_cloud.energy_report.plan import MonthPlan
from ovoo_cloud.energy_report.records import RecordBook
from ovoo_cloud.energy_report.source import SiteSource

__all__ = ["NAMES", "month_course", "saving_figures", "saving_section", "unknown_saving", "verdict_of"]

_FORMULA: Final = "baseline_saving/1"
_LEAST_KNOWN: Final = 0.995
"""Share of a day that must be known: what is missing is not filled in."""
_CHUNK_DAYS: Final = 31
_SPLITS: Final = ("none", "day_level", "day")
"""No split by season: a month lies in one, and a short baseline may not hold the other."""
NAMES: Final = ("actual", "expected", "avoided", "low", "high")


@dataclass(slots=True)
class _Days:
    time_ns: array[int]
    energy: array[float]
    driver: array[float]
    evidence: list[str]
    records: dict[str, dict[str, Any]]


def saving_section(
    plan: MonthPlan,
    terms: BaselineTerms,
    source: SiteSource,
    meters: Sequence[MeterEnergy],
    book: FigureBook,
    records: RecordBook,
    evidence: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Figures `saving.*` against the period of `terms`. Evidence of that period is added to `evidence`."""
    data: dict[str, Any] = {
        "approved": None,
        "adjusted": None,
        "document": terms.document,
        "start": _iso(terms.start_ns, plan),
        "end": _iso(terms.end_ns - 1, plan),
        "driver": "" if terms.driver is None else str(terms.driver),
        "reason": "",
        "course": None,
    }
    before = _days(source, terms, meters, Window(terms.start_ns, terms.end_ns))
    after = _days(source, terms, meters, Window(plan.case.start_ns, plan.case.end_ns))
    for each in (before, after):
        evidence.update(each.records)
    ids = [*before.evidence, *after.evidence]
    try:
        found = _prove(before, after, terms, plan)
    except EvidenceError as error:
        return data | {"reason": "refused", "fault": error.offender} | unknown_saving(book, ids)
    return data | _known(found, after, book, records, ids)


def _prove(before: _Days, after: _Days, terms: BaselineTerms, plan: MonthPlan) -> Saving:
    moment = datetime.fromtimestamp(plan.case.start_ns // 10**9, plan.zone)
    offset = round((moment.utcoffset() or timedelta()).total_seconds())
    settings = Settings(driver="driver" if terms.driver is not None else "", splits=_SPLITS)
    periods = [
        Observations(
            each.time_ns,
            each.energy,
            {"driver": each.driver} if terms.driver is not None else {},
            DAY_NS,
            "kWh",
            offset,
        )
        for each in (before, after)
    ]
    return prove(periods[0], periods[1], Plan(settings))


def _days(source: SiteSource, terms: BaselineTerms, meters: Sequence[MeterEnergy], window: Window) -> _Days:
    """Energy and the driver's mean of each 24 hours from the start of the window, read a month at a time."""
    days = _Days(array("q"), array("d"), array("d"), [], {})
    start = window.start_ns
    while start < window.end_ns:
        end = min(start + _CHUNK_DAYS * DAY_NS, window.end_ns)
        _read(source, terms.driver, [m.signal.address for m in meters], Window(start, end), days)
        start = end
    return days


def _read(source: SiteSource, driver: Address | None, signals: Sequence[Address], chunk: Window, days: _Days) -> None:
    seen = Observation.scan(source.narrow([*signals, *([driver] if driver is not None else [])]), chunk)
    scans = [scan for scan in seen.scans.values() if scan.samples]
    if scans:
        days.evidence.append(seen.book.add(scans, "energy and driver by day", formulas=[_FORMULA]))
        days.records.update(seen.book.records)
    meters = [_quarters(seen, address, chunk) for address in signals]
    other = None if driver is None else seen.scans.get(str(driver))
    values = None if other is None else seen.by_minute(other)
    for start in range(chunk.start_ns, chunk.end_ns - DAY_NS + 1, DAY_NS):
        first = (start - chunk.start_ns) // QUARTER_NS
        days.time_ns.append(start)
        days.energy.append(math.fsum(_day_kwh(each, first) for each in meters) if meters else math.nan)
        days.driver.append(math.nan if values is None else _mean(values[15 * first : 15 * first + 1440]))


def _quarters(seen: Observation, address: Address, chunk: Window) -> QuarterEnergy | None:
    scan = seen.scans.get(str(address))
    if scan is None or scan.good_samples < 2:
        return None
    make = counter_increments if scan.entry.unit == "kWh" else power_increments
    return quarterly(make(seen.series(scan)), chunk)


def _day_kwh(quarters: QuarterEnergy | None, first: int) -> float:
    """kWh of the 24 hours from quarter `first` on; NaN where less than 99.5 % of them is known."""
    if quarters is None:
        return math.nan
    rows = slice(first, first + 96)
    if math.fsum(quarters.covered_s[rows].tolist()) < _LEAST_KNOWN * 86_400:
        return math.nan
    return math.fsum(each for each in quarters.kwh[rows].tolist() if each == each)


def _mean(values: Any) -> float:
    known = values[np.isfinite(values)]
    return math.fsum(known.tolist()) / len(known) if len(known) >= 720 else math.nan


def _known(found: Saving, after: _Days, book: FigureBook, records: RecordBook, ids: list[str]) -> dict[str, Any]:
    made = saving_figures(found.record.results, len(found.used), book, ids, _FORMULA)
    return {
        "reason": verdict_of(found),
        "record": records.keep(found.record, made),
        "course": month_course(found, after.time_ns, after.energy, DAY_NS),
    }


def verdict_of(found: Saving) -> str:
    """Empty where the saving is proven, else why it is not."""
    return "" if found.provable else "uncertain" if found.fsu > 1.0 else "covers_zero"


def saving_figures(
    results: Mapping[str, str], rows: int, book: FigureBook, ids: list[str], formula: str, *, prefix: str = "saving",
    row_unit: str = "d",
) -> list[Figure]:  # fmt: skip
    """The results of a record as figures `saving.actual`, `.expected`, `.avoided` and so on; `rows` intervals count."""
    actual = Decimal(results["expected"]) - Decimal(results["avoided"])
    values = {"actual": actual, **{name: Decimal(results[name]) for name in NAMES[1:]}}
    made = [
        book.base(f"{prefix}.{name}", value, unit="kWh", digits=1, formula=formula, evidence=ids)
        for name, value in values.items()
    ]
    fsu = results["fsu_percent"]
    for name, text, digits in (
        ("percent", results["share_percent"], 1),
        ("fsu", None if fsu == "none" else fsu, 0),
        ("cv_rmse", results["cv_rmse_percent"], 1),
    ):
        reason = "" if text is not None else "no_saving"
        made.append(
            book.base(f"{prefix}.{name}", text, unit="%", digits=digits, formula=formula, evidence=ids, reason=reason)
        )
    made.append(book.base(f"{prefix}.days", rows, unit=row_unit, formula=formula, evidence=ids))
    return made


def month_course(found: Saving, time_ns: Sequence[int], energy: Sequence[float], step_ns: int) -> dict[str, Any]:
    """The days of the month for the picture: measured, expected, sum of savings, all in kWh.

    Shorter intervals are added up by days from the first one on; their days have no band of their own.
    """
    rows: dict[int, list[tuple[float, float]]] = {}
    for i, saved in zip(found.used, found.series, strict=True):
        day = time_ns[0] + (time_ns[i] - time_ns[0]) // DAY_NS * DAY_NS
        rows.setdefault(day, []).append((energy[i], saved))
    times = sorted(rows)
    actual = [math.fsum(each for each, _ in rows[day]) for day in times]
    saved_by_day = [math.fsum(each for _, each in rows[day]) for day in times]
    sums = cusum(times, saved_by_day).total
    day_half = Estimate(0.0, found.fit.cv_rmse * found.fit.mean, "kWh").half_width(0.9)
    return {
        "start_ns": [str(each) for each in times],
        "end_ns": str(times[-1] + DAY_NS),
        "actual": [decimal_text(each, 1) for each in actual],
        "expected": [decimal_text(a + s, 1) for a, s in zip(actual, saved_by_day, strict=True)],
        "sum": [decimal_text(each, 1) for each in sums],
        "half": decimal_text(found.avoided.half_width(0.9), 1),
        "day_half": decimal_text(day_half, 1) if step_ns == DAY_NS else None,
    }


def unknown_saving(book: FigureBook, ids: list[str]) -> dict[str, Any]:
    """The figures of a saving that cannot be told."""
    for name in NAMES:
        book.base(f"saving.{name}", None, unit="kWh", digits=1, formula=_FORMULA, evidence=ids, reason="baseline")
    return {}


def _iso(instant_ns: int, plan: MonthPlan) -> str:
    return f"{datetime.fromtimestamp(instant_ns // 10**9, plan.zone):%Y-%m-%d}"
