"""Five actions with a saving range from measured evidence; what cannot be shown says which evidence is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.energy import EnergyResult
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant
from ovoo_cloud.diagnosis.observe import MINUTE_NS, Observation, SignalScan

__all__ = ["KINDS", "Throughput", "actions_section", "idle_energy", "specific_saving"]

KINDS = ("idle", "compressed_air", "fan_pump", "fouling", "peak_shift")
_MINUTES_A_DAY = 1440
_LEAST_DAYS = 14
_LEAST_RUNNING = 0.5


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a template's energy is spent on: the product of `signals` times `scale`; `kinds` are the actions it fits.

    A fan delivers flow times pressure, a pump flow times head; machines without such a law deliver their flow.
    """

    signals: tuple[str, ...]
    scale: float
    kinds: tuple[str, ...]


_WORK: dict[str, Throughput] = {
    "main_fan": Throughput(("flow", "static_pressure"), 0.001, ("fan_pump",)),
    "drainage_pump": Throughput(("flow", "head"), 9.80665 / 3600, ("idle", "fan_pump")),
    "air_compressor": Throughput(("flow",), 1.0, ("idle", "compressed_air")),
    "belt_conveyor": Throughput(("load",), 1.0, ("idle",)),
    "hoist": Throughput(("payload",), 1.0, ("idle",)),
    "asu_compressor": Throughput(("flow",), 1.0, ("compressed_air",)),
    "methanol_loop": Throughput(("methanol_output",), 1.0, ("fouling",)),
    "boiler": Throughput(("steam_flow",), 1.0, ("fouling",)),
    "cooling_tower": Throughput(("water_flow",), 1.0, ("fan_pump", "fouling")),
    "htst_pasteuriser": Throughput(("flow",), 1.0, ("idle", "fouling")),
    "homogeniser": Throughput(("flow",), 1.0, ("idle",)),
    "evaporator": Throughput(("feed_flow",), 1.0, ("fouling",)),
    "spray_dryer": Throughput(("powder_output",), 1.0, ("idle", "fouling")),
}

Minutes = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Measured:
    machine: Machine
    power: Minutes
    work: Minutes
    evidence: str


@dataclass(frozen=True, slots=True)
class _Saving:
    """kWh inside the window, low to high."""

    machine: Machine
    low: float
    high: float
    evidence: str


def actions_section(case: Case, seen: Observation, book: FigureBook, energy: EnergyResult) -> list[dict[str, Any]]:
    """The five actions, those with the largest proven saving first."""
    measured = [each for machine in case.machines if (each := _measure(machine, seen)) is not None]
    rules: dict[str, Callable[[_Measured], tuple[float, float] | None]] = {
        "idle": lambda each: idle_energy(each.power, each.work),
        "compressed_air": lambda each: specific_saving(each.power, each.work),
        "fan_pump": lambda each: specific_saving(each.power, each.work),
        "fouling": lambda each: drift_saving(each.power, each.work),
        "peak_shift": lambda _: None,
    }
    rows = []
    for kind in KINDS:
        if kind == "peak_shift":
            rows.append(_peak_shift(case, seen, book, energy))
            continue
        found = [
            _Saving(each.machine, saving[0], saving[1], each.evidence)
            for each in measured
            if kind in _WORK[each.machine.template].kinds and (saving := rules[kind](each)) is not None
        ]
        rows.append(_row(kind, found, book, energy, case))
    return sorted(rows, key=lambda row: (row["reason"] != "", -Decimal(row["weight"]), KINDS.index(row["kind"])))


def _measure(machine: Machine, seen: Observation) -> _Measured | None:
    """Minute columns of power and work; None where the template, a signal or enough data is missing."""
    rule = _WORK.get(machine.template)
    if rule is None or machine.asset is None:
        return None
    scans = [seen.find(machine.asset, name) for name in ("power", *rule.signals)]
    present = [scan for scan in scans if scan is not None and scan.good_samples]
    if len(present) != len(scans):
        return None
    power = seen.by_minute(present[0])
    work = np.full(len(power), rule.scale)
    for scan in present[1:]:
        work = work * seen.by_minute(scan)
    evidence = seen.book.add(present, "last good value of every minute, energy = power/60", formulas=_FORMULAS)
    return _Measured(machine, power, work, evidence)


_FORMULAS = ("drift_saving/1", "idle_energy/1", "specific_saving/1")


def idle_energy(power: Minutes, work: Minutes) -> tuple[float, float] | None:
    """kWh drawn while running without useful work, as (half, all); None below 14 days of data.

    Running: power above 10 % of its 95th percentile. No work: below 5 % of the 95th percentile of work.
    """
    known = np.isfinite(power) & np.isfinite(work)
    if np.count_nonzero(known) < _LEAST_DAYS * _MINUTES_A_DAY:
        return None
    running = power[known] > 0.10 * percentile(power[known], 95)
    without = np.abs(work[known]) < 0.05 * percentile(np.abs(work[known]), 95)
    idle = math.fsum(power[known][running & without].tolist()) / 60
    return (idle / 2, idle) if idle > 0 else (0.0, 0.0)


def specific_saving(power: Minutes, work: Minutes) -> tuple[float, float] | None:
    """kWh saved if every day were as good as the asset's own best quarter (low) or best tenth (high) of days.

    A day counts with at least half of its minutes at work. None below 14 such days.
    """
    days = _days(power, work)
    if len(days) < _LEAST_DAYS:
        return None
    specific = np.array([energy / done for energy, done in days])
    result = []
    for share in (25, 10):
        best = percentile(specific, share)
        result.append(math.fsum(max(0.0, energy - done * best) for energy, done in days))
    return result[0], result[1]


def drift_saving(power: Minutes, work: Minutes) -> tuple[float, float] | None:
    """kWh lost to creeping specific consumption: the last third of days against the first, as (half, all)."""
    days = _days(power, work)
    if len(days) < _LEAST_DAYS:
        return None
    third = len(days) // 3
    first, last = days[:third], days[-third:]
    before, after = (math.fsum(e for e, _ in part) / math.fsum(w for _, w in part) for part in (first, last))
    lost = max(0.0, after - before) * math.fsum(w for _, w in days[third:])
    return lost / 2, lost


def _days(power: Minutes, work: Minutes) -> list[tuple[float, float]]:
    """(kWh, work) of every whole day of the window with at least half of its minutes at work."""
    at_work = np.isfinite(power) & np.isfinite(work) & (work > 0) & (power > 0)
    days = []
    for start in range(0, len(power) - _MINUTES_A_DAY + 1, _MINUTES_A_DAY):
        rows = slice(start, start + _MINUTES_A_DAY)
        keep = at_work[rows]
        if np.count_nonzero(keep) >= _LEAST_RUNNING * _MINUTES_A_DAY:
            days.append((math.fsum(power[rows][keep].tolist()) / 60, math.fsum(work[rows][keep].tolist()) / 60))
    return days


def percentile(values: npt.NDArray[np.float64], share: float) -> float:
    """Percentile by linear interpolation between order statistics, with one fixed order of operations."""
    ordered = np.sort(values)
    place = (len(ordered) - 1) * share / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below]) + (place - below) * (float(ordered[above]) - float(ordered[below]))


def _row(kind: str, found: Sequence[_Saving], book: FigureBook, energy: EnergyResult, case: Case) -> dict[str, Any]:
    useful = [each for each in found if each.high > 0]
    reason = "" if useful else ("no_saving" if found else "no_data")
    low, high = (math.fsum(getattr(each, end) for each in useful) for end in ("low", "high"))
    base = book.base(
        f"action.{kind}.window_kwh",
        None,
        unit="kWh",
        digits=0,
        formula=f"{kind}_saving/1",
        evidence=[each.evidence for each in useful],
        reason=reason,
        bounds=(Decimal(decimal_text(low, 0)), Decimal(decimal_text(high, 0))) if useful else None,
    )
    year = _yearly(kind, base, book, energy)
    return {
        "kind": kind,
        "reason": reason,
        "weight": year.high or "0",
        "machines": [each.machine.id for each in sorted(useful, key=lambda each: (-each.high, each.machine.id))],
        "payback": "prices_missing" if case.energy.tariff is None else "investment_missing",
        "shift_only": False,
    }


def _yearly(kind: str, base: Figure, book: FigureBook, energy: EnergyResult) -> Figure:
    """kWh a year, and that in tce and tCO2 where a factor is valid for the window."""
    days = constant(energy.days.value or "1", energy.days.id)
    year = book.derived(f"action.{kind}.kwh", "per_year/1", [base, days], unit="kWh/a", digits=0)
    scale = constant("0.001", "unit")
    for name, unit, factor in zip(("tce", "tco2"), ("tce/a", "tCO2/a"), energy.factors, strict=True):
        inputs: list[Figure | Input] = [] if factor is None else [year, constant(str(factor.value), factor.id), scale]
        reason = "no_factor" if factor is None and not base.reason else base.reason
        book.derived(f"action.{kind}.{name}", "product/1", inputs, unit=unit, digits=1, reason=reason)
    return year


def _peak_shift(case: Case, seen: Observation, book: FigureBook, energy: EnergyResult) -> dict[str, Any]:
    """Energy that shiftable machines draw in peak hours; moving it saves no kWh, only cost."""
    machines = [machine for machine in case.machines if machine.shiftable and machine.asset is not None]
    found: list[tuple[Machine, float, str]] = []
    for machine in machines if energy.tariff is not None else []:
        scan = seen.find(machine.asset, "power") if machine.asset is not None else None
        if scan is not None and scan.good_samples:
            evidence = seen.book.add([scan], "power in peak hours", formulas=["peak_kwh/1"])
            found.append((machine, _peak_kwh(seen, scan, energy), evidence))
    useful = [each for each in found if each[1] > 0]
    reason = "" if useful else ("no_saving" if found else "no_data")
    total = math.fsum(kwh for _, kwh, _ in useful)
    base = book.base(
        "action.peak_shift.window_kwh",
        None,
        unit="kWh",
        digits=0,
        formula="peak_kwh/1",
        reason=reason,
        evidence=[evidence for _, _, evidence in useful],
        bounds=(Decimal(decimal_text(total / 2, 0)), Decimal(decimal_text(total, 0))) if useful else None,
    )
    days = constant(energy.days.value or "1", energy.days.id)
    book.derived("action.peak_shift.kwh", "per_year/1", [base, days], unit="kWh/a", digits=0)
    return {
        "kind": "peak_shift",
        "reason": reason,
        "weight": "0",
        "machines": [machine.id for machine, _, _ in useful],
        "payback": "prices_missing" if case.energy.tariff is None else "investment_missing",
        "shift_only": True,
    }


def _peak_kwh(seen: Observation, scan: SignalScan, energy: EnergyResult) -> float:
    power = seen.by_minute(scan)
    parts: list[float] = []
    for hour in energy.hours:
        if energy.tariff is not None and energy.tariff.band(hour.month, hour.hour) in {"peak", "super_peak"}:
            first = (hour.start_ns - seen.window.start_ns) // MINUTE_NS
            rows = power[max(0, first) : first + 60]
            parts.extend(rows[np.isfinite(rows)].tolist())
    return math.fsum(parts) / 60
