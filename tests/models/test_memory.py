"""Signals without their own memory, limits that remember a peak, change points: twins, oracles, properties."""

from __future__ import annotations

import itertools
import math
import random
from array import array
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models import _memory_kernels_py
from ovoo_models._select import COMPILED, memory_kernels
from ovoo_models.anomaly.change_point import ChangePoint
from ovoo_models.anomaly.ewma import Mewma
from ovoo_models.anomaly.memory import MemoryFit, SignalMemory, chi_square_99, fit_memory
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import NORMAL, SETTLING, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.checks import check_detector
from ovoo_models.monitor import AssetMonitor
from ovoo_models.phrases import render
from ovoo_models.train import fit_frames
from ovoo_models.train.multivariate import fit_mewma
from ovoo_packs.templates import ModelBinding
from sklearn.covariance import LedoitWolf

from tests.models.conftest import SECOND, START, doubles, machine, odd_rows, to_batch
from tests.models.test_kernels import canonical, gates, precision, zeros

PERIOD = 5 * SECOND
OWN: dict[str, Any] = {"memory": "own", "step_s": 1.0, "lambda": 0.05, "settle_s": 0.0}
CHANGE: dict[str, Any] = {"step_s": 1.0, "settle_s": 0.0}


def assert_same(name: str, *args: Any) -> Any:
    """Run kernel and twin on copies; every array must be equal to the last bit; give the arrays."""
    outcomes = []
    for module in (memory_kernels, _memory_kernels_py):
        mine = [arg[:] if isinstance(arg, array) else arg for arg in args]
        getattr(module, name)(*mine)
        outcomes.append(mine)
    for place, (a, b) in enumerate(zip(*outcomes, strict=True)):
        assert canonical(a) == canonical(b), f"{name} argument {place}"
    return outcomes[0]


def block(values: NDArray[np.float64], start: int = 0) -> FrameBlock:
    times = array("q", (START + (start + i) * SECOND for i in range(len(values))))
    return FrameBlock(times, array("d", np.ascontiguousarray(values).tobytes()), values.shape[1])


def place(d: int) -> Place:
    return Place(tuple(range(d)), -1, d, SECOND)


def wandering(rows: int, seed: int, keeps: tuple[float, ...] = (0.0, 0.6, 0.98)) -> NDArray[np.float64]:
    """Signals of variance 1 with these correlations from row to row, on different levels."""
    rng = np.random.default_rng(seed)
    x = np.empty((rows, len(keeps)))
    x[0] = rng.normal(size=len(keeps))
    for i in range(1, rows):
        x[i] = np.array(keeps) * x[i - 1] + np.sqrt(1 - np.square(keeps)) * rng.normal(size=len(keeps))
    return x + 10 * np.arange(len(keeps))


def scored(model: Mewma | ChangePoint, rows: FrameBlock) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
    out = ScoreBlock()
    model.score_many(rows, out)
    n = len(rows)
    return np.array(out.score[:n]), np.array(out.limits[:n]), list(out.state[:n])


def fitted(
    kind: type[Mewma] | type[ChangePoint], params: dict[str, Any], x: NDArray[np.float64]
) -> Mewma | ChangePoint:
    model = kind(params, place(x.shape[1]))
    model.learn_history(block(x))
    return model


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [1, 3, 9])
def test_residuals_equal_their_twin(seed: int, d: int) -> None:
    n, width = 300, d + 1
    rows = odd_rows(n, width, seed)
    rng = random.Random(seed)
    assert_same(
        "residual_rows", rows.time_ns, rows.values, width, n, gates(n, seed), array("i", rng.sample(range(width), d)),
        doubles(*[50.0] * d), doubles(*[0.05] * d), doubles(*[-math.inf] * d), doubles(*[1e9] * d), 20.0,
        doubles(*[rng.choice([-0.3, 0.0, 0.5, 0.995]) for _ in range(d)]), doubles(*[1.3] * d), PERIOD,
        900 * SECOND, zeros(d), array("q", [-1] * d), zeros(n * d), zeros(n, "B"),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [1, 3, 9])
def test_change_points_equal_their_twin(seed: int, d: int) -> None:
    n = 400
    rows = odd_rows(n, d, seed)
    residual = array("d", [(x - 50) / 20 if abs(x) < 1e6 else math.nan for x in rows.values])
    outcome = assert_same(
        "change_point_rows", rows.time_ns, residual, d, n, gates(n, seed), precision(d, seed), 0.99, 0.999, 12, PERIOD,
        900 * SECOND, 100 * SECOND, d // 3, 0.05, zeros(d), zeros(d), array("q", [-1] * 3), zeros(3 * d),
        zeros(d, "B"), zeros(n), zeros(n), zeros(n), zeros(n, "B"), zeros(n * d),
    )  # fmt: skip
    assert {NORMAL, SETTLING, UNKNOWN} <= set(outcome[-2]), "the case holds scored, mute and unscored rows"


@pytest.mark.parametrize("seed", range(6))
def test_peak_limits_equal_their_twin(seed: int) -> None:
    n = 400
    rows, rng = odd_rows(n, 1, seed), random.Random(seed)
    state = gates(n, seed)
    score = array("d", [rng.expovariate(1.0) * 10 if state[i] == NORMAL else math.nan for i in range(n)])
    assert_same("peak_limit_rows", rows.time_ns, score, doubles(*[5.0] * n), state, n, 0.4, 0.99, PERIOD, 900 * SECOND,
         doubles(0.0), array("q", [-1]))  # fmt: skip


@pytest.mark.skipif(not COMPILED, reason="the twins index lists, which check themselves")
def test_kernels_refuse_columns_that_are_too_short() -> None:
    one, short, codes, times = zeros(1), zeros(2), zeros(3, "B"), zeros(3, "q")
    with pytest.raises(ValueError, match="shorter than n"):
        memory_kernels.peak_limit_rows(times, short, zeros(3), codes, 3, 0.1, 0.9, 1, 1, one, zeros(1, "q"))
    with pytest.raises(ValueError, match="outside the row"):
        memory_kernels.residual_rows(
            times, zeros(3), 1, 3, codes, array("i", [1]), one, one, one, one, 20.0, one, one, 1, 1, zeros(1),
            zeros(1, "q"), zeros(3), zeros(3, "B"),
        )  # fmt: skip
    with pytest.raises(ValueError, match="shorter than the inputs"):
        memory_kernels.change_point_rows(
            times, zeros(3), 1, 3, codes, one, 0.9, 0.98, 1, 1, 1, 1, 0, 1.0, zeros(1), zeros(1), zeros(3, "q"),
            zeros(2), zeros(1, "B"), zeros(3), zeros(3), zeros(3), zeros(3, "B"), zeros(3),
        )  # fmt: skip


def test_the_fit_is_that_of_numpy_and_scikit_learn() -> None:
    x = wandering(400, 1)
    found = fit_memory(block(x), SECOND, 20.0, -1.0)
    y = (x - x.mean(0)) / x.std(0)
    near, far = (y[1:] * y[:-1]).mean(0), (y[10:] * y[:-10]).mean(0)
    keep = np.where(far > 0.2, np.abs(far) ** 0.1, near)
    residual = y.copy() * np.sqrt(1 - keep**2)
    residual[1:] = y[1:] - keep * y[:-1]
    scale = np.sqrt((residual**2).mean(0))
    covariance = LedoitWolf().fit(residual / scale).covariance_

    np.testing.assert_allclose(found.centre, x.mean(0))
    np.testing.assert_allclose(found.scale, x.std(0))
    np.testing.assert_allclose(found.keep, keep, rtol=1e-9)
    np.testing.assert_allclose(found.residual_scale, scale, rtol=1e-9)
    np.testing.assert_allclose(np.array(found.covariance).reshape(3, 3), covariance, atol=2e-6)
    np.testing.assert_allclose(
        np.array(found.precision(1.0)).reshape(3, 3), np.linalg.inv(covariance), rtol=1e-4, atol=1e-4
    )


def test_memory_is_found_and_noise_on_top_does_not_hide_it() -> None:
    x = wandering(4000, 2, (0.0, 0.99))
    noisy = x + np.random.default_rng(3).normal(scale=0.5, size=x.shape)
    plain, hidden = fit_memory(block(x), SECOND, 20.0, -1.0), fit_memory(block(noisy), SECOND, 20.0, -1.0)

    assert plain.keep == pytest.approx((0.0, 0.99), abs=0.05)
    assert hidden.keep == pytest.approx((0.0, 0.96), abs=0.05)


@pytest.mark.parametrize(("d", "table"), [(1, 6.635), (2, 9.210), (8, 20.090), (40, 63.691), (100, 135.807)])
def test_the_quantile_is_that_of_the_tables(d: int, table: float) -> None:
    assert chi_square_99(d) == pytest.approx(table, rel=0.01)


def test_residuals_have_variance_one_also_across_gaps() -> None:
    x = wandering(30_000, 4, (0.9, 0.98))
    found = fit_memory(block(x), SECOND, 20.0, 0.0)
    memory = SignalMemory(2, SECOND, 900 * SECOND, 20.0)
    memory.take(found)
    kept = sorted(random.Random(5).sample(range(len(x)), 9000))
    rows = FrameBlock(array("q", (START + i * SECOND for i in kept)), array("d", x[kept].ravel().tolist()), 2)
    plain = (doubles(*found.centre), doubles(*[1 / s for s in found.scale]), doubles(-1e9, -1e9), doubles(1e9, 1e9))
    residual, use = memory.residuals(rows, array("B", [NORMAL]) * len(rows), array("i", [0, 1]), *plain)
    r = np.array(residual[: 2 * len(rows)]).reshape(-1, 2)

    assert set(use[: len(rows)]) == {NORMAL}
    np.testing.assert_allclose(r.std(0), 1.0, atol=0.05)
    assert abs(np.corrcoef(r[1:, 1], r[:-1, 1])[0, 1]) < 0.1


def oracle_means(found: MemoryFit, x: NDArray[np.float64], *weights: float) -> list[NDArray[np.float64]]:
    """Exponentially weighted means of the residuals, row by row, in numpy."""
    y = np.clip((x - np.array(found.centre)) / np.array(found.scale), -20, 20)
    keep = np.array(found.keep)
    residual = y * np.sqrt(1 - keep**2)
    residual[1:] = y[1:] - keep * y[:-1]
    residual = np.clip(residual / np.array(found.residual_scale), -20, 20)
    means = []
    for weight in weights:
        z, line = np.zeros(x.shape[1]), []
        for row in residual:
            z = z + weight * (row - z)
            line.append(z)
        means.append(np.array(line))
    return means


def test_mewma_with_memory_is_the_t2_of_residual_means() -> None:
    training, tested = wandering(500, 6), wandering(300, 7)
    model, found = fit_mewma({**OWN, "limit_factor": 3.0}, place(3), block(training))
    fit = fit_memory(block(training), SECOND, 20.0, -1.0)
    (z,) = oracle_means(fit, tested, 0.05)
    covariance = np.array(fit.covariance).reshape(3, 3) * 0.05 / 1.95
    score, limit, _state = scored(model, block(tested))

    np.testing.assert_allclose(score, np.einsum("ij,ij->i", z, np.linalg.solve(covariance, z.T).T), rtol=1e-9)
    assert limit == pytest.approx(3.0 * chi_square_99(3))
    assert found.limit == limit[0]


def test_the_change_score_is_the_t2_of_fast_minus_slow() -> None:
    training, tested = wandering(500, 8), wandering(400, 9)
    model = fitted(ChangePoint, {**CHANGE, "limit_factor": 1000.0}, training)
    fit = fit_memory(block(training), SECOND, 20.0, -1.0)
    fast, slow = oracle_means(fit, tested, 0.1, 0.02)
    covariance = np.array(fit.covariance).reshape(3, 3) * sum((0.1 * 0.9**k - 0.02 * 0.98**k) ** 2 for k in range(2000))
    change = fast - slow
    score, _limit, _state = scored(model, block(tested))

    np.testing.assert_allclose(score, np.einsum("ij,ij->i", change, np.linalg.solve(covariance, change.T).T), rtol=1e-9)


def test_independent_rows_pass_the_plain_quantile_once_in_a_hundred() -> None:
    """The theoretical covariance of both statistics, on many rows that they never saw."""
    x = wandering(60_000, 10, (0.0, 0.5, 0.9))
    mewma = fitted(Mewma, {**OWN, "limit_factor": 1.0}, x[:20_000])
    change = fitted(ChangePoint, {**CHANGE, "limit_factor": 1000.0}, x[:20_000])
    above = [np.mean(scored(model, block(x[20_000:]))[0] >= chi_square_99(3)) for model in (mewma, change)]

    assert above == pytest.approx([0.01, 0.01], abs=0.004)


def test_a_slow_signal_that_drifts_is_no_fault_and_a_quick_one_that_shifts_is() -> None:
    """Five standard deviations of drift in 1,000 rows, two of shift; the plain detector cannot tell them apart."""
    x = wandering(3000, 12, (0.0, 0.98))
    own = fitted(Mewma, {**OWN, "limit_factor": 3.0}, x[:2000])
    plain, _found = fit_mewma({**OWN, "memory": "none", "limit_factor": 2.0}, place(2), block(x[:1900]))
    drift = x[2000:] + np.outer(np.arange(1000) / 200, [0.0, 1.0])
    shift = x[2000:] + np.outer(np.arange(1000) >= 500, [2.0, 0.0])

    def share(model: Mewma | ChangePoint, rows: NDArray[np.float64]) -> float:
        model.restart()
        score, limit, _state = scored(model, block(rows))
        return float((score >= limit)[600:].mean())

    assert share(own, drift) < 0.05
    assert share(plain, drift) > 0.5
    assert share(own, shift) > 0.95


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(3.0, 8.0), st.integers(0, 2), st.sampled_from([-1.0, 1.0]))
def test_a_shift_is_told_once_within_twenty_rows_and_the_signal_is_named(
    seed: int, size: float, column: int, sign: float
) -> None:
    """Signals of independent rows; the limit is far above chance, three standard deviations far above the limit."""
    keeps = (0.0, 0.0, 0.0)
    model = fitted(ChangePoint, {**CHANGE, "limit_factor": 3.0}, wandering(600, 13, keeps))
    x = wandering(300, seed, keeps)
    x[150:, column] += sign * size
    rows = block(x)
    out = ScoreBlock()
    model.score_many(rows, out)
    told = [i for i in range(300) if out.score[i] >= out.limits[i]]

    assert len(told) == 1
    assert 150 <= told[0] < 170
    assert model.explain(rows, out, told[0])[0].column == column
    assert list(out.state[told[0] + 1 : told[0] + 10]) == [SETTLING] * 9
    assert out.state[told[0] + 10] == NORMAL


def test_the_way_back_is_a_change_too() -> None:
    model = fitted(ChangePoint, CHANGE, wandering(600, 14, (0.0, 0.0)))
    x = wandering(600, 15, (0.0, 0.0))
    x[200:400, 0] += 5.0
    score, limit, _state = scored(model, block(x))
    told = np.flatnonzero(score >= limit)

    assert len(told) == 2
    assert 200 <= told[0] < 215
    assert 400 <= told[1] < 415


@pytest.mark.parametrize("kind", [Mewma, ChangePoint])
def test_constants_raise_no_alarm(kind: type[Mewma] | type[ChangePoint]) -> None:
    x = np.column_stack([np.full(400, 7.0), np.zeros(400), wandering(400, 16, (0.5,))[:, 0]])
    params = OWN if kind is Mewma else CHANGE
    model = fitted(kind, {**params, "limit_factor": 5.0}, x)
    score, limit, state = scored(model, block(np.tile(x[:50], (4, 1))))

    assert set(state) == {NORMAL}
    assert np.isfinite(score).all()
    assert not (score >= limit).any()


@pytest.mark.parametrize("kind", [Mewma, ChangePoint])
def test_missing_cells_take_their_mean_given_the_others_and_missing_rows_are_not_scored(
    kind: type[Mewma] | type[ChangePoint],
) -> None:
    x = wandering(700, 17)
    model = fitted(kind, OWN if kind is Mewma else CHANGE, x[:500])
    holed = x[500:].copy()
    holed[50:60, 0] = math.nan
    holed[100:120] = math.nan
    score, _limit, state = scored(model, block(holed))

    assert [i for i, code in enumerate(state) if code == UNKNOWN] == list(range(100, 120))
    assert np.isnan(score[100:120]).all()
    assert np.isfinite(np.delete(score, range(100, 120))).all()


@pytest.mark.parametrize("kind", [Mewma, ChangePoint])
def test_time_going_backwards_starts_anew(kind: type[Mewma] | type[ChangePoint]) -> None:
    x = wandering(700, 18)
    params = OWN if kind is Mewma else CHANGE
    once, again = (fitted(kind, params, x[:500]) for _ in range(2))
    disturbed = x[500:600].copy()
    disturbed[:, 0] += 6.0
    scored(again, block(disturbed, start=5000))
    fresh, _limit, _state = scored(once, block(x[600:]))
    after, _limit, _state = scored(again, block(x[600:]))

    np.testing.assert_array_equal(after, fresh)


def test_mewma_with_memory_and_peak_keeps_its_promises() -> None:
    params = {"gate": "running", "gate_above": 0.5, "learn_rows": 1500, "memory": "own", "peak_share": 0.2}
    place_ = Place((1, 2, 3), 0, 4, 60 * SECOND)
    check_detector(lambda: Mewma(params, place_), machine(7000), odd_rows(300, 4, 7))


def test_a_great_fault_ends_when_most_of_it_is_gone() -> None:
    x = wandering(1200, 19, (0.0, 0.0))
    x[600:800, 0] += 12.0
    x[800:, 0] += 2.0
    steady, peak = (fitted(Mewma, {**OWN, "limit_factor": 3.0, **more}, x[:400])
                    for more in ({}, {"peak_share": 0.2, "peak_half_s": 600.0}))  # fmt: skip
    above = [np.array(s) >= np.array(m) for s, m, _state in (scored(model, block(x[400:])) for model in (steady, peak))]

    assert above[0][210:].mean() > 0.95
    assert above[1][210:400].mean() > 0.9
    assert above[1][450:].mean() < 0.05


def test_the_peak_fades() -> None:
    n = 40
    limits, peak, at = doubles(*[1.0] * n), doubles(0.0), array("q", [-1])
    times = array("q", (START + i * SECOND for i in range(n)))
    score = doubles(100.0, *[0.0] * (n - 1))
    memory_kernels.peak_limit_rows(
        times, score, limits, array("B", [NORMAL]) * n, n, 0.5, 0.5, SECOND, 10**12, peak, at
    )

    assert list(limits[:7]) == [50.0, 25.0, 12.5, 6.25, 3.125, 1.5625, 1.0]


def test_rows_outside_the_guard_are_not_scored_with_memory_either() -> None:
    x = wandering(600, 20, (0.0, 0.0))
    model, _found = fit_mewma({**OWN, "guard": [1]}, place(2), block(x[:500]))
    tested = x[500:].copy()
    tested[40:50, 1] = 99.0
    _score, _limit, state = scored(model, block(tested))

    assert [i for i, code in enumerate(state) if code == UNKNOWN and 40 <= i < 50] == list(range(40, 50))
    assert sum(code == UNKNOWN for code in state) < 20


def test_memory_learned_at_another_period_is_refused() -> None:
    x = wandering(500, 21)
    for kind, params in ((Mewma, OWN), (ChangePoint, CHANGE)):
        state = fitted(kind, params, x).state()
        slower = kind(params, Place((0, 1, 2), -1, 3, 5 * SECOND))
        with pytest.raises(ArtifactError, match="another frame period"):
            slower.load(state)


def test_models_without_memory_keep_the_layout_of_their_artifacts() -> None:
    plain = Mewma({}, place(2)).state()

    assert set(plain) == {"centre", "inverse", "low", "high", "precision", "limit", "z", "last", "running"}
    assert set(Mewma(OWN, place(2)).state()) - set(plain) == {
        "keep",
        "keep_inverse",
        "memory_period",
        "prior",
        "prior_ns",
    }


def test_too_few_rows_and_wrong_parameters_are_refused() -> None:
    with pytest.raises(NotReady, match="too few rows"):
        fitted(ChangePoint, CHANGE, wandering(99, 22))
    with pytest.raises(NotReady, match="too few rows"):
        fit_mewma(OWN, place(3), block(wandering(99, 22)))
    with pytest.raises(NotReady, match="not one frame period apart"):
        ChangePoint(CHANGE, Place((0, 1, 2), -1, 3, 5 * SECOND)).learn_history(block(wandering(300, 22)))
    with pytest.raises(ConfigError, match="slow must be under fast"):
        ChangePoint({"fast": 0.02, "slow": 0.02}, place(2))
    with pytest.raises(ConfigError, match=r"mewma\.adapt"):
        Mewma({**OWN, "adapt": 0.001}, place(2))
    with pytest.raises(ConfigError, match=r"mewma\.memory"):
        Mewma({"memory": "yes"}, place(2))


def test_a_trained_change_point_opens_one_finding_that_names_the_signals() -> None:
    names = ("flow", "pressure", "temperature")
    signals = tuple(SignalUse(name, hold_s=2.5) for name in names)
    binding = ModelBinding("change_point", "change", names, MappingProxyType({**CHANGE, "off_delay_s": 5.0}))
    trained = fit_frames(ModelSet("site/line/unit", 1.0, signals, (binding,)), block(wandering(600, 24)), {})
    watch = AssetMonitor(trained, AssetAddress("e", "s", "a", "l", "unit1"))
    x = wandering(300, 25)
    x[150:, 0] += 6.0
    rows = block(x)
    index = {name: k for k, name in enumerate(names)}
    found = watch.process(to_batch(rows), index, 10).findings + watch.flush(rows.time_ns[-1] + 60 * SECOND, 10).findings

    assert trained.card["models"]["change"]["rows"] == 600
    assert {finding.code for finding in found} == {"anomaly.change"}
    assert len({finding.id for finding in found}) == 1
    assert not found[-1].open
    assert found[-1].unit == "1"
    assert found[-1].value is not None
    assert found[-1].value >= 1.0
    assert found[-1].detail["signal_1"] == "flow"
    assert "Flow" in render(found[-1], "en")
    assert "流量" in render(found[-1], "zh")


def test_learning_skips_rows_across_gaps() -> None:
    """Ten rows, a gap, ten rows: pairs across gaps would call the jumps between spells memory."""
    rng = np.random.default_rng(23)
    rows = FrameBlock.empty(1)
    at = START
    for spell, level in itertools.product(range(60), (0.0,)):
        shift = level + (spell % 2)
        for value in shift + rng.normal(scale=0.1, size=5):
            at += SECOND
            rows.time_ns.append(at)
            rows.values.append(float(value))
        at += 100 * SECOND
    found = fit_memory(rows, SECOND, 20.0, -1.0)

    assert found.keep[0] == pytest.approx(0.96, abs=0.05)
