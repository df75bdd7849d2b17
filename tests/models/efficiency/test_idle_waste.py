"""Idle waste by machine and shift, in kWh and yuan, and the rules that would end it."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.idle_waste import Price, Spell, State, idle_waste, switch_off_rules
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.intervals import HOUR_NS
from ovoo_models.efficiency.tariff.prices import ratio_charge
from ovoo_packs import load_tariffs

from tests.models.efficiency.tariff.book import MINUTE_NS, first_minute, west

WEST = load_tariffs().get("west")
CALENDAR = BandCalendar(WEST)
PRICE = Price(CALENDAR, (ratio_charge("energy", "test price, fictitious", "0.5", WEST),))
START = first_minute(2025, 1) * MINUTE_NS
SHIFTS = {"day": (8, 16), "evening": (16, 0), "night": (0, 8)}


def spell(asset: str, first_min: int, minutes: int, state: State, power: float) -> Spell:
    return Spell(asset, START + first_min * MINUTE_NS, START + (first_min + minutes) * MINUTE_NS, state, power)


def test_the_greatest_waste_comes_first_with_its_cost() -> None:
    found = idle_waste(
        [
            spell("pump", 0, 60, "idle", 10.0),
            spell("mill", 6 * 60, 120, "no_load", 40.0),
            spell("mill", 8 * 60, 60, "load", 200.0),
            spell("mill", 9 * 60, 30, "unknown", math.nan),
        ],
        CALENDAR.zone,
        price=PRICE,
    )
    assert [(row.asset, row.kwh, row.yuan) for row in found] == [
        ("mill", Decimal(80), Decimal("67.20")),
        ("pump", Decimal(10), Decimal("2.40")),
    ]
    assert found[0].share == pytest.approx(2 / 3)
    assert found[0].unknown_hours == 0.5


def test_idle_time_is_cut_at_the_end_of_a_shift() -> None:
    found = idle_waste([spell("mill", 15 * 60 + 40, 30, "idle", 60.0)], CALENDAR.zone, shifts=SHIFTS)
    assert [(row.shift, row.kwh) for row in found] == [("day", Decimal(20)), ("evening", Decimal(10))]
    assert found[0].yuan is None


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_nothing_is_lost_between_shifts_and_cost_is_that_by_the_minute(seed: int) -> None:
    rng = random.Random(seed)
    spells, at, yuan, kwh = [], rng.randint(0, 600), 0.0, 0.0
    for _ in range(12):
        minutes, power = rng.randint(1, 300), rng.uniform(1, 90)
        state: State = rng.choice(["idle", "no_load", "load", "off"])
        spells.append(spell("mill", at, minutes, state, power))
        if state in ("idle", "no_load"):
            kwh += power * minutes / 60
            yuan += sum(float(west(1, m // 60 % 24)[1]) * 0.5 * power / 60 for m in range(at, at + minutes))
        at += minutes + rng.randint(0, 50)
    found = idle_waste(spells, CALENDAR.zone, price=PRICE, shifts=SHIFTS)
    assert float(sum(row.kwh for row in found)) == pytest.approx(kwh)
    assert float(sum(row.yuan or 0 for row in found)) == pytest.approx(yuan, abs=0.02)


def test_the_best_delay_of_each_machine_less_its_restarts() -> None:
    spells = [
        spell("mill", 0, 10, "idle", 60.0),
        spell("mill", 10, 60, "load", 200.0),
        spell("mill", 70, 30, "idle", 60.0),
        spell("mill", 100, 60, "no_load", 60.0),
        spell("pump", 0, 6, "idle", 10.0),
    ]
    found = switch_off_rules(spells, [300.0, 900.0], {"mill": 20.0, "pump": 5.0})
    assert [(rule.asset, rule.after_s, rule.stops) for rule in found] == [("mill", 900.0, 1)]
    assert found[0].kwh == pytest.approx(75.0 - 20.0)
    best = switch_off_rules(spells, [300.0, 900.0], {"mill": 1.0})[0]
    assert (best.after_s, best.stops) == (300.0, 2)
    assert best.kwh == pytest.approx(5.0 + 85.0 - 2.0)


@pytest.mark.parametrize(
    ("spells", "why"),
    [
        ([spell("a", 0, 60, "idle", 1.0), spell("a", 30, 60, "load", 1.0)], "spells overlap"),
        ([spell("a", 0, 60, "idle", -1.0)], "impossible power"),
        ([Spell("a", START + HOUR_NS, START, "load", 1.0)], "spells overlap"),
    ],
)
def test_impossible_spells_are_refused(spells: list[Spell], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        idle_waste(spells, CALENDAR.zone)


def test_shifts_that_overlap_are_refused() -> None:
    with pytest.raises(ConfigError, match="shifts overlap"):
        idle_waste([], CALENDAR.zone, shifts={"day": (6, 18), "night": (17, 6)})
