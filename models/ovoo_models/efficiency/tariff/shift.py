"""Load that may run at another hour: the cheapest feasible day, and what moving there would save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Context, Decimal
from typing import Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.bill import usage_price
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, Intervals, kwh_of, nano_kwh
from ovoo_models.efficiency.tariff.prices import EnergyCharge, rounded

__all__ = ["Shift", "ShiftRule", "check_rule", "days_of", "movable_part", "parts_of", "room_for", "shift_load"]

_CONTEXT: Final = Context(prec=60)
_PARTS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ShiftRule:
    """What the process allows: at most `rated_kw` for this load; only local hours in `hours` (0 to 23, None for all);
    the whole site at most `site_limit_kw`; `share` of its energy (0 to 1) can move, the rest stays where it is. Energy
    stays within its local day.

    Whether a load can be shifted at all (a buffer, a tank, a batch) is stated by the case in `document`.
    """

    rated_kw: float
    document: str
    hours: frozenset[int] | None = None
    site_limit_kw: float | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Shift:
    """The day plan: `planned` is the load's new intervals (same times, same energy each day), yuan rounded half up."""

    before_yuan: Decimal
    after_yuan: Decimal
    moved_kwh: Decimal
    planned: Intervals

    @property
    def saving_yuan(self) -> Decimal:
        """Before less after; never below zero where the present way of running keeps the rule."""
        return self.before_yuan - self.after_yuan


def shift_load(
    load: Intervals,
    site: Intervals,
    calendar: BandCalendar,
    charges: Sequence[EnergyCharge],
    rule: ShiftRule,
) -> Shift:
    """Fills each local day's energy of the load into its cheapest intervals; of equal prices where it ran before first.

    With limits per interval only, filling the cheapest first is the cheapest plan there is.

    Args:
        load: the shiftable load's energy, a part of `site`, on the same intervals, each inside one local hour.
        site: the whole site's energy.

    Raises:
        ConfigError: the intervals differ, an interval crosses a price border, or no document is named.
        EvidenceError: a reading is missing, the load is more than the site, or a day's energy does not fit.
    """
    _check(load, site, calendar, rule)
    prices = [usage_price(calendar, charges, start) for start in load.start_ns]
    before, rest = parts_of(load, site)
    movable = [movable_part(nano, rule) for nano in before]
    room = [
        max(room_for(load, row, left, calendar.zone, rule) - before[row] + movable[row], 0)
        for row, left in enumerate(rest)
    ]
    after = movable[:]
    for rows in days_of(load, calendar.zone):
        _fill(rows, prices, movable, room, after)
    after = [new + nano - own for new, nano, own in zip(after, before, movable, strict=True)]
    planned = Intervals(load.start_ns, load.end_ns, load.kwh[:])
    for row, nano in enumerate(after):
        planned.kwh[row] = float(kwh_of(nano))
    moved = sum(max(new - old, 0) for new, old in zip(after, before, strict=True))
    return Shift(_cost(before, prices), _cost(after, prices), kwh_of(moved), planned)


def parts_of(load: Intervals, site: Intervals) -> tuple[list[int], list[int]]:
    """The load and the rest of the site, in nano-kWh by interval; EvidenceError where the load is above the site."""
    before = [nano_kwh(kwh) for kwh in load.kwh]
    rest = [nano_kwh(kwh) - own for kwh, own in zip(site.kwh, before, strict=True)]
    if min(rest, default=0) < 0:
        row = next(index for index, left in enumerate(rest) if left < 0)
        remedy = "the load is a part of the site: check which meter is which"
        raise EvidenceError(
            "load above the site", code="tariff.load_above_site", offender=f"row {row}", value=load.kwh[row],
            remedy=remedy,
        )  # fmt: skip
    return before, rest


def movable_part(nano: int, rule: ShiftRule) -> int:
    """What of an interval's nano-kWh may move, rounded down."""
    return nano * round(rule.share * _PARTS) // _PARTS


def check_rule(rule: ShiftRule) -> None:
    """ConfigError where the rule names nobody, no power, or a share that is none."""
    if not rule.document.strip() or not rule.rated_kw > 0 or not 0.0 < rule.share <= 1.0:
        remedy = "name who says that this load may move, its rated power, and a share above 0 up to 1"
        raise ConfigError(
            "no rule to shift by", code="tariff.no_rule_to_shift_by", offender="shift", value=rule, remedy=remedy
        )


def _check(load: Intervals, site: Intervals, calendar: BandCalendar, rule: ShiftRule) -> None:
    if load.start_ns != site.start_ns or load.end_ns != site.end_ns:
        remedy = "bring both meters to the same intervals first"
        raise ConfigError(
            "load and site differ in time", code="tariff.load_and_site_differ_in_time", offender="shift",
            value=(len(load), len(site)), remedy=remedy,
        )  # fmt: skip
    check_rule(rule)
    for row, (start, end) in enumerate(zip(load.start_ns, load.end_ns, strict=True)):
        if not start < end <= calendar.span_at(start).end_ns:
            remedy = "use intervals that end within their local hour"
            raise ConfigError(
                "an interval crosses an hour", code="tariff.interval_crosses_hour", offender=f"row {row}",
                value=start, remedy=remedy,
            )  # fmt: skip
        if not (load.kwh[row] >= 0 and site.kwh[row] >= 0):
            remedy = "shifting is computed from whole days of readings >= 0"
            raise EvidenceError(
                "no usable reading", code="tariff.no_usable_reading", offender=f"row {row}", value=load.kwh[row],
                remedy=remedy,
            )  # fmt: skip


def room_for(load: Intervals, row: int, rest_nano: int, zone: tzinfo, rule: ShiftRule) -> int:
    """How many nano-kWh the load may take in an interval."""
    start, length = load.start_ns[row], load.end_ns[row] - load.start_ns[row]
    if rule.hours is not None and datetime.fromtimestamp(start // NANO, zone).hour not in rule.hours:
        return 0
    room = nano_kwh(rule.rated_kw) * length // HOUR_NS
    if rule.site_limit_kw is not None:
        room = min(room, nano_kwh(rule.site_limit_kw) * length // HOUR_NS - rest_nano)
    return max(room, 0)


def days_of(load: Intervals, zone: tzinfo) -> list[list[int]]:
    """The intervals of each local day."""
    days: dict[int, list[int]] = {}
    for row, start in enumerate(load.start_ns):
        days.setdefault(datetime.fromtimestamp(start // NANO, zone).toordinal(), []).append(row)
    return list(days.values())


def _fill(
    rows: Sequence[int], prices: Sequence[Decimal], before: Sequence[int], room: Sequence[int], after: list[int]
) -> None:
    left = sum(before[row] for row in rows)
    for row in rows:
        after[row] = 0
    levels = sorted({prices[row] for row in rows})
    for price in levels:
        same = [row for row in rows if prices[row] == price]
        for wanted in (before, room):  # where it ran already, then anywhere
            for row in same:
                taken = min(left, max(min(room[row], wanted[row]) - after[row], 0))
                after[row] += taken
                left -= taken
    if left:
        remedy = "raise the limits or allow more hours: this much finds no place that day"
        raise EvidenceError(
            "the day's energy does not fit", code="tariff.day_energy_does_not_fit", offender="shift",
            value=f"{left / NANO} kWh", remedy=remedy,
        )  # fmt: skip


def _cost(nano: Sequence[int], prices: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for energy, price in zip(nano, prices, strict=True):
        total = _CONTEXT.add(total, _CONTEXT.multiply(Decimal(energy), price))
    return rounded(total.scaleb(-9, _CONTEXT))
