"""Which columns and periods of an export a baseline is made from, as options and as observations."""

from __future__ import annotations

import argparse
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import instant_ns
from ovoo_models.cli_energy_screening import candidate_of
from ovoo_models.efficiency.readings import Readings
from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.efficiency.readings.table import plain

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.change_point import Settings
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.screening import Screening
    from ovoo_models.efficiency.savings.time_of_week import HourlySettings

__all__ = ["Question", "add_drivers", "column_named", "period_of", "question_of"]

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """Energy with its drivers over the whole export, how a baseline of it is fitted, and the screening behind it."""

    observations: Observations
    settings: Settings | HourlySettings
    screening: Screening | None


@dataclass(frozen=True, slots=True)
class _Columns:
    """Names of columns: `driver` may be empty; `amounts` are those of `driver` and `variables` that are sums."""

    driver: str
    variables: tuple[str, ...]
    amounts: tuple[str, ...]


def add_drivers(parser: argparse.ArgumentParser) -> None:
    """What drives the energy, and the step."""
    group = parser.add_argument_group("baseline")
    group.add_argument("--driver", default="", help="column that the energy may follow with knees, e.g. temperature")
    group.add_argument("--variable", action="append", default=[], help="column that enters linearly by its mean")
    group.add_argument(
        "--amount", action="append", default=[], help="the same by its sum over the day, e.g. production"
    )
    group.add_argument(
        "--candidate", action="append", default=[], metavar="ROLE[+|-]=COLUMN[,LOW,HIGH]",
        help="instead of these: column to be screened, role temperature, production (by its sum), load or calendar, "
        "sign of its slope, what it can physically be",
    )  # fmt: skip
    group.add_argument(
        "--step", choices=("day", "hour", "interval"), default="day",
        help="of the model; hour: a level for each hour of the week (default: day)",
    )  # fmt: skip
    group.add_argument(
        "--any-sign",
        action="store_true",
        help="energy may fall with the driver beyond a knee (default: heating, cooling)",
    )


def column_named(readings: Readings, name: str, option: str = "--driver") -> str:
    """The full name of a column of numbers, given with or without its unit.

    Raises:
        ConfigError: there is none, or more than one.
    """
    asked = plain(name).lower()
    exact = [each for each in readings.drivers if each.lower() == asked]
    found = exact or [each for each in readings.drivers if each.lower().partition("(")[0].strip() == asked]
    if len(found) != 1:
        known = ", ".join(readings.drivers) or "none"
        raise ConfigError(
            "no such column of numbers", code="periods.no_such_column_of_numbers", slots={"known": known},
            offender=option, value=name, remedy=f"one of: {known}",
        )  # fmt: skip
    return found[0]


def question_of(readings: Readings, options: argparse.Namespace) -> Question:
    """Columns as named, or as the screening of the baseline's days chooses them.

    Raises:
        ConfigError: columns are named both ways, or hours have no driver.
    """
    from ovoo_models.efficiency.savings.change_point import Settings

    screening = None
    if options.candidate:
        columns, screening = _screened(readings, options)
        settings = screening.settings
    else:
        columns = _named(readings, options)
        signs = (0, 0) if options.any_sign else (1, 1)
        settings = Settings(columns.driver, columns.variables, signs=signs)
    observations = _observations(readings, columns, options.step)
    return Question(observations, _hourly(settings, columns.amounts) if options.step == "hour" else settings, screening)


def _named(readings: Readings, options: argparse.Namespace) -> _Columns:
    driver = column_named(readings, options.driver) if options.driver else ""
    means = [column_named(readings, each, "--variable") for each in options.variable]
    amounts = tuple(column_named(readings, each, "--amount") for each in options.amount)
    return _Columns(driver, (*means, *amounts), amounts)


def _screened(readings: Readings, options: argparse.Namespace) -> tuple[_Columns, Screening]:
    from ovoo_models.efficiency.savings.screening import screen

    if options.driver or options.variable or options.amount or options.any_sign:
        remedy = "leave out --driver, --variable, --amount and --any-sign, or --candidate"
        raise ConfigError(
            "columns are named and screened", code="periods.columns_named_and_screened", offender="--candidate",
            value=options.candidate, remedy=remedy,
        )  # fmt: skip
    given = [candidate_of(each) for each in options.candidate]
    candidates = [replace(each, name=column_named(readings, each.name, "--candidate")) for each in given]
    amounts = tuple(each.name for each in candidates if each.role == "production")
    days = _observations(readings, _Columns("", tuple(each.name for each in candidates), amounts), "day")
    screening = screen(period_of(days, options.baseline, readings.zone, "--baseline"), candidates)
    chosen = screening.settings
    return _Columns(chosen.driver, chosen.variables, amounts), screening


def _hourly(settings: Settings, amounts: Sequence[str]) -> HourlySettings:
    """The first of the columns is the one in straight pieces; an amount is one piece.

    At each hour of the week a plant makes nothing or about as much as always: pieces over that cannot be told apart.
    """
    from ovoo_models.efficiency.savings.time_of_week import HourlySettings

    if not settings.names:
        remedy = "name --driver, or --amount: the hourly form follows at least one"
        raise ConfigError(
            "hours without a driver", code="periods.hours_without_driver", offender="--step", value="hour",
            remedy=remedy,
        )  # fmt: skip
    driver, *variables = settings.names
    plain = HourlySettings(driver, tuple(variables))
    return replace(plain, pieces=1) if driver in amounts else plain


def _observations(readings: Readings, columns: _Columns, step: str) -> Observations:
    """Energy and the named drivers, by local day, by hour, or by interval; amounts are summed."""
    from ovoo_models.efficiency.savings.observations import Observations

    names = [each for each in (columns.driver, *columns.variables) if each]
    offset = _offset_s(readings)
    if step != "day":
        source = readings.hourly() if step == "hour" else readings
        count = source.interval_s // readings.interval_s
        drivers: dict[str, Sequence[float]] = {
            name: array("d", [x * count for x in source.drivers[name]]) if name in columns.amounts
            else source.drivers[name]
            for name in names
        }  # fmt: skip
        return Observations(source.start_ns, source.energy_kwh, drivers, source.interval_s * _NS, "kWh", offset)
    days = readings.days()
    drivers = {name: days.drivers[name] for name in names}
    for name in set(names).intersection(columns.amounts):
        drivers[name] = array("d", [x * n for x, n in zip(days.drivers[name], days.intervals, strict=True)])
    return Observations(days.start_ns, days.energy_kwh, drivers, 86_400 * _NS, "kWh", offset)


def _offset_s(readings: Readings) -> int:
    offset = datetime.fromtimestamp(readings.start_ns[0] // _NS, zone_named(readings.zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def period_of(observations: Observations, texts: Sequence[str], zone: str, option: str) -> Observations:
    """The rows from the first local date to before the second.

    Raises:
        ConfigError: no dates, or no rows between them.
    """
    start, end = (instant_ns(each, zone, option) for each in texts)
    part = observations.between(start, end)
    if not len(part):
        raise ConfigError(
            "no rows in this period", code="periods.no_rows_in_this_period", offender=option, value=" ".join(texts),
            remedy="from before to",
        )  # fmt: skip
    return part
