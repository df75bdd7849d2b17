"""Variance CUSUM: kernel against twin, a hand oracle, a sticking valve whose mean does not move, and bad input."""

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
from numpy.typing import NDArray
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_models import _variance_kernels_py
from ovoo_models._select import COMPILED, variance_kernels
from ovoo_models.anomaly.variance import Variance
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.registry import create
from ovoo_models.train.multivariate import fit_mewma

from tests.models.conftest import SECOND, START, doubles, machine, odd_rows
from tests.models.test_kernels import canonical, gates, zeros

STEP = 60 * SECOND
Matrix = NDArray[np.float64]


def valve_loop(rows: int, seed: int, stick_from: int | None = None, stiction: float = 1.0) -> Matrix:
    """Set point of the valve and flow of a loop with slow load; a sticking valve moves only after `stiction` percent.

    The controller integrates until the valve jumps, so that flow and output swing around their old means.
    """
    rng = np.random.default_rng(seed)
    load = stem = output = 50.0
    found = np.empty((rows, 2))
    for i in range(rows):
        load = 50 + 0.98 * (load - 50) + 0.1 * rng.normal()
        flow = stem - load + 50 + 0.2 * rng.normal()
        output += 0.15 * (50 - flow)
        sticks = stick_from is not None and i >= stick_from
        if not sticks or abs(output - stem) > stiction:
            stem = output
        found[i] = (output, flow)
    return found


def block(x: Matrix, start: int = 0) -> FrameBlock:
    times = array("q", (START + (start + i) * STEP for i in range(len(x))))
    return FrameBlock(times, array("d", np.ascontiguousarray(x).tobytes()), x.shape[1])


def learned(x: Matrix, *inputs: int, **params: Any) -> Variance:
    model = Variance({"settle_s": 0.0, **params}, Place(inputs or (0,), -1, x.shape[1], STEP))
    model.learn_many(block(x))
    return model


def scores(model: Any, rows: FrameBlock) -> list[float]:
    out = ScoreBlock()
    model.score_many(rows, out)
    return list(out.score[: len(rows)])


def arguments(n: int, d: int, seed: int) -> list[Any]:
    rows = odd_rows(n, d + 1, seed)
    numbers = random.Random(seed)
    return [
        rows.time_ns, rows.values, d + 1, n, gates(n, seed), array("i", numbers.sample(range(d + 1), d)),
        array("d", [numbers.gauss(0, 1) for _ in range(d)]), 0.05, 0.99, 0.98, 12, 5 * SECOND, 900 * SECOND, 16.0, 1.5,
        60.0, 30.0, doubles(0.0, 0.0, 1.0, 0.0), array("q", [-1]), zeros(n), zeros(n), zeros(n), zeros(n, "B"),
        zeros(n),
    ]  # fmt: skip


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("seed", range(5))
def test_kernel_equals_its_twin(seed: int, d: int) -> None:
    outcomes = []
    for module in (variance_kernels, _variance_kernels_py):
        mine = arguments(400, d, seed)
        module.variance_rows(*mine)
        outcomes.append(mine)

    for number, (a, b) in enumerate(zip(*outcomes, strict=True)):
        assert canonical(a) == canonical(b), f"argument {number}"
    assert any(x == x for x in outcomes[0][19])
    assert all(math.isfinite(x) for x in outcomes[0][17])


def test_the_cusum_is_the_written_sum() -> None:
    rng = np.random.default_rng(3)
    x = 5 + 2 * rng.normal(size=200)
    model = Variance({"settle_s": 0.0, "mean_s": 1800.0, "slack": 1.2}, Place((0,), -1, 1, STEP))
    model.fit([1.0], 2.0, 1e6)

    found = scores(model, block(x[:, None]))

    mean, total, expected = x[0] - 1.0, 0.0, [0.0]
    for n, value in enumerate(x[1:], start=1):
        deviation = (value - 1.0 - mean) / 2.0
        mean += max(1 / 30, 1 / (n + 1)) * 2.0 * deviation
        total = max(0.0, total + min(deviation**2 * n / (n + 1), 16.0) - 1.2)
        expected.append(total)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_sticking_valve_is_found_where_range_and_means_see_nothing() -> None:
    normal, faulty = valve_loop(5000, 1), valve_loop(1600, 2, stick_from=600)
    model = learned(normal[:3500], 1)
    mean_chart, _found = fit_mewma({"settle_s": 0.0}, Place((1,), -1, 2, STEP), block(normal[:3500]))
    extremes = create("range", {}, Place((1,), -1, 2, STEP))
    extremes.learn_many(block(normal[:3500]))

    found = scores(model, block(faulty))
    means = scores(mean_chart, block(faulty))
    ranges = scores(extremes, block(faulty))

    flow = faulty[:, 1]
    assert abs(flow[700:].mean() - flow[:600].mean()) < 0.1 * flow[:600].std()
    assert max(scores(model, block(normal[3500:], 3500))) < model.limit
    assert max(found[:600]) < model.limit
    first = next(i for i, each in enumerate(found) if each >= model.limit)
    assert 600 < first < 700
    assert np.mean(np.array(found[700:]) >= model.limit) > 0.9
    assert np.mean(np.array(means[700:]) >= mean_chart.limit) < 0.02
    assert np.mean(np.array(ranges[700:]) >= 1.0) < 0.02


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_machine_that_starts_and_stops_gives_no_false_alarm_in_a_week(seed: int) -> None:
    model = Variance({"gate": "running", "gate_above": 0.5}, Place((2, 1), 0, 4, 5 * SECOND))
    model.learn_many(machine(7000, seed))
    found = scores(model, machine(10_000, seed + 50))

    assert not any(each >= model.limit for each in found)


def test_movement_that_the_other_inputs_explain_does_not_count() -> None:
    rng = np.random.default_rng(4)
    calm = np.where(np.arange(4200) < 3200, 1.0, 4.0) * rng.normal(size=4200)
    x = np.column_stack([20 + 3 * calm + 0.5 * rng.normal(size=4200), calm])
    alone, against = learned(x[:3200], 0), learned(x[:3200], 0, 1)

    assert max(scores(alone, block(x[3200:], 3200))) >= alone.limit
    assert max(scores(against, block(x[3200:], 3200))) < against.limit
    np.testing.assert_allclose(against._weights, [20.0, 3.0], atol=0.1)
    assert [each.column for each in against.explain(block(x), ScoreBlock(1, array("d", [1.0])), 0)] == [0]


def test_a_lasting_shift_passes_and_the_measure_is_the_variance_ratio() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(5200, 1))
    model = learned(x[:3200])
    shifted = x[3200:] + np.where(np.arange(2000) < 1000, 0.0, 2.0)[:, None]
    found = scores(model, block(shifted))
    assert max(found[1200:]) < model.limit

    out = ScoreBlock()
    model.score_many(block(2.0 * x[3200:], 4000), out)
    assert np.mean(out.measure[100:2000]) == pytest.approx(4.0, rel=0.25)


def test_an_alarm_ends_soon_after_its_cause() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(3200, 1))
    model = learned(x)
    again = rng.normal(size=(1200, 1))
    again[200:800] *= 5
    found = scores(model, block(again))

    assert min(found[230:800]) >= model.limit
    assert max(found[930:]) < model.limit


def test_rows_closer_together_add_up_to_the_same_sum() -> None:
    params = {"settle_s": 0.0, "mean_s": 1e9}
    totals = []
    for part in (1, 12):
        model = Variance(params, Place((0,), -1, 1, 5 * SECOND))
        model.fit([0.0], 1.0, 1e6)
        rows = FrameBlock.empty(1)
        for i in range(4000 * part):
            rows.time_ns.append(START + i * STEP // part)
            rows.values.append(0.0 if i < 3960 * part else 2.0)
        totals.append(scores(model, rows)[-1])

    # by then the mean is one of four thousand steps and hardly moves
    assert totals == pytest.approx([40 * 2.5] * 2, rel=0.02)


def test_missing_and_infinite_values_are_not_scored_and_a_gap_starts_anew() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(3200, 2))
    model = learned(x, 0, 1)
    bad = x[:20].copy()
    bad[4, 1], bad[5, 0], bad[6, 0] = math.nan, math.inf, 1e308
    out = ScoreBlock()
    model.score_many(block(bad), out)

    assert list(out.state[3:8]) == [NORMAL, UNKNOWN, UNKNOWN, NORMAL, NORMAL]
    assert all(math.isfinite(each) for each in model._running)

    model.score_many(block(x[:1], 5000), out)
    assert out.score[0] == 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 149), max_size=6, unique=True))
def test_any_cut_into_blocks_gives_the_same_bits(seed: int, cuts: list[int]) -> None:
    rows = odd_rows(150, 2, seed)
    results = []
    for edges in ([], sorted(cuts)):
        model = Variance({"settle_s": 0.0}, Place((0, 1), -1, 2, 5 * SECOND))
        model.fit([50.0, 0.1], 20.0, 10.0)
        found = array("d")
        for start, stop in itertools.pairwise([0, *edges, 150]):
            found.extend(scores(model, rows.rows(start, stop)))
        results.append((canonical(found), model.state()))

    assert results[0] == results[1]


def test_constant_signals_can_be_learned_and_their_first_swing_is_seen() -> None:
    x = np.full((3200, 1), 7.0)
    model = learned(x)
    moving = x[:200].copy()
    moving[50::2] += 0.5

    assert max(scores(model, block(x))) == 0.0
    assert scores(model, block(moving, 4000))[-1] >= model.limit


def test_wrong_parameters_and_models_are_named() -> None:
    with pytest.raises(ConfigError, match=r"variance\.slack"):
        Variance({"slack": 0.5}, Place((0,), -1, 1, STEP))
    with pytest.raises(ConfigError, match=r"variance\.inputs"):
        Variance({}, Place((), -1, 1, STEP))
    model = Variance({}, Place((0,), -1, 1, STEP))
    with pytest.raises(ArtifactError, match=r"variance\.weights"):
        model.fit([1.0, 2.0], 1.0, 1.0)
    with pytest.raises(ArtifactError, match="positive"):
        model.fit([1.0], 0.0, 1.0)
    assert not model.ready


@pytest.mark.skipif(not COMPILED, reason="the twin relies on the caller")
def test_short_arrays_are_refused() -> None:
    for number in (6, 17, 19, 23):
        mine = arguments(20, 3, 1)
        mine[number] = mine[number][:1]
        with pytest.raises(ValueError, match=r"short|needed"):
            variance_kernels.variance_rows(*mine)
