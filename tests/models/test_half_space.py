"""Half-space forest: kernel against twin, against a slow tree of nodes, rows against blocks, and what it finds."""

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
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models import _half_space_kernels_py
from ovoo_models._select import COMPILED, half_space_kernels
from ovoo_models.anomaly.half_space import HalfSpace
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock

from tests.models.conftest import SECOND, START, machine, odd_rows

PERIOD = 5 * SECOND


def zeros(n: int, code: str = "d") -> array[Any]:
    return array(code, bytes(array(code).itemsize * n))


def bits(values: Any) -> bytes:
    return array("d", [math.nan if x != x else x for x in values]).tobytes()


class Node:
    """A node as the paper draws it: two masses and two children."""

    def __init__(self, cut: float, pick: int, depth: int, children: tuple[Node, Node] | None) -> None:
        self.cut, self.pick, self.depth, self.children = cut, pick, depth, children
        self.reference = self.latest = 0

    def path(self, row: list[float]) -> list[Node]:
        if self.children is None:
            return [self]
        return [self, *self.children[not row[self.pick] < self.cut].path(row)]

    def all(self) -> list[Node]:
        return [self, *(node for child in self.children or () for node in child.all())]


class SlowForest:
    """Half-space trees by the published description, with river's sum over the path."""

    def __init__(self, roots: list[Node], window: int) -> None:
        self.roots, self.window, self.rows, self.full = roots, window, 0, False

    def score(self, row: list[float]) -> float:
        total = 0
        height = self.roots[0].path(row)[-1].depth
        for root in self.roots:
            for node in root.path(row):
                total += node.reference * 2**node.depth
                if node.reference < 0.1 * self.window:
                    break
        return 1 - total / (len(self.roots) * self.window * (2 ** (height + 1) - 1)) if self.full else math.nan

    def learn(self, row: list[float]) -> None:
        for root in self.roots:
            for node in root.path(row):
                node.latest += 1
        self.rows += 1
        if self.rows == self.window:
            self.rows, self.full = 0, True
            for root in self.roots:
                for node in root.all():
                    node.reference, node.latest = node.latest, 0


def slow(cut: array[float], pick: array[int], trees: int, height: int, window: int) -> SlowForest:
    def grow(tree: int, level: int, at: int) -> Node:
        if level == height:
            return Node(0.0, 0, level, None)
        node = (tree << height) + (1 << level) + at
        children = grow(tree, level + 1, at), grow(tree, level + 1, at + (1 << level))
        return Node(cut[node], pick[node], level, children)

    return SlowForest([grow(tree, 0, 0) for tree in range(trees)], window)


def parts(seed: int, trees: int, height: int, window: int, d: int, oblivious: bool, width: int) -> dict[str, Any]:
    """Arguments of a kernel object: a random forest over `d` of `width` columns."""
    rng = random.Random(seed)
    inputs = array("i", rng.sample(range(width), d))
    cells = trees << height
    cut = array("d", [rng.gauss(50, 20) for _ in range(cells)])
    column = array("i", rng.choices(inputs, k=cells))
    level_cut, level_column = array("d"), array("i")
    if oblivious:
        for level in range(height):
            for tree in range(trees):
                first = (tree << height) + (1 << level)
                for node in range(first, first + (1 << level)):
                    cut[node], column[node] = cut[first], column[first]
                level_cut.append(cut[first])
                level_column.append(column[first])
    return {
        "trees": trees, "height": height, "inputs_at": inputs, "width": width, "max_missing": max(d // 2, 1),
        "cut": cut, "column": column, "level_cut": level_cut, "level_column": level_column,
        "count": zeros(cells, "i"), "reference": zeros(cells, "i"), "marks": array("q", [0, 0, -1]),
        "limit": array("d", [0.97]), "window": window, "period_ns": PERIOD,
        "gate": (-1, -math.inf, math.inf, 0, 3600 * SECOND, array("q", [-1, -1])),
    }  # fmt: skip


def kernel_of(module: ModuleType, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    mine = {name: part[:] if isinstance(part, array) else part for name, part in given.items()}
    return module.HalfSpaceRows(*mine.values()), mine


def outcome(module: ModuleType, given: dict[str, Any], rows: FrameBlock, gate: array[int], learns: bool) -> list[bytes]:
    n = len(rows)
    out = [zeros(n), zeros(n), zeros(n), zeros(n, "B")]
    kernel, mine = kernel_of(module, given)
    kernel.score_rows(rows.values, n, gate, learns, *out)
    return [bits(each) for each in out] + [mine[name].tobytes() for name in ("count", "reference", "marks")]


@pytest.mark.parametrize("oblivious", [False, True], ids=["nodes", "levels"])
@pytest.mark.parametrize(("trees", "height", "d"), [(1, 1, 1), (3, 2, 2), (25, 8, 8), (7, 5, 3)])
def test_kernel_equals_its_twin(trees: int, height: int, d: int, oblivious: bool) -> None:
    given_parts = parts(trees, trees, height, 40, d, oblivious, d + 2)
    rows = odd_rows(230, d + 2, trees)
    gate = array("B", random.Random(height).choices([0, 1, 2, 3], [1, 1, 1, 20], k=230))

    for learns in (True, False):
        first = outcome(half_space_kernels, given_parts, rows, gate, learns)
        assert first == outcome(_half_space_kernels_py, given_parts, rows, gate, learns)


@pytest.mark.parametrize("oblivious", [False, True], ids=["nodes", "levels"])
def test_single_rows_equal_the_twin_and_the_block(oblivious: bool) -> None:
    given_parts = parts(4, 10, 5, 30, 4, oblivious, 5)
    given_parts["inputs_at"] = array("i", [0, 1, 2, 3, 4])
    given_parts["gate"] = (4, 10.0, 95.0, 60 * SECOND, 3600 * SECOND, None)
    rows = odd_rows(200, 5, 9)
    found = []
    for module in (half_space_kernels, _half_space_kernels_py):
        fresh = {**given_parts, "gate": (*given_parts["gate"][:5], array("q", [-1, -1]))}
        kernel, mine = kernel_of(module, fresh)
        cells = [rows.values[5 * i : 5 * i + 5] for i in range(200)]
        scores = [kernel.score_learn(row) if i % 3 else kernel.score(row) for i, row in enumerate(cells)]
        peeks = [kernel.peek(row) for row in cells]
        found.append((bits(scores), bits(peeks), mine["count"].tobytes(), mine["marks"].tobytes()))
    assert found[0] == found[1]

    place = Place((0, 1, 2, 3, 4), -1, 5, PERIOD)
    detector = HalfSpace({"trees": 10, "height": 5, "window": 30, "oblivious": int(oblivious)}, place)
    cut, pick = planted(detector, 5, 3)
    detector.plant(cut, pick, 0.97)
    out = ScoreBlock()
    block = FrameBlock(array("q", [(i + 1) * PERIOD for i in range(200)]), rows.values, 5)
    state = detector.state()
    detector._run(block, out, learns=True)
    detector.load(state)
    scorer = detector.row_scorer()
    assert bits(out.score[:200]) == bits([scorer.score_learn(rows.values[5 * i : 5 * i + 5]) for i in range(200)])


def planted(detector: HalfSpace, d: int, seed: int) -> tuple[list[float], list[int]]:
    rng = random.Random(seed)
    cells = detector.trees << detector.height
    cut, pick = [rng.gauss(50, 15) for _ in range(cells)], [rng.randrange(d) for _ in range(cells)]
    if detector.oblivious:
        for tree in range(detector.trees):
            for level in range(detector.height):
                first = (tree << detector.height) + (1 << level)
                cut[first : 2 * (1 << level) + (tree << detector.height)] = [cut[first]] * (1 << level)
                pick[first : 2 * (1 << level) + (tree << detector.height)] = [pick[first]] * (1 << level)
    return cut, pick


@pytest.mark.parametrize("oblivious", [0, 1], ids=["nodes", "levels"])
@pytest.mark.parametrize("window", [10, 30, 41])
def test_scores_are_those_of_trees_of_nodes_for_the_same_cuts(window: int, oblivious: int) -> None:
    trees, height, d = 6, 5, 3
    detector = HalfSpace(
        {"trees": trees, "height": height, "window": window, "oblivious": oblivious}, Place((0, 1, 2), -1, 3, PERIOD)
    )
    cut, pick = planted(detector, d, window)
    detector.plant(cut, pick)
    forest = slow(*detector.cuts, trees, height, window)
    rng = random.Random(2)
    scorer = detector.row_scorer()
    expected, found = [], []
    for _ in range(400):
        row = [rng.gauss(50, 15) for _ in range(d)]
        expected.append(forest.score(row))
        forest.learn(row)
        found.append(scorer.score_learn(array("d", row)))

    assert bits(found) == bits(expected)
    assert 0 < min(x for x in found if x == x) < max(x for x in found if x == x) <= 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.floats(width=64), min_size=3, max_size=3), max_size=40),
    st.booleans(),
)
def test_whatever_the_row_holds_twin_and_kernel_agree_within_the_range(cells: list[list[float]], flat: bool) -> None:
    given_parts = parts(1, 5, 3, 12, 3, flat, 3)
    rows = FrameBlock(array("q", range(len(cells))), array("d", [x for row in cells for x in row]), 3)
    gate = array("B", [3]) * len(cells)

    first = outcome(half_space_kernels, given_parts, rows, gate, True)

    assert first == outcome(_half_space_kernels_py, given_parts, rows, gate, True)
    scores = array("d")
    scores.frombytes(first[0])
    assert all(x != x or 0 <= x <= 1 for x in scores)


def test_rows_at_or_above_the_limit_are_not_learned() -> None:
    detector = HalfSpace({"trees": 5, "height": 4, "window": 20}, Place((0, 1), -1, 2, PERIOD))
    detector.plant(*planted(detector, 2, 1), 0.5)
    scorer = detector.row_scorer()
    for _ in range(20):
        scorer.score_learn(array("d", [50.0, 50.0]))
    before = detector.state()

    for _ in range(50):
        assert scorer.score_learn(array("d", [1e9, -1e9])) >= 0.5
    after = detector.state()

    assert {name for name in after if after[name] != before[name]} == {"marks"}
    scorer.score_learn(array("d", [50.0, 50.0]))
    assert detector.state()["count"] != before["count"]


def test_learning_can_be_switched_off() -> None:
    rows = machine(7000)
    place = Place((1, 2, 3), 0, 4, PERIOD)
    params = {"gate": "running", "gate_above": 0.5, "learn_rows": 1000, "window": 500}
    following, frozen = HalfSpace(params, place), HalfSpace({**params, "learning": 0}, place)
    out = ScoreBlock()
    for detector in (following, frozen):
        detector.learn_many(rows)
        before = detector.state()["count"]
        detector.score_many(machine(300, seed=3), out)
        assert (detector.state()["count"] == before) == (detector is frozen)


@pytest.mark.parametrize("oblivious", [0, 1], ids=["nodes", "levels"])
def test_a_state_never_seen_is_found_and_explained_and_normal_work_is_quiet(oblivious: int) -> None:
    rng = random.Random(4)

    def stream(rows: int, odd: bool) -> FrameBlock:
        block = FrameBlock.empty(3)
        for i in range(rows):
            first, second = (50.0, 50.0) if odd else rng.choice([(20.0, 80.0), (80.0, 20.0)])
            block.time_ns.append(START + i * PERIOD)
            block.values.extend([first + rng.gauss(0, 2), second + rng.gauss(0, 2), rng.gauss(50, 5)])
        return block

    params = {"trees": 50, "window": 1000, "learn_rows": 1000, "oblivious": oblivious, "limit_share": 0.1}
    detector = HalfSpace(params, Place((0, 1, 2), -1, 3, PERIOD))
    detector.learn_many(stream(4000, odd=False))
    assert detector.ready
    out = ScoreBlock()
    detector.score_many(stream(1000, odd=False), out)
    assert sum(out.score[i] >= out.limits[i] for i in range(1000)) < 20
    odd = stream(500, odd=True)
    detector.score_many(odd, out)
    assert sum(out.score[i] >= out.limits[i] for i in range(500)) > 400
    assert 2 not in [each.column for each in detector.explain(odd, out, 100)[:1]]


def test_missing_inputs_follow_the_crowd_and_too_many_are_not_scored() -> None:
    detector = HalfSpace({"trees": 9, "height": 4, "window": 20, "max_missing": 1}, Place((0, 1), -1, 2, PERIOD))
    detector.plant(*planted(detector, 2, 6))
    scorer = detector.row_scorer()
    usual = array("d", [50.0, 50.0])
    for _ in range(20):
        assert math.isnan(scorer.score_learn(usual))

    assert scorer.score(array("d", [50.0, math.nan])) == scorer.score(usual)
    assert math.isnan(scorer.score(array("d", [math.nan, math.nan])))
    out = ScoreBlock()
    detector._run(FrameBlock(array("q", [1]), array("d", [math.nan, math.nan]), 2), out, learns=True)
    assert out.state[0] == UNKNOWN


def test_rows_of_another_kind_are_refused_and_read_only_rows_are_welcome() -> None:
    for module in (half_space_kernels, _half_space_kernels_py):
        kernel, _mine = kernel_of(module, parts(1, 3, 3, 20, 2, False, 2))
        good = np.full(2, 50.0)
        for _ in range(20):
            kernel.score_learn(good)
        expected = kernel.score(good)
        good.flags.writeable = False
        assert kernel.score(good) == expected <= 1
        with pytest.raises((ValueError, BufferError)):
            kernel.score(np.full(4, 50.0)[::2])
        for wrong in (np.full(2, 50.0, np.float32), np.full(1, 50.0), np.full((1, 2), 50.0)):
            with pytest.raises(ValueError, match="doubles"):
                kernel.score_learn(wrong)
        with pytest.raises(TypeError):
            kernel.peek([50.0, 50.0])


@pytest.mark.parametrize("module", [half_space_kernels, _half_space_kernels_py], ids=["in_use", "twin"])
def test_cuts_on_columns_that_are_no_inputs_are_refused(module: ModuleType) -> None:
    given_parts = parts(1, 3, 3, 20, 2, False, 4)
    other = next(k for k in range(4) if k not in given_parts["inputs_at"])

    with pytest.raises(ValueError, match="no input"):
        kernel_of(module, {**given_parts, "column": array("i", [other]) * 24})


@pytest.mark.parametrize("window", [1, 31, 33, 90])
@pytest.mark.parametrize("every", [0, 3, 40])
def test_rows_looked_at_together_score_as_one_by_one(window: int, every: int) -> None:
    rng = random.Random(window + every)
    cells = array("d", [rng.gauss(50, 20) for _ in range(3 * 200)])
    for row in range(0, 200, every or 200):
        cells[3 * row + rng.randrange(3)] = math.nan
    given_parts = parts(every, 6, 4, window, 3, False, 3)
    block, _ = kernel_of(half_space_kernels, given_parts)
    single, _ = kernel_of(half_space_kernels, given_parts)
    score, *rest = zeros(200), zeros(200), zeros(200), zeros(200, "B")

    block.score_rows(cells, 200, array("B", [3]) * 200, True, score, *rest)

    assert bits(score) == bits([single.score_learn(cells[3 * i : 3 * i + 3]) for i in range(200)])


@pytest.mark.skipif(not COMPILED, reason="the twins rely on the callers")
def test_wrong_sizes_are_refused() -> None:
    good = parts(1, 3, 3, 20, 2, False, 2)
    for name, wrong, message in (
        ("trees", 300, "256 trees"),
        ("cut", zeros(3), "shorter"),
        ("window", 1 << 40, "2\\^31"),
        ("column", array("i", [7]) * 24, "outside"),
        ("inputs_at", array("i", [0, 5]), "outside"),
        ("level_cut", zeros(1), "level"),
    ):
        with pytest.raises(ValueError, match=message):
            kernel_of(half_space_kernels, {**good, name: wrong})


def test_forests_that_do_not_fit_are_refused() -> None:
    place = Place((0, 1), -1, 2, PERIOD)
    with pytest.raises(ConfigError, match="too large"):
        HalfSpace({"trees": 256, "height": 12, "window": 100_000}, place)
    detector = HalfSpace({"trees": 2, "height": 2}, place)
    with pytest.raises(NotReady):
        detector.row_scorer()
    for cut, pick in (([0.0] * 7, [0] * 8), ([0.0] * 8, [2] * 8), ([math.nan] * 8, [0] * 8)):
        with pytest.raises(ArtifactError):
            detector.plant(cut, pick)
    other = HalfSpace({"trees": 2, "height": 2}, Place((0, 1, 2), -1, 3, PERIOD))
    other.plant([1.0] * 8, [2] * 8)
    before = dict(detector.state())
    with pytest.raises(ArtifactError, match="other inputs"):
        detector.load(other.state())
    assert dict(detector.state()) == before


def test_constant_inputs_and_infinities_in_training_leave_a_usable_forest() -> None:
    detector = HalfSpace({"learn_rows": 60, "window": 50}, Place((0, 1), -1, 2, PERIOD))
    rng = random.Random(1)
    rows = FrameBlock.empty(2)
    for i in range(300):
        rows.time_ns.append(START + i * PERIOD)
        rows.values.extend([7.0, math.inf if i == 5 else rng.gauss(0, 1)])
    detector.learn_many(rows)

    assert detector.ready
    out = ScoreBlock()
    detector.score_many(rows, out)
    assert all(out.state[i] == NORMAL and 0 <= out.score[i] <= 1 for i in range(300))
