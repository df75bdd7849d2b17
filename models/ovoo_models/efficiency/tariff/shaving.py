"""How low the demand peak could have been with loads that may move: a plan for each day, and what it rests on."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from ovoo_contract.errors import ConfigError, EvidenceError, NotReady

from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, Intervals, nano_kwh
from ovoo_models.efficiency.tariff.shift import ShiftRule, check_rule, days_of, movable_part, parts_of, room_for

__all__ = ["DayPeak", "Movable", "Shaving", "shave_peaks"]

_LEAST_DAYS: Final = 5
_DRAWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Movable:
    """A load with the rule by which it may move; its intervals are those of the site."""

    load: Intervals
    rule: ShiftRule


@dataclass(frozen=True, slots=True)
class DayPeak:
    """A local day (ISO): greatest mean power of an interval as it was and as planned, in kW; `intervals` were above
    what is reachable over all days, so that day each of them has to be held."""

    day: str
    peak_kw: float
    planned_kw: float
    intervals: int


@dataclass(frozen=True, slots=True)
class Shaving:
    """The peak of all days as it was and as it could have been, with every hour of the day known beforehand.

    sigma_kw: scatter of the difference over draws of the same days (bootstrap). It is a plan in hindsight: the demand
    of a month is its greatest interval, so one interval of `intervals` on `days_to_hold` days that is missed sets it.
    """

    peak_kw: float
    reachable_kw: float
    sigma_kw: float
    days: tuple[DayPeak, ...]

    @property
    def intervals(self) -> int:
        """Intervals that have to be held under the reachable peak."""
        return sum(each.intervals for each in self.days)

    @property
    def days_to_hold(self) -> int:
        """Days with such intervals."""
        return sum(each.intervals > 0 for each in self.days)


def shave_peaks(loads: Sequence[Movable], site: Intervals, zone: tzinfo, seed: int = 0) -> Shaving:
    """Lowers each day's greatest interval as far as the loads' rules allow; energy stays within its day.

    Loads are placed one after the other, the first given first, each against what the others then draw: with one load
    this is the least possible peak, with several it can be reached but need not be the least.

    Args:
        site: whole days of equal intervals, all known; the loads' intervals are the same.
        seed: of the draws.

    Raises:
        ConfigError: intervals differ, or a rule is none.
        EvidenceError: a load is above the site, or a reading is missing.
        NotReady: under five days.
    """
    _check(loads, site)
    days = days_of(site, zone)
    if len(days) < _LEAST_DAYS:
        raise NotReady(
            "too few days",
            code="shaving.too_few_days",
            slots={"least": _LEAST_DAYS},
            offender="shave_peaks",
            value=len(days),
            remedy=f"{_LEAST_DAYS} whole days",
        )
    present = [nano_kwh(kwh) for kwh in site.kwh]
    planned = present[:]
    for each in loads:
        _place(each, site, days, zone, planned)
    length = site.end_ns[0] - site.start_ns[0]

    def kw(nano: int) -> float:
        return nano / NANO * HOUR_NS / length

    reachable = max(planned)
    found = tuple(
        DayPeak(
            datetime.fromtimestamp(site.start_ns[rows[0]] // NANO, zone).date().isoformat(),
            kw(max(present[row] for row in rows)), kw(max(planned[row] for row in rows)),
            sum(present[row] > reachable for row in rows),
        )
        for rows in days
    )  # fmt: skip
    return Shaving(kw(max(present)), kw(reachable), _scatter(found, seed), found)


def _check(loads: Sequence[Movable], site: Intervals) -> None:
    if any(not kwh >= 0.0 for kwh in site.kwh) or any(not kwh >= 0.0 for each in loads for kwh in each.load.kwh):
        raise EvidenceError(
            "no usable reading",
            code="shaving.no_usable_reading",
            offender="shave_peaks",
            remedy="whole days of readings >= 0",
        )
    steps = {end - start for start, end in zip(site.start_ns, site.end_ns, strict=True)}
    if len(steps) != 1:
        remedy = "one length, that of the demand window"
        raise ConfigError(
            "intervals differ in length",
            code="shaving.intervals_differ",
            offender="shave_peaks",
            value=sorted(steps)[:4],
            remedy=remedy,
        )
    for each in loads:
        check_rule(each.rule)
        if each.load.start_ns != site.start_ns or each.load.end_ns != site.end_ns:
            remedy = "bring both meters to the same intervals first"
            raise ConfigError(
                "load and site differ in time",
                code="shaving.load_and_site_differ",
                offender="shave_peaks",
                value=len(each.load),
                remedy=remedy,
            )


def _place(movable: Movable, site: Intervals, days: Sequence[Sequence[int]], zone: tzinfo, planned: list[int]) -> None:
    """Takes the load's movable part out of the plan and puts it where the day's greatest interval stays least."""
    load, rule = movable.load, movable.rule
    before, others = parts_of(load, site)
    own = [movable_part(nano, rule) for nano in before]
    room = [max(room_for(load, row, others[row], zone, rule) - before[row] + own[row], 0) for row in range(len(before))]
    for rows in days:
        rest = {row: planned[row] - own[row] for row in rows}
        wanted = sum(own[row] for row in rows)
        level = _least_level(rows, rest, room, wanted, max(planned[row] for row in rows))
        if level is None:
            continue  # the day as it ran breaks the rule: it stays as it is
        _fill(rows, rest, own, room, level, planned)


def _fill(
    rows: Sequence[int], rest: dict[int, int], own: Sequence[int], room: Sequence[int], level: int, planned: list[int]
) -> None:
    """Puts the day's movable energy under the level: where it ran already first, then from the day's start on."""
    left = sum(own[row] for row in rows)
    free = {row: min(room[row], max(level - rest[row], 0)) for row in rows}
    for row in rows:
        taken = min(left, own[row], free[row])
        planned[row] = rest[row] + taken
        free[row] -= taken
        left -= taken
    for row in rows:
        taken = min(left, free[row])
        planned[row] += taken
        left -= taken


def _least_level(rows: Sequence[int], rest: dict[int, int], room: Sequence[int], wanted: int, now: int) -> int | None:
    """The least greatest interval at which the energy finds its place, in nano-kWh; None where it never does."""

    def holds(level: int) -> bool:
        return sum(min(room[row], max(level - rest[row], 0)) for row in rows) >= wanted

    low, high = max(rest.values()) - 1, now
    if holds(low + 1):
        return low + 1
    if not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _scatter(days: Sequence[DayPeak], seed: int) -> float:
    """Of the difference of both peaks over draws of as many days with replacement."""
    drawn = random.Random(seed)  # noqa: S311  # draws are no secret, and must be the same everywhere
    found = array("d")
    for _ in range(_DRAWS):
        some = drawn.choices(days, k=len(days))
        found.append(max(each.peak_kw for each in some) - max(each.planned_kw for each in some))
    mean = math.fsum(found) / len(found)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in found) / (len(found) - 1))
