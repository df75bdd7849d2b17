"""Energy used while nothing is made: kWh and yuan of idle time by machine and shift, and rules that would end it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Context, Decimal
from typing import Final, Literal

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.bill import usage_price
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, kwh_of, nano_kwh, shares
from ovoo_models.efficiency.tariff.prices import EnergyCharge, rounded

__all__ = ["IdleWaste", "Price", "Spell", "SwitchOff", "idle_waste", "switch_off_rules"]

State = Literal["off", "idle", "no_load", "load", "unknown"]
_WASTEFUL: Final = ("idle", "no_load")
_CONTEXT: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Spell:
    """A machine was in one state in [start_ns, end_ns), drawing `power_kw` on average."""

    asset: str
    start_ns: int
    end_ns: int
    state: State
    power_kw: float

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.end_ns - self.start_ns) / HOUR_NS


@dataclass(frozen=True, slots=True)
class Price:
    """What a kWh costs at its time: the tariff's calendar and the charges of the case."""

    calendar: BandCalendar
    charges: tuple[EnergyCharge, ...]


@dataclass(frozen=True, slots=True)
class IdleWaste:
    """Idle energy of one machine in one shift (empty: all day). `share` is of its known running time; `yuan` is None
    without a price; `unknown_hours` are not counted as anything."""

    asset: str
    shift: str
    kwh: Decimal
    hours: float
    share: float
    unknown_hours: float
    yuan: Decimal | None


@dataclass(frozen=True, slots=True)
class SwitchOff:
    """Switching a machine off after `after_s` of idling: what it would have saved, less the restarts."""

    asset: str
    after_s: float
    kwh: float
    stops: int


def idle_waste(
    spells: Sequence[Spell],
    zone: tzinfo,
    *,
    price: Price | None = None,
    shifts: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[IdleWaste, ...]:
    """Idle energy by machine and shift, the greatest first.

    Args:
        spells: states of each machine in time order, without overlap.
        shifts: name -> (first local hour, hour after the last); across midnight where the second is smaller. An hour
            that no shift names is reported under the empty name.

    Raises:
        ConfigError: spells overlap, a length or power is impossible, or shifts overlap.
    """
    _check(spells)
    hour_shift = _shift_of_hours(shifts or {})
    energy: dict[tuple[str, str], int] = {}
    yuan: dict[tuple[str, str], Decimal] = {}
    time: dict[tuple[str, str, str], int] = {}
    for spell in spells:
        cuts = _hour_cuts(spell)
        wasted = nano_kwh(spell.power_kw * spell.hours) if spell.state in _WASTEFUL else 0
        parts = shares(wasted, spell.start_ns, spell.end_ns, cuts)
        for start, end, part in zip([spell.start_ns, *cuts], [*cuts, spell.end_ns], parts, strict=True):
            key = (spell.asset, hour_shift[datetime.fromtimestamp(start // NANO, zone).hour])
            kind = "idle" if spell.state in _WASTEFUL else spell.state
            time[*key, kind] = time.get((*key, kind), 0) + end - start
            energy[key] = energy.get(key, 0) + part
            if price is not None and part:
                yuan[key] = _CONTEXT.add(yuan.get(key, Decimal(0)), _cost(part, price, start))
    rows = [_row(key, nano, time, yuan.get(key, Decimal(0)) if price else None) for key, nano in energy.items()]
    return tuple(sorted(rows, key=lambda row: (-row.kwh, row.asset, row.shift)))


def switch_off_rules(
    spells: Sequence[Spell], after_s: Sequence[float], restart_kwh: Mapping[str, float]
) -> tuple[SwitchOff, ...]:
    """The best delay of each machine among `after_s`, the greatest saving first; machines that save nothing are left
    out, and so are those whose energy of a restart is not given.

    A spell ends when the machine works or is off; touching idle and no-load spells are one.
    """
    _check(spells)
    found = []
    for asset, cost in restart_kwh.items():
        runs = _idle_runs([spell for spell in spells if spell.asset == asset])
        rules = [_rule(asset, runs, delay, cost) for delay in after_s]
        best = max(rules, key=lambda rule: rule.kwh, default=None)
        if best is not None and best.kwh > 0.0:
            found.append(best)
    return tuple(sorted(found, key=lambda rule: (-rule.kwh, rule.asset)))


def _check(spells: Sequence[Spell]) -> None:
    reached: dict[str, int] = {}
    for spell in spells:
        if spell.end_ns <= spell.start_ns or spell.start_ns < reached.get(spell.asset, spell.start_ns):
            remedy = "give the spells of a machine in time order, without overlap"
            raise ConfigError(
                "spells overlap", code="idle_waste.spells_overlap", offender=spell.asset, value=spell.start_ns,
                remedy=remedy,
            )  # fmt: skip
        if spell.state in _WASTEFUL and not (math.isfinite(spell.power_kw) and spell.power_kw >= 0.0):
            remedy = "an idle machine draws power: check the sign, or call the state unknown"
            raise ConfigError(
                "impossible power", code="idle_waste.impossible_power", offender=spell.asset, value=spell.power_kw,
                remedy=remedy,
            )  # fmt: skip
        reached[spell.asset] = spell.end_ns


def _shift_of_hours(shifts: Mapping[str, tuple[int, int]]) -> list[str]:
    hours = [""] * 24
    for name, (first, last) in shifts.items():
        for step in range((last - first) % 24 or 24):
            hour = (first + step) % 24
            if hours[hour]:
                remedy = f"hour {hour} is already of {hours[hour]}"
                raise ConfigError(
                    "shifts overlap", code="idle_waste.shifts_overlap", slots={"hour": hour, "shift": hours[hour]},
                    offender=name, value=(first, last), remedy=remedy,
                )  # fmt: skip
            hours[hour] = name
    return hours


def _hour_cuts(spell: Spell) -> list[int]:
    """Quarter hours inside a spell: every zone's hours and every band's borders lie on them."""
    step = HOUR_NS // 4
    return list(range((spell.start_ns // step + 1) * step, spell.end_ns, step))


def _cost(nano: int, price: Price, at: int) -> Decimal:
    return _CONTEXT.multiply(kwh_of(nano), usage_price(price.calendar, price.charges, at))


def _row(key: tuple[str, str], nano: int, time: Mapping[tuple[str, str, str], int], yuan: Decimal | None) -> IdleWaste:
    idle, load = time.get((*key, "idle"), 0), time.get((*key, "load"), 0)
    share = idle / (idle + load) if idle + load else math.nan
    unknown = time.get((*key, "unknown"), 0) / HOUR_NS
    return IdleWaste(*key, kwh_of(nano), idle / HOUR_NS, share, unknown, None if yuan is None else rounded(yuan))


def _idle_runs(spells: Sequence[Spell]) -> list[list[Spell]]:
    runs: list[list[Spell]] = []
    for spell in spells:
        if spell.state not in _WASTEFUL:
            continue
        if runs and runs[-1][-1].end_ns == spell.start_ns:
            runs[-1].append(spell)
        else:
            runs.append([spell])
    return runs


def _rule(asset: str, runs: Sequence[Sequence[Spell]], after_s: float, restart_kwh: float) -> SwitchOff:
    saved, stops = [], 0
    for run in runs:
        off = run[0].start_ns + round(after_s * NANO)
        if run[-1].end_ns <= off:
            continue
        spared = (spell.power_kw * max(spell.end_ns - max(spell.start_ns, off), 0) / HOUR_NS for spell in run)
        saved.append(math.fsum(spared) - restart_kwh)
        stops += 1
    return SwitchOff(asset, after_s, math.fsum(saved), stops)
