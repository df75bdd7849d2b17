"""The drift kernel equals its twin bit for bit, an independent numpy computation to rounding, and never diverges."""

from __future__ import annotations

import itertools
import math
import random
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_models import _drift_kernels_py
from ovoo_models._select import COMPILED, drift_kernels

from tests.models.conftest import SECOND, START, odd_rows

CELLS = (_drift_kernels_py.PLAN, _drift_kernels_py.STATE, _drift_kernels_py.CLOCK)
MINUTE = 60 * SECOND
FORGET = 0.9995
SCORED, UPDATED, EXCITED, CLIPPED = 1, 2, 4, 8


def plan_of(features: int, sigma: float = 1.0, frozen: tuple[float, ...] = (), rise: float = -math.inf) -> array[float]:
    """Drivers in [-1e9, 1e9], centre 0, scale 1; load from `rise` on."""
    weights = [*frozen, *[0.0] * (8 - len(frozen))]
    bounds = [-math.inf, -math.inf, rise] * 2
    return array("d", [*weights, *[0.0] * 7, *[1.0] * 7, *[-1e9] * 7, *[1e9] * 7, sigma, *bounds, features, *[0.0] * 4])


def rule_of(forget: float = FORGET, bound: float = 4.0, slack: float = 0.5, limit: float = 50.0) -> array[float]:
    return array("d", [forget, 8e4, 1.25 * (1.0 - forget), 1e3, bound, slack, limit, 0.01, 0.01])


def fresh(features: int, weights: tuple[float, ...] = ()) -> array[float]:
    state, at = array("d", bytes(8 * 56)), 0
    for j in range(8):
        for k in range(j, 8):
            state[at] = 1e3 if j == k and j < features else 0.0
            at += 1
    state[36 : 36 + len(weights)] = array("d", weights)
    return state


class Stream:
    """One model fed by rows of power and drivers, one a second."""

    def __init__(self, features: int, module: Any = drift_kernels, **plan: Any) -> None:
        self.module = module
        self.features = features
        self.plan, self.state = plan_of(features, **plan), fresh(features)
        self.clock = array("q", [-1, 0, 0, 0])
        self.columns = array("i", [k if k < features else -1 for k in range(8)])
        self.now = START

    def feed(self, rows: np.ndarray[Any, Any], rule: array[float] | None = None) -> np.ndarray[Any, Any]:
        """Rows (n, features): power, drivers. Returns out (n, 8)."""
        n = len(rows)
        times = array("q", range(self.now, self.now + n * SECOND, SECOND))
        self.now += n * SECOND
        out, self.bits, self.mode = array("d", bytes(64 * n)), array("B", bytes(n)), array("B", bytes(n))
        self.module.drift_rows(
            times, array("d", rows.ravel().tolist()), self.features, n, array("B", [3]) * n, 1, self.columns, 1,
            rule or rule_of(), array("q", [SECOND, 900 * SECOND, 0]), self.plan, self.state, self.clock, out,
            self.bits, self.mode,
        )  # fmt: skip
        return np.array(out).reshape(n, 8)


def assert_same(name: str, *args: Any) -> list[Any]:
    """Kernel and twin on copies; every array equal to the last bit."""
    outcomes = []
    for module in (drift_kernels, _drift_kernels_py):
        mine = [arg[:] if isinstance(arg, array) else arg for arg in args]
        result = getattr(module, name)(*mine)
        arrays = [each for each in mine if isinstance(each, array)]
        alike = [array("d", [math.nan if x != x else x for x in a]) if a.typecode == "d" else a for a in arrays]
        outcomes.append((result, [each.tobytes() for each in alike], mine))
    assert outcomes[0][:2] == outcomes[1][:2]
    changed: list[Any] = outcomes[1][2]
    return changed


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("degree", [1, 2])
def test_twin_baselines_equal_their_twin(seed: int, degree: int) -> None:
    n, models, drivers = 200, 3, 2 if degree == 2 else 3
    rng = random.Random(seed)
    rows = odd_rows(n, 4, seed)
    columns = array("i", [*range(drivers + 1), *[-1] * (7 - drivers)] * models)
    live = 6 if degree == 2 else 4
    plans = [
        plan_of(live, 5.0, tuple(rng.gauss(0, 9) for _ in range(live)), rise=rng.gauss(45, 9)) for _ in range(models)
    ]
    for plan in plans:
        plan[8:15], plan[15:22] = array("d", [50.0] * 7), array("d", [0.05] * 7)
        plan[29:36] = array("d", [90.0] * 7)
    gate = array("B", [rng.choice([0, 1, 2, 3, 3, 3, 3, 3, 3]) for _ in range(n * models)])
    *_, bits, _mode = assert_same(
        "drift_rows", rows.time_ns, rows.values, 4, n, gate, models, columns, degree, rule_of(0.98),
        array("q", [MINUTE, 900 * SECOND, 30 * SECOND * (seed % 2)]), array("d", itertools.chain(*plans)),
        array("d", [*fresh(live)] * models), array("q", [-1, 0, 0, 0] * models), array("d", bytes(64 * n * models)),
        array("B", bytes(n * models)), array("B", bytes(n * models)),
    )  # fmt: skip
    assert any(each & SCORED for each in bits)


@pytest.mark.parametrize("running", [-1, 1])
@pytest.mark.parametrize("seed", range(3))
def test_power_states_equal_their_twin(seed: int, running: int) -> None:
    rows = odd_rows(300, 2, seed)
    bounds = array("d", [10.0, 45.0, 55.0, 9.0, 40.0, 50.0])
    *_, codes = assert_same(
        "power_state_rows", rows.time_ns, rows.values, 2, 300, 0, running, bounds, 60 * SECOND, 900 * SECOND,
        array("q", [-1, 0, 0, 0]), array("B", bytes(300)),
    )  # fmt: skip
    *_, counts = assert_same("fill_histogram", rows.values, 2, 300, 0, -10.0, 0.5, 0.9, array("d", [1.0] * 128))
    assert len(set(codes)) > 1
    assert list(counts) != [1.0] * 128


def oracle(rows: np.ndarray[Any, Any], forget: float) -> np.ndarray[Any, Any]:
    """Weighted least squares with the prior, solved from scratch in numpy: no recursion."""
    n, m = rows.shape
    x = np.column_stack([np.ones(n), rows[:, 1:]])
    age = forget ** np.arange(n - 1, -1, -1)
    normal = (x * age[:, None]).T @ x + forget**n * np.eye(m) / 1e3
    weights: np.ndarray[Any, Any] = np.linalg.solve(normal, (x * age[:, None]).T @ rows[:, 0])
    return weights


@pytest.mark.parametrize("features", [1, 3, 8])
def test_adaptive_weights_are_those_of_weighted_least_squares(features: int) -> None:
    rng = np.random.default_rng(features)
    drivers = rng.normal(size=(400, features - 1))
    power = 40.0 + drivers @ rng.normal(size=features - 1) + rng.normal(0, 0.3, 400)
    rows = np.column_stack([power, drivers])
    stream = Stream(features)
    rule = rule_of(0.99, bound=math.inf)
    rule[1], rule[2] = math.inf, 0.0

    stream.feed(rows, rule)

    assert np.array(stream.state[36 : 36 + features]) == pytest.approx(oracle(rows, 0.99), rel=1e-7)
    assert all(w == 0.0 for w in stream.state[36 + features : 44])


def test_cusum_pair_and_means_follow_their_recursions() -> None:
    rng = np.random.default_rng(2)
    residual = np.concatenate([rng.normal(0, 2, 200), rng.normal(3, 2, 200), rng.normal(-3, 2, 300)])
    stream = Stream(1, sigma=2.0, frozen=(40.0,))

    out = stream.feed((40.0 + residual)[:, None])

    up = down = mean = 0.0
    for i, r in enumerate(residual):
        h = 1.0 if i else 0.0
        v = float(np.clip(r / 2.0, -4, 4))
        up = float(np.clip(up + h * (v - 0.5), 0, 100))
        down = float(np.clip(down + h * (-v - 0.5), 0, 100))
        mean += 0.01 * h * (r - mean)
        assert out[i, 2:5] == pytest.approx([up, down, mean], abs=1e-9)
    assert stream.bits[399] & 16
    assert stream.bits[699] & 32


def test_sums_are_energies() -> None:
    stream = Stream(1, sigma=1.0, frozen=(40.0,))

    out = stream.feed(np.full((3601, 1), 43.0))

    assert out[-1, 7] == pytest.approx(3.0)
    assert 0.0 < out[-1, 6] < 3.0 + 1e-9


def test_nothing_is_learned_outside_the_load_state() -> None:
    stream = Stream(3, rise=20.0)
    before = stream.state[:]

    out = stream.feed(np.array([[5.0, 1.0, 2.0]] * 50))

    assert stream.state == before
    assert stream.mode[0] == 2
    assert not any(stream.bits)
    assert np.isnan(out[:, :2]).all()


def idle_rows(n: int) -> np.ndarray[Any, Any]:
    return np.column_stack([np.full(n, 2.0), np.zeros((n, 7))])


def load_rows(rng: np.random.Generator, n: int, spread: float, truth: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    drivers = rng.normal(0, spread, (n, 7))
    return np.column_stack([60.0 + drivers @ truth + rng.normal(0, 1.0, n), drivers])


def test_a_plant_idle_nine_tenths_of_the_time_neither_diverges_nor_bursts_at_restart() -> None:
    """reference/energy.md 1.4: forgetting 0.9995, 8 features; ten samples after a restart the error is < 5 noise."""
    rng = np.random.default_rng(4)
    truth = rng.normal(size=7)
    stream = Stream(8, rise=20.0)
    stream.feed(load_rows(rng, 3000, 1.0, truth))
    worst = 0.0
    for _ in range(12 if COMPILED else 3):
        stream.feed(idle_rows(1800))
        first = load_rows(rng, 200, 1.0, truth)
        out = stream.feed(first)
        exact = 60.0 + first[:, 1:] @ truth
        worst = max(worst, float(np.abs(out[10:, 1] - exact[10:]).max()))
    assert worst < 5.0


def test_a_constant_load_does_not_wind_the_covariance_up() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(size=7)
    stream = Stream(8)
    stream.feed(load_rows(rng, 2000, 1.0, truth))
    for _ in range(200_000 // 2000 if COMPILED else 3):
        steady = np.column_stack([60.0 + rng.normal(0, 1.0, 2000), np.zeros((2000, 7))])
        stream.feed(steady)
    after = load_rows(rng, 100, 1.0, truth)

    out = stream.feed(after)

    error = np.abs(out[:, 1] - 60.0 - after[:, 1:] @ truth)
    assert float(error[10:].max()) < 5.0


@pytest.mark.parametrize("spread", [0.0, 1e-9, 1e-3, 1.0, 1e4])
def test_long_runs_stay_finite_and_follow_the_machine(spread: float) -> None:
    """The textbook update is at NaN after 163,000 rows of the third case."""
    rng = np.random.default_rng(6)
    stream = Stream(8)
    truth = rng.normal(size=7)
    for _ in range(100 if COMPILED else 2):
        rows = load_rows(rng, 4000, spread, truth)
        out = stream.feed(rows)
    assert all(math.isfinite(x) for x in stream.state)
    exact = 60.0 + rows[:, 1:] @ truth
    assert float(np.abs(out[1000:, 1] - exact[1000:]).max()) < 5.0
    assert sum(stream.state[at] for at in (0, 8, 15, 21, 26, 30, 33, 35)) < 2.0 * 8e4


def test_a_spike_moves_the_weights_no_more_than_the_bound_allows() -> None:
    rng = np.random.default_rng(7)
    stream = Stream(2)
    rows = np.column_stack([60.0 + rng.normal(0, 1, 3000), rng.normal(size=3000)])
    stream.feed(rows)
    before = stream.state[36]
    stream.feed(np.array([[1e7, 0.0]]))

    assert stream.bits[0] & CLIPPED
    assert abs(stream.state[36] - before) < 0.1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=16, max_size=64), st.floats(0.9, 1.0))
def test_no_input_makes_the_state_anything_but_finite(values: list[float], forget: float) -> None:
    stream = Stream(4)
    rows = np.array(values[: len(values) // 4 * 4]).reshape(-1, 4)

    for _ in range(10):
        stream.feed(rows, rule_of(forget))

    assert all(math.isfinite(x) for x in stream.state)


def test_many_models_over_one_block_are_each_model_alone() -> None:
    rng = np.random.default_rng(8)
    rows = np.column_stack([60 + rng.normal(0, 1, 60), rng.normal(size=(60, 3))])
    alone = Stream(4)
    expected = alone.feed(rows)
    n, models = 60, 5
    state, clock = array("d", [*fresh(4)] * models), array("q", [-1, 0, 0, 0] * models)
    out, bits, mode = array("d", bytes(64 * n * models)), array("B", bytes(n * models)), array("B", bytes(n * models))

    for start in range(0, 60, 20):
        part = array("d", bytes(64 * 20 * models))
        drift_kernels.drift_rows(
            array("q", [START + i * SECOND for i in range(start, start + 20)]),
            array("d", rows[start : start + 20].ravel().tolist()), 4, 20, array("B", [3]) * (20 * models), models,
            array("i", [0, 1, 2, 3, -1, -1, -1, -1] * models), 1, rule_of(), array("q", [SECOND, 900 * SECOND, 0]),
            array("d", [*plan_of(4)] * models), state, clock, part, bits, mode,
        )  # fmt: skip
        blocks = np.array(part).reshape(models, 20, 8)
        for each in range(models):
            assert blocks[each].tobytes() == expected[start : start + 20].tobytes()
    assert state[:56] == state[4 * 56 :] == alone.state
    assert len(out) == 8 * n * models


def test_a_model_costs_at_most_600_bytes_of_state() -> None:
    assert 8 * (drift_kernels.STATE + drift_kernels.CLOCK) <= 600


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": array("d", [1.0])}, "rule needs"),
        ({"columns": array("i", [-1] * 8)}, "a power column"),
        ({"columns": array("i", [0, 9, *[-1] * 6])}, "outside the row"),
        ({"state": array("d", [0.0])}, "shorter than the models"),
        ({"out": array("d", [0.0])}, "output"),
        ({"plan": array("d", bytes(8 * 48))}, "sigma must be positive"),
        ({"degree": 2, "columns": array("i", [0, 1, 1, 1, *[-1] * 4])}, "at most two"),
        ({"gate": array("B")}, "gate or columns"),
    ],
)
@pytest.mark.parametrize("module", [drift_kernels, _drift_kernels_py], ids=["chosen", "twin"])
def test_arrays_that_do_not_fit_are_refused(module: Any, change: dict[str, Any], message: str) -> None:
    known: dict[str, Any] = {
        "time_ns": array("q", [START]), "values": array("d", [1.0, 2.0]), "width": 2, "n": 1, "gate": array("B", [3]),
        "models": 1, "columns": array("i", [0, 1, *[-1] * 6]), "degree": 1, "rule": rule_of(),
        "times": array("q", [SECOND, SECOND, 0]), "plan": plan_of(2), "state": fresh(2),
        "clock": array("q", [-1, 0, 0, 0]), "out": array("d", bytes(64)), "bits": array("B", [0]),
        "mode": array("B", [0]),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        module.drift_rows(*{**known, **change}.values())
