"""kW per bar: known slopes come back, their band covers, and what shows none is refused by name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.effective_rows import effective_rows
from ovoo_models.efficiency.pressure_slope import PressureSlope, pressure_slope

LOAD, NO_LOAD = 3, 2


def wander(rng: np.random.Generator, n: int, rho: float, spread: float) -> NDArray[np.float64]:
    """An AR(1) series of the standard deviation `spread`."""
    found, state = np.empty(n), rng.normal() * spread
    for k in range(n):
        state = rho * state + rng.normal() * spread * math.sqrt(1.0 - rho * rho)
        found[k] = state
    return found


def machine(seed: int, n: int = 1500, slope: float = 9.0, rho: float = 0.9) -> PressureSlope:
    """Power 50 + 9 kW/bar + 4 kW/(m3/min), with a residual that wanders."""
    rng = np.random.default_rng(seed)
    pressure, flow = 7.0 + wander(rng, n, 0.98, 0.3), 30.0 + wander(rng, n, 0.95, 4.0)
    power = 50.0 + slope * pressure + 4.0 * flow + wander(rng, n, rho, 2.0)
    return pressure_slope(power.tolist(), pressure.tolist(), flow.tolist(), [LOAD] * n)


def test_four_rows_by_hand() -> None:
    # pressures 1, 2, 3 with power 10, 20, 40, twenty times over: slope = 15 kW/bar, and by hand
    # residuals 5/3, -10/3, 5/3: sum of squares 20 x 50/3, Sxx = 40, s2 = 1000/3/58
    pressure, power = [1.0, 2.0, 3.0] * 20, [10.0, 20.0, 40.0] * 20

    found = pressure_slope(power, pressure, None, [LOAD] * 60)

    assert found.slope.value == pytest.approx(15.0)
    independent = math.sqrt(1000.0 / 3.0 / 58.0 / 40.0)
    assert found.slope.sigma == pytest.approx(independent * math.sqrt(58.0 / (found.effective - 2.0)))
    assert (found.refused, found.rows) == ("", 60)
    assert found.span_bar == pytest.approx(2.0)


def test_the_band_covers_the_truth_as_often_as_it_says() -> None:
    found = [machine(seed) for seed in range(80)]
    inside = sum(each.slope.interval(0.9)[0] <= 9.0 <= each.slope.interval(0.9)[1] for each in found)

    assert all(each.refused == "" for each in found)
    assert 0.85 <= inside / 80 <= 1.0


def test_wandering_residuals_are_worth_fewer_rows() -> None:
    alone, wandering = machine(1, rho=0.0), machine(1, rho=0.95)

    assert alone.effective > 0.5 * alone.rows
    assert wandering.effective < 0.1 * wandering.rows
    assert wandering.slope.sigma > 3.0 * alone.slope.sigma


def test_the_gain_of_the_meter_stands_beside_the_scatter() -> None:
    n, rng = 600, np.random.default_rng(5)
    pressure = rng.uniform(6.0, 8.0, n)
    power = 50.0 + 9.0 * pressure + rng.normal(0.0, 0.1, n)
    rows = power.tolist(), pressure.tolist(), None, [LOAD] * n

    plain, with_class = pressure_slope(*rows), pressure_slope(*rows, 0.02)

    assert with_class.slope.sigma == pytest.approx(math.hypot(plain.slope.sigma, 0.02 * plain.slope.value))


def test_only_minutes_at_load_count() -> None:
    n, rng = 400, np.random.default_rng(6)
    pressure = rng.uniform(6.0, 8.0, n)
    power = 9.0 * pressure + rng.normal(0.0, 0.05, n)
    power[::2], states = 30.0, [NO_LOAD, LOAD] * (n // 2)

    found = pressure_slope(power.tolist(), pressure.tolist(), None, states)

    assert found.rows == n // 2
    assert found.slope.value == pytest.approx(9.0, abs=0.1)


def test_a_flow_that_stands_still_is_left_out() -> None:
    n, rng = 400, np.random.default_rng(7)
    pressure = rng.uniform(6.0, 8.0, n)
    power = 9.0 * pressure + rng.normal(0.0, 0.05, n)

    found = pressure_slope(power.tolist(), pressure.tolist(), [30.0] * n, [LOAD] * n)

    assert found.variables == ("pressure",)
    assert found.refused == ""


@pytest.mark.parametrize(
    ("why", "span", "slope", "rows"),
    [("hardly_varied", 0.05, 9.0, 400), ("sign", 2.0, -9.0, 400), ("too_few", 2.0, 9.0, 40)],
)
def test_what_shows_no_slope_is_refused_by_name(why: str, span: float, slope: float, rows: int) -> None:
    rng = np.random.default_rng(8)
    pressure = 7.0 + rng.uniform(-0.5, 0.5, rows) * span
    power = 100.0 + slope * pressure + rng.normal(0.0, 0.1, rows)

    found = pressure_slope(power.tolist(), pressure.tolist(), None, [LOAD] * rows)

    assert found.refused == why
    assert math.isnan(found.slope.value)


def test_a_pressure_that_follows_from_the_flow_hardly_varies_of_its_own() -> None:
    flow = np.linspace(20.0, 40.0, 300)

    found = pressure_slope((4.0 * flow).tolist(), (0.1 * flow).tolist(), flow.tolist(), [LOAD] * 300)

    assert found.refused == "hardly_varied"


def test_columns_of_different_length_are_named() -> None:
    with pytest.raises(ConfigError, match="differ in length"):
        pressure_slope([1.0], [1.0, 2.0], None, [LOAD])


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_effective_rows_are_those_of_the_formula(rho: float) -> None:
    # n (1 - rho) / (1 + rho) of an AR(1) series; the greatest of noisy levels is taken, so rather fewer than more
    n = 40_000
    worth = [effective_rows(wander(np.random.default_rng(seed), n, rho, 1.0).tolist()) for seed in range(5)]

    assert 0.55 * (1.0 - rho) / (1.0 + rho) <= float(np.mean(worth)) / n <= 1.05 * (1.0 - rho) / (1.0 + rho)


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 50, [1.0, 2.0, 3.0]])
def test_short_or_constant_series_are_worth_their_length(values: list[float]) -> None:
    assert effective_rows(values) == len(values)
