"""Clean intervals of one meter: equal steps, energy or NaN, other columns beside it, and what was wrong."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.efficiency.readings.problem import Problem

__all__ = ["Days", "Readings"]

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Days:
    """Local days: midnight (UTC ns), kWh, and the mean of each driver; NaN where too much of a day is missing.

    `intervals`: how many intervals the day has; a driver's mean times it is its amount over the day.
    """

    start_ns: array[int]
    energy_kwh: array[float]
    drivers: Mapping[str, array[float]]
    intervals: array[int]


@dataclass(frozen=True)
class Readings:
    """`start_ns[i]`: UTC start of interval i; `energy_kwh[i]` in it, NaN = missing. Steps are equal but for days,
    which start at local midnight. `drivers`: other columns on the same grid. `sha256`: of the file's bytes."""

    start_ns: array[int]
    energy_kwh: array[float]
    interval_s: int
    zone: str
    name: str
    kind: str
    drivers: Mapping[str, array[float]]
    problems: tuple[Problem, ...]
    sha256: str

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def end_ns(self) -> int:
        """End of the last interval."""
        return self.start_ns[-1] + self.interval_s * _NS

    @property
    def good(self) -> int:
        """Intervals that hold a value."""
        return sum(1 for each in self.energy_kwh if each == each)

    @property
    def total_kwh(self) -> float:
        """Sum of what is known."""
        return math.fsum(each for each in self.energy_kwh if each == each)

    @cached_property
    def local_s(self) -> array[int]:
        """Start of each interval as seconds of the site's clock since 1970."""
        zone, cache = zone_named(self.zone), dict[int, int]()
        local = array("q", bytes(8 * len(self)))
        for place, start in enumerate(self.start_ns):
            at = start // _NS
            block = at // 900
            if block not in cache:
                offset = datetime.fromtimestamp(at, zone).utcoffset()
                cache[block] = int(offset.total_seconds()) if offset else 0
            local[place] = at + cache[block]
        return local

    def power_kw(self) -> array[float]:
        """Mean power of each interval, NaN = missing."""
        hours = self.interval_s / 3600
        return array("d", [each / hours for each in self.energy_kwh])

    def between(self, start_ns: int, end_ns: int) -> Readings:
        """The intervals that start in [start_ns, end_ns); ConfigError where there are none."""
        places = [place for place, at in enumerate(self.start_ns) if start_ns <= at < end_ns]
        if not places:
            raise ConfigError(
                "no readings in this period", code="readings.no_readings_in_this_period",
                slots={"first": moment(self.start_ns[0]), "last": moment(self.end_ns)}, offender=self.name,
                value=f"{moment(start_ns)}..{moment(end_ns)}",
                remedy=f"the export runs from {moment(self.start_ns[0])} to {moment(self.end_ns)} UTC",
            )  # fmt: skip
        low, high = places[0], places[-1] + 1
        drivers = {name: column[low:high] for name, column in self.drivers.items()}
        return Readings(
            self.start_ns[low:high], self.energy_kwh[low:high], self.interval_s, self.zone, self.name, self.kind,
            drivers, self.problems, self.sha256,
        )  # fmt: skip

    def hourly(self) -> Readings:
        """The same by whole hours of the site's clock: kWh in all, drivers by their mean, NaN where a part is missing.

        Raises:
            ConfigError: an hour is no whole number of steps.
        """
        if 3600 % self.interval_s:
            raise ConfigError(
                "steps do not make up an hour", code="readings.steps_do_not_make_up_hour", offender=self.name,
                value=f"{self.interval_s} s",
                remedy="a model by day, or an export by 15 min, 30 min or hour",
            )  # fmt: skip
        groups: dict[int, list[int]] = {}
        for place, at in enumerate(self.local_s):
            groups.setdefault(self.start_ns[place] // _NS - at % 3600, []).append(place)
        count = 3600 // self.interval_s
        columns = [_by_hour(column, groups.values(), count) for column in (self.energy_kwh, *self.drivers.values())]
        drivers = {
            name: array("d", [each / count for each in column])
            for name, column in zip(self.drivers, columns[1:], strict=True)
        }
        starts = array("q", [at * _NS for at in groups])
        return Readings(starts, columns[0], 3600, self.zone, self.name, self.kind, drivers, self.problems, self.sha256)

    def days(self, least: float = 1.0) -> Days:
        """Local days; one with less than the share `least` of its intervals is NaN, one with more is not filled up."""
        groups: dict[int, list[int]] = {}
        for place, at in enumerate(self.local_s):
            groups.setdefault(at // 86_400, []).append(place)
        zone = zone_named(self.zone)
        starts, kwh, counts = array("q"), array("d"), array("q")
        drivers: dict[str, array[float]] = {name: array("d") for name in self.drivers}
        for day, places in sorted(groups.items()):
            start, end = (_midnight(each).replace(tzinfo=zone).timestamp() for each in (day, day + 1))
            counts.append(round((end - start) / self.interval_s))
            wanted = least * counts[-1]
            starts.append(int(start) * _NS)
            kwh.append(_sum([self.energy_kwh[place] for place in places], wanted))
            for name, column in self.drivers.items():
                known = [column[place] for place in places if column[place] == column[place]]
                drivers[name].append(math.fsum(known) / len(known) if known and len(known) >= wanted else math.nan)
        return Days(starts, kwh, drivers, counts)


def moment(at_ns: int) -> str:
    """UTC minute of a time."""
    return datetime.fromtimestamp(at_ns // _NS, UTC).strftime("%Y-%m-%dT%H:%M")


def _midnight(day: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(days=day)


def _by_hour(column: array[float], groups: Iterable[list[int]], count: int) -> array[float]:
    return array("d", [_sum([column[place] for place in places], count) for places in groups])


def _sum(values: list[float], wanted: float) -> float:
    known = [each for each in values if each == each]
    return math.fsum(known) if known and len(known) >= wanted else math.nan
