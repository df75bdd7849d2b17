"""Isolation forest: kernel against twin, against scikit-learn, rows against blocks, and what it finds."""

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
from numpy.typing import NDArray
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models import _isolation_kernels_py
from ovoo_models._select import COMPILED, isolation_kernels
from ovoo_models.anomaly.isolation import Isolation
from ovoo_models.anomaly.isolation_trees import Forest, grow, mean_path
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.train.isolation import export_forest, fit_isolation
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length

from tests.models.conftest import SECOND, START, machine, odd_rows

PERIOD = 5 * SECOND


def zeros(n: int, code: str = "d") -> array[Any]:
    return array(code, bytes(array(code).itemsize * n))


def bits(values: Any) -> bytes:
    return array("d", [math.nan if x != x else x for x in values]).tobytes()


def block_of(x: NDArray[np.float64]) -> FrameBlock:
    times = array("q", [(i + 1) * PERIOD for i in range(len(x))])
    return FrameBlock(times, array("d", x.ravel().tolist()), x.shape[1])


def kernel_of(module: ModuleType, forest: Forest, columns: list[int], width: int, gate: Any = None) -> Any:
    parts = gate or (-1, -math.inf, math.inf, 0, 3600 * SECOND, array("q", [-1, -1]))
    return module.IsolationRows(
        array("i", columns), width, len(columns) // 2, forest.cut, forest.pick, forest.left, forest.start,
        forest.node_samples, forest.length, forest.depth[0], forest.mean_length[0], array("d", [0.6]),
        array("q", [-1]), PERIOD, parts,
    )  # fmt: skip


def grown(d: int, trees: int, samples: int, seed: int) -> Forest:
    rng = random.Random(seed)
    return grow([[rng.gauss(50, 20) for _ in range(d)] for _ in range(300)], trees, samples, seed)


def outcome(module: ModuleType, forest: Forest, columns: list[int], rows: FrameBlock, gate: array[int]) -> list[bytes]:
    n = len(rows)
    out = [zeros(n), zeros(n), zeros(n), zeros(n, "B")]
    kernel_of(module, forest, columns, rows.width).score_rows(rows.values, n, gate, *out)
    return [bits(each) for each in out]


@pytest.mark.parametrize(("d", "trees", "samples"), [(1, 1, 2), (3, 9, 16), (8, 100, 256), (5, 70, 64)])
def test_kernel_equals_its_twin(d: int, trees: int, samples: int) -> None:
    columns = list(range(d)) if trees % 2 else random.Random(d).sample(range(d + 3), d)
    rows = odd_rows(120, d + 3, trees)
    gate = array("B", random.Random(d).choices([0, 1, 2, 3], [1, 1, 1, 20], k=120))
    forest = grown(d, trees, samples, trees)

    first = outcome(isolation_kernels, forest, columns, rows, gate)

    assert first == outcome(_isolation_kernels_py, forest, columns, rows, gate)


@pytest.mark.parametrize(("d", "n"), [(2, 3), (2, 128), (2, 261), (128, 130), (129, 70), (512, 33)])
def test_blocks_of_any_length_and_width_give_the_scores_of_single_rows(d: int, n: int) -> None:
    rng = random.Random(d + n)
    rows = FrameBlock(array("q", range(n)), array("d", [rng.gauss(50, 20) for _ in range(n * d)]), d)
    gate = array("B", rng.choices([1, 3], [1, 9], k=n))
    for row in rng.sample(range(n), n // 9):
        rows.values[row * d] = math.nan
    forest = grow([list(rows.values[i * d : i * d + d]) for i in range(min(n, 40))], 9, 16, 2)
    kernel = kernel_of(isolation_kernels, forest, list(range(d)), d)

    found = outcome(isolation_kernels, forest, list(range(d)), rows, gate)

    one = [kernel.score(rows.values[i * d : i * d + d]) if gate[i] == NORMAL else math.nan for i in range(n)]
    assert found[0] == bits(one)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(width=64), min_size=3, max_size=3), max_size=15))
def test_whatever_the_row_holds_twin_and_kernel_agree_within_the_range(cells: list[list[float]]) -> None:
    rows = FrameBlock(array("q", range(len(cells))), array("d", [x for row in cells for x in row]), 3)
    gate = array("B", [3]) * len(cells)
    forest = grown(3, 12, 32, 4)

    first = outcome(isolation_kernels, forest, [0, 1, 2], rows, gate)

    assert first == outcome(_isolation_kernels_py, forest, [0, 1, 2], rows, gate)
    scores = array("d")
    scores.frombytes(first[0])
    assert all(x != x or 0 < x <= 1 for x in scores)


@pytest.mark.parametrize("features", [1.0, 0.5], ids=["all", "half"])
@pytest.mark.parametrize("samples", [8, 256, 1000])
def test_scores_are_those_of_scikit_learn(samples: int, features: float) -> None:
    rng = np.random.default_rng(samples)
    x = rng.normal(size=(1500, 6)).round(2)
    model = IsolationForest(n_estimators=50, max_samples=samples, max_features=features, random_state=3).fit(x)
    detector = Isolation({}, Place(tuple(range(6)), -1, 6, PERIOD))
    detector.fit(export_forest(model))
    fresh = np.vstack([x[:500], rng.normal(size=(500, 6)) * 4, rng.choice(x.ravel(), size=(500, 6))])
    out = ScoreBlock()
    detector.measure(block_of(fresh), out)

    np.testing.assert_allclose(np.array(out.score[:1500]), -model.score_samples(fresh), atol=1e-12)


def test_inputs_between_two_singles_take_the_side_that_scikit_learn_takes() -> None:
    x = np.linspace(0, 1, 257).reshape(-1, 1) / 3
    model = IsolationForest(n_estimators=20, max_samples=256, random_state=0).fit(x)
    cuts = np.concatenate([each.tree_.threshold[each.tree_.feature >= 0] for each in model.estimators_])
    near = np.concatenate([cuts, np.nextafter(cuts, 1), np.nextafter(cuts, 0), cuts.astype(np.float32)]).reshape(-1, 1)
    detector = Isolation({}, Place((0,), -1, 1, PERIOD))
    detector.fit(export_forest(model))
    out = ScoreBlock()
    detector.measure(block_of(near), out)

    np.testing.assert_allclose(np.array(out.score[: len(near)]), -model.score_samples(near), atol=1e-12)


def test_mean_path_lengths_are_those_of_scikit_learn() -> None:
    sizes = [1, 2, 3, 10, 256, 100_000]
    assert [mean_path(n) for n in sizes] == pytest.approx(_average_path_length(sizes).tolist(), rel=1e-12)


def test_single_rows_equal_the_twin_and_the_block() -> None:
    forest = grown(4, 30, 64, 2)
    rows = odd_rows(150, 5, 3)
    cells = [rows.values[5 * i : 5 * i + 5] for i in range(150)]
    found = []
    for module in (isolation_kernels, _isolation_kernels_py):
        gate = (4, 10.0, 95.0, 60 * SECOND, 3600 * SECOND, array("q", [-1, -1]))
        kernel = kernel_of(module, forest, [0, 1, 2, 3], 5, gate)
        found.append((bits(kernel.score_learn(row) for row in cells), bits(kernel.peek(row) for row in cells)))
    assert found[0] == found[1]

    detector = Isolation({}, Place((0, 1, 2, 3), -1, 5, PERIOD))
    detector.fit(forest)
    out = ScoreBlock()
    detector.measure(rows, out)
    scorer = detector.row_scorer()
    assert bits(out.score[:150]) == bits(scorer.score(row) for row in cells)


def test_missing_inputs_follow_the_crowd_and_too_many_are_not_scored() -> None:
    detector = Isolation({"max_missing": 1}, Place((0, 1), -1, 2, PERIOD))
    detector.fit(grown(2, 50, 128, 5), 0.6)
    scorer = detector.row_scorer()

    assert scorer.score(array("d", [50.0, math.nan])) < scorer.score(array("d", [50.0, 200.0]))
    assert math.isnan(scorer.score(array("d", [math.nan, math.nan])))
    out = ScoreBlock()
    detector.score_many(FrameBlock(array("q", [1]), array("d", [math.nan, math.nan]), 2), out)
    assert out.state[0] == UNKNOWN


PLACE = Place((1, 2, 3), 0, 4, PERIOD)
RUNS = {"gate": "running", "gate_above": 0.5, "learn_rows": 2800}


@pytest.mark.parametrize("trained", [False, True], ids=["grown", "scikit-learn"])
def test_a_row_apart_is_found_and_explained_and_normal_work_is_quiet(trained: bool) -> None:
    if trained:
        detector, card = fit_isolation(RUNS, PLACE, machine(7000))
        assert card.nodes > card.trees == 100
        assert card.q99 < card.limit < 1
    else:
        detector = Isolation(RUNS, PLACE)
        detector.learn_many(machine(7000))
    out = ScoreBlock()
    normal = machine(1000, seed=5)
    detector.score_many(normal, out)
    assert not any(out.score[i] >= out.limits[i] for i in range(1000))
    usual = max(x for x in out.score[:1000] if x == x)

    odd = machine(200, seed=6)
    for i in range(100, 200):
        odd.values[4 * i + 1 : 4 * i + 4] = array("d", [300.0, 400.0, 200.0])
    detector.score_many(odd, out)
    scored = [i for i in range(100, 200) if out.state[i] == NORMAL]
    assert min(out.score[i] for i in scored) > usual
    assert {each.column for each in detector.explain(odd, out, scored[0])} == {1, 2, 3}


def test_state_comes_back_with_the_trees() -> None:
    detector = Isolation({}, Place((0, 1), -1, 2, PERIOD))
    empty = detector.state()
    with pytest.raises(NotReady):
        detector.row_scorer()
    detector.fit(grown(2, 20, 64, 1), 0.6)
    again = Isolation({}, Place((0, 1), -1, 2, PERIOD))
    again.load(detector.state())

    row = array("d", [10.0, 90.0])
    assert again.ready
    assert again.row_scorer().score(row) == detector.row_scorer().score(row)
    again.load(empty)
    assert not again.ready


def test_forests_that_do_not_fit_are_refused_and_change_nothing() -> None:
    detector = Isolation({}, Place((0, 1), -1, 2, PERIOD))
    detector.fit(grown(2, 3, 16, 1), 0.6)
    before = dict(detector.state())
    for name, wrong in (("left", 5000), ("pick", 2), ("cut", math.nan), ("length", math.inf), ("start", 9999)):
        forest = grown(2, 3, 16, 1)
        getattr(forest, name)[-1 if name == "start" else 0] = wrong
        with pytest.raises(ArtifactError, match="does not fit"):
            detector.fit(forest)
        other = {**before, **_stored(forest)}
        with pytest.raises(ArtifactError):
            detector.load(other)
        assert dict(detector.state()) == before
    with pytest.raises(ArtifactError, match="limit"):
        detector.fit(grown(2, 3, 16, 1), 0.0)
    with pytest.raises(ConfigError, match="inputs"):
        Isolation({}, Place(tuple(range(600)), -1, 600, PERIOD))


def _stored(forest: Forest) -> dict[str, str]:
    from ovoo_models.anomaly.isolation import _nodes, _starts

    return {**_nodes(forest).state(), **_starts(forest).state()}


def test_rows_of_another_kind_are_refused_and_read_only_rows_are_welcome() -> None:
    forest = grown(2, 5, 16, 1)
    for module in (isolation_kernels, _isolation_kernels_py):
        kernel = kernel_of(module, forest, [0, 1], 2)
        good = np.full(2, 50.0)
        expected = kernel.score(good)
        good.flags.writeable = False
        assert kernel.score(good) == expected
        with pytest.raises((ValueError, BufferError)):
            kernel.score(np.full(4, 50.0)[::2])
        for wrong in (np.full(2, 50.0, np.float32), np.full(1, 50.0), np.full((1, 2), 50.0)):
            with pytest.raises(ValueError, match="doubles"):
                kernel.peek(wrong)
        with pytest.raises(TypeError):
            kernel.score([50.0, 50.0])


@pytest.mark.skipif(not COMPILED, reason="the twins rely on the callers")
def test_the_kernel_itself_refuses_trees_that_lead_outside() -> None:
    for name, wrong, message in (("left", 5000, "out of its tree"), ("pick", 7, "input that is not there")):
        forest = grown(2, 3, 16, 1)
        getattr(forest, name)[0] = wrong
        with pytest.raises(ValueError, match=message):
            kernel_of(isolation_kernels, forest, [0, 1], 2)
    with pytest.raises(ValueError, match="outside the row"):
        kernel_of(isolation_kernels, grown(2, 3, 16, 1), [0, 5], 2)


def test_constant_inputs_and_infinities_in_training_leave_a_usable_forest() -> None:
    detector = Isolation({"learn_rows": 60, "trees": 10}, Place((0, 1), -1, 2, PERIOD))
    rng = random.Random(1)
    rows = FrameBlock.empty(2)
    for i in range(1600):
        rows.time_ns.append(START + i * PERIOD)
        rows.values.extend([7.0, math.inf if i == 5 else rng.gauss(0, 1)])
    detector.learn_many(rows)

    assert detector.ready
    out = ScoreBlock()
    detector.score_many(rows, out)
    assert all(out.state[i] == NORMAL and 0 < out.score[i] <= 1 for i in range(1600))
