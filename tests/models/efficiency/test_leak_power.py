"""Leaks: a compressor whose leak is known gives it back, by flow or by power, and noise in the nights is its band."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ovoo_models.efficiency.leak_power import AirLeak, air_leak_power

OFF, NO_LOAD, LOAD = 0, 2, 3
DAY, NIGHT = 1440, 240
MARGINAL, IDLE_KW, LEAK = 6.0, 25.0, 4.0
"""kW for one more m3/min, kW at no load, and m3/min of leaks."""


def controlled(days: int, leak: float = LEAK, seed: int = 0) -> tuple[list[float], list[float], list[int], list[int]]:
    """Power, flow, states and nights: four quiet hours a day, 20 m3/min more by day; the flow wanders each minute."""
    rng = np.random.default_rng(seed)
    quiet = [day if minute < NIGHT else -1 for day in range(days) for minute in range(DAY)]
    flow = [leak + (0.0 if night >= 0 else 20.0) + rng.normal(0.0, 0.2) for night in quiet]
    power = [IDLE_KW + MARGINAL * each + rng.normal(0.0, 1.0) for each in flow]
    return power, flow, [LOAD] * len(flow), quiet


def on_off(days: int, duty: float) -> tuple[list[float], list[int], list[int]]:
    """Load or no load by whole minutes: at night a share `duty` of them at load."""
    quiet = [day if minute < NIGHT else -1 for day in range(days) for minute in range(DAY)]
    states = [LOAD if night < 0 or minute % 20 < 20 * duty else NO_LOAD for minute, night in enumerate(quiet)]
    return [100.0 if state == LOAD else IDLE_KW for state in states], states, quiet


def test_by_flow_it_is_leak_times_what_a_cubic_metre_costs() -> None:
    power, flow, states, quiet = controlled(10)

    found = air_leak_power(power, flow, states, quiet, 0.0)

    assert found.refused == ""
    assert found.flow is not None
    assert found.marginal is not None
    assert found.flow.value == pytest.approx(LEAK, abs=0.02)
    assert found.marginal.value == pytest.approx(MARGINAL, rel=0.01)
    assert found.power.value == pytest.approx(LEAK * MARGINAL, rel=0.02)
    assert abs(found.power.value - LEAK * MARGINAL) < 3.0 * found.power.sigma
    assert found.nights == 10


def test_by_power_it_is_the_run_time_at_no_demand_times_the_step() -> None:
    # a quarter of the night at load, 100 kW against 25 kW: 0.25 x 75 kW = 18.75 kW
    power, states, quiet = on_off(8, 0.25)

    found = air_leak_power(power, None, states, quiet, IDLE_KW, relative=0.01)

    assert found.power.value == pytest.approx(18.75)
    assert found.power.sigma == pytest.approx(0.1875, rel=1e-6)
    assert found.share == pytest.approx(0.25)
    assert found.flow is None


def test_a_machine_that_stands_at_night_leaks_nothing() -> None:
    quiet = [day if minute < NIGHT else -1 for day in range(6) for minute in range(DAY)]
    power = [0.0 if night >= 0 else 100.0 for night in quiet]

    found = air_leak_power(power, None, [OFF if kw == 0.0 else LOAD for kw in power], quiet, 0.0)

    assert (found.power.value, found.share) == (0.0, 0.0)


def test_nights_that_differ_widen_the_band_by_students_t() -> None:
    quiet = [day if minute < NIGHT else -1 for day in range(6) for minute in range(DAY)]
    night_kw = [10.0, 12.0, 14.0, 16.0, 18.0, 20.0]
    power = [night_kw[night] if night >= 0 else 100.0 for night in quiet]

    found = air_leak_power(power, None, [LOAD] * len(power), quiet, 0.0)

    # s = sqrt(70 / 5), over sqrt 6; t(0.90, 5) = 2.015048 against the normal 1.644854
    assert found.power.value == pytest.approx(15.0)
    assert found.power.sigma == pytest.approx(math.sqrt(14.0 / 6.0) * 2.015048 / 1.644854, rel=1e-3)


def test_an_error_of_the_flow_meters_gain_falls_out() -> None:
    power, flow, states, quiet = controlled(8)

    right = air_leak_power(power, flow, states, quiet, 0.0)
    wrong = air_leak_power(power, [1.1 * each for each in flow], states, quiet, 0.0)

    assert wrong.power.value == pytest.approx(right.power.value, rel=1e-9)


def refusals() -> dict[str, AirLeak]:
    power, flow, states, quiet = controlled(8)
    by_day = [-1 if night >= 0 else n // DAY for n, night in enumerate(quiet)]
    backwards = [200.0 - MARGINAL * each for each in flow]
    return {
        "too_few_nights": air_leak_power(*controlled(4), 0.0),
        "not_quiet": air_leak_power(power, flow, states, by_day, 0.0),
        "sign": air_leak_power(backwards, flow, states, quiet, 0.0),
        "flow_hardly_varied": air_leak_power(power[:50], flow[:50], states[:50], [n // 10 for n in range(50)], 0.0),
    }


@pytest.mark.parametrize("why", ["too_few_nights", "not_quiet", "sign", "flow_hardly_varied"])
def test_what_shows_no_leak_is_refused_by_name(why: str) -> None:
    found = refusals()[why]

    assert found.refused == why
    assert math.isnan(found.power.value)
