"""The loss kernel and its twin have the same bits, gaps and steps back in time included."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import pytest
from ovoo_models import _equipment_kernels_py as twin
from ovoo_models._select import equipment_kernels as kernels

from tests.models.conftest import SECOND, START, doubles


def run(module: Any, seed: int, n: int) -> list[bytes]:
    rng = random.Random(seed)
    times, at = array("q"), START
    for _ in range(n):
        at += rng.choice([1, 1, 1, 60, 4000, -10]) * SECOND
        times.append(at)
    gate = array("B", [rng.choice([3, 3, 3, 1, 2, 0]) for _ in range(n)])
    code = array("B", [rng.choice([0, 0, 0, 0, 100, 201]) for _ in range(n)])
    result = doubles(*(rng.gauss(0.7, 0.02) for _ in range(n)))
    sigma = doubles(*(rng.choice([0.01, 0.02, 0.0]) for _ in range(n)))
    score, limits, measure, trace = (doubles(*[0.0] * size) for size in (n, n, n, 2 * n))
    state, last, mean = array("B", bytes(n)), array("q", [0]), doubles(0.0, 0.0)
    module.loss_rows(
        times, n, gate, result, sigma, code, 0.9, 3_600_000_000_000, 3, 1.0, doubles(0.72, 0.0), 2.0, mean, last,
        score, limits, measure, state, trace,
    )  # fmt: skip
    return [each.tobytes() for each in (score, limits, measure, state, trace, mean, last)]


@pytest.mark.parametrize("seed", range(5))
def test_kernel_and_twin_have_the_same_bits(seed: int) -> None:
    assert run(kernels, seed, 400) == run(twin, seed, 400)


@pytest.mark.parametrize("module", [kernels, twin], ids=["chosen", "twin"])
def test_a_row_is_scored_by_the_mean_of_its_run(module: Any) -> None:
    n = 3
    score, limits, measure, trace = (doubles(*[0.0] * size) for size in (n, n, n, 2 * n))
    state = array("B", bytes(n))
    module.loss_rows(
        array("q", [1, 2, 3]), n, array("B", [3, 3, 3]), doubles(0.6, 0.8, 0.8), doubles(0.03, 0.03, 0.03),
        array("B", [0, 0, 1]), 0.5, 100, 2, 1.0, doubles(0.8, 0.04), 2.0, doubles(0.0, 0.0), array("q", [0]),
        score, limits, measure, state, trace,
    )  # fmt: skip
    assert list(state) == [0, 3, 0]
    assert score[1] == pytest.approx((0.8 - 0.7) / 0.05)
    assert measure[1] == pytest.approx(12.5)
    assert list(trace[2:4]) == pytest.approx([0.7, 0.05])
    assert math.isnan(score[0])
