"""The balance of a few meters on a stream: leaks are found, late and silent meters are none."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_models import _balance_kernels_py as twin
from ovoo_models._select import balance_kernels
from ovoo_models.base import FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.balance.stream import MeterBalance

from tests.models.conftest import SECOND, START, odd_rows

PERIOD = 10 * SECOND
PLACE = Place((0, 1, 2), -1, 3, PERIOD)
PARAMS = {"class_percent": 0.5, "delay_s": 60.0}


def stream(hours: float, seed: int, late_s: int = 0, change: Callable[[int, list[float]], None] | None = None) -> Any:
    """Two users and what feeds them, loads that wander and jump; the second user reports `late_s` late."""
    rng = random.Random(seed)
    rows = round(hours * 360)
    level, loads = [100.0, 60.0], []
    for _ in range(rows):
        level = [max(x + rng.gauss(0, 0.5), 5.0) for x in level]
        if rng.random() < 0.003:
            level[1] = rng.uniform(20, 120)
        loads.append(list(level))
    block = FrameBlock.empty(3)
    for i, (one, two) in enumerate(loads):
        seen = loads[max(i - late_s // 10, 0)][1]
        row = [one + two, one * 1.001, seen * 0.999]
        if change:
            change(i, row)
        block.time_ns.append(START + i * PERIOD)
        block.values.extend(row)
    return block


def scored(block: FrameBlock, **params: Any) -> tuple[MeterBalance, ScoreBlock]:
    detector, out = MeterBalance({**PARAMS, **params}, PLACE), ScoreBlock()
    detector.score_many(block, out)
    return detector, out


def known(out: ScoreBlock) -> list[float]:
    return [x for x in out.score[: out.rows] if x == x]


@pytest.mark.parametrize("seed", range(5))
def test_a_balance_within_the_classes_is_no_finding(seed: int) -> None:
    _, out = scored(stream(12, seed))

    assert len(known(out)) == out.rows - 90
    assert max(known(out)) < 1.0


@pytest.mark.parametrize("seed", range(5))
def test_a_meter_that_reports_late_is_no_imbalance(seed: int) -> None:
    block = stream(12, seed, late_s=60)

    _, granted = scored(block)
    _, bare = scored(block, delay_s=0.0, sigmas=1.0)

    assert max(known(granted)) < 1.0
    assert max(known(bare)) > 1.0


def test_a_leak_is_found_within_two_blocks_with_its_size() -> None:
    def leak(i: int, row: list[float]) -> None:
        row[0] += 10.0 if i >= 2000 else 0.0

    detector, out = scored(stream(10, 3, change=leak))

    first = next(i for i, x in enumerate(out.score[: out.rows]) if x >= 1.0)
    assert 2000 <= first <= 2000 + 180
    assert out.measure[2400] == pytest.approx(10.0, abs=1.5)
    causes = detector.explain(stream(10, 3, change=leak), out, 2400)
    assert sum(each.share for each in causes) == pytest.approx(1.0)
    assert causes[0].column == 0
    assert causes[0].change > 0 > causes[1].change


def test_gaps_and_silent_meters_are_not_scored_and_leave_nothing_behind() -> None:
    def silent(i: int, row: list[float]) -> None:
        if 1000 <= i < 1400:
            row[2] = math.nan

    _, out = scored(stream(10, 4, change=silent))

    assert all(x != x for x in out.score[1000:1400])
    assert max(known(out)) < 1.0


def test_feeds_and_known_losses_enter_the_balance() -> None:
    block = FrameBlock.empty(3)
    for i in range(400):
        block.time_ns.append(START + i * PERIOD)
        block.values.extend([80.0, 98.0, 20.0])

    _, plain = scored(block)
    _, told = scored(block, feeds=[2], loss_percent=2.0)

    assert plain.measure[300] == pytest.approx(80.0 - 98.0 - 20.0)
    assert told.measure[300] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("params", "inputs", "text"),
    [
        ({}, (0, 1), "class_percent"),
        ({"class_percent": 0.5}, (0,), "two or more meters"),
        ({"class_percent": 0.5}, (0, 1, 1), "listed twice"),
        ({"class_percent": 0}, (0, 1), "class_percent"),
        ({"class_percent": 0.5, "feeds": [5]}, (0, 1), "feeds"),
        ({"class_percent": 0.5, "blocks": 5}, (0, 1), "unknown parameter"),
    ],
)
def test_wrong_settings_are_named(params: dict[str, Any], inputs: tuple[int, ...], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        MeterBalance(params, Place(inputs, -1, 3, PERIOD))


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 400))
@settings(deadline=None, max_examples=40)
def test_the_kernel_equals_its_twin(seed: int, d: int, n: int) -> None:
    rng = random.Random(seed)
    rows = odd_rows(n, d, seed)
    gate = array("B", [rng.choice([3, 3, 3, 3, 1]) for _ in range(n)])
    outcomes = []
    for module in (balance_kernels, twin):
        sums, held, at = array("d", bytes(40 * d)), array("d", bytes(8 * (d + 3))), array("q", [-1, 0, -1, 0])
        out = ScoreBlock()
        out.resize(n, d + 1)
        module.balance_rows(
            rows.time_ns, rows.values, d, n, gate, array("i", range(d)), array("d", [1.0, *[-1.0] * (d - 1)]), d,
            0.003, 0.1, 0.01, 3.0, 0.1, 600 * SECOND, 3, sums, held, at, out.score, out.limits, out.measure, out.state,
            out.trace,
        )  # fmt: skip
        columns = [sums, held, out.score, out.limits, out.measure, out.trace]
        outcomes.append(
            [array("d", [math.nan if x != x else x for x in column]).tobytes() for column in columns]
            + [at.tobytes(), out.state.tobytes()]
        )
    assert outcomes[0] == outcomes[1]
