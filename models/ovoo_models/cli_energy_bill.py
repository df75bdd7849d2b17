"""The bill of one month from an export and the prices of a case, with the choice of its basic charge, as data."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.cli_energy_defects import defects_data
from ovoo_models.cli_energy_periods import column_named
from ovoo_models.cli_energy_prices import (
    basic_of,
    basis_of,
    charges_of,
    decimal_of,
    facts_of,
    held_months_of,
    market_of,
    table_of,
)
from ovoo_models.efficiency.readings import Readings

if TYPE_CHECKING:
    from datetime import tzinfo

    from ovoo_packs.tariffs import Tariff

    from ovoo_models.efficiency.tariff.bill import Invoice, Line
    from ovoo_models.efficiency.tariff.intervals import Intervals
    from ovoo_models.efficiency.tariff.prices import EnergyCharge
    from ovoo_models.efficiency.tariff.usage import Usage

__all__ = ["Month", "intervals_of", "month_defects", "month_of_export"]

_QUADRANTS: Final = ("active_import", "active_export", "reactive_import", "reactive_export")


@dataclass(frozen=True, slots=True)
class Month:
    """Result as JSON-ready data (decimals are strings), and what a record of the bill needs; no bill without prices."""

    result: dict[str, Any]
    tariff: Tariff
    intervals: Intervals
    charges: Sequence[EnergyCharge]
    bill: Invoice | None


def intervals_of(readings: Readings) -> Intervals:
    """The readings as the tariff engine takes them."""
    from ovoo_models.efficiency.tariff.intervals import Intervals

    return Intervals.regular(readings.start_ns[0], readings.interval_s * 1_000_000_000, readings.energy_kwh)


def month_defects(readings: Readings, options: argparse.Namespace, case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything that is wrong with the readings of the month."""
    from ovoo_packs import load_tariffs

    from ovoo_models.efficiency.tariff.bands import BandCalendar, month_bounds
    from ovoo_models.efficiency.tariff.defects import examine

    zone = BandCalendar(load_tariffs().get(options.tariff)).zone
    start, end = month_bounds(*_month(options.month), zone)
    return defects_data(examine(intervals_of(readings), start, end, zone, facts_of(case)))


def month_of_export(readings: Readings, options: argparse.Namespace, case: Mapping[str, Any]) -> Month:
    """Bands, peak and lines of the bill of the month `options.month` under `options.tariff`.

    Raises:
        EvidenceError: the readings are not fit for a bill, and holes were not accepted.
        ConfigError: prices that cannot be, or a power factor that nothing says.
    """
    from ovoo_packs import load_tariffs

    from ovoo_models.efficiency.tariff.bands import BandCalendar, month_bounds
    from ovoo_models.efficiency.tariff.peak import peak_demand
    from ovoo_models.efficiency.tariff.usage import measure_usage

    tariff = load_tariffs().get(options.tariff)
    calendar = BandCalendar(tariff)
    start, end = month_bounds(*_month(options.month), calendar.zone)
    intervals = intervals_of(readings)
    usage = measure_usage(intervals, calendar, start, end, facts=facts_of(case), accept_holes=options.accept_holes)
    peak = peak_demand(intervals, start, end)
    result: dict[str, Any] = {
        "tariff": tariff.id, "month": options.month, "total_kwh": str(usage.total_kwh()),
        "band_kwh": {band: str(kwh) for band, kwh in usage.band_kwh().items()},
        "peak_kw": str(peak.power_kw), "peak_start_ns": str(peak.start_ns), "complete": usage.complete,
        "reference_only": usage.reference_only, "defects": defects_data(usage.holes),
    }  # fmt: skip
    if not case:
        return Month(result, tariff, intervals, (), None)
    charges = charges_of(case, tariff)
    factor = _power_factor(readings, usage, case)
    bill = _invoice(case, readings.zone, intervals, usage, charges, peak.power_kw, factor)
    result["lines"] = [_line_data(line) for line in bill.lines]
    result["total_yuan"] = str(bill.total_yuan)
    result["documents"] = sorted({line.document for line in bill.lines})
    if factor is not None:
        result["power_factor"] = str(factor)
    if "demand" in case and "capacity" in case:
        result["choices"] = _choices(intervals, calendar.zone, case)
    return Month(result, tariff, intervals, charges, bill)


def _line_data(line: Line) -> dict[str, str]:
    return {
        "kind": line.kind, "name": line.name, "season": line.season, "band": line.band, "quantity": str(line.quantity),
        "unit": line.unit, "price": str(line.price), "yuan": str(line.yuan), "document": line.document,
    }  # fmt: skip


def _invoice(
    case: Mapping[str, Any], zone: str, intervals: Intervals, usage: Usage, charges: Sequence[EnergyCharge],
    peak_kw: Decimal, factor: Decimal | None,
) -> Invoice:  # fmt: skip
    from ovoo_models.efficiency.tariff.bill import basic_charge, invoice, market_line

    series, basis = market_of(case, zone), basis_of(case)
    if series is not None and not usage.complete:
        remedy = "bring the missing readings: market energy has no bands to be shared out over"
        raise EvidenceError(
            "a market bill with holes", code="bill.market_bill_with_holes", offender="--accept-holes",
            value=len(usage.holes), remedy=remedy,
        )  # fmt: skip
    market = [market_line(intervals, series, usage.start_ns, usage.end_ns)] if series is not None else []
    charge = basic_of(case, basis) if basis else None
    basic = None
    if charge is not None:
        basic = basic_charge(charge, peak_kw if basis == "demand" else _capacity(case))
    return invoice(usage, charges, market=market, basic=basic, power_factor=factor, table=table_of(case))


def _capacity(case: Mapping[str, Any]) -> Decimal:
    return decimal_of(case["capacity"].get("kva"), "capacity kva")


def _power_factor(readings: Readings, usage: Usage, case: Mapping[str, Any]) -> Decimal | None:
    """From the registers that the case gives, or from columns of reactive energy in the export."""
    from ovoo_models.efficiency.tariff.power_factor import Quadrants, power_factor

    if table_of(case) is None:
        return None
    given = case["power_factor"]
    rule = given.get("rule", "absolute_sum")
    if rule not in ("import_only", "absolute_sum", "net"):
        raise ConfigError("no such rule", code="bill.no_such_rule", offender="--prices power_factor rule", value=rule,
                          remedy="import_only, absolute_sum or net")  # fmt: skip
    energies = {name: Decimal(0) for name in _QUADRANTS} | {"active_import": usage.total_kwh()}
    known = {**given.get("registers", {}), **given.get("columns", {})}
    if set(known) - set(_QUADRANTS) or "reactive_import" not in known:
        remedy = f'"registers" (kWh, kvarh) or "columns" (of the export) with some of {list(_QUADRANTS)}'
        raise ConfigError(
            "no reactive energy", code="bill.no_reactive_energy", slots={"known": list(_QUADRANTS)},
            offender="--prices power_factor", value=sorted(known), remedy=remedy,
        )  # fmt: skip
    for name, value in given.get("registers", {}).items():
        energies[name] = decimal_of(value, f"power_factor {name}")
    for name, column in given.get("columns", {}).items():
        energies[name] = _amount(readings, str(column), usage)
    return power_factor(Quadrants(**energies), rule, may_export=facts_of(case).may_export)


def _amount(readings: Readings, column: str, usage: Usage) -> Decimal:
    """Sum of a column over the month; ConfigError where a value is missing."""
    from ovoo_models.efficiency.tariff.intervals import kwh_of, nano_kwh

    full = column_named(readings, column, "--prices power_factor columns")
    inside = [value for at, value in zip(readings.start_ns, readings.drivers[full], strict=True)
              if usage.start_ns <= at < usage.end_ns]  # fmt: skip
    missing = sum(1 for value in inside if value != value)
    if missing or not inside:
        remedy = "bring the missing readings, or the register difference of the month"
        raise ConfigError(
            "reactive energy is missing", code="bill.reactive_energy_missing", offender=full,
            value=f"{missing} of {len(inside)}", remedy=remedy,
        )  # fmt: skip
    return kwh_of(sum(map(nano_kwh, inside)))


def _choices(intervals: Intervals, zone: tzinfo, case: Mapping[str, Any]) -> dict[str, Any]:
    """Demand against capacity over all whole months of the export; a month with holes may have had a higher peak."""
    from ovoo_models.efficiency.tariff.bands import month_bounds
    from ovoo_models.efficiency.tariff.choice import cheaper_basis
    from ovoo_models.efficiency.tariff.peak import peak_demand

    demand, capacity = basic_of(case, "demand"), basic_of(case, "capacity")
    held = held_months_of(case)
    if demand is None or capacity is None:
        return {}
    months: list[str] = []
    peaks: list[Decimal] = []
    holes: list[str] = []
    for year, month in _whole_months(intervals, zone):
        peak = peak_demand(intervals, *month_bounds(year, month, zone))
        months.append(f"{year}-{month:02d}")
        peaks.append(peak.power_kw)
        holes += [months[-1]] if peak.unknown else []
    found = cheaper_basis(peaks, _capacity(case), demand, capacity, held)
    rows = [
        {"first": months[each.first], "last": months[each.last], "demand_yuan": str(each.demand_yuan),
         "capacity_yuan": str(each.capacity_yuan), "best": each.best, "saving_yuan": str(each.saving_yuan)}
        for each in found
    ]  # fmt: skip
    return {"held_months": held, "rows": rows, "months_with_holes": holes,
            "documents": sorted({demand.document, capacity.document})}  # fmt: skip


def _whole_months(intervals: Intervals, zone: tzinfo) -> list[tuple[int, int]]:
    from ovoo_models.efficiency.tariff.bands import month_bounds

    first = datetime.fromtimestamp(intervals.start_ns[0] / 1e9, zone)
    year, month, found = first.year, first.month, list[tuple[int, int]]()
    while True:
        start, end = month_bounds(year, month, zone)
        if end > intervals.end_ns[-1]:
            return found
        if start >= intervals.start_ns[0]:
            found.append((year, month))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _month(text: str) -> tuple[int, int]:
    try:
        moment = datetime.strptime(text, "%Y-%m")
    except ValueError as error:
        raise ConfigError(
            "not a month", code="bill.not_month", offender="--month", value=text, remedy="2026-02"
        ) from error
    return moment.year, moment.month
