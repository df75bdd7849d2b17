"""Recursive principal components: kernel against twin, against numpy, rows against blocks, and what it finds."""

from __future__ import annotations

import math
import random
from array import array
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ArtifactError, NotReady
from ovoo_models import _pca_kernels_py
from ovoo_models._select import COMPILED, pca_kernels
from ovoo_models.anomaly.pca import Pca
from ovoo_models.anomaly.pca_learning import eigen
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.train.pca import fit_pca

from tests.models.conftest import SECOND, START, machine, odd_rows

PERIOD = 5 * SECOND
ARRAYS = ("centre", "inverse", "loadings", "variance", "sharpness", "running", "marks")


def zeros(n: int, code: str = "d") -> array[Any]:
    return array(code, bytes(array(code).itemsize * n))


def padded(values: Any, size: int) -> array[float]:
    flat = [float(x) for x in values]
    return array("d", flat + [0.0] * (size - len(flat)))


def model(d: int, k: int, seed: int, columns: list[int]) -> dict[str, Any]:
    """A random model of d inputs and k components."""
    rng = np.random.default_rng(seed)
    lanes, rooms = -(-d // 8) * 8, -(-k // 8) * 8
    basis = np.linalg.qr(rng.normal(size=(d, d)))[0][:, :k].T
    variance = np.sort(rng.uniform(0.1, 3.0, size=k))[::-1]
    return {
        "columns": array("i", columns),
        "width": max(columns) + 2,
        "centre": padded([50.0] * d, lanes),
        "inverse": padded([0.05] * d, lanes),
        "home": padded([50.0] * d, lanes),
        "home_scale": padded([20.0] * d, lanes),
        "loadings": padded(np.pad(basis, ((0, 0), (0, lanes - d))).ravel(), k * lanes),
        "variance": padded(variance, rooms),
        "sharpness": padded(1.0 / variance, rooms),
        "home_variance": padded(variance, rooms),
        "weight": array("d", [0.02, 0.03]),
        "count": array("i", [k]),
        "running": zeros(lanes),
        "marks": array("q", [-1, 0, -1]),
        "decay": 0.97,
        "step_frames": 12,
        "period_ns": PERIOD,
        "reset_ns": 900 * SECOND,
        "max_missing": d // 3,
        "bound": 20.0,
        "adapt": 0.0,
        "follow": 0.0,
        "reach": 3.0,
        "gate": (-1, -math.inf, math.inf, 0, 3600 * SECOND, array("q", [-1, -1])),
    }


def rows_of(module: ModuleType, parts: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The kernel object on copies of the arrays, and the copies."""
    mine = {name: part[:] if isinstance(part, array) else part for name, part in parts.items()}
    return module.PcaRows(*mine.values()), mine


def bits(values: Any) -> bytes:
    return array("d", [math.nan if x != x else x for x in values]).tobytes()


def outcome(module: ModuleType, parts: dict[str, Any], rows: FrameBlock, gate: array[int]) -> list[bytes]:
    n, d = len(rows), len(parts["columns"])
    out = [zeros(n), zeros(n), zeros(n), zeros(n, "B"), zeros(n * (d + 2))]
    kernel, mine = rows_of(module, parts)
    kernel.score_rows(rows.time_ns, rows.values, n, gate, *out)
    return [bits(each) for each in out] + [bits(mine[name]) for name in ARRAYS]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("d", "k"), [(1, 1), (3, 2), (8, 8), (9, 3), (40, 10), (13, 9)])
def test_kernel_equals_its_twin(d: int, k: int, seed: int) -> None:
    columns = list(range(d)) if seed % 2 else random.Random(seed).sample(range(d + 3), d)
    parts = model(d, k, seed, columns)
    parts["adapt"], parts["follow"] = [(0.0, 0.0), (0.01, 0.0), (0.0, 0.02), (0.01, 0.02)][seed]
    parts["weight"] = array("d", [1e-4, 1e-4])
    rows = odd_rows(200, parts["width"], seed)
    gate = array("B", random.Random(seed).choices([0, 1, 2, 3], [1, 1, 1, 20], k=200))

    assert outcome(pca_kernels, parts, rows, gate) == outcome(_pca_kernels_py, parts, rows, gate)


@pytest.mark.parametrize("seed", range(3))
def test_single_rows_equal_the_twin_and_the_block(seed: int) -> None:
    d, n = 11, 150
    parts = model(d, 4, seed, list(range(d)))
    parts["gate"] = (d, 20.0, 80.0, 60 * SECOND, 3600 * SECOND, array("q", [-1, -1]))
    parts["adapt"] = 0.01
    rows = odd_rows(n, parts["width"], seed)
    width = parts["width"]
    single: list[list[float]] = []
    for module in (pca_kernels, _pca_kernels_py):
        kernel, _mine = rows_of(module, {**parts, "gate": (*parts["gate"][:5], array("q", [-1, -1]))})
        single.append([kernel.score_learn(rows.values[i * width : (i + 1) * width]) for i in range(n)])

    assert bits(single[0]) == bits(single[1])
    detector = Pca({}, Place(tuple(range(d)), -1, d, PERIOD))
    detector.fit([50.0] * d, [20.0] * d, np.eye(3, d).tolist(), [1.0, 1.0, 0.5], (0.1, 0.2))
    state = detector.state()
    block = FrameBlock(array("q", [(i + 1) * PERIOD for i in range(n)]), odd_rows(n, d, seed).values, d)
    out = ScoreBlock()
    detector.score_many(block, out)
    detector.load(state)
    scorer = detector.row_scorer()
    found = [scorer.score_learn(block.values[i * d : (i + 1) * d]) for i in range(n)]
    assert bits(found) == bits(out.score[:n])


def test_score_is_what_numpy_computes() -> None:
    d, k, n = 9, 3, 120
    parts = model(d, k, 5, list(range(d)))
    parts["step_frames"] = 1
    rng = np.random.default_rng(8)
    x = rng.normal(50.0, 20.0, size=(n, parts["width"]))
    basis = np.array(parts["loadings"]).reshape(k, 16)[:, :d]
    variance = np.array(parts["variance"][:k])
    z, expected = np.zeros(d), []
    for row in x[:, :d]:
        z = z + 0.03 * ((row - 50.0) / 20.0 - z)
        t = basis @ z
        residual = z - basis.T @ t
        expected.append([t @ (t / variance), residual @ residual])
    kernel, _mine = rows_of(pca_kernels, parts)
    trace, score = zeros(n * (d + 2)), zeros(n)
    times = array("q", [START + i * PERIOD for i in range(n)])
    kernel.score_rows(times, array("d", x.ravel().tolist()), n, array("B", [3]) * n, score, zeros(n), zeros(n),
                      zeros(n, "B"), trace)  # fmt: skip

    found = np.array(trace).reshape(n, d + 2)[:, -2:]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(score, np.array(expected) @ [0.02, 0.03], rtol=1e-9)


def test_absent_inputs_take_what_the_components_say() -> None:
    d = 3
    parts = model(d, 1, 0, [0, 1, 2])
    direction = np.array([1.0, 1.0, 1.0]) / math.sqrt(3)
    parts["loadings"] = padded(direction, 8)
    parts["decay"], parts["max_missing"] = 0.0, 1
    kernel, mine = rows_of(pca_kernels, parts)
    kernel.score(array("d", [70.0, 70.0, math.nan, 0.0]))

    assert list(mine["running"][:2]) == [1.0, 1.0]
    assert mine["running"][2] == pytest.approx(1.0, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=5, max_size=5),
        min_size=0,
        max_size=12,
    )
)
def test_whatever_the_row_holds_twin_and_kernel_agree_and_scores_are_finite(cells: list[list[float]]) -> None:
    parts = model(5, 2, 1, [0, 1, 2, 3, 4])
    parts["width"] = 5
    parts["adapt"], parts["follow"] = 0.01, 0.01
    rows = FrameBlock(
        array("q", [START + i * PERIOD for i in range(len(cells))]), array("d", [x for row in cells for x in row]), 5
    )
    gate = array("B", [3]) * len(cells)

    kernel = outcome(pca_kernels, parts, rows, gate)

    assert kernel == outcome(_pca_kernels_py, parts, rows, gate)
    scores = array("d")
    scores.frombytes(kernel[0])
    assert all(x != x or 0 <= x < math.inf for x in scores)


def test_turning_loadings_stay_orthonormal_and_follow_a_slow_turn() -> None:
    d, n = 6, 4000
    parts = model(d, 1, 0, list(range(d)))
    start, goal = np.eye(d)[0], np.array([1.0, 0.5, 0, 0, 0, 0]) / math.sqrt(1.25)
    parts |= {"loadings": padded(start, 8), "decay": 0.0, "follow": 0.01, "weight": array("d", [1e-4, 1e-4])}
    kernel, mine = rows_of(pca_kernels, parts)
    rng = random.Random(3)
    for _ in range(n):
        along = rng.gauss(0, 1)
        kernel.score_learn(array("d", [50 + 20 * (along * g + rng.gauss(0, 0.05)) for g in goal] + [0.0]))

    found = np.array(mine["loadings"])[:d]
    assert abs(found @ goal) > 0.999
    assert np.linalg.norm(found) == pytest.approx(1.0, abs=1e-3)
    assert 0.5 <= mine["variance"][0] / parts["home_variance"][0] <= 2.0


def test_nothing_is_learned_from_a_fault_and_the_centre_stays_within_reach() -> None:
    parts = model(4, 1, 2, [0, 1, 2, 3])
    parts |= {"adapt": 0.05, "decay": 0.0, "reach": 0.5}
    kernel, mine = rows_of(pca_kernels, parts)
    for _ in range(200):
        kernel.score_learn(array("d", [50.0 + 20 * 30, 50.0, 50.0, 50.0, 0.0]))
    assert list(mine["centre"][:4]) == [50.0] * 4

    for _ in range(2000):
        kernel.score_learn(array("d", [50.0 + 20 * 0.9] * 4 + [0.0]))
    assert list(mine["centre"][:4]) == pytest.approx([60.0] * 4)
    kernel.score(array("d", [55.0] * 5))
    assert list(mine["centre"][:4]) == pytest.approx([60.0] * 4)


def test_rows_of_another_kind_are_refused_and_read_only_rows_are_welcome() -> None:
    for module in (pca_kernels, _pca_kernels_py):
        kernel, _mine = rows_of(module, model(3, 1, 0, [0, 1, 2]))
        good = np.full(4, 50.0)
        expected = kernel.score(good)
        good.flags.writeable = False
        assert kernel.score(good) == expected
        assert kernel.score(memoryview(good.tobytes()).cast("d")) == expected
        with pytest.raises((ValueError, BufferError)):
            kernel.score(np.full(8, 50.0)[::2])
        for wrong in (np.full(4, 50.0, np.float32), np.full(2, 50.0), np.full((1, 4), 50.0), array("q", [1] * 4)):
            with pytest.raises(ValueError, match="doubles"):
                kernel.score(wrong)
        with pytest.raises(TypeError):
            kernel.score([50.0] * 4)


@pytest.mark.skipif(not COMPILED, reason="the twins rely on the callers")
def test_wrong_sizes_are_refused() -> None:
    parts = model(3, 1, 0, [0, 1, 2])
    for name, wrong, message in (
        ("columns", array("i", [0, 1, 9]), "column"),
        ("centre", zeros(3), "shorter"),
        ("variance", zeros(3), "multiple"),
        ("marks", zeros(1, "q"), "small"),
    ):
        with pytest.raises(ValueError, match=message):
            rows_of(pca_kernels, {**parts, name: wrong})
    kernel, _mine = rows_of(pca_kernels, {**parts, "count": array("i", [2])})
    with pytest.raises(ValueError, match="components"):
        kernel.score(zeros(4))


def test_eigenvectors_are_those_of_numpy() -> None:
    rng = np.random.default_rng(6)
    root = rng.normal(size=(12, 12))
    matrix = root @ root.T
    values, vectors = eigen(matrix.ravel().tolist(), 12)

    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix)[::-1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.array(vectors) @ matrix, np.array(values)[:, None] * np.array(vectors), atol=1e-7)
    np.testing.assert_allclose(np.array(vectors) @ np.array(vectors).T, np.eye(12), atol=1e-12)


PLACE = Place((1, 2, 3), 0, 4, PERIOD)
RUNS = {"gate": "running", "gate_above": 0.5, "learn_rows": 1500}


@pytest.mark.parametrize("trained", [False, True], ids=["learned", "trained"])
def test_a_fault_is_found_explained_and_normal_work_is_quiet(trained: bool) -> None:
    if trained:
        detector, card = fit_pca(RUNS, PLACE, machine(7000))
        assert card.rows > 1000
        assert 0.9 <= card.explained <= 1
    else:
        detector = Pca(RUNS, PLACE)
        detector.learn_many(machine(7000))
    out = ScoreBlock()

    normal = machine(1000, seed=5)
    detector.score_many(normal, out)
    assert not any(out.score[i] >= 1.0 for i in range(1000))

    fault = machine(900, seed=6, fault_from=300)
    detector.score_many(fault, out)
    scored = [i for i in range(400, 900) if out.state[i] == NORMAL]
    assert sum(out.score[i] >= out.limits[i] for i in scored) / len(scored) > 0.9
    assert detector.explain(fault, out, scored[100])[0].column == 2


def test_constant_signals_do_not_stop_learning() -> None:
    detector = Pca({"learn_rows": 60}, Place((0, 1), -1, 2, PERIOD))
    rng = random.Random(1)
    rows = FrameBlock.empty(2)
    for i in range(200):
        rows.time_ns.append(START + i * PERIOD)
        rows.values.extend([7.0, rng.gauss(0, 1)])
    detector.learn_many(rows)

    assert detector.ready
    out = ScoreBlock()
    detector.score_many(rows, out)
    assert max(out.score[:200]) < 1.0


def test_too_many_missing_inputs_are_not_scored_and_models_that_do_not_fit_are_refused() -> None:
    detector = Pca({"max_missing": 0}, Place((0, 1), -1, 2, PERIOD))
    with pytest.raises(NotReady):
        detector.row_scorer()
    for wrong in (
        ([0.0], [1.0], [[1.0]], [1.0]),
        ([0.0, 0.0], [1.0, 0.0], [[1.0, 0.0]], [1.0]),
        ([0.0, 0.0], [1.0, 1.0], [[1.0]], [1.0]),
        ([0.0, 0.0], [1.0, 1.0], [[1.0, math.nan]], [1.0]),
        ([0.0, 0.0], [1.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0]),
    ):
        with pytest.raises(ArtifactError):
            detector.fit(*wrong)
    with pytest.raises(ArtifactError):
        detector.set_weights(0.0, 1.0)
    detector.fit([0.0, 0.0], [1.0, 1.0], [[1.0, 0.0]], [1.0], (0.1, 0.1))
    out = ScoreBlock()
    detector.score_many(FrameBlock(array("q", [START]), array("d", [1.0, math.nan]), 2), out)
    assert out.state[0] == UNKNOWN
    state = dict(detector.state())
    other = Pca({"max_missing": 0}, Place((0, 1), -1, 2, PERIOD))
    other._count[0] = 2
    with pytest.raises(ArtifactError, match="components"):
        detector.load(other.state())
    assert dict(detector.state()) == state
