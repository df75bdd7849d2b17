"""The prices of a case as a file: energy, funds, market, demand or capacity, power factor; each with its document."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import instant_ns

if TYPE_CHECKING:
    from ovoo_packs.tariffs import Tariff

    from ovoo_models.efficiency.tariff.bill import BasicCharge
    from ovoo_models.efficiency.tariff.defects import MeterFacts
    from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable
    from ovoo_models.efficiency.tariff.prices import EnergyCharge, MarketSeries

__all__ = ["basic_of", "basis_of", "case_of", "charges_of", "decimal_of", "facts_of", "held_months_of", "market_of",
           "table_of"]  # fmt: skip

_FILE: Final = "--prices"
_KEYS: Final = frozenset({
    "document", "energy", "funds", "market", "demand", "capacity", "basis", "held_months", "power_factor", "meter",
})  # fmt: skip


def case_of(path: Path | None) -> dict[str, Any]:
    """The content of a file of prices; a part that names a file beside it holds that file's content instead.

    Raises:
        ConfigError: no object with the known keys, or a file that cannot be read.
    """
    if path is None:
        return {}
    case = _object(path, "see the tutorial")
    if set(case) - _KEYS:
        raise ConfigError(
            "not prices of a case", code="prices.not_prices_of_case", slots={"known": sorted(_KEYS)},
            offender=str(path), remedy=f"an object with some of {sorted(_KEYS)}",
        )  # fmt: skip
    factor, market = case.get("power_factor"), case.get("market")
    if isinstance(factor, dict) and isinstance(factor.get("table"), str):
        table = path.parent / factor["table"]
        case["power_factor"] = {**factor, "table": _object(table, '{"document", "target", "steps"}')}
    if isinstance(market, dict) and "file" in market:
        rest = {key: value for key, value in market.items() if key != "file"}
        case["market"] = {**rest, "rows": _rows(path.parent / str(market["file"]))}
    return case


def _object(path: Path, remedy: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError(
            "not JSON",
            code="prices.not_json",
            slots={"known": remedy},
            offender=str(path),
            value=str(error)[:80],
            remedy=remedy,
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(
            "not prices of a case", code="prices.not_prices_of_case", slots={"known": remedy}, offender=str(path),
            remedy=remedy,
        )  # fmt: skip
    return found


def _rows(path: Path) -> list[list[str]]:
    """Start and price of each line; a heading is left out."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = [[cell.strip() for cell in row[:2]] for row in csv.reader(lines) if len(row) >= 2]
    return rows[1:] if rows and not rows[0][0][:1].isdigit() else rows


def charges_of(case: Mapping[str, Any], tariff: Tariff) -> list[EnergyCharge]:
    """Items per kWh; `funds` are flat and no part of the power-factor adjustment."""
    document = str(case.get("document", ""))
    items = [dict(each) for each in case.get("energy", [])]
    items += [{"adjustable": False, **each} for each in case.get("funds", [])]
    return [_charge(each, str(each.get("document", document)), tariff) for each in items]


def _charge(given: Mapping[str, Any], document: str, tariff: Tariff) -> EnergyCharge:
    from ovoo_models.efficiency.tariff.prices import band_charge, flat_charge, ratio_charge

    name, adjustable = str(given.get("name", "energy")), bool(given.get("adjustable", True))
    if "bands" in given:
        return band_charge(name, document, given["bands"], tariff, adjustable=adjustable)
    if "ratio" in given:
        return ratio_charge(name, document, str(given["ratio"]), tariff, adjustable=adjustable)
    if "flat" in given:
        return flat_charge(name, document, str(given["flat"]), tariff, adjustable=adjustable)
    raise ConfigError(
        "no price", code="prices.no_price", offender=f"{_FILE} energy {name}", remedy="give flat, ratio or bands"
    )


def market_of(case: Mapping[str, Any], zone: str) -> MarketSeries | None:
    """Market prices by time, from `rows` of (local start, price) at equal steps, or `start`, `step_minutes`, `prices`.

    Raises:
        ConfigError: rows whose times do not rise by one step.
    """
    from ovoo_models.efficiency.tariff.prices import MarketSeries

    if "market" not in case:
        return None
    given = _part(case, "market")
    document = str(given.get("document", case.get("document", "")))
    name = str(given.get("name", "market"))
    if "rows" in given:
        start, step, prices = _series(given["rows"], zone)
    else:
        start = instant_ns(str(given.get("start")), zone, f"{_FILE} market start")
        step = int(decimal_of(given.get("step_minutes"), "market step_minutes") * 60_000_000_000)
        prices = [str(each) for each in given.get("prices", [])]
    return MarketSeries.read(
        name, document, start, step, prices, may_be_negative=bool(given.get("may_be_negative", False))
    )


def _series(rows: Sequence[Sequence[str]], zone: str) -> tuple[int, int, list[str]]:
    times = [instant_ns(_moment(row[0]), zone, f"{_FILE} market row {n}") for n, row in enumerate(rows, 1)]
    steps = [later - first for first, later in pairwise(times)]
    if not steps or steps[0] <= 0 or any(step != steps[0] for step in steps):
        odd = next((n for n, step in enumerate(steps, 2) if step != steps[0] or step <= 0), 1)
        remedy = "start and price of each interval, at least two, at equal steps"
        raise ConfigError(
            "not a series of prices", code="prices.not_series_of_prices", offender=f"{_FILE} market row {odd}",
            value=rows[odd - 1][0] if rows else None, remedy=remedy,
        )  # fmt: skip
    return times[0], steps[0], [row[1] for row in rows]


def _moment(text: str) -> str:
    for form in ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"):
        try:
            return datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return text


def basic_of(case: Mapping[str, Any], key: str) -> BasicCharge | None:
    """The price of `demand` per kW or of `capacity` per kVA, None where the case has none."""
    from ovoo_models.efficiency.tariff.bill import BasicCharge

    if key not in case:
        return None
    given = _part(case, key)
    document, price = str(given.get("document", case.get("document", ""))), decimal_of(given.get("price"), key)
    if key == "capacity":
        return BasicCharge("kVA", price, document)
    contract = None if given.get("contract_kw") is None else decimal_of(given["contract_kw"], "demand contract_kw")
    more = {
        name: decimal_of(given[name], f"demand {name}")
        for name in ("free_share", "over_factor", "floor_kw")
        if name in given
    }
    return BasicCharge("kW", price, document, contract, **more)


def basis_of(case: Mapping[str, Any]) -> str:
    """Which of demand and capacity is billed; empty where the case has neither.

    Raises:
        ConfigError: both are given, and not which one the contract has.
    """
    both = [key for key in ("demand", "capacity") if key in case]
    basis = str(case.get("basis", both[0] if len(both) == 1 else ""))
    if basis not in both and (both or basis):
        raise ConfigError(
            "which of them is billed", code="prices.which_of_them_billed", slots={"both": both},
            offender=f"{_FILE} basis", value=basis or None, remedy=f'"basis": one of {both}, as the contract says',
        )  # fmt: skip
    return basis


def held_months_of(case: Mapping[str, Any]) -> int:
    """Months for which a choice between demand and capacity must be kept, from the document of the case."""
    given = case.get("held_months")
    if not isinstance(given, int) or given < 1:
        remedy = "months that a choice holds by its document: needed where both prices are given"
        raise ConfigError(
            "not a number of months", code="prices.not_number_of_months", offender=f"{_FILE} held_months",
            value=given, remedy=remedy,
        )  # fmt: skip
    return given


def table_of(case: Mapping[str, Any]) -> PowerFactorTable | None:
    """The power-factor table with its own document."""
    from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable

    if "power_factor" not in case:
        return None
    given = _part(_part(case, "power_factor"), "table")
    try:
        steps = tuple(
            (decimal_of(start, "power_factor steps"), decimal_of(percent, "power_factor steps"))
            for start, percent in given["steps"]
        )
    except (KeyError, TypeError, ValueError) as error:
        remedy = '"steps": [["0.80", "5"], ["0.90", "0"]], power factor from, percent'
        raise ConfigError(
            "no rows", code="prices.no_rows", offender=f"{_FILE} power_factor table", value=str(error)[:80],
            remedy=remedy,
        ) from error  # fmt: skip
    target = decimal_of(given.get("target"), "power_factor target")
    return PowerFactorTable(str(given.get("document", "")), target, steps, int(given.get("digits", 2)))


def facts_of(case: Mapping[str, Any]) -> MeterFacts:
    """What the case knows of the meter: `capacity_kva`, `register_kwh`, `tolerance`, `may_export`."""
    from ovoo_models.efficiency.tariff.defects import MeterFacts

    given = _part(case, "meter") if "meter" in case else {}
    numbers = {key: float(decimal_of(given[key], f"meter {key}"))
               for key in ("capacity_kva", "register_kwh", "tolerance") if key in given}  # fmt: skip
    return MeterFacts(**numbers, may_export=bool(given.get("may_export", False)))


def _part(case: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    given = case.get(key)
    if not isinstance(given, dict):
        raise ConfigError(
            "not an object", code="prices.not_object", offender=f"{_FILE} {key}", value=given,
            remedy="see the guide of prices",
        )  # fmt: skip
    return given


def decimal_of(value: object, offender: str, file: str = _FILE) -> Decimal:
    """A number as the document writes it.

    Raises:
        ConfigError: it is none.
    """
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ConfigError(
            "not a price", code="prices.not_price", offender=f"{file} {offender}", value=value, remedy='as text: "28.0"'
        )
    return found
