"""Clocks over a window: how far, how steady, which mistake; and a link's latency told apart from its clock's error."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

__all__ = ["ClockFacts", "OwnClock", "Separation", "separate", "zone_hours"]

_HOUR_MS: Final = 3_600_000
_DAY_NS: Final = 86_400_000_000_000
_NEAR_MS: Final = 120_000
"""A clock this close to whole hours is set to another time zone; clocks that drift are rarely so far off."""
_FARTHEST_H: Final = 14
_STEADY: Final = 0.9
_LEAST_DAYS: Final = 7
"""Days before a slope is a drift: of a few, a jump looks the same."""
Hours = tuple[tuple[int, int], ...]
"""(start of the hour, ns UTC; error in ms), by time."""


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The clock of one source less that of its gateway: the worst error of every hour in which one was told.

    `doubt_ms`: the smallest uncertainty told; None where none was.
    """

    source: str
    hours: Hours
    doubt_ms: int | None = None

    @property
    def worst_ms(self) -> int:
        """The error of the worst hour, with its sign."""
        return max((error for _, error in self.hours), key=abs)

    @property
    def median_ms(self) -> int:
        """Of the hours; the lower one of two in the middle."""
        return statistics.median_low([error for _, error in self.hours])

    @property
    def drift_ms(self) -> int:
        """ms a day, positive where the clock gains: the median slope between the medians of days (Theil and Sen)."""
        return _drift([(hour, error) for hour, error in self.hours])

    @property
    def zone_h(self) -> int:
        """Whole hours by which the clock is steadily off; 0 where it is not."""
        return zone_hours([error for _, error in self.hours])

    def ahead(self, limit_ms: int) -> int:
        """Hours in which the clock stood so far in the future."""
        return sum(error > limit_ms for _, error in self.hours)

    def to_json(self) -> dict[str, Any]:
        """Plain data; nanoseconds are decimal strings."""
        hours = [[str(hour), error] for hour, error in self.hours]
        return {"source": self.source, "hours": hours, "doubt_ms": self.doubt_ms}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClockFacts:
        """Reads `to_json`."""
        return cls(data["source"], _hours(data["hours"]), data["doubt_ms"])


@dataclass(frozen=True, slots=True)
class OwnClock:
    """A gateway's own clock less the platform's, as the fastest state of every hour shows it: error less way.

    Attributes:
        steps_back: how often it was set back.
        error_ms: greatest error that the gateway's kernel allowed while a time server held its clock; None without one.
        round_trip_ms: shortest time from a message to its acknowledgement; None where none was told.
    """

    hours: Hours
    steps_back: int = 0
    error_ms: int | None = None
    round_trip_ms: int | None = None

    @property
    def difference_ms(self) -> int:
        """Of the median hour."""
        return statistics.median_low([error for _, error in self.hours])

    def to_json(self) -> dict[str, Any]:
        """Plain data; nanoseconds are decimal strings."""
        hours = [[str(hour), error] for hour, error in self.hours]
        return {
            "hours": hours,
            "steps_back": self.steps_back,
            "error_ms": self.error_ms,
            "round_trip_ms": self.round_trip_ms,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OwnClock:
        """Reads `to_json`."""
        return cls(_hours(data["hours"]), data["steps_back"], data["error_ms"], data["round_trip_ms"])


@dataclass(frozen=True, slots=True)
class Separation:
    """What of a difference is way and what is clock, each from low to high in ms.

    `by`: "synchronised", "round_trip" or "both"; "apart" where the two contradict each other or nothing tells: then
    both ranges are None.
    """

    by: str
    latency_ms: tuple[int, int] | None
    skew_ms: tuple[int, int] | None


def separate(own: OwnClock) -> Separation:
    """Latency of the fastest message and error of the gateway's clock against the platform's.

    The difference is error less latency. The latency is no less than 0 and no more than the round trip; the error is
    within the bound of a kernel that a time server holds. Each bound of one is a bound of the other.

    >>> separate(OwnClock(((0, -30),), error_ms=10))
    Separation(by='synchronised', latency_ms=(20, 40), skew_ms=(-10, 10))
    """
    if own.error_ms is None and own.round_trip_ms is None:
        return Separation("", None, None)
    low = -own.difference_ms - own.error_ms if own.error_ms is not None else 0
    high = own.error_ms - own.difference_ms if own.error_ms is not None else own.round_trip_ms
    assert high is not None  # one of the two is known
    if own.round_trip_ms is not None:
        high = min(high, own.round_trip_ms)
    low = max(0, low)
    if low > high:
        return Separation("apart", None, None)
    by = "both" if None not in (own.error_ms, own.round_trip_ms) else "round_trip"
    by = "synchronised" if own.round_trip_ms is None else by
    return Separation(by, (low, high), (own.difference_ms + low, own.difference_ms + high))


def zone_hours(errors_ms: Sequence[int]) -> int:
    """Whole hours by which nine of ten errors are off, to two minutes; 0 where they are not.

    >>> zone_hours([28_800_040] * 5), zone_hours([1_700_000] * 5)
    (8, 0)
    """
    if not errors_ms:
        return 0
    hours = round(statistics.median_low(errors_ms) / _HOUR_MS)
    near = sum(abs(each - hours * _HOUR_MS) <= _NEAR_MS for each in errors_ms)
    return hours if abs(hours) <= _FARTHEST_H and near >= _STEADY * len(errors_ms) else 0


def _drift(hours: Sequence[tuple[int, int]]) -> int:
    days: dict[int, list[int]] = {}
    for hour, error in hours:
        days.setdefault(hour // _DAY_NS, []).append(error)
    medians = [(day, statistics.median_low(errors)) for day, errors in sorted(days.items())]
    slopes = [(b - a) / (later - day) for (day, a), (later, b) in combinations(medians, 2)]
    return round(statistics.median(slopes)) if len(days) >= _LEAST_DAYS else 0


def _hours(rows: Sequence[Sequence[Any]]) -> Hours:
    return tuple((int(hour), int(error)) for hour, error in rows)
