"""`ovoo-models energy baseline` and `saving` where the export holds bills or months: what that resolution can tell."""

from __future__ import annotations

import argparse
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_bill_words import (
    coarse_line,
    fault_data,
    fault_lines,
    model_data,
    model_lines,
    saving_lines,
)
from ovoo_models.cli_energy_export import instant_ns, print_json, reading_options
from ovoo_models.cli_energy_record import content_of, write_record
from ovoo_models.efficiency.readings import ReadingOptions
from ovoo_models.efficiency.readings.table import plain

if TYPE_CHECKING:
    from ovoo_models.efficiency.readings.bill_rows import BillTable
    from ovoo_models.efficiency.record import Record
    from ovoo_models.efficiency.savings.bill_model import BillData, BillModel
    from ovoo_models.efficiency.savings.bill_periods import BillPeriod
    from ovoo_models.efficiency.savings.bill_saving import BillSaving

__all__ = [
    "add_bills",
    "baseline_again",
    "bills_for",
    "bills_of",
    "check_bills",
    "run_baseline",
    "run_saving",
    "saving_again",
]

_ASKED: Final = ("driver", "variable", "amount", "any_sign", "baseline", "weather", "temperature", "heating_base",
                 "cooling_base")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Months:
    """All settled periods with their drivers, the bills they come from, and the hash of the weather's file."""

    table: BillTable
    data: BillData
    weather_sha256: str


def add_bills(parser: argparse.ArgumentParser) -> None:
    """Options that only bills need: the weather of their periods."""
    group = parser.add_argument_group("bills (an export whose rows are months or read dates)")
    group.add_argument("--weather", type=Path, default=None, help="file of dates and outdoor temperatures")
    group.add_argument("--temperature", default="", metavar="COLUMN", help="of the weather's file")
    group.add_argument("--heating-base", type=float, default=None, metavar="DEGC", help="degree-days below it drive")
    group.add_argument("--cooling-base", type=float, default=None, metavar="DEGC", help="degree-days above it drive")


def bills_of(export: Path, reading: ReadingOptions) -> BillTable | None:
    """The bills of an export; None where its rows are finer than bills."""
    from ovoo_models.efficiency.readings.bill_rows import read_bills

    return read_bills(export, reading)


def bills_for(options: argparse.Namespace) -> BillTable | None:
    """The bills of the export that the options name; with them neither screening, nor hours, nor a picture."""
    table = bills_of(options.export, reading_options(options))
    if table is None:
        if options.weather is not None:
            raise ConfigError(
                "weather beside readings",
                code="months.weather_beside_readings",
                offender="--weather",
                value=str(options.weather),
                remedy="name its column by --driver, in the export itself",
            )
        return None
    for name in ("candidate", "out"):
        if value := getattr(options, name):
            raise ConfigError(
                "not with bills",
                code="months.not_with_bills",
                offender=f"--{name}",
                value=str(value),
                remedy="leave it out",
            )
    if options.step != "day":
        raise ConfigError(
            "bills have no such step",
            code="months.no_such_step",
            offender="--step",
            value=options.step,
            remedy="leave it out",
        )
    return table


def check_bills(table: BillTable, options: argparse.Namespace) -> int:
    """Prints what settling the bills finds; exit code 1 where no period is left to use."""
    from ovoo_models.efficiency.savings.bill_periods import settle

    book = settle(table.bills)
    if options.json:
        periods = [{"start_ns": p.start_ns, "end_ns": p.end_ns, "kwh": p.kwh} for p in book.periods]
        print_json({"resolution": "bill", "bills": len(table.bills), "periods": periods,
                    "columns": sorted(table.columns), "faults": fault_data(book.faults)})  # fmt: skip
    else:
        days = math.fsum(p.days for p in book.periods) / len(book.periods) if book.periods else math.nan
        head = coarse_line(len(table.bills), len(book.periods), days, options.language)
        print("\n".join([head, *fault_lines(book.faults, options.language, options.zone)]))
    return 0 if book.periods else 1


def run_baseline(table: BillTable, options: argparse.Namespace) -> int:
    """Prints the baseline of bills, and writes its record."""
    from ovoo_models.efficiency.savings.bill_saving import baseline_record

    reading = reading_options(options)
    months = _months(table, options, reading)
    part, model = _fitted(months, options, reading)
    if options.record is not None:
        record = baseline_record(part, model, any_sign=options.any_sign)
        write_record(options.record, _content("bill_baseline", record, months, reading, options, _ASKED))
    if options.json:
        print_json({"resolution": "bill", **model_data(model), "faults": fault_data(part.faults)})
    else:
        print("\n".join(model_lines(table, part, model, options.language, options.zone)))
    return 0


def run_saving(table: BillTable, options: argparse.Namespace) -> int:
    """Prints the saving of bills, and writes its record."""
    if options.events is not None or options.decide is not None:
        remedy = "events are found in days or hours: bring those readings"
        raise ConfigError(
            "bills show no events",
            code="months.no_events",
            offender="--events",
            value=str(options.events),
            remedy=remedy,
        )
    reading = reading_options(options)
    months = _months(table, options, reading)
    found = _proven(months, options, reading)
    if options.record is not None:
        content = _content("bill_saving", found.record, months, reading, options, (*_ASKED, "reporting"))
        write_record(options.record, content)
    if options.json:
        data = {"resolution": "bill", "id": found.record.id, "results": dict(found.record.results)}
        print_json({**data, "provable": found.provable, "faults": fault_data(months.data.faults)})
        return 0
    lines = model_lines(months.table, months.data, found.model, options.language, options.zone)
    print("\n".join([*lines, *saving_lines(found, options.language)]))
    return 0


def baseline_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a baseline's record, made anew."""
    from ovoo_models.efficiency.savings.bill_saving import baseline_record

    months, reading, asked = _again(export, content)
    part, model = _fitted(months, asked, reading)
    record = baseline_record(part, model, any_sign=asked.any_sign)
    return _content("bill_baseline", record, months, reading, asked, _ASKED)


def saving_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a saving's record, made anew."""
    months, reading, asked = _again(export, content)
    found = _proven(months, asked, reading)
    return _content("bill_saving", found.record, months, reading, asked, (*_ASKED, "reporting"))


def _again(export: Path, content: Mapping[str, Any]) -> tuple[_Months, ReadingOptions, argparse.Namespace]:
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    asked.weather = Path(asked.weather) if asked.weather else None
    table = bills_of(export, reading)
    if table is None:
        raise ConfigError(
            "no bills", code="months.no_bills", offender=str(export), value="", remedy="take the recorded export"
        )
    return _months(table, asked, reading), reading, asked


def _content(
    kind: str, record: Record, months: _Months, reading: ReadingOptions, options: argparse.Namespace,
    names: tuple[str, ...],
) -> dict[str, Any]:  # fmt: skip
    asked = {name: getattr(options, name) for name in names}
    asked["weather"] = str(options.weather) if options.weather else ""
    files = {"bills": months.table.sha256, "weather": months.weather_sha256}
    return content_of(kind, record, reading.decided(), asked, files=files)


def _months(table: BillTable, options: argparse.Namespace, reading: ReadingOptions) -> _Months:
    from ovoo_models.efficiency.savings.bill_model import BillData
    from ovoo_models.efficiency.savings.bill_periods import settle

    book = settle(table.bills)
    book.refuse()
    means = [*([options.driver] if options.driver else []), *options.variable]
    amounts = {name: _column(table, name, book.periods, mean=name in means) for name in (*means, *options.amount)}
    weather, sha256 = _weather(options, reading, book.periods)
    return _Months(table, BillData(book.periods, {**amounts, **weather}, book.faults), sha256)


def _column(table: BillTable, asked: str, periods: tuple[BillPeriod, ...], *, mean: bool) -> array[float]:
    """Amounts of a column over periods; a mean counts by days. Corrections bring no amount of their own."""
    wanted = plain(asked).lower()
    found = [n for n in table.columns if wanted in (n.lower(), n.lower().partition("(")[0].strip())]
    if len(found) != 1:
        known = ", ".join(table.columns) or "none"
        raise ConfigError(
            "no such column of numbers",
            code="months.no_such_column",
            slots={"known": known},
            offender="--amount",
            value=asked,
            remedy=f"one of: {known}",
        )
    column, bills = table.columns[found[0]], table.bills
    out = array("d")
    for period in periods:
        rows = [n for n in period.bills if bills[n].kind != "adds"]
        days = [(bills[n].end_ns - bills[n].start_ns) / 86_400e9 if mean else 1.0 for n in rows]
        out.append(math.fsum(column[n] * d for n, d in zip(rows, days, strict=True)))
    return out


def _weather(
    options: argparse.Namespace, reading: ReadingOptions, periods: tuple[BillPeriod, ...]
) -> tuple[dict[str, array[float]], str]:
    from ovoo_models.efficiency.readings.bill_rows import read_days
    from ovoo_models.efficiency.savings.degree_days import degree_days

    bases = (options.heating_base, options.cooling_base)
    if options.weather is None:
        if bases != (None, None):
            remedy = "--weather FILE --temperature COLUMN"
            raise ConfigError(
                "degree-days without weather",
                code="months.degree_days_without_weather",
                offender="--heating-base",
                value=bases,
                remedy=remedy,
            )
        return {}, ""
    if bases == (None, None):
        remedy = "--heating-base or --cooling-base, in degC"
        raise ConfigError(
            "weather without a base",
            code="months.weather_without_a_base",
            offender="--weather",
            value=str(options.weather),
            remedy=remedy,
        )
    days, mean, sha256 = read_days(options.weather, options.temperature, reading)
    found = {}
    if options.heating_base is not None:
        found["heating_degree_days"] = degree_days(days, mean, periods, options.heating_base, "heating")
    if options.cooling_base is not None:
        found["cooling_degree_days"] = degree_days(days, mean, periods, options.cooling_base, "cooling")
    return found, sha256


def _part(months: _Months, texts: list[str], zone: str, option: str) -> BillData:
    """The periods that lie wholly between two local dates."""
    from ovoo_models.efficiency.savings.bill_model import BillData

    start, end = (instant_ns(each, zone, option) for each in texts)
    data = months.data
    rows = [n for n, each in enumerate(data.periods) if start <= each.start_ns and each.end_ns <= end]
    if not rows:
        raise ConfigError(
            "no whole bill in this period",
            code="months.no_whole_bill",
            offender=option,
            value=" ".join(texts),
            remedy="longer dates",
        )
    periods = tuple(data.periods[n] for n in rows)
    faults = tuple(
        each for each in data.faults if start < int(each.numbers["to_ns"]) and int(each.numbers["from_ns"]) < end
    )
    return BillData(periods, {name: array("d", [c[n] for n in rows]) for name, c in data.amounts.items()}, faults)


def _fitted(months: _Months, options: argparse.Namespace, reading: ReadingOptions) -> tuple[BillData, BillModel]:
    from ovoo_models.efficiency.savings.bill_model import fit_bills

    part = _part(months, options.baseline, reading.zone, "--baseline")
    return part, fit_bills(part, any_sign=options.any_sign)


def _proven(months: _Months, options: argparse.Namespace, reading: ReadingOptions) -> BillSaving:
    from ovoo_models.efficiency.savings.bill_saving import prove_bills

    before = _part(months, options.baseline, reading.zone, "--baseline")
    after = _part(months, options.reporting, reading.zone, "--reporting")
    return prove_bills(before, after, any_sign=options.any_sign)
