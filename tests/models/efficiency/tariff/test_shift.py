"""Shifting: the cheapest plan, by hand and against linear programming."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.prices import band_charge
from ovoo_models.efficiency.tariff.shift import ShiftRule, shift_load
from ovoo_packs import load_tariffs
from scipy.optimize import linprog  # type: ignore[import-untyped]

from tests.models.efficiency.tariff.book import MINUTE_NS, first_minute, west

WEST = load_tariffs().get("west")
PRICE = {"super_peak": "0.9", "peak": "0.7", "flat": "0.4", "valley": "0.2", "deep_valley": "0.1"}
CHARGES = [band_charge("energy", "test price list, fictitious", PRICE, WEST)]  # type: ignore[arg-type]
START = first_minute(2025, 1) * MINUTE_NS


def series(values: list[float]) -> Intervals:
    return Intervals.regular(START, QUARTER_NS, values)


def test_four_hours_of_peak_go_to_the_valley() -> None:
    load = series([50.0 if 72 <= row < 88 else 0.0 for row in range(96)])
    site = series([80.0 if 72 <= row < 88 else 30.0 for row in range(96)])
    found = shift_load(load, site, BandCalendar(WEST), CHARGES, ShiftRule(200.0, "process engineer's note"))
    assert found.moved_kwh == 800
    assert (found.before_yuan, found.after_yuan) == (Decimal("560.00"), Decimal("160.00"))


def test_a_load_that_runs_in_the_valley_already_stays_where_it_is() -> None:
    load = series([50.0 if 60 <= row < 64 else 0.0 for row in range(96)])
    found = shift_load(load, load, BandCalendar(WEST), CHARGES, ShiftRule(200.0, "note"))
    assert found.moved_kwh == 0
    assert found.planned.kwh == load.kwh


@pytest.mark.parametrize("seed", range(5))
def test_no_plan_within_the_limits_is_cheaper(seed: int) -> None:
    rng = random.Random(seed)
    own = [rng.choice([0.0, rng.randint(0, 30)]) for _ in range(96)]
    other = [float(rng.randint(10, 60)) for _ in range(96)]
    hours = frozenset(rng.sample(range(24), 18))
    site = series([a + b for a, b in zip(own, other, strict=True)])
    rule = ShiftRule(160.0, "note", hours, 320.0)
    room = [min(40.0, 80.0 - other[row]) if row // 4 in hours else 0.0 for row in range(96)]
    prices = [float(PRICE[west(1, row // 4)[0]]) for row in range(96)]

    found = shift_load(series(own), site, BandCalendar(WEST), CHARGES, rule)

    best = linprog(prices, A_eq=[[1.0] * 96], b_eq=[sum(own)], bounds=[(0, cap) for cap in room])
    assert float(found.after_yuan) == pytest.approx(best.fun, abs=0.006)
    assert sum(found.planned.kwh) == pytest.approx(sum(own))
    assert all(new <= cap + 1e-9 for new, cap in zip(found.planned.kwh, room, strict=True))


def test_energy_that_does_not_fit_is_named() -> None:
    load = series([50.0] * 96)
    with pytest.raises(EvidenceError, match="does not fit"):
        shift_load(load, load, BandCalendar(WEST), CHARGES, ShiftRule(200.0, "note", frozenset({3})))


def test_a_load_above_its_site_is_refused() -> None:
    with pytest.raises(EvidenceError, match="load above the site"):
        shift_load(series([2.0] * 96), series([1.0] * 96), BandCalendar(WEST), CHARGES, ShiftRule(200.0, "note"))
