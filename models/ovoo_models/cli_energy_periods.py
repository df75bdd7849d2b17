"""Which columns and periods of an export a baseline is made from, as options and as observations."""

from __future__ import annotations

import argparse
from array import array
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import instant_ns
from ovoo_models.efficiency.readings import Readings
from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.efficiency.readings.table import plain

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.change_point import Settings
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Plan

__all__ = ["add_drivers", "column_named", "observations_of", "period_of", "plan_of", "settings_of"]

_NS = 1_000_000_000


def add_drivers(parser: argparse.ArgumentParser) -> None:
    """What drives the energy, and the step."""
    group = parser.add_argument_group("baseline")
    group.add_argument("--driver", default="", help="column that the energy may follow with knees, e.g. temperature")
    group.add_argument("--variable", action="append", default=[], help="column that enters linearly by its mean")
    group.add_argument(
        "--amount", action="append", default=[], help="the same by its sum over the day, e.g. production"
    )
    group.add_argument("--step", choices=("day", "interval"), default="day", help="of the model (default: day)")
    group.add_argument(
        "--any-sign",
        action="store_true",
        help="energy may fall with the driver beyond a knee (default: heating, cooling)",
    )


def column_named(readings: Readings, name: str) -> str:
    """The full name of a column of numbers, given with or without its unit.

    Raises:
        ConfigError: there is none, or more than one.
    """
    asked = plain(name).lower()
    exact = [each for each in readings.drivers if each.lower() == asked]
    found = exact or [each for each in readings.drivers if each.lower().partition("(")[0].strip() == asked]
    if len(found) != 1:
        known = ", ".join(readings.drivers) or "none"
        raise ConfigError("no such column of numbers", offender="--driver", value=name, remedy=f"one of: {known}")
    return found[0]


def observations_of(readings: Readings, options: argparse.Namespace) -> Observations:
    """Energy and the named drivers, by local day or by interval."""
    from ovoo_models.efficiency.savings.observations import Observations

    means = [column_named(readings, each) for each in ([options.driver] if options.driver else []) + options.variable]
    amounts = [column_named(readings, each) for each in options.amount]
    offset = _offset_s(readings)
    if options.step == "interval":
        drivers: dict[str, Sequence[float]] = {name: readings.drivers[name] for name in (*means, *amounts)}
        step_ns = readings.interval_s * _NS
        return Observations(readings.start_ns, readings.energy_kwh, drivers, step_ns, "kWh", offset)
    days = readings.days()
    drivers = {name: days.drivers[name] for name in means}
    for name in amounts:
        drivers[name] = array("d", [x * n for x, n in zip(days.drivers[name], days.intervals, strict=True)])
    return Observations(days.start_ns, days.energy_kwh, drivers, 86_400 * _NS, "kWh", offset)


def _offset_s(readings: Readings) -> int:
    offset = datetime.fromtimestamp(readings.start_ns[0] // _NS, zone_named(readings.zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def settings_of(readings: Readings, options: argparse.Namespace) -> Settings:
    """How the baseline is fitted, from the options."""
    from ovoo_models.efficiency.savings.change_point import Settings

    variables = tuple(column_named(readings, each) for each in (*options.variable, *options.amount))
    driver = column_named(readings, options.driver) if options.driver else ""
    return Settings(driver, variables, signs=(0, 0) if options.any_sign else (1, 1))


def plan_of(readings: Readings, options: argparse.Namespace, seed: int = 1) -> Plan:
    """The parameters of a saving, from the options."""
    from ovoo_models.efficiency.savings.saving import Plan

    return Plan(settings_of(readings, options), seed=seed)


def period_of(observations: Observations, texts: Sequence[str], zone: str, option: str) -> Observations:
    """The rows from the first local date to before the second.

    Raises:
        ConfigError: no dates, or no rows between them.
    """
    start, end = (instant_ns(each, zone, option) for each in texts)
    part = observations.between(start, end)
    if not len(part):
        raise ConfigError("no rows in this period", offender=option, value=" ".join(texts), remedy="from before to")
    return part
