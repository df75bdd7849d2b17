"""`ovoo-models energy tariff`: the energy of a month by band, its peak demand, and its bill where prices are given."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import add_export, add_output, opened, print_json
from ovoo_models.cli_energy_pictures import Picture, add_picture, write_picture
from ovoo_models.efficiency.readings import Readings
from ovoo_models.efficiency.readings.options import zone_named

if TYPE_CHECKING:
    from ovoo_packs.tariffs import Tariff

    from ovoo_models.efficiency.tariff.bands import BandCalendar
    from ovoo_models.efficiency.tariff.bill import Invoice
    from ovoo_models.efficiency.tariff.intervals import Intervals
    from ovoo_models.efficiency.tariff.prices import EnergyCharge

__all__ = ["add", "day_picture", "intervals_of", "month_result", "tariff_lines"]

_WORDS: Final = {
    "zh": {
        "band": "时段",
        "peak": "最大需量",
        "total": "合计",
        "only": "仅供参考：电价表尚需核对",
        "part": "有缺数，合计偏低",
    },
    "en": {
        "band": "band",
        "peak": "peak demand",
        "total": "total",
        "only": "reference only: the tariff is to be verified",
        "part": "readings are missing: the total is too low",
    },
}


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `tariff`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "tariff", help="kWh of a month by tariff band, peak demand, and the bill where prices are given"
    )
    add_export(parser)
    parser.add_argument("--tariff", required=True, help="id of a tariff, see: ovoo-packs show tariffs")
    parser.add_argument("--month", required=True, help="month of the site's calendar, for instance 2026-02")
    parser.add_argument("--prices", type=Path, default=None, help="JSON of the case: document, energy, demand")
    parser.add_argument("--accept-holes", action="store_true", help="go on where readings are missing, and say so")
    add_picture(parser, "the day of the peak over the bands")
    add_output(parser)
    parser.set_defaults(run=_tariff)


def _tariff(options: argparse.Namespace) -> int:
    readings = opened(options)
    result = month_result(readings, options)
    if options.json:
        print_json(result)
    else:
        print("\n".join(tariff_lines(result, options.language)))
    if options.out is not None:
        write_picture(options, day_picture(readings, options.tariff, result))
    return 0


def intervals_of(readings: Readings) -> Intervals:
    """The readings as the tariff engine takes them."""
    from ovoo_models.efficiency.tariff.intervals import Intervals

    return Intervals.regular(readings.start_ns[0], readings.interval_s * 1_000_000_000, readings.energy_kwh)


def month_result(readings: Readings, options: argparse.Namespace) -> dict[str, Any]:
    """Bands, peak and lines of the bill as JSON-ready data; decimals are strings."""
    from ovoo_packs import load_tariffs

    from ovoo_models.efficiency.tariff.bands import BandCalendar, month_bounds
    from ovoo_models.efficiency.tariff.peak import peak_demand
    from ovoo_models.efficiency.tariff.usage import measure_usage

    tariff = load_tariffs().get(options.tariff)
    calendar = BandCalendar(tariff)
    start, end = month_bounds(*_month(options.month), calendar.zone)
    intervals = intervals_of(readings)
    usage = measure_usage(intervals, calendar, start, end, accept_holes=options.accept_holes)
    peak = peak_demand(intervals, start, end)
    found: dict[str, Any] = {
        "tariff": tariff.id,
        "month": options.month,
        "band_kwh": {band: str(kwh) for band, kwh in usage.band_kwh().items()},
        "total_kwh": str(usage.total_kwh()),
        "peak_kw": str(peak.power_kw),
        "peak_start_ns": str(peak.start_ns),
        "complete": usage.complete,
        "reference_only": usage.reference_only,
    }
    if options.prices is None:
        return found
    invoice = _invoice(options.prices, tariff, usage, peak.power_kw)
    found["lines"] = [
        {"kind": line.kind, "name": line.name, "season": line.season, "band": line.band, "quantity": str(line.quantity),
         "unit": line.unit, "price": str(line.price), "yuan": str(line.yuan), "document": line.document}
        for line in invoice.lines
    ]  # fmt: skip
    found["total_yuan"] = str(invoice.total_yuan)
    return found


def _invoice(path: Path, tariff: Tariff, usage: Any, peak_kw: Decimal) -> Invoice:
    from ovoo_models.efficiency.tariff.bill import BasicCharge, basic_charge, invoice

    case = _case(path)
    document = str(case.get("document", ""))
    charges = [_charge(each, document, tariff, path) for each in case.get("energy", [])]
    basic = None
    if "demand" in case:
        given = case["demand"]
        contract = given.get("contract_kw")
        charge = BasicCharge(
            "kW", _decimal(given.get("price"), path), document, None if contract is None else _decimal(contract, path)
        )
        basic = basic_charge(charge, peak_kw)
    elif "capacity" in case:
        given = case["capacity"]
        basic = basic_charge(
            BasicCharge("kVA", _decimal(given.get("price"), path), document), _decimal(given.get("kva"), path)
        )
    return invoice(usage, charges, basic=basic)


def _case(path: Path) -> Mapping[str, Any]:
    try:
        case = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError("not JSON", offender=str(path), value=str(error)[:80], remedy="see the tutorial") from error
    known = {"document", "energy", "demand", "capacity"}
    if not isinstance(case, dict) or set(case) - known:
        raise ConfigError("not prices of a case", offender=str(path), remedy=f"an object with some of {sorted(known)}")
    return case


def _charge(given: Mapping[str, Any], document: str, tariff: Tariff, path: Path) -> EnergyCharge:
    from ovoo_models.efficiency.tariff.prices import band_charge, flat_charge, ratio_charge

    name, adjustable = str(given.get("name", "energy")), bool(given.get("adjustable", True))
    if "bands" in given:
        return band_charge(name, document, given["bands"], tariff, adjustable=adjustable)
    if "ratio" in given:
        return ratio_charge(name, document, str(given["ratio"]), tariff, adjustable=adjustable)
    if "flat" in given:
        return flat_charge(name, document, str(given["flat"]), tariff, adjustable=adjustable)
    raise ConfigError("no price", offender=f"{path} energy {name}", remedy="give flat, ratio or bands")


def _decimal(value: object, path: Path) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ConfigError("not a price", offender=str(path), value=value, remedy='as text: "28.0"') from error


def _month(text: str) -> tuple[int, int]:
    try:
        moment = datetime.strptime(text, "%Y-%m")
    except ValueError as error:
        raise ConfigError("not a month", offender="--month", value=text, remedy="2026-02") from error
    return moment.year, moment.month


def tariff_lines(result: Mapping[str, Any], language: str) -> list[str]:
    """Bands with their shares, peak, lines of the bill, and what limits it."""
    from ovoo_models.efficiency.plots.panel import word

    words, lines = _WORDS[language], list[str]()
    total = Decimal(result["total_kwh"])
    for band, kwh in result["band_kwh"].items():
        share = 100 * Decimal(kwh) / total if total else Decimal(0)
        lines.append(f"{word(f'band_{band}', language)}\t{Decimal(kwh):,.2f} kWh\t{share:.1f} %")
    lines.append(f"{words['total']}\t{total:,.2f} kWh")
    lines.append(f"{words['peak']}\t{Decimal(result['peak_kw']):,.2f} kW")
    for line in result.get("lines", []):
        name = " ".join(each for each in (line["name"], line["season"], line["band"]) if each)
        lines.append(f"{name}\t{Decimal(line['quantity']):,.2f} {line['unit']} x {line['price']}\t{line['yuan']}")
    if "total_yuan" in result:
        lines.append(f"{words['total']}\t{Decimal(result['total_yuan']):,.2f} yuan")
    if result["reference_only"]:
        lines.append(words["only"])
    return lines if result["complete"] else [*lines, words["part"]]


def day_picture(readings: Readings, tariff: str, result: Mapping[str, Any]) -> Picture:
    """The day of the month's peak over the bands."""
    from ovoo_packs import load_tariffs

    from ovoo_models.efficiency.plots import TariffDay, draw_tariff_day
    from ovoo_models.efficiency.tariff.bands import BandCalendar

    calendar = BandCalendar(load_tariffs().get(tariff))
    peak = datetime.fromtimestamp(int(result["peak_start_ns"]) // 10**9, zone_named(readings.zone))
    start = int(peak.replace(hour=0, minute=0, second=0).timestamp()) * 10**9
    day = readings.between(start, start + 86_400 * 10**9)
    data = TariffDay(day.power_kw(), _bands(calendar, start), words=f"{peak:%Y-%m-%d}")
    return lambda look: draw_tariff_day(data, look)


def _bands(calendar: BandCalendar, start_ns: int) -> list[tuple[float, float, str, str]]:
    """Neighbouring hours of one band together."""
    bands: list[tuple[float, float, str, str]] = []
    for span in calendar.spans(start_ns, start_ns + 86_400 * 10**9):
        low, high = ((at - start_ns) / 3.6e12 for at in (span.start_ns, span.end_ns))
        if bands and bands[-1][2] == span.band:
            low = bands.pop()[0]
        bands.append((low, high, span.band, ""))
    return bands
