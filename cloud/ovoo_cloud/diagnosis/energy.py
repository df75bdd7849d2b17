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
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import Factor, Tariff

from ovoo_cloud.diagnosis.case import Carrier, Case
from ovoo_cloud.diagnosis.consumers import consumers
from ovoo_cloud.diagnosis.dated import DatedTables
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant, least_digits
from ovoo_cloud.diagnosis.load import allocate_bands, load_figures, load_series, trend
from ovoo_cloud.diagnosis.meters import (
    HourEnergy,
    Increments,
    counter_increments,
    hourly,
    known_share,
    power_bounds,
    power_increments,
    total_kwh,
)
from ovoo_cloud.diagnosis.norm import compare_norm, energy_cost
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.shiftable import shiftable_load

__all__ = ["EnergyResult", "MeterEnergy", "coal_scale", "energy_section"]

_COUNTER = "counter_kwh/1"
_POWER = "power_kwh/1"
_SHORT = "no_factor"
"""Reason of a figure whose dated factor is not there for the window."""


@dataclass(frozen=True, slots=True)
class EnergyResult:
    """Plain data for the snapshot: series of the charts, norm comparison, notes; figures are in the book."""

    data: dict[str, Any]
    days: Figure
    hours: tuple[HourEnergy, ...]
    tariff: Tariff | None
    factors: tuple[Factor | None, Factor | None]
    """kgce and kgCO2 per kWh; None where no row is valid for the window."""
    meters: tuple[MeterEnergy, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterEnergy:
    """What one meter measured: its signal, its energy between samples, by hour, and the figure over the window.

    `known_share` is the part of the window (0 to 1) whose energy the meter knows.
    """

    asset: AssetAddress
    signal: SignalEntry
    evidence: str
    kwh: Figure
    parts: Increments
    hours: list[HourEnergy]
    known_share: float


def energy_section(
    case: Case, seen: Observation, book: FigureBook, dated: DatedTables, *, least_known: float = 0.0
) -> EnergyResult:
    """Compute all figures of the section into `book` and return its series.

    A meter that knows less than the share `least_known` of the window gives insufficient evidence, not its part.
    """
    zone = ZoneInfo(case.timezone)
    length = Decimal(seen.window.minutes) / 1440
    days = book.base("window.days", length, unit="d", digits=least_digits(length), cls="measured")
    read = [_read(asset, seen, book, zone, least_known) for asset in _meter_assets(case, seen)]
    meters = [meter for meter in read if meter is not None]
    hours = _merge([meter.hours for meter in meters])
    evidence = [meter.evidence for meter in meters]
    kwh = book.derived("energy.kwh", "sum/1", [meter.kwh for meter in meters], unit="kWh", digits=1)
    data: dict[str, Any] = {
        "meters": [{"asset": str(meter.asset), "figure": meter.kwh.id} for meter in meters],
        "carriers": [],
        "complete": case.energy.complete,
    }
    total = _coal(case, book, kwh, dated, data)
    grid = _carbon(case, book, kwh, dated, data)
    tariff = _tariff(case, dated)
    data["series"] = {**load_series(hours), "shiftable": shiftable_load(case, seen)}
    data["bands"] = allocate_bands(book, hours, evidence, tariff, data)
    data["consumers"] = consumers(case, seen, book, kwh, least_known=least_known)
    load_figures(book, hours, evidence)
    trend(book, hours, evidence)
    compare_norm(case, book, total, dated, data)
    energy_cost(case, book, data)
    data["missing"] = list(dated.missing)
    factors = (dated.coal("coal_electricity"), grid)
    return EnergyResult(data, days, tuple(hours), tariff, factors, tuple(meters))


def _meter_assets(case: Case, seen: Observation) -> list[AssetAddress]:
    if case.energy.meters:
        return list(case.energy.meters)
    found = {
        scan.entry.address.asset_address
        for scan in seen.scans.values()
        if scan.entry.unit == "kWh" and scan.entry.measurement == "telemetry"
    }
    return sorted(found)


def _read(
    asset: AssetAddress, seen: Observation, book: FigureBook, zone: ZoneInfo, least_known: float
) -> MeterEnergy | None:
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
    known = known_share(parts, seen.window)
    covered = known >= least_known
    value = None if blind or scan.good_samples < 2 or not covered else decimal_text(total_kwh(parts), 1)
    figure = book.base(
        f"energy.meter.{asset.site}/{asset.path}",
        value,
        unit="kWh",
        digits=1,
        formula=formula,
        evidence=[evidence],
        bounds=power_bounds(parts, series) if blind and covered else None,
        reason="" if value else "gap" if covered else "covered",
    )
    return MeterEnergy(asset, scan.entry, evidence, figure, parts, hourly(parts, seen.window, zone), known)


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


def _coal(case: Case, book: FigureBook, kwh: Figure, dated: DatedTables, data: dict[str, Any]) -> Figure:
    """kgce of electricity and carriers; returns the total by calorific value."""
    carriers = [_carrier(n, carrier, book, dated, data) for n, carrier in enumerate(case.energy.carriers)]
    total = []
    plain = dated.tables.factors.get("coal_electricity")
    data["electricity_factor"] = _factor_json(plain, dated.coal("coal_electricity"))
    for kind, factor_id in (("calorific", "coal_electricity"), ("equivalent", "coal_electricity_equivalent")):
        factor = dated.coal(factor_id)
        part = _converted(book, f"energy.electricity_kgce_{kind}", kwh, factor, "kgce", 1, high=False)
        total.append(book.derived(f"energy.kgce_{kind}", "sum/1", [part, *carriers], unit="kgce", digits=1))
        if kind == "calorific":
            data["mix"] = _mix(book, [part, *carriers], total[0], data)
        book.derived(f"energy.tce_{kind}", "product/1", [total[-1], constant("0.001", "unit")], unit="tce", digits=2)
    return total[0]


def _mix(book: FigureBook, parts: Sequence[Figure], total: Figure, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Each carrier's share of the standard coal, electricity first; empty where the whole is not known."""
    whole = total.interval()
    if whole is None or whole[0] <= 0:
        return []
    names = [None, *(row["name"] for row in data["carriers"])]
    return [
        {
            "name": called,
            "figure": book.derived(f"energy.mix.{number}", "percent/1", [part, total], unit="%", digits=1).id,
        }
        for number, (part, called) in enumerate(zip(parts, names, strict=True))
    ]


def _converted(
    book: FigureBook,
    name: str,
    amount: Figure,
    factor: Factor | None,
    unit: str,
    digits: int,
    *,
    high: bool,
    scale: str = "",
) -> Figure:
    """The amount times the factor; insufficient evidence where the factor is not valid for the window."""
    if factor is None:
        return book.derived(name, "product/1", [], unit=unit, digits=digits, reason=_SHORT)
    value = factor.value if factor.value is not None else factor.high if high else factor.low
    scales: list[Figure | Input] = [constant(scale, "unit")] if scale else []
    inputs = [amount, *scales, constant(str(value), factor.id)]
    return book.derived(name, "product/1", inputs, unit=unit, digits=digits, reference_only=factor.reference_only)


def _carrier(number: int, carrier: Carrier, book: FigureBook, dated: DatedTables, data: dict[str, Any]) -> Figure:
    name = f"energy.carrier.{number}"
    row = dated.tables.factors.get(f"coal_{carrier.carrier}")
    amount = book.base(name, carrier.amount, unit=carrier.unit, digits=3, cls=carrier.cls)
    scale, factor = coal_scale(carrier.unit, row), dated.coal(row.id)
    result = _converted(book, f"{name}.kgce", amount, factor, "kgce", 1, high=True, scale=scale)
    names = {"zh": row.name_zh, "en": row.name_en}
    entry = {"carrier": carrier.carrier, "amount": name, "kgce": result.id, "name": names}
    data["carriers"].append({**entry, "factor": _factor_json(row, dated.coal(row.id))})
    return result


def coal_scale(unit: str, factor: Factor) -> str:
    """What an amount in a unit is multiplied by before its standard-coal factor: tonnes where that is per kg."""
    return "1000" if (unit, factor.per_unit) == ("t", "kg") else "1"


def _factor_json(row: Factor, valid: Factor | None) -> dict[str, Any] | None:
    """What a report says of a factor: value (a range where its source gives one), unit and source."""
    if valid is None:
        return None
    value = str(row.value) if row.value is not None else f"{row.low}–{row.high}"
    return {
        "id": row.id,
        "value": value,
        "unit": f"{row.result_unit}/{row.per_unit}",
        "source": row.source.edition or row.source.text,
        "reference_only": row.reference_only,
    }


def _carbon(case: Case, book: FigureBook, kwh: Figure, dated: DatedTables, data: dict[str, Any]) -> Factor | None:
    factor = dated.grid(case.energy.co2_factor or "inner_mongolia")
    emitted = _converted(book, "energy.kgco2", kwh, factor, "kgCO2", 0, high=False)
    book.derived("energy.tco2", "product/1", [emitted, constant("0.001", "unit")], unit="tCO2", digits=2)
    data["co2_factor"] = None
    if factor is not None:
        data["co2_factor"] = {
            "id": factor.id,
            "value": str(factor.value),
            "year": str(factor.year),
            "name": {"zh": factor.name_zh, "en": factor.name_en},
        }
    return factor


def _tariff(case: Case, dated: DatedTables) -> Tariff | None:
    grids = [site.grid for site in case.sites if site.grid]
    return dated.tariff(grids[0]) if grids else None
