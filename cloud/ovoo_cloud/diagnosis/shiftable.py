"""The part of the load that people said may run at other hours."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.load import full_hours
from ovoo_cloud.diagnosis.meters import HourEnergy, hourly, power_increments
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["shiftable_load"]


def shiftable_load(case: Case, seen: Observation) -> list[str | None]:
    """Mean kW of all shiftable machines together by local hour of the day; None for an hour without a whole record.

    A machine without a power signal of its own is left out: the part shown is then a lower bound.
    """
    zone = ZoneInfo(case.timezone)
    machines: list[list[HourEnergy]] = []
    for machine in case.machines:
        scan = seen.find(machine.asset, "power") if machine.shiftable and machine.asset is not None else None
        if scan is not None and scan.good_samples > 1:
            machines.append(hourly(power_increments(seen.series(scan)), seen.window, zone))
    means: list[str | None] = []
    for clock in range(24):
        parts = [_mean(hours, clock) for hours in machines]
        known = [part for part in parts if part is not None]
        means.append(decimal_text(math.fsum(known), 1) if known else None)
    return means


def _mean(hours: list[HourEnergy], clock: int) -> float | None:
    values = [hour.mean_kw for hour in full_hours(hours) if hour.hour == clock]
    return math.fsum(values) / len(values) if values else None
