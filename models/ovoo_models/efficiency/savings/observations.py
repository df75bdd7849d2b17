"""Energy of the intervals of a meter with what drives it, and the calendar of the site."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.record import Column, data_hash

__all__ = ["DAY_NS", "HOUR_NS", "Observations", "hour_of_week", "month_of", "weekday_of"]

HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS


def weekday_of(time_ns: int, utc_offset_s: int) -> int:
    """Day of the week at the site, Monday 0. 1970-01-01 was a Thursday."""
    return ((time_ns + utc_offset_s * 1_000_000_000) // DAY_NS + 3) % 7


def hour_of_week(time_ns: int, utc_offset_s: int) -> int:
    """Hour of the week at the site, Monday 00:00 is 0, at most 167."""
    return ((time_ns + utc_offset_s * 1_000_000_000) // HOUR_NS + 72) % 168


def month_of(time_ns: int, utc_offset_s: int) -> int:
    """Month (1 to 12) at the site, in the Gregorian calendar counted from March 0000 in eras of 400 years."""
    days = (time_ns + utc_offset_s * 1_000_000_000) // DAY_NS + 719_468
    day = days % 146_097
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    march = (5 * (day - (365 * year + year // 4 - year // 100)) + 2) // 153
    return march + 3 if march < 10 else march - 9


@dataclass(frozen=True, slots=True)
class Observations:
    """Columns of one meter: start of each interval (UTC), its energy in `unit`, and drivers by name; NaN is missing.

    `step_ns` is the length of an interval; `utc_offset_s` gives the site's calendar.

    Raises:
        EvidenceError: columns differ in length, or the step is not positive.
    """

    time_ns: Sequence[int]
    energy: Sequence[float]
    drivers: Mapping[str, Sequence[float]]
    step_ns: int = DAY_NS
    unit: str = "kWh"
    utc_offset_s: int = 0

    def __post_init__(self) -> None:
        if self.step_ns <= 0:
            raise EvidenceError(
                "interval is not positive", code="savings.interval_not_positive", offender="step_ns", value=self.step_ns
            )
        for name, column in (("energy", self.energy), *self.drivers.items()):
            if len(column) != len(self.time_ns):
                raise EvidenceError(
                    "column and times differ in length", code="savings.column_and_times_differ_in_length",
                    offender=name, value=(len(column), len(self.time_ns)),
                    remedy="give one value an interval, NaN where it is missing",
                )  # fmt: skip

    def __len__(self) -> int:
        return len(self.time_ns)

    def driver(self, name: str) -> Sequence[float]:
        """The column of a driver; EvidenceError where there is none."""
        if name not in self.drivers:
            raise EvidenceError(
                "no such driver", code="savings.no_such_driver", slots={"known": sorted(self.drivers)}, offender=name,
                remedy=f"one of {sorted(self.drivers)}",
            )  # fmt: skip
        return self.drivers[name]

    def rows(self, which: Iterable[int]) -> Observations:
        """The named rows only."""
        kept = list(which)
        return Observations(
            array("q", [self.time_ns[i] for i in kept]),
            array("d", [self.energy[i] for i in kept]),
            {name: array("d", [column[i] for i in kept]) for name, column in self.drivers.items()},
            self.step_ns,
            self.unit,
            self.utc_offset_s,
        )

    def between(self, start_ns: int, end_ns: int) -> Observations:
        """Intervals that start in [start_ns, end_ns); times must ascend."""
        low, high = bisect.bisect_left(self.time_ns, start_ns), bisect.bisect_left(self.time_ns, end_ns)
        return self.rows(range(low, high))

    def complete(self, names: Iterable[str]) -> list[int]:
        """Rows whose energy and named drivers are all finite."""
        columns = [self.energy, *(self.driver(name) for name in names)]
        return [i for i in range(len(self)) if all(math.isfinite(column[i]) for column in columns)]

    def columns(self, names: Iterable[str]) -> tuple[Column, ...]:
        """Hash and count of energy and the named drivers, for a record."""
        found = []
        for name, column, unit in (("energy", self.energy, self.unit), *((n, self.driver(n), "") for n in names)):
            good = sum(1 for value in column if math.isfinite(value))
            found.append(Column(name, unit, data_hash(self.time_ns, column), len(column), good))
        return tuple(found)
