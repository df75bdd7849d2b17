"""The greatest quarter hours of the month."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from ovoo_contract.errors import EvidenceError
from ovoo_contract.evidence import figure as decimal_text
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS
from ovoo_models.efficiency.tariff.peak import peak_demand

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.energy_report.clock import local_text
from ovoo_cloud.energy_report.quarters import FULL_S, SiteQuarters
from ovoo_cloud.energy_report.records import RecordBook

__all__ = ["demand_section"]

_FORMULA = "quarter_peak/1"
_HIGHEST = 5
_DAY_QUARTERS = 96


def demand_section(
    quarters: SiteQuarters | None,
    evidence: list[str],
    book: FigureBook,
    records: RecordBook,
    zone: ZoneInfo,
    *,
    contract_kw: Decimal | None,
    covered: bool,
) -> dict[str, Any]:
    """Figure `demand.peak` with its time, the five greatest quarter hours, and the day of the peak for its picture."""
    data: dict[str, Any] = {"peak": None, "highest": [], "day": None, "contract_kw": None}
    peak = None
    if quarters is not None and covered:
        window = (quarters.start_ns, quarters.start_ns + QUARTER_NS * len(quarters.kwh))
        try:
            peak = peak_demand(quarters.full(), *window)
        except EvidenceError:
            peak = None  # no quarter hour is covered: the figure says so
    figure = book.base(
        "demand.peak",
        None if peak is None else peak.power_kw,
        unit="kW",
        digits=1,
        formula=_FORMULA,
        evidence=evidence,
        reason="" if peak is not None else "covered",
    )
    unknown = book.base(
        "demand.unknown", None if peak is None else peak.unknown, unit="count", formula=_FORMULA, evidence=evidence,
        reason="" if peak is not None else "covered",
    )  # fmt: skip
    made = [figure, unknown]
    if peak is not None and quarters is not None:
        data["peak"] = {
            "start": local_text(peak.start_ns, zone),
            "end": local_text(peak.end_ns, zone)[-5:],
            "kw": str(peak.power_kw),  # all digits: the bill must not follow the rounding of a printed figure
        }
        data["highest"] = _highest(quarters, evidence, book, zone)
        data["day"] = _day(quarters, peak.start_ns)
        made += [book[row["figure"]] for row in data["highest"]]
    if contract_kw is not None:
        contract = book.base("demand.contract", contract_kw, unit="kW", digits=1, cls="declared")
        data["contract_kw"] = contract.value
        inputs = [figure, contract] if peak is not None and contract_kw > 0 else []
        book.derived("demand.of_contract", "percent/1", inputs, unit="%", digits=1)
    if quarters is not None:
        records.note("demand/quarter_hours", quarters.scans, made, parameters={"window_s": "900", "least_s": "810"})
    return data


def _highest(quarters: SiteQuarters, evidence: list[str], book: FigureBook, zone: ZoneInfo) -> list[dict[str, str]]:
    """The greatest quarter hours of different days: what repeats is worth a measure, what happens once is not."""
    power = np.where(np.isnan(quarters.kwh) | (quarters.covered_s < FULL_S), -np.inf, quarters.kwh * 4.0)
    order = np.argsort(-power, kind="stable").tolist()
    rows: list[dict[str, str]] = []
    days: set[str] = set()
    for at in order:
        start = local_text(quarters.start_ns + at * QUARTER_NS, zone)
        if not np.isfinite(power[at]) or len(rows) == _HIGHEST:
            break
        if start[:10] not in days:
            days.add(start[:10])
            value = decimal_text(float(power[at]), 1)
            figure = book.base(
                f"demand.day.{start[:10]}", value, unit="kW", digits=1, formula=_FORMULA, evidence=evidence
            )
            rows.append({"start": start, "figure": figure.id})
    return rows


def _day(quarters: SiteQuarters, peak_ns: int) -> dict[str, Any]:
    """Mean power by quarter hour of the day with the peak, from the window's start in steps of 24 hours."""
    at = (peak_ns - quarters.start_ns) // QUARTER_NS // _DAY_QUARTERS * _DAY_QUARTERS
    rows = slice(at, at + _DAY_QUARTERS)
    power = np.where(quarters.covered_s[rows] >= FULL_S, quarters.kwh[rows] * 4.0, np.nan)
    return {"power": [None if np.isnan(each) else decimal_text(float(each), 1) for each in power.tolist()]}
