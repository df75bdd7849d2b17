"""Kernels equal their twins bit for bit and independent computations to rounding."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import numpy as np
import pytest
from ovoo_models import _energy_kernels_py, _frame_kernels_py, _kernels_py
from ovoo_models._select import COMPILED, energy_kernels, frame_kernels, kernels

from tests.models.conftest import SECOND, START, doubles, odd_rows

PERIOD = 5 * SECOND
PAIRS: dict[str, tuple[Any, Any]] = {
    "main": (kernels, _kernels_py),
    "frame": (frame_kernels, _frame_kernels_py),
    "energy": (energy_kernels, _energy_kernels_py),
}


def canonical(value: object) -> object:
    if isinstance(value, array):
        if value.typecode == "d":
            value = array("d", [math.nan if x != x else x for x in value])
        return value.tobytes()
    return value


def assert_same(pair: str, name: str, *args: Any) -> Any:
    """Run kernel and twin on copies; every array and the result must be equal to the last bit; give the twin's."""
    outcomes = []
    for module in PAIRS[pair]:
        mine = [arg[:] if isinstance(arg, array) else arg for arg in args]
        result = getattr(module, name)(*mine)
        outcomes.append((result, mine))
    (first, left), (second, right) = outcomes
    assert first == second
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        assert canonical(a) == canonical(b), f"{name} argument {place}"
    return second, right


def zeros(n: int, code: str = "d") -> array[Any]:
    return array(code, bytes(array(code).itemsize * n))


def gates(n: int, seed: int) -> array[int]:
    rng = random.Random(seed)
    return array("B", [rng.choice([0, 1, 2, 3, 3, 3, 3, 3]) for _ in range(n)])


def precision(d: int, seed: int) -> array[float]:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d))
    return array("d", (root @ root.T / d + np.eye(d)).ravel().tolist())


def test_says_which_kernels_run() -> None:
    assert kernels.__name__.endswith("_py") != COMPILED


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 40, 63])
def test_inner_product_is_the_same_and_right(n: int) -> None:
    rng = random.Random(n)
    a, b = (array("d", [rng.gauss(0, 1) for _ in range(n)]) for _ in range(2))

    result, _args = assert_same("main", "dot", a, b)

    assert result == pytest.approx(math.fsum(x * y for x, y in zip(a, b, strict=True)), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [1, 3, 9])
def test_mewma_equals_its_twin(seed: int, d: int) -> None:
    n, width = 300, d + 1
    rows = odd_rows(n, width, seed)
    columns = array("i", random.Random(seed).sample(range(width), d))
    assert_same(
        "main", "mewma_rows", rows.time_ns, rows.values, width, n, gates(n, seed), columns, doubles(*[50.0] * d),
        doubles(*[0.05] * d), doubles(*[-math.inf] * d), doubles(*[90.0] * d), precision(d, seed), 0.99, 12, PERIOD,
        900 * SECOND, d // 3, 20.0, 30.0, 0.001 * (seed % 2), zeros(d), array("q", [-1]), zeros(2 * d),
        zeros(d, "B"), zeros(n), zeros(n), zeros(n), zeros(n, "B"), zeros(n * d),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_gate_and_single_checks_equal_their_twins(seed: int) -> None:
    n = 400
    rows = odd_rows(n, 2, seed)
    gate = gates(n, seed)
    out = (zeros(n), zeros(n), zeros(n), zeros(n, "B"))
    for column in (-1, 0):
        running = array("q", [-1, -1])
        assert_same("main", "gate_rows",
             rows.time_ns, rows.values, 2, n, column, 30.0, 70.0, 60 * SECOND, 3600 * SECOND,
             running, zeros(n, "B"))  # fmt: skip
    assert_same("main", "range_rows", rows.values, 2, n, gate, 1, 20.0, math.inf, 0.5, *out)
    assert_same("main", "flatline_rows", rows.values, 2, n, gate, 1, 0.5, doubles(math.nan), *out)
    assert_same("main", "rate_rows", rows.time_ns, rows.values, 2, n, gate, 0, 2.0, 60 * SECOND, 600 * SECOND,
         doubles(math.nan, 0.0), array("q", [-1]), *out)  # fmt: skip
    assert_same("main", "moment_rows", rows.values, 2, n, gate, zeros(2), zeros(4))


@pytest.mark.parametrize("seed", range(8))
def test_latch_equals_its_twin(seed: int) -> None:
    n = 500
    rng = random.Random(seed)
    rows = odd_rows(n, 1, seed)
    score = array("d", [rng.choice([0.0, 0.6, 0.9, 1.0, 1.5, 7.0]) for _ in range(n)])
    state = gates(n, seed)
    for i in range(n):
        if state[i] != 3:
            score[i] = math.nan
    assert_same("main", "latch_rows", rows.time_ns, score, doubles(*[1.0] * n), score, state, n, 0.7, 20 * SECOND,
         60 * SECOND, 600 * SECOND, 300 * SECOND, 1800 * SECOND, array("q", [0, *[-1] * 7]), zeros(3),
         zeros(n, "q"), zeros(n, "q"), zeros(2 * n, "q"), zeros(3 * n))  # fmt: skip


@pytest.mark.parametrize("odd", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("rows", [1, 2, 64, 65, 300])
@pytest.mark.parametrize("frames", [200, 400])
def test_even_runs_of_samples_go_to_frames_as_in_the_twin(rows: int, frames: int, odd: float) -> None:
    rng = random.Random(rows + frames)
    signal, time_ns, value = array("I"), array("q"), array("d")
    for k in (0, 1, 1, 3, 2):
        at = START + rng.randrange(PERIOD)
        for _ in range(rows):
            signal.append(k)
            time_ns.append(at)
            value.append(rng.choice([math.nan, math.inf, -2e30, 7.0]) if rng.random() < odd else rng.gauss(0, 1))
            at += rng.choice([0, 1, -3 * PERIOD, 5 * PERIOD]) if rng.random() < odd else PERIOD
    n = len(signal)
    quality = array("I", [0x80310000 if rng.random() < odd else 0 for _ in range(n)])
    floor_ns = START + (4 * PERIOD if odd else 0)
    (kept, *_marks), args = assert_same(
        "frame", "select_rows", signal, time_ns, value, quality, array("i", [1, 0, 2]), floor_ns, zeros(n, "i"),
        zeros(n, "q"), zeros(n),
    )  # fmt: skip
    assert odd or kept == 4 * rows
    (later, _oldest), _args = assert_same(
        "frame", "scatter_rows", args[6], args[7], args[8], kept, START // PERIOD, frames, PERIOD, 3, frames + 8,
        zeros((frames + 8) * 3), zeros((frames + 8) * 3, "q"),
    )  # fmt: skip
    assert (later > 0) == (rows == 300 and frames == 200)


@pytest.mark.parametrize("seed", range(4))
def test_frame_kernels_equal_their_twins(seed: int) -> None:
    rng = random.Random(seed)
    n, width, frames = 300, 3, 64
    base = START // PERIOD
    time_ns = array("q", [START + rng.randrange(-5, 500) * SECOND for _ in range(n)])
    value = array("d", [rng.choice([math.nan, 1.0, rng.random()]) for _ in range(n)])
    quality = array("I", [rng.choice([0, 0, 0, 0x40000000, 0x80310000, 1 << 28]) for _ in range(n)])
    signal = array("I", [rng.randrange(6) for _ in range(n)])
    (kept, late, newest, oldest), args = assert_same(
        "frame", "select_rows", signal, time_ns, value, quality, array("i", [-1, 2, 0, -1, 1]), START, zeros(n, "i"),
        zeros(n, "q"), zeros(n),
    )  # fmt: skip
    assert kept + late == sum(s in (1, 2, 4) for s in signal)
    assert newest >= oldest >= START
    column, times, values = args[6], args[7], args[8]
    _rest, grid = assert_same("frame", "scatter_rows", column, times, values, kept, base, frames, PERIOD, width,
                       frames + 3, zeros((frames + 3) * width), zeros((frames + 3) * width, "q"))  # fmt: skip
    assert_same("frame", "emit_frames", grid[9], grid[10], frames, width, frames + 3, base, PERIOD,
         array("q", [0, PERIOD, 10**12]), zeros(width), array("q", [-1] * width),
         zeros(frames, "q"), zeros(frames * width))  # fmt: skip
    assert_same("frame", "widen_codes", gates(n, seed), n - 3, zeros(n))
    assert_same(
        "frame", "change_rows", time_ns, value, n, 30 * SECOND, array("q", [-1]), zeros(1), zeros(n, "q"), zeros(n)
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("degree", [1, 2])
def test_baseline_equals_its_twin(seed: int, degree: int) -> None:
    n, width, d = 250, 4, 3
    m = 1 + d if degree == 1 else 1 + d + d * (d + 1) // 2
    rows = odd_rows(n, width, seed)
    rng = random.Random(seed)
    weights = array("d", [rng.gauss(0, 5) for _ in range(m)])
    cov = array("d", [1e3 if i % (m + 1) == 0 else 0.0 for i in range(m * m)])
    frame = (array("i", [1, 2, 3]), doubles(50, 50, 50), doubles(0.1, 0.1, 0.1), doubles(0, 0, 0), doubles(99, 99, 99))
    assert_same("energy", "baseline_rows",
         rows.time_ns, rows.values, width, n, gates(n, seed), 0, *frame, degree, weights,
         3.0, 60 * SECOND, 900 * SECOND, 0.75, 20.0, 4.0, 0.999, 1e5, 1e-3, 1e3, cov, weights, zeros(m), zeros(m),
         zeros(4), array("q", [-1]), zeros(n), zeros(n), zeros(n), zeros(n, "B"), zeros(4 * n))  # fmt: skip
    assert_same("energy", "feature_rows", rows.values, width, n, *frame, degree, m, zeros(n * m), zeros(n, "B"))
    phi, target = array("d", [rng.gauss(0, 1) for _ in range(n * m)]), array("d", [rng.gauss(0, 1) for _ in range(n)])
    assert_same("energy", "rls_rows", phi, target, m, n, 0.98, 1e4, 1e-3, 2.0, 1e3, cov, weights, zeros(m), zeros(n))


@pytest.mark.parametrize("seed", range(4))
def test_energy_kernels_equal_their_twins(seed: int) -> None:
    n, width = 400, 2
    rows = odd_rows(n, width, seed)
    gate = gates(n, seed)
    out = (zeros(n), zeros(n), zeros(n), zeros(n, "B"))
    _none, args = assert_same("energy", "idle_rows", rows.time_ns, rows.values, width, n, gate, 0, 1, 30.0, 45.0,
                       900 * SECOND, zeros(3), array("q", [-1, -1]), *out, zeros(n, "B"))  # fmt: skip
    assert_same("energy", "sec_rows",
         rows.time_ns, rows.values, width, n, gate, 0, 1, 10.0, 0.99, 12, PERIOD, 3600 * SECOND,
         20, 3.0, zeros(2), array("q", [-1, 0]), *out)  # fmt: skip
    assert_same("energy", "energy_rows",
         rows.time_ns, rows.values, width, n, 0, 1.0, args[-1], 300 * SECOND, 900 * SECOND,
         array("q", [-1, -1, 0, 0, 0, 0]), zeros(2), zeros(n, "q"), zeros(n), zeros(n), zeros(n),
         zeros(n, "q"))  # fmt: skip
    column = array("d", rows.values[::2])
    assert_same("energy", "trapezoid", rows.time_ns, column, 300 * SECOND)


def test_mewma_is_the_mahalanobis_distance_of_the_smoothed_row() -> None:
    d, n = 4, 200
    rng = np.random.default_rng(3)
    x = rng.normal(10.0, 2.0, size=(n, d))
    p = np.array(precision(d, 3)).reshape(d, d)
    z, expected = np.zeros(d), []
    for row in x:
        z = z + 0.2 * ((row - 10.0) / 2.0 - z)
        expected.append(z @ p @ z)
    score = zeros(n)
    times = array("q", [START + i * PERIOD for i in range(n)])
    kernels.mewma_rows(
        times, array("d", x.ravel().tolist()), d, n, array("B", [3]) * n, array("i", range(d)), doubles(*[10.0] * d),
        doubles(*[0.5] * d), doubles(*[-math.inf] * d), doubles(*[math.inf] * d), precision(d, 3), 0.8, 1, PERIOD,
        10**15, 0, 20.0, 1e300, 0.0, zeros(d), array("q", [-1]), zeros(2 * d), zeros(d, "B"), score, zeros(n),
        zeros(n), zeros(n, "B"), zeros(n * d),
    )  # fmt: skip
    np.testing.assert_allclose(np.array(score), expected, rtol=1e-12)


def test_rows_further_apart_weigh_as_many_steps() -> None:
    d, n = 2, 40
    scores = []
    for every in (1, 4):
        times = array("q", [START + i * PERIOD for i in range(0, n, every)])
        rows = len(times)
        score = zeros(rows)
        kernels.mewma_rows(
            times, doubles(*[3.0, -1.0] * rows), d, rows, array("B", [3]) * rows, array("i", [0, 1]), zeros(d),
            doubles(1, 1), doubles(-9, -9), doubles(9, 9), doubles(1, 0.2, 0.2, 1), 0.95, 1 if every == 1 else 4,
            PERIOD, 10**15, 0, 20.0, 1e9, 0.0, zeros(d), array("q", [times[0] - every * PERIOD]), zeros(2 * d),
            zeros(d, "B"), score, zeros(rows), zeros(rows), zeros(rows, "B"), zeros(rows * d),
        )  # fmt: skip
        scores.append(score)
    assert scores[1][4] == pytest.approx(scores[0][19], rel=1e-12)


def test_an_absent_input_is_taken_as_the_others_say() -> None:
    p = precision(3, 5)
    matrix = np.array(p).reshape(3, 3)
    seen = np.array([1.0, -0.5])
    guess = -np.linalg.solve(matrix[2:, 2:], matrix[2:, :2] @ seen)
    trace = zeros(3)
    kernels.mewma_rows(
        array("q", [START]), doubles(1.0, -0.5, math.nan), 3, 1, array("B", [3]), array("i", [0, 1, 2]), zeros(3),
        doubles(1, 1, 1), doubles(*[-9.0] * 3), doubles(*[9.0] * 3), p, 0.0, 1, PERIOD, 10**15, 1, 20.0, 1e9, 0.0,
        zeros(3), array("q", [-1]), zeros(6), zeros(3, "B"), zeros(1), zeros(1), zeros(1), zeros(1, "B"), trace,
    )  # fmt: skip
    np.testing.assert_allclose(list(trace), [1.0, -0.5, guess[0]], rtol=1e-12)


def test_recursive_least_squares_reaches_the_least_squares_solution() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 5))
    y = x @ np.array([1.0, -2.0, 0.5, 3.0, 0.0]) + 0.1 * rng.normal(size=400)
    weights, cov = zeros(5), array("d", (1e8 * np.eye(5)).ravel().tolist())
    energy_kernels.rls_rows(array("d", x.ravel().tolist()), array("d", y.tolist()), 5, 400, 1.0, 1e30, 0.0, 1e30, 1e8,
                            cov, weights, zeros(5), zeros(400))  # fmt: skip
    np.testing.assert_allclose(list(weights), np.linalg.lstsq(x, y, rcond=None)[0], atol=1e-6)


@pytest.mark.skipif(not COMPILED, reason="a million updates take minutes in the twin")
def test_recursive_least_squares_stays_bounded_over_a_million_mostly_idle_updates() -> None:
    rng = np.random.default_rng(2)
    m, block, prior = 8, 50_000, 1e3
    true = rng.normal(size=m)
    weights, cov, gain = zeros(m), array("d", (prior * np.eye(m)).ravel().tolist()), zeros(m)
    idle = np.r_[1.0, np.zeros(m - 1)]
    worst = 0.0
    for number in range(20):
        x = np.tile(idle, (block, 1))
        if number % 10 == 0:
            x = np.c_[np.ones(block), rng.normal(size=(block, m - 1))]
        y = x @ true + 0.1 * rng.normal(size=block)
        out = zeros(block)
        energy_kernels.rls_rows(array("d", x.ravel()), array("d", y), m, block, 0.9995, 10 * m * prior, 1e-3, 1.0,
                                prior, cov, weights, gain, out)  # fmt: skip
        if number >= 1:
            worst = max(worst, float(np.abs(np.array(out) - x @ true).max()))
    assert worst < 0.5
    assert np.array(cov).reshape(m, m).trace() <= 10.1 * m * prior
    np.testing.assert_allclose(list(weights), true, atol=0.05)


def test_trapezoid_agrees_with_numpy_and_leaves_gaps_out() -> None:
    rng = np.random.default_rng(4)
    times = START + np.cumsum(rng.integers(1, 120, size=500)) * SECOND
    power = rng.uniform(0, 500, size=500)
    kwh, covered, missing = energy_kernels.trapezoid(array("q", times), array("d", power), 300 * SECOND)
    assert kwh == pytest.approx(np.trapezoid(power, (times - times[0]) / 3.6e12), rel=1e-12)
    assert (covered, missing) == (times[-1] - times[0], 0)

    holed = power.copy()
    holed[100] = np.nan
    kwh, covered, missing = energy_kernels.trapezoid(array("q", times), array("d", holed), 60 * SECOND)
    steps = np.diff(times)
    use = (steps <= 60 * SECOND) & np.isfinite(holed[1:]) & np.isfinite(holed[:-1])
    area = (0.5 * (holed[1:] + holed[:-1]) * steps / 3.6e12)[use].sum()
    assert kwh == pytest.approx(area, rel=1e-12)
    assert (covered, missing) == (steps[use].sum(), steps[~use].sum())


def test_wrong_sizes_are_refused_by_the_compiled_kernels() -> None:
    if not COMPILED:
        pytest.skip("the twins rely on the callers")
    with pytest.raises(ValueError, match="lengths differ"):
        kernels.dot(zeros(2), zeros(3))
    with pytest.raises(ValueError, match="column"):
        kernels.range_rows(zeros(4), 2, 2, zeros(2, "B"), 5, 0.0, 1.0, 1.0, zeros(2), zeros(2), zeros(2), zeros(2, "B"))


def test_values_that_no_plant_measures_become_missing() -> None:
    values = odd_rows(200, 3, 3).values + doubles(math.inf, -math.inf, 1e30, -1e30, 1.1e30, math.nan)
    replaced, (found,) = assert_same("frame", "clean_rows", values)
    array_in = np.array(values)
    wild = ~np.isnan(array_in) & ~(np.abs(array_in) <= 1e30)

    assert replaced == wild.sum() > 3
    np.testing.assert_array_equal(found, np.where(wild, np.nan, array_in))


def test_a_ramp_is_an_arithmetic_progression() -> None:
    _, (found, *_) = assert_same("frame", "ramp_rows", zeros(5, "q"), START, PERIOD)

    assert list(found) == list(range(START, START + 5 * PERIOD, PERIOD))
