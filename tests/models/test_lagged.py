"""Lagged detector: kernel against twin, a numpy oracle, what it sees that means do not, and bad input."""

from __future__ import annotations

import itertools
import json
import math
import random
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models import _lagged_kernels_py
from ovoo_models._select import COMPILED, lagged_kernels
from ovoo_models.anomaly.lagged import Lagged
from ovoo_models.anomaly.lagged_model import LaggedModel
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.train.lagged import fit_lagged

from tests.models.conftest import SECOND, START, doubles, machine, odd_rows
from tests.models.test_kernels import canonical, gates, precision, zeros

STEP = 60 * SECOND
Matrix = NDArray[np.float64]


def loop(rows: int, seed: int, fault_from: int | None = None) -> Matrix:
    """A level held by a valve against a slow load; the fault makes the valve need 8 % more travel for the same flow.

    The level comes back to its set point, so that its mean says nothing.
    """
    rng = np.random.default_rng(seed)
    load, level, integral = 0.0, 0.0, 0.0
    found = np.empty((rows, 4))
    for i in range(rows):
        load = 0.95 * load + 0.3 * rng.normal()
        loss = 1.0 if fault_from is None or i < fault_from else 0.92
        integral += 0.1 * level
        valve = 50 + 4 * (integral + 0.8 * level)
        flow = valve * loss / 4 - 12.5
        level = 0.9 * level + 0.3 * (load - flow) + 0.05 * rng.normal()
        found[i] = (load + 0.05 * rng.normal(), level, valve + 0.2 * rng.normal(), flow + 0.05 * rng.normal())
    return found


def block(x: Matrix, start: int = 0, step_ns: int = STEP) -> FrameBlock:
    times = array("q", (START + (start + i) * step_ns for i in range(len(x))))
    return FrameBlock(times, array("d", np.ascontiguousarray(x).tobytes()), x.shape[1])


def place(d: int = 4) -> Place:
    return Place(tuple(range(d)), -1, d, STEP)


def fitted(rows: int = 600, seed: int = 1, **params: Any) -> Lagged:
    model, _found = fit_lagged({"settle_s": 0.0, **params}, place(), block(loop(rows, seed)))
    return model


def scores(model: Lagged, rows: FrameBlock) -> list[float]:
    out = ScoreBlock()
    model.score_many(rows, out)
    return list(out.score[: len(rows)])


def arguments(n: int, d: int, lags: int, seed: int) -> list[Any]:
    rows = odd_rows(n, d + 1, seed)
    rng = np.random.default_rng(seed)
    numbers = random.Random(seed)
    return [
        rows.time_ns, rows.values, d + 1, n, gates(n, seed), array("i", numbers.sample(range(d + 1), d)), lags,
        doubles(*[50.0] * d), doubles(*[0.05] * d), array("d", (0.3 * rng.normal(size=d * d * lags)).tolist()),
        precision(d, seed), array("d", rng.uniform(0.5, 1.5, d).tolist()), array("d", rng.uniform(0, 1, 6).tolist()),
        array("d", rng.uniform(1, 5, 6).tolist()), doubles(1.0, 0.5, 9.0, 4.0, 4.0), 0.15, 0.05, 0.03, 16.0, 20.0, 5.0,
        d // 2, STEP, 5 * SECOND // 2, 900 * SECOND, zeros(d * lags), doubles(*[0.0] * (2 * d), *[1.0] * (3 * d)),
        zeros(d), doubles(math.nan), array("q", [-1, 0]), zeros(4 * d), zeros(n), zeros(n), zeros(n),
        zeros(n, "B"), zeros(n * d), zeros(6 * n),
    ]  # fmt: skip


@pytest.mark.parametrize(("d", "lags"), [(1, 1), (3, 2), (9, 1), (11, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_kernel_equals_its_twin(seed: int, d: int, lags: int) -> None:
    outcomes = []
    for module in (lagged_kernels, _lagged_kernels_py):
        mine = arguments(300, d, lags, seed)
        module.lagged_rows(*mine)
        outcomes.append(mine)

    for number, (a, b) in enumerate(zip(*outcomes, strict=True)):
        # the work area holds whatever the last row left there
        if number != 30:
            assert canonical(a) == canonical(b), f"argument {number}"
    assert any(x == x for x in outcomes[0][31])


def oracle(model: LaggedModel, x: Matrix, lags: int, fast: float, middle: float, slow: float) -> Matrix:
    """The six statistics of the rows from `lags` on, by matrix algebra."""
    d = x.shape[1]
    z = (x - np.array(model.centre)) / np.array(model.scale)
    c, p = np.array(model.coefficient).reshape(lags * d, d), np.array(model.precision).reshape(d, d)
    past = np.column_stack([z[lags - k : len(z) - k] for k in range(1, lags + 1)])
    u = ((z[lags:] - past @ c) @ p) * np.array(model.weight)
    found = []
    for start, values, rates in ((0.0, np.clip(u, -4, 4), (fast, middle)), (1.0, np.minimum(u**2, 16), (fast, slow))):
        for rate in rates:
            powers = (1 - rate) ** np.arange(len(u) + 1)
            found.append(
                np.array([
                    start * powers[n] + rate * (values[:n] * powers[:n][::-1, None]).sum(axis=0)
                    for n in range(1, len(u) + 1)
                ])
            )  # fmt: skip
    shifts = [np.abs(each).max(axis=1) for each in found[:2]]
    sizes = [each.max(axis=1) ** 0.5 for each in found[2:]] + [each.mean(axis=1) ** 0.5 for each in found[2:]]
    return np.column_stack(shifts + sizes)


@pytest.mark.parametrize("lags", [1, 2])
def test_statistics_and_score_are_those_of_matrix_algebra(lags: int) -> None:
    rng = np.random.default_rng(5)
    d = 3
    # nothing reaches a ceiling: the spread is wide
    shape = LaggedModel(
        [50.0] * d, [2.0, 1.0, 4.0], (0.2 * rng.normal(size=d * d * lags)).tolist(), list(precision(d, 5)),
        [0.8, 1.0, 1.3], [0.1] * 6, [0.4] * 6,
    )  # fmt: skip
    model = Lagged({"settle_s": 0.0, "lags": lags}, place(d))
    model.fit(shape)
    x = 50 + rng.normal(size=(60, d))
    out = ScoreBlock()

    model.score_many(block(x), out)

    expected = oracle(shape, x, lags, model.fast, model.middle, model.slow)
    found = np.array(model.statistics[: 60 * 6]).reshape(60, 6)
    np.testing.assert_allclose(found[lags:], expected, rtol=1e-12)
    assert np.isnan(found[:lags]).all()
    assert list(out.state[:60]) == [UNKNOWN] * lags + [NORMAL] * (60 - lags)
    best = ((expected - 0.1) / 0.4).max(axis=1)
    np.testing.assert_allclose(np.array(out.score[lags:60]), np.maximum(best, 0.0), rtol=1e-12)


def test_a_fault_that_the_loop_hides_is_found_and_the_right_loop_named() -> None:
    model = fitted()
    quiet = scores(model, block(loop(2000, 7)))
    model.restart()
    faulty = loop(800, 8, fault_from=200)
    out = ScoreBlock()
    model.score_many(block(faulty), out)

    assert abs(faulty[400:, 1].mean() - faulty[:200, 1].mean()) < 0.3 * faulty[:200, 1].std()
    assert sum(each >= model.limit for each in quiet[1:]) <= 20
    assert min(out.score[260:800]) >= model.limit
    named = [each.column for each in model.explain(block(faulty), out, 500)]
    assert 0 not in named[:3]
    assert {2, 3} & set(named[:2])


def test_learning_on_the_stream_finds_the_same_fault_without_numpy() -> None:
    model = Lagged({"settle_s": 0.0, "learn_rows": 400}, place())
    rows = loop(3000, 3)
    states = []
    for start in (0, 1000):
        model.learn_many(block(rows[start : start + (1000 if start == 0 else 2000)], start))
        states.append(model.ready)
    assert states == [False, True]

    model.restart()
    found = scores(model, block(loop(800, 8, fault_from=200)))

    assert max(found[1:200]) < model.limit
    assert min(found[260:]) >= model.limit


def test_rows_between_two_steps_repeat_the_score_and_their_values_do_not_count() -> None:
    model, other = fitted(), fitted()
    x = loop(50, 4)
    steady = scores(model, block(x))
    dense = FrameBlock.empty(4)
    for i, row in enumerate(x):
        for part in range(3):
            dense.time_ns.append(START + i * STEP + part * 10 * SECOND)
            dense.values.extend(row.tolist() if part == 0 else [1e6, math.nan, -1e6, 0.0])

    found = scores(other, dense)

    # the frame period is the step, so that rows half a step late are still between
    assert found[3::3] == steady[1:]
    assert found[4::3] == steady[1:]


def test_a_gap_starts_the_lags_anew_and_a_long_one_the_averages_too() -> None:
    model = fitted(lags=2)
    out = ScoreBlock()
    x = loop(100, 5)
    model.score_many(block(x[:50]), out)
    before = model.state()["averages"]

    model.score_many(block(x[50:60], 53), out)
    assert list(out.state[:10]) == [UNKNOWN] * 2 + [NORMAL] * 8
    assert math.isnan(out.score[0])

    model.score_many(block(x[60:61], 400), out)
    assert out.state[0] == UNKNOWN
    assert model.state()["averages"] != before
    assert list(model._averages) == [0.0] * 8 + [1.0] * 12


def test_an_absent_input_is_what_forecast_and_the_others_say() -> None:
    model, whole = fitted(), fitted()
    x = loop(40, 6)
    p = np.array(model._precision).reshape(4, 4)
    c = np.array(model._coefficient).reshape(4, 4).T
    z = (x - np.array(model._centre)) * np.array(model._inverse)
    e = z[30] - c @ z[29]
    e[2] = -p[2, [0, 1, 3]] @ e[[0, 1, 3]] / p[2, 2]
    guess = (c @ z[29] + e)[2]
    holed = x[:31].copy()
    holed[30, 2] = math.nan

    scores(model, block(holed))
    scores(whole, block(x[:30]))

    np.testing.assert_allclose(model._past[2], guess, rtol=1e-9)
    # its own averages wait, those of the others go on
    for part in range(5):
        assert model._averages[4 * part + 2] == whole._averages[4 * part + 2]
        assert model._averages[4 * part] != whole._averages[4 * part]


def test_too_many_absent_inputs_give_no_score_and_the_next_rows_go_on() -> None:
    model = fitted(max_missing=1)
    x = loop(40, 6)
    x[30, :2] = math.nan
    out = ScoreBlock()
    model.score_many(block(x), out)

    assert [out.state[i] for i in (29, 30, 31, 32)] == [NORMAL, UNKNOWN, UNKNOWN, NORMAL]


def test_an_alarm_ends_soon_after_its_cause() -> None:
    model = fitted()
    x = loop(700, 9)
    x[100:400, 3] += 50.0
    found = scores(model, block(x))

    assert min(found[105:400]) >= model.limit
    assert max(found[520:]) < model.limit


def test_one_wild_sample_is_no_alarm_for_long() -> None:
    model = fitted()
    x = loop(300, 10)
    x[150, 1] = 1e300
    x[151, 2] = -math.inf
    found = scores(model, block(x))

    assert all(math.isfinite(each) for each in found[1:])
    assert max(found[200:]) < model.limit


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 119), max_size=6, unique=True))
def test_any_cut_into_blocks_gives_the_same_bits(seed: int, cuts: list[int]) -> None:
    rows = odd_rows(120, 4, seed)
    shape = LaggedModel(
        [50.0] * 4, [20.0] * 4, [0.1] * 16, list(precision(4, 1)), [1.0] * 4, [0.3] * 6, [0.2] * 6,
    )  # fmt: skip
    results = []
    for edges in ([], sorted(cuts)):
        model = Lagged({"settle_s": 0.0}, Place((0, 1, 2, 3), -1, 4, 5 * SECOND))
        model.fit(shape)
        found = array("d")
        for start, stop in itertools.pairwise([0, *edges, 120]):
            found.extend(scores(model, rows.rows(start, stop)))
        results.append((canonical(found), model.state()))

    assert results[0] == results[1]


def test_training_holds_its_false_alarms_on_rows_it_has_not_seen() -> None:
    shares = []
    for seed in range(12):
        model = fitted(600, seed=100 + seed)
        found = np.array(scores(model, block(loop(960, 200 + seed))))
        shares.append(float((found[1:] >= model.limit).mean()))

    assert sum(shares) / len(shares) <= 0.01


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_machine_that_starts_and_stops_is_quiet_for_a_week_with_either_way_of_learning(seed: int) -> None:
    params, where = {"gate": "running", "gate_above": 0.5}, Place((1, 2, 3), 0, 4, 5 * SECOND)
    trained, _found = fit_lagged(params, where, machine(7000, seed))
    learner = Lagged(params, where)
    learner.learn_many(machine(7000, seed))

    for model in (trained, learner):
        found = scores(model, machine(10_000, seed + 50))
        assert sum(each >= model.limit for each in found) <= 5
        model.restart()
        faulty = scores(model, machine(1300, seed + 90, fault_from=900))
        assert min(faulty[930:1200]) >= model.limit


def test_a_constant_input_and_equal_inputs_can_be_learned() -> None:
    x = loop(400, 11)
    x[:, 0] = 7.0
    x[:, 3] = x[:, 2]
    model, found = fit_lagged({"settle_s": 0.0}, place(), block(x))
    quiet = scores(model, block(x))

    assert found.rows == 399
    assert math.isfinite(found.held_max)
    assert all(0 <= each < math.inf for each in quiet[1:])


def test_wrong_parameters_models_and_histories_are_named() -> None:
    with pytest.raises(ConfigError, match=r"lagged\.lags"):
        Lagged({"lags": 0}, place())
    with pytest.raises(ConfigError, match=r"lagged\.lag: unknown"):
        Lagged({"lag": 1}, place())
    with pytest.raises(ConfigError, match=r"lagged\.inputs"):
        Lagged({}, Place((), -1, 4, STEP))
    with pytest.raises(NotReady, match=r"train\.lagged"):
        fit_lagged({"settle_s": 0.0}, place(), block(loop(80, 1)))
    one, six = [1.0], [1.0] * 6
    good = {
        "centre": [0.0], "scale": one, "coefficient": [0.0], "precision": one, "weight": one, "usual": six,
        "spread": six,
    }  # fmt: skip
    for name, wrong in (("scale", [0.0]), ("spread", [1.0] * 5), ("precision", [-1.0]), ("centre", [math.nan])):
        model = Lagged({}, place(1))
        with pytest.raises(ArtifactError, match=rf"lagged\.{name}"):
            model.fit(LaggedModel(**{**good, name: wrong}))
        assert not model.ready


def test_a_precision_that_is_not_symmetric_is_refused() -> None:
    skew = LaggedModel([0.0] * 2, [1.0] * 2, [0.0] * 4, [1.0, 0.5, 0.4, 1.0], [1.0] * 2)

    with pytest.raises(ArtifactError, match=r"lagged\.precision"):
        Lagged({}, place(2)).fit(skew)


def test_a_model_of_forty_signals_is_small() -> None:
    rng = np.random.default_rng(2)
    model, _found = fit_lagged({"settle_s": 0.0}, place(40), block(rng.normal(size=(400, 40))))

    assert len(json.dumps(model.state())) <= 48 * 1024


@pytest.mark.skipif(not COMPILED, reason="the twin relies on the caller")
def test_short_arrays_are_refused() -> None:
    for number in (7, 9, 10, 14, 25, 26, 29, 31, 35, 36):
        mine = arguments(20, 3, 2, 1)
        mine[number] = mine[number][:1]
        with pytest.raises(ValueError, match=r"short|needed|outside"):
            lagged_kernels.lagged_rows(*mine)
