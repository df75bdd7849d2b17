"""Energy and carbon of the window: meters, carriers, coal equivalent, CO2, norm, tariff bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import FactorTable, NormTable, Tariff, TariffTable

from ovoo_cloud.diagnosis.case import Carrier, Case
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, constant, least_digits
from ovoo_cloud.diagnosis.meters import (
    HourEnergy,
    Increments,
    counter_increments,
    hourly,
    power_increments,
    sum_by,
    total_kwh,
)
from ovoo_cloud.diagnosis.norm import compare_norm, energy_cost
from ovoo_cloud.diagnosis.observe import Observation, Series

__all__ = ["EnergyResult", "Tables", "energy_section"]

BANDS = ("super_peak", "peak", "flat", "valley", "deep_valley")
_COUNTER = "counter_kwh/1"
_POWER = "power_kwh/1"
_FULL_HOUR_S = 3240.0  # nine tenths: a day counts although its last sample lies before midnight


@dataclass(frozen=True, slots=True)
class Tables:
    """The dated tables that the section reads."""

    factors: FactorTable
    norms: NormTable
    tariffs: TariffTable


@dataclass(frozen=True, slots=True)
class EnergyResult:
    """Plain data for the snapshot: series of the charts, norm comparison, notes; figures are in the book."""

    data: dict[str, Any]
    days: Figure
    hours: tuple[HourEnergy, ...]
    tariff: Tariff | None


@dataclass(frozen=True, slots=True)
class _Meter:
    asset: AssetAddress
    evidence: str
    kwh: Figure
    hours: list[HourEnergy]


def energy_section(case: Case, seen: Observation, book: FigureBook, tables: Tables) -> EnergyResult:
    """Compute all figures of the section into `book` and return its series."""
    zone = ZoneInfo(case.timezone)
    length = Decimal(seen.window.minutes) / 1440
    days = book.base("window.days", length, unit="d", digits=least_digits(length), cls="measured")
    meters = [meter for asset in _meter_assets(case, seen) if (meter := _read(asset, seen, book, zone)) is not None]
    hours = _merge([meter.hours for meter in meters])
    evidence = [meter.evidence for meter in meters]
    kwh = book.derived("energy.kwh", "sum/1", [meter.kwh for meter in meters], unit="kWh", digits=1)
    data: dict[str, Any] = {
        "meters": [{"asset": str(meter.asset), "figure": meter.kwh.id} for meter in meters],
        "carriers": [],
        "complete": case.energy.complete,
    }
    total = _coal(case, book, kwh, tables, data)
    _carbon(case, book, kwh, tables, data, seen)
    data["series"] = _series(hours)
    data["bands"] = _bands(case, book, hours, evidence, tables, data)
    _trend(book, hours, evidence)
    compare_norm(case, book, total, tables.norms, data)
    energy_cost(case, book, data)
    return EnergyResult(data, days, tuple(hours), _tariff(case, tables))


def _meter_assets(case: Case, seen: Observation) -> list[AssetAddress]:
    if case.energy.meters:
        return list(case.energy.meters)
    found = {
        scan.entry.address.asset_address
        for scan in seen.scans.values()
        if scan.entry.unit == "kWh" and scan.entry.measurement == "telemetry"
    }
    return sorted(found)


def _read(asset: AssetAddress, seen: Observation, book: FigureBook, zone: ZoneInfo) -> _Meter | None:
    counter, power = seen.find(asset, "energy"), seen.find(asset, "power")
    scan = counter if counter is not None and counter.good_samples > 1 else power
    if scan is None:
        return None
    is_counter = scan is counter
    formula = _COUNTER if is_counter else _POWER
    series = seen.series(scan)
    parts = (counter_increments if is_counter else power_increments)(series)
    query = (
        "sum of counter differences, a fall below a tenth counts as reset, any other as unknown"
        if is_counter
        else "power held to the next sample"
    )
    evidence = seen.book.add([scan], query, formulas=[formula])
    blind = bool(np.any(np.isnan(parts.kwh)))
    value = None if blind or scan.good_samples < 2 else decimal_text(total_kwh(parts), 1)
    figure = book.base(
        f"energy.meter.{asset.site}/{asset.path}",
        value,
        unit="kWh",
        digits=1,
        formula=formula,
        evidence=[evidence],
        bounds=_power_bounds(parts, series) if blind else None,
        reason="" if value else "gap",
    )
    return _Meter(asset, evidence, figure, hourly(parts, seen.window, zone))


def _power_bounds(parts: Increments, series: Series) -> tuple[Decimal, Decimal]:
    """Known energy, and that plus the highest power seen through all gaps."""
    known = total_kwh(parts)
    lost = np.isnan(parts.kwh)
    hours = math.fsum(((parts.end_ns[lost] - parts.start_ns[lost]) / 3.6e12).tolist())
    return Decimal(decimal_text(known, 1)), Decimal(decimal_text(known + hours * float(series.value.max()), 1))


def _merge(sources: Sequence[list[HourEnergy]]) -> list[HourEnergy]:
    if not sources:
        return []
    merged = []
    for rows in zip(*sources, strict=True):
        first = rows[0]
        kwh = math.fsum(row.kwh for row in rows)
        covered = min(row.covered_s for row in rows)
        merged.append(HourEnergy(first.start_ns, first.day, first.hour, first.month, kwh, covered))
    return merged


def _coal(case: Case, book: FigureBook, kwh: Figure, tables: Tables, data: dict[str, Any]) -> Figure:
    """kgce of electricity and carriers; returns the total by calorific value."""
    total = []
    for kind, factor_id in (("calorific", "coal_electricity"), ("equivalent", "coal_electricity_equivalent")):
        factor = tables.factors.get(factor_id)
        value = factor.value if factor.value is not None else factor.low
        part = book.derived(
            f"energy.electricity_kgce_{kind}",
            "product/1",
            [kwh, constant(str(value), factor.id)],
            unit="kgce",
            digits=1,
            reference_only=factor.reference_only,
        )
        carriers = [_carrier(n, carrier, book, tables, data, kind) for n, carrier in enumerate(case.energy.carriers)]
        total.append(book.derived(f"energy.kgce_{kind}", "sum/1", [part, *carriers], unit="kgce", digits=1))
        book.derived(f"energy.tce_{kind}", "product/1", [total[-1], constant("0.001", "unit")], unit="tce", digits=2)
    return total[0]


def _carrier(
    number: int, carrier: Carrier, book: FigureBook, tables: Tables, data: dict[str, Any], kind: str
) -> Figure:
    name = f"energy.carrier.{number}"
    factor = tables.factors.get(f"coal_{carrier.carrier}")
    if kind == "calorific":
        book.base(name, carrier.amount, unit=carrier.unit, digits=3, cls=carrier.cls)
        value = factor.value if factor.value is not None else factor.high
        scale = "1000" if (carrier.unit, factor.per_unit) == ("t", "kg") else "1"
        result = book.derived(
            f"{name}.kgce",
            "product/1",
            [book[name], constant(scale, "unit"), constant(str(value), factor.id)],
            unit="kgce",
            digits=1,
            reference_only=factor.reference_only,
        )
        data["carriers"].append(
            {
                "carrier": carrier.carrier,
                "amount": name,
                "kgce": result.id,
                "name": {"zh": factor.name_zh, "en": factor.name_en},
            }
        )
        return result
    return book[f"{name}.kgce"]


def _carbon(case: Case, book: FigureBook, kwh: Figure, tables: Tables, data: dict[str, Any], seen: Observation) -> None:
    year = int(np.datetime64(seen.window.end_ns, "ns").astype("datetime64[Y]").astype(int)) + 1970
    region = case.energy.co2_factor or "inner_mongolia"
    factor = tables.factors.grid_co2(region, year)
    book.derived(
        "energy.kgco2",
        "product/1",
        [kwh, constant(str(factor.value), factor.id)],
        unit="kgCO2",
        digits=0,
        reference_only=factor.reference_only,
    )
    book.derived("energy.tco2", "product/1", [book["energy.kgco2"], constant("0.001", "unit")], unit="tCO2", digits=2)
    data["co2_factor"] = {
        "id": factor.id,
        "value": str(factor.value),
        "year": str(factor.year),
        "name": {"zh": factor.name_zh, "en": factor.name_en},
    }


def _series(hours: Sequence[HourEnergy]) -> dict[str, Any]:
    """Energy per day (days with every hour) and mean power per local hour, as decimal strings."""
    full = [hour for hour in hours if hour.covered_s >= _FULL_HOUR_S]
    by_day = sum_by(full, [hour.day for hour in full])
    counts = {day: sum(1 for hour in full if hour.day == day) for day in by_day}
    days = list(dict.fromkeys(hour.day for hour in hours))
    load: list[dict[str, str | None]] = []
    for clock in range(24):
        values = [hour.kwh for hour in full if hour.hour == clock]
        mean = decimal_text(math.fsum(values) / len(values), 1) if values else None
        low, high = (decimal_text(f(values), 1) if values else None for f in (min, max))
        load.append({"mean": mean, "low": low, "high": high})
    return {
        "daily": [
            {"day": day, "kwh": decimal_text(by_day[day], 1) if counts.get(day, 0) == 24 else None} for day in days
        ],
        "load": load,
    }


def _tariff(case: Case, tables: Tables) -> Tariff | None:
    grids = [site.grid for site in case.sites if site.grid]
    return tables.tariffs.get(grids[0]) if grids else None


def _bands(
    case: Case, book: FigureBook, hours: Sequence[HourEnergy], evidence: Sequence[str], tables: Tables, data: Any
) -> list[str]:
    tariff = _tariff(case, tables)
    if tariff is None or not hours:
        return []
    sums = sum_by(hours, [tariff.band(hour.month, hour.hour) for hour in hours])
    present = [band for band in BANDS if band in sums]
    for band in present:
        book.base(
            f"energy.band.{band}",
            decimal_text(sums[band], 1),
            unit="kWh",
            digits=1,
            formula="tou_kwh/1",
            evidence=evidence,
            reference_only=tariff.reference_only,
        )
    allocated = book.derived(
        "energy.band_total", "sum/1", [book[f"energy.band.{band}"] for band in present], unit="kWh", digits=1
    )
    for band in present:
        share = [book[f"energy.band.{band}"], allocated]
        if any(sums.values()):
            book.derived(f"energy.band.{band}.percent", "percent/1", share, unit="%", digits=1)
    months = sorted({hour.month for hour in hours})
    data["tariff"] = {
        "id": tariff.id,
        "name": {"zh": tariff.name_zh, "en": tariff.name_en},
        "hours": [tariff.band(months[-1], clock) for clock in range(24)],
        "month": months[-1],
    }
    return present


def _trend(book: FigureBook, hours: Sequence[HourEnergy], evidence: Sequence[str]) -> None:
    """Mean kWh a day in the second half of the window against the first, over days without a gap."""
    daily = [row for row in _series(hours)["daily"] if row["kwh"] is not None]
    half = len(daily) // 2
    parts = (("first", daily[:half]), ("second", daily[-half:] if half else []))
    for name, rows in parts:
        mean = math.fsum(float(row["kwh"]) for row in rows) / len(rows) if rows else None
        book.base(
            f"energy.daily_{name}",
            None if mean is None else decimal_text(mean, 1),
            unit="kWh/d",
            digits=1,
            formula="daily_mean/1",
            evidence=evidence,
            reason="" if rows else "short",
        )
    known = book["energy.daily_first"].value
    inputs = [book["energy.daily_second"], book["energy.daily_first"]] if known and Decimal(known) else []
    book.derived(
        "energy.trend_percent", "change_percent/1", inputs, unit="%", digits=1, reason="" if inputs else "short"
    )
