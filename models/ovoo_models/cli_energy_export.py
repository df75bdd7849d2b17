"""Options of the energy commands that name an export and decide how it is read, and what is printed of its problems."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.readings import Inspection, Problem, ReadingOptions, Readings, inspect, read_export
from ovoo_models.efficiency.readings.options import zone_named

__all__ = ["add_export", "add_output", "instant_ns", "opened", "print_json", "problem_lines", "reading_options"]

_HELP: Final[Mapping[str, str]] = {
    "zone": "time zone of the site (default: Asia/Shanghai)",
    "stamp_zone": "time zone in which the times are written (default: that of the site)",
    "time": "column of times, by name or #1",
    "column": "column of energy, power or meter readings, by name or #2",
    "meter": "which meter, where the file holds several",
    "date_order": "order of day, month and year",
    "label": "which end of the interval the times name",
    "kind": "what the values are",
    "unit": "unit of the values, for instance kWh, MWh, kW",
    "decimal": "sign before the decimals",
    "multiplier": "transformer ratio of a register",
    "interval_s": "seconds between rows",
    "limit_kw": "greatest power of the connection; more is no reading",
    "register_digits": "digits before the decimal point of a register",
    "negative": "negative energies",
    "duplicates": "one time with different values",
    "outliers": "values far above all others",
    "frozen": "values that stand still for hours",
    "copies": "days that equal an earlier one to the last digit",
    "slips": "days 1000 times or one interval off in the unit",
    "phases": "intervals in which a phase runs backwards",
    "catch_up": "a value that holds the energy of the gap before it",
}
_SHOWN: Final = 4


def add_export(parser: argparse.ArgumentParser) -> None:
    """The file, and one option a decision."""
    parser.add_argument("export", type=Path, help="CSV or .xlsx of a meter, or Parquet (needs duckdb)")
    group = parser.add_argument_group("decisions", "where the file leaves it open, or says it wrongly")
    plain, choices = ReadingOptions(), ReadingOptions.choices()
    for each in fields(ReadingOptions):
        default = getattr(plain, each.name)
        group.add_argument(
            "--interval" if each.name == "interval_s" else f"--{each.name.replace('_', '-')}",
            dest=each.name, default=default, type=type(default), choices=choices.get(each.name),
            metavar=None if each.name in choices else each.name.partition("_")[0].upper(), help=_HELP[each.name],
        )  # fmt: skip


def add_output(parser: argparse.ArgumentParser) -> None:
    """Language, and JSON instead of words."""
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words (default: zh)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def reading_options(options: argparse.Namespace) -> ReadingOptions:
    """The decisions as they were given."""
    return ReadingOptions(**{each.name: getattr(options, each.name) for each in fields(ReadingOptions)})


def opened(options: argparse.Namespace) -> Readings:
    """The readings of the export; what was changed or left out is counted on stderr.

    Raises:
        ConfigError: the export is refused.
    """
    readings = read_export(options.export, reading_options(options))
    missing = sum(1 for each in readings.problems if each.action in ("missing", "dropped"))
    if missing and not getattr(options, "json", False):
        words = (
            "{n} 处问题使部分数值未被采用，详见" if options.language == "zh" else "{n} problems took values out, see"
        )
        print(f"{options.export}: {words.format(n=missing)} ovoo-models energy check", file=sys.stderr)
    return readings


def inspected(options: argparse.Namespace) -> Inspection:
    """The export with its problems, refused or not."""
    return inspect(options.export, reading_options(options))


def instant_ns(text: str, zone: str, offender: str) -> int:
    """UTC ns of a local date or time of the site.

    Raises:
        ConfigError: the text is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            "not a date", code="export.not_date", offender=offender, value=text, remedy="2026-01-31"
        ) from error
    place: ZoneInfo = zone_named(zone)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=place)
    return round(moment.timestamp()) * 1_000_000_000


def problem_lines(problems: Sequence[Problem], language: str) -> list[str]:
    """One line a problem, the first few of each code, then how many more; each code ends with its remedy."""
    lines: list[str] = []
    codes = dict.fromkeys((each.code, each.action) for each in problems)
    for code, action in codes:
        same = [each for each in problems if (each.code, each.action) == (code, action)]
        lines += [f"{code:<24}{each.sentence(language)}" for each in same[:_SHOWN]]
        if len(same) > _SHOWN:
            more = len(same) - _SHOWN
            lines.append(f"{code:<24}" + (f"…… 另有 {more} 处" if language == "zh" else f"... and {more} more"))
        lines.append(f"{'':<24}→ {same[0].remedy(language)}")
    return lines


def print_json(value: object) -> None:
    """One JSON object, keys in order."""
    print(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True))
