"""`ovoo-models energy tariff`: bands of a month, peak demand and the bill where prices are given, with its record."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.cli_energy_bill import Month, month_defects, month_of_export
from ovoo_models.cli_energy_defects import defect_lines
from ovoo_models.cli_energy_export import add_export, add_output, opened, print_json, reading_options
from ovoo_models.cli_energy_pictures import Picture, add_picture, write_picture
from ovoo_models.cli_energy_prices import case_of
from ovoo_models.cli_energy_record import content_of, write_record
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export
from ovoo_models.efficiency.readings.options import zone_named

if TYPE_CHECKING:
    from ovoo_models.efficiency.tariff.bands import BandCalendar

__all__ = ["add", "add_month", "bill_again", "day_picture", "month_result", "tariff_lines"]

_WORDS: Final = {
    "zh": {
        "peak": "最大需量", "total": "合计", "only": "仅供参考：电价表尚需核对", "part": "有缺数，合计偏低",
        "document": "价格依据：{names}", "factor": "功率因数", "demand": "按最大需量", "capacity": "按变压器容量",
        "choice": "{first} 至 {last}：按需量 {demand}，按容量 {capacity} 元，{best}较省，差 {saving} 元",
        "holes": "{names} 有缺数，其最大需量可能偏低",
    },
    "en": {
        "peak": "peak demand", "total": "total", "only": "reference only: the tariff is to be verified",
        "part": "readings are missing: the total is too low", "document": "prices from: {names}",
        "factor": "power factor", "demand": "by demand", "capacity": "by capacity",
        "choice": "{first} to {last}: by demand {demand}, by capacity {capacity} yuan, {best} is cheaper by {saving}",
        "holes": "{names}: readings are missing, the peak may have been higher",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `tariff`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "tariff", help="kWh of a month by tariff band, peak demand, and the bill where prices are given"
    )
    add_export(parser)
    parser.add_argument("--tariff", required=True, help="id of a tariff, see: ovoo-packs show tariffs")
    parser.add_argument("--month", required=True, help="month of the site's calendar, for instance 2026-02")
    add_month(parser)
    parser.add_argument("--record", type=Path, default=None, help="write the record of the bill that `verify` takes")
    add_picture(parser, "the day of the peak over the bands")
    add_output(parser)
    parser.set_defaults(run=_tariff)


def add_month(parser: argparse.ArgumentParser) -> None:
    """The file of prices, and what to do about holes."""
    parser.add_argument(
        "--prices", type=Path, default=None,
        help="JSON of the case with its documents: energy, funds, market, demand, capacity, power_factor, meter",
    )  # fmt: skip
    parser.add_argument("--accept-holes", action="store_true", help="go on where readings are missing, and say so")


def _tariff(options: argparse.Namespace) -> int:
    if options.record is not None and options.prices is None:
        raise ConfigError(
            "no bill to record", code="tariff.no_bill_to_record", offender="--record", value=str(options.record),
            remedy="--prices FILE",
        )  # fmt: skip
    readings = opened(options)
    case = case_of(options.prices)
    month = month_result(readings, options, case)
    if options.record is not None:
        write_record(options.record, _content(month, readings, reading_options(options), options, case))
    if options.json:
        print_json(month.result)
    else:
        print("\n".join(tariff_lines(month.result, options.zone, options.language)))
    if options.out is not None:
        write_picture(options, day_picture(readings, options.tariff, month.result))
    return 0


def month_result(readings: Readings, options: argparse.Namespace, case: Mapping[str, Any]) -> Month:
    """The month; where its readings are refused, every defect is named on stderr before."""
    try:
        return month_of_export(readings, options, case)
    except EvidenceError:
        defects = month_defects(readings, options, case)
        for line in defect_lines(defects, readings.zone, options.language):
            print(line, file=sys.stderr)
        raise


def _content(
    month: Month, readings: Readings, reading: ReadingOptions, options: argparse.Namespace, case: Mapping[str, Any]
) -> dict[str, Any]:
    """The record of the bill with the prices of the case, so that only the export is needed beside it."""
    from ovoo_models.efficiency.tariff.recording import bill_record

    if month.bill is None:
        raise ConfigError(
            "no bill to record", code="tariff.no_bill_to_record", offender="--prices", value=dict(case),
            remedy="prices of the case",
        )  # fmt: skip
    record = bill_record(month.bill, month.intervals, month.charges, month.tariff, readings.name)
    asked = {name: getattr(options, name) for name in ("tariff", "month", "accept_holes")}
    return content_of("bill", record, reading.decided(), asked, case=dict(case), result=month.result)


def bill_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a bill's record, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    readings = read_export(export, reading)
    month = month_of_export(readings, asked, content["case"])
    return _content(month, readings, reading, asked, content["case"])


def tariff_lines(result: Mapping[str, Any], zone: str, language: str) -> list[str]:
    """Bands with their shares, peak, lines of the bill, choice of the basic charge, documents, and what limits it."""
    from ovoo_models.efficiency.plots.panel import word

    words, lines = _WORDS[language], list[str]()
    total = Decimal(result["total_kwh"])
    for band, kwh in result["band_kwh"].items():
        share = 100 * Decimal(kwh) / total if total else Decimal(0)
        lines.append(f"{word(f'band_{band}', language)}\t{Decimal(kwh):,.2f} kWh\t{share:.1f} %")
    lines.append(f"{words['total']}\t{total:,.2f} kWh")
    lines.append(f"{words['peak']}\t{Decimal(result['peak_kw']):,.2f} kW")
    if "power_factor" in result:
        lines.append(f"{words['factor']}\t{Decimal(result['power_factor']):.4f}")
    for line in result.get("lines", []):
        name = " ".join(each for each in (line["name"], line["season"], line["band"]) if each)
        price = f"{Decimal(line['price']):.6g}" if line["kind"] == "market" else line["price"]
        per = " %" if line["kind"] == "power_factor" else ""
        lines.append(f"{name}\t{Decimal(line['quantity']):,.2f} {line['unit']} x {price}{per}\t{line['yuan']}")
    if "total_yuan" in result:
        lines.append(f"{words['total']}\t{Decimal(result['total_yuan']):,.2f} yuan")
        lines.append(words["document"].format(names="; ".join(result["documents"])))
    lines += _choice_lines(result.get("choices", {}), language)
    if result["reference_only"]:
        lines.append(words["only"])
    if result["complete"]:
        return lines
    return [*lines, words["part"], *defect_lines(result["defects"], zone, language)]


def _choice_lines(choices: Mapping[str, Any], language: str) -> list[str]:
    words = _WORDS[language]
    lines = [
        words["choice"].format(
            first=each["first"], last=each["last"], demand=each["demand_yuan"], capacity=each["capacity_yuan"],
            best=words[each["best"]], saving=each["saving_yuan"],
        )
        for each in choices.get("rows", [])
    ]  # fmt: skip
    if choices.get("months_with_holes"):
        lines.append(words["holes"].format(names=", ".join(choices["months_with_holes"])))
    return lines


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
