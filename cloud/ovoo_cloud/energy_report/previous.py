"""The month before, by the same meters: what the director compares with first."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.energy import MeterEnergy
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input
from ovoo_cloud.diagnosis.meters import counter_increments, known_share, power_increments, total_kwh
from ovoo_cloud.diagnosis.observe import Observation, Window
from ovoo_cloud.energy_report.plan import MonthPlan, month_window
from ovoo_cloud.energy_report.source import SiteSource

__all__ = ["previous_section"]

_FORMULA: Final = "counter_kwh/1"


def previous_section(
    plan: MonthPlan,
    source: SiteSource,
    meters: tuple[MeterEnergy, ...],
    book: FigureBook,
    evidence: dict[str, dict[str, Any]],
    least_known: float,
) -> dict[str, Any]:
    """Figures `previous.kwh`, `previous.per_day`, `energy.per_day` and the change between them in percent."""
    month = f"{date.fromisoformat(f'{plan.month}-01') - timedelta(days=1):%Y-%m}"
    window = Window(*month_window(month, plan.case.timezone))
    seen = Observation.scan(source.narrow([meter.signal.address for meter in meters]), window)
    total: Decimal | None = Decimal(0) if meters else None
    for meter in meters:
        kwh = _kwh(seen, str(meter.signal.address), least_known)
        total = None if kwh is None or total is None else total + kwh
    scans = [scan for scan in seen.scans.values() if scan.samples]
    ids = [seen.book.add(scans, "the same meters one month earlier", formulas=[_FORMULA])] if scans else []
    evidence.update(seen.book.records)
    before = book.base(
        "previous.kwh", total, unit="kWh", digits=1, formula=_FORMULA, evidence=ids,
        reason="" if total is not None else "covered",
    )  # fmt: skip
    days: Input = {"constant": str(window.minutes // 1440), "source": "previous.days"}
    per_day = book.derived("previous.per_day", "ratio/1", [before, days], unit="kWh/d", digits=1)
    now = book.derived("energy.per_day", "ratio/1", [book["energy.kwh"], book["window.days"]], unit="kWh/d", digits=1)
    known = per_day.value is not None and Decimal(per_day.value) > 0
    inputs: list[Figure | Input] = [now, per_day] if known else []
    book.derived("energy.change", "change_percent/1", inputs, unit="%", digits=1, reason="" if known else "covered")
    return {"month": month}


def _kwh(seen: Observation, address: str, least_known: float) -> Decimal | None:
    """Energy of one meter, None where it knows too little of the month."""
    scan = seen.scans.get(address)
    if scan is None or scan.good_samples < 2:
        return None
    make = counter_increments if scan.entry.unit == "kWh" else power_increments
    parts = make(seen.series(scan))
    return Decimal(decimal_text(total_kwh(parts), 1)) if known_share(parts, seen.window) >= least_known else None
