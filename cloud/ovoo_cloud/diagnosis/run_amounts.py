"""How much of a product or a carrier ran through, hour by hour, from its counter or rate."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ovoo_contract.errors import UnitError
from ovoo_contract.units import conversion

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.case_parts import ProductSignal
from ovoo_cloud.diagnosis.indicators.output import AMOUNT, PER_HOUR
from ovoo_cloud.diagnosis.meters import HourEnergy, counter_increments, hourly, power_increments
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["RunAmount", "run_amount"]


@dataclass(frozen=True, slots=True)
class RunAmount:
    """Hours of an amount (as `kwh` of an hour) in the unit that was asked for, and their evidence."""

    hours: list[HourEnergy]
    evidence: str


def run_amount(
    case: Case, told: ProductSignal, wanted: str, seen: Observation, query: str
) -> tuple[RunAmount | None, str]:
    """The amount by hour in the unit `wanted`; None with the reason where the signal does not tell it."""
    scan = seen.find(told.asset, told.signal.signal)
    if scan is None or scan.good_samples < 2:
        return None, "no_signal" if scan is None else "silent"
    unit, _, time = scan.entry.unit.rpartition("/")
    rate = told.signal.kind == "rate"
    if rate and time not in PER_HOUR:
        return None, "no_rate"
    try:
        factor, _ = conversion(unit if rate else scan.entry.unit, wanted)
    except UnitError:
        return None, "other_unit"
    series = seen.series(scan)
    parts = power_increments(series) if rate else counter_increments(series)
    scale = factor * (PER_HOUR[time] if rate else 1.0)
    hours = [
        HourEnergy(h.start_ns, h.day, h.hour, h.month, h.kwh * scale, h.covered_s)
        for h in hourly(parts, seen.window, ZoneInfo(case.timezone))
    ]
    return RunAmount(hours, seen.book.add([scan], query, formulas=[AMOUNT])), ""
