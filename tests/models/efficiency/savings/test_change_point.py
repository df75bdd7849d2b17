from __future__ import annotations

import math
import random
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.savings.change_point import Settings, fit
from ovoo_models.efficiency.savings.observations import Observations, hour_of_week, month_of, weekday_of
from ovoo_models.efficiency.savings.time_of_week import fit_hourly
from scipy.optimize import minimize  # type: ignore[import-untyped]

from tests.models.efficiency.savings.meters import FIRST_NS, hourly_meter, meter, times

PLAIN = Settings(splits=("none",), clip=math.inf)


def rss_at(data: Observations, left: float, right: float) -> float:
    x, y = np.array(data.driver("temperature")), np.array(data.energy)
    a = np.column_stack([np.ones(len(x)), np.maximum(left - x, 0), np.maximum(x - right, 0)])
    return float(((y - a @ np.linalg.lstsq(a, y, rcond=None)[0]) ** 2).sum())


@pytest.mark.parametrize("seed", range(3))
def test_knees_and_slopes_are_those_of_an_independent_optimiser(seed: int) -> None:
    data = meter(seed=seed)

    segment = fit(data, PLAIN).segments["all"]

    best = min(
        (minimize(lambda k: rss_at(data, *sorted(k)), start, method="Nelder-Mead", options={"xatol": 1e-7})
         for start in ((8.0, 22.0), (12.0, 18.0))), key=lambda found: found.fun,
    )  # fmt: skip
    left, right = sorted(best.x)
    x, y = np.array(data.driver("temperature")), np.array(data.energy)
    a = np.column_stack([np.ones(len(x)), np.maximum(left - x, 0), np.maximum(x - right, 0)])
    coef = np.linalg.lstsq(a, y, rcond=None)[0]
    assert segment.shape.kind == "5P"
    assert segment.rss == pytest.approx(best.fun, rel=2e-4)
    assert list(segment.coefficients) == pytest.approx(coef.tolist(), rel=5e-3)


@pytest.mark.parametrize(
    ("kind", "energy"),
    [
        ("1P", lambda x: 100.0),
        ("2P", lambda x: 100.0 + 2.0 * x),
        ("3P_left", lambda x: 100.0 + 4.0 * max(0.0, 12.0 - x)),
        ("3P_right", lambda x: 100.0 + 4.0 * max(0.0, x - 16.0)),
        ("5P", lambda x: 100.0 + 4.0 * max(0.0, 8.0 - x) + 3.0 * max(0.0, x - 20.0)),
    ],
)
def test_the_kind_that_made_the_data_is_chosen(kind: str, energy: object) -> None:
    base, rng = meter(), random.Random(4)
    column = array("d", [energy(x) + rng.gauss(0, 2) for x in base.driver("temperature")])  # type: ignore[operator]
    data = Observations(base.time_ns, column, base.drivers)

    assert fit(data, PLAIN).segments["all"].shape.kind == kind


def test_weekends_of_another_level_get_a_term_and_others_do_not() -> None:
    data = meter()
    lower = array("d", [y - 25.0 * (weekday_of(at, 0) > 4) for at, y in zip(data.time_ns, data.energy, strict=True)])

    assert fit(data).split == "none"
    assert fit(Observations(data.time_ns, lower, data.drivers)).split == "day_level"


def test_seasons_of_another_base_are_parted() -> None:
    data = meter()
    column = array(
        "d",
        [y + 60.0 * (month_of(at, 0) in (11, 12, 1, 2, 3)) for at, y in zip(data.time_ns, data.energy, strict=True)],
    )

    assert fit(Observations(data.time_ns, column, data.drivers)).split in ("season", "season_day")


def test_production_has_knees_and_further_variables_their_slopes() -> None:
    rng = random.Random(2)
    load = array("d", [rng.uniform(0, 100) for _ in range(365)])
    moisture = array("d", [rng.uniform(5, 15) for _ in range(365)])
    energy = array(
        "d", [50 + 2.0 * max(0.0, q - 40.0) + 3.0 * m + rng.gauss(0, 1) for q, m in zip(load, moisture, strict=True)]
    )
    data = Observations(times(365), energy, {"load": load, "moisture": moisture})

    model = fit(data, Settings(driver="load", variables=("moisture",), signs=(-1, 1), splits=("none",)))

    found = model.named()["all"]
    assert found["knee_right"] == pytest.approx(40.0, abs=1.0)
    assert found["slope_right"] == pytest.approx(2.0, rel=0.02)
    assert found["moisture"] == pytest.approx(3.0, rel=0.05)


def test_a_few_wild_days_hardly_move_a_robust_fit() -> None:
    data, rng = meter(), random.Random(1)
    wild = array("d", data.energy)
    for row in rng.sample(range(365), 12):
        wild[row] += 150.0
    thrown = Observations(data.time_ns, wild, data.drivers)
    true = fit(data, PLAIN).segments["all"].coefficients[0]

    robust = fit(thrown, Settings(splits=("none",))).segments["all"].coefficients[0]
    plain = fit(thrown, PLAIN).segments["all"].coefficients[0]

    assert abs(robust - true) < 0.5 * abs(plain - true)


def test_a_variable_said_twice_is_refused() -> None:
    data = meter()
    drivers = {
        **data.drivers,
        "kelvin": array("d", [x * 1.0 for x in data.energy]),
        "twice": array("d", [2 * x for x in data.energy]),
    }
    copy = Observations(data.time_ns, data.energy, drivers)

    with pytest.raises(EvidenceError, match="says what others say"):
        fit(copy, Settings(variables=("kelvin", "twice"), splits=("none",)))


def test_too_few_rows_and_unknown_drivers_are_named() -> None:
    with pytest.raises(EvidenceError, match="too few rows"):
        fit(meter(days=30))
    with pytest.raises(EvidenceError, match="no such driver"):
        fit(meter(), Settings(driver="pressure"))
    with pytest.raises(ConfigError, match="splits"):
        Settings(splits=("moon",))


def test_missing_drivers_give_no_prediction() -> None:
    data = meter()
    column = array("d", data.driver("temperature"))
    column[5] = math.nan

    out = fit(data).predict(Observations(data.time_ns, data.energy, {"temperature": column}))

    assert [i for i, v in enumerate(out) if v != v] == [5]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 1000.0))
def test_the_unit_of_energy_scales_the_model(seed: int, factor: float) -> None:
    data = meter(days=200, seed=seed)
    scaled = Observations(data.time_ns, array("d", [factor * y for y in data.energy]), data.drivers)

    one, other = fit(data, PLAIN), fit(scaled, PLAIN)

    assert list(other.fitted) == pytest.approx([factor * v for v in one.fitted], rel=1e-3)


def test_the_calendar_is_the_sites() -> None:
    assert weekday_of(FIRST_NS, 0) == 6
    assert weekday_of(FIRST_NS - 1, 0) == 5
    assert weekday_of(FIRST_NS - 1, 8 * 3600) == 6
    assert month_of(FIRST_NS - 1, 0) == 12
    assert month_of(FIRST_NS - 1, 8 * 3600) == 1
    assert [month_of(FIRST_NS + d * 86_400_000_000_000, 0) for d in (31, 58, 59, 364)] == [2, 2, 3, 12]
    assert hour_of_week(FIRST_NS, 0) == 144


def test_hours_of_the_week_and_pieces_are_those_of_numpy() -> None:
    data = hourly_meter()

    model = fit_hourly(data)

    x = np.array(data.driver("temperature"))
    dummies = np.zeros((len(x), 168))
    dummies[np.arange(len(x)), [hour_of_week(at, 0) for at in data.time_ns]] = 1.0
    a = np.column_stack([dummies, x, *(np.maximum(x - k, 0) for k in model.knots)])
    fitted = a @ np.linalg.lstsq(a, np.array(data.energy), rcond=None)[0]
    assert list(model.fitted) == pytest.approx(fitted.tolist(), rel=1e-7)
    assert list(model.predict(data)) == pytest.approx(fitted.tolist(), rel=1e-7)
