"""The shape of the month's load: base load, the usual load by weekday and hour, and the few kinds of days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import NotReady
from ovoo_contract.evidence import figure as decimal_text
from ovoo_models.efficiency.load_shape import Clusters, Days, base_load, cluster_days, day_profiles, quantile

from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input
from ovoo_cloud.energy_report.quarters import SiteQuarters
from ovoo_cloud.energy_report.records import RecordBook

__all__ = ["shape_section"]

_FORMULA: Final = "base_load/1"
_LEAST_DAYS: Final = 7
_APART: Final = 0.25
"""Silhouette from which two or three kinds of days are told apart; below it all days are one kind."""


def shape_section(
    quarters: SiteQuarters | None,
    evidence: Sequence[str],
    book: FigureBook,
    records: RecordBook,
    zone: ZoneInfo,
    *,
    covered: bool,
) -> dict[str, Any]:
    """Figures `base.kw`, `base.kwh` and `base.percent`; the map of weekday and hour; typical days with their spread."""
    found = None
    intervals = None if quarters is None or not covered else quarters.full()
    if intervals is not None:
        try:
            found = base_load(intervals, zone)
        except NotReady:
            found = None
    known = found is not None and math.isfinite(found.base_kw)
    base = book.base(
        "base.kw",
        decimal_text(found.base_kw, 1) if found is not None and known else None,
        unit="kW",
        digits=1,
        formula=_FORMULA,
        evidence=evidence,
        reason="" if known else "covered",
    )
    made = [base, *_share(book, base)]
    days = day_profiles(intervals, zone) if intervals is not None else Days((), (), ())
    if quarters is not None and known:
        records.note(
            "load_shape/month",
            quarters.scans,
            made,
            parameters={"share": "0.05", "kinds": "k-medoids of kW by hour", "whole_days": len(days.days)},
            excluded=[{"day": day.isoformat(), "reason": why} for day, why in days.left_out],
        )
    heat = None if found is None else [[_text(each) for each in row] for row in found.middle]
    return {"heat": heat, "typical": _typical(days), "whole_days": len(days.days)}


def _share(book: FigureBook, base: Figure) -> list[Figure]:
    """Energy of the base load over the whole window and its share of what was used."""
    hours: Figure | Input = book["window.days"]
    inputs: list[Figure | Input] = [base, hours, {"constant": "24", "source": "h/d"}]
    energy = book.derived("base.kwh", "product/1", inputs, unit="kWh", digits=0)
    total = book["energy.kwh"].interval()
    parts: list[Figure | Input] = [energy, book["energy.kwh"]] if total is not None and total[0] > 0 else []
    return [energy, book.derived("base.percent", "percent/1", parts, unit="%", digits=1)]


def _typical(days: Days) -> list[dict[str, Any]]:
    """Kinds of days, the most frequent first: number of days, the days, and 10, 50 and 90 % points by hour in kW."""
    if len(days.days) < _LEAST_DAYS:
        return []
    found = _kinds(days)
    kinds = []
    for kind in range(len(found.medoids)):
        members = [n for n, own in enumerate(found.member) if own == kind]
        columns = [[days.profiles[n][hour] for n in members] for hour in range(24)]
        low, middle, high = ([_text(quantile(column, share)) for column in columns] for share in (0.1, 0.5, 0.9))
        weekend = sum(1 for n in members if days.days[n].weekday() >= 5)
        kinds.append(
            {"days": len(members), "weekend": weekend, "example": days.days[found.medoids[kind]].isoformat(),
             "low": low, "middle": middle, "high": high}
        )  # fmt: skip
    return kinds


def _kinds(days: Days) -> Clusters:
    best = cluster_days(days.profiles, 1, by_shape=False)
    reached = _APART
    for count in (2, 3):
        if len(days.days) >= 3 * count:
            found = cluster_days(days.profiles, count, by_shape=False)
            if found.silhouette > reached:
                best, reached = found, found.silhouette
    return best


def _text(value: float) -> str | None:
    return decimal_text(value, 1) if math.isfinite(value) else None
