"""Kernels of savings: equal to their twins bit for bit, and to numpy and brute force to rounding."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import numpy as np
import pytest
from ovoo_models import _savings_kernels_py as twins
from ovoo_models._select import savings_kernels


def normal(count: int, seed: int, scale: float = 1.0) -> array[float]:
    rng = random.Random(seed)
    return array("d", [scale * rng.gauss(0, 1) for _ in range(count)])


def zeros(count: int) -> array[float]:
    return array("d", bytes(8 * count))


def both(name: str, *args: Any) -> tuple[Any, list[Any]]:
    """Result and arguments after the call; kernel and twin must agree to the last bit."""
    outcomes = []
    for module in (savings_kernels, twins):
        mine = [arg[:] if isinstance(arg, array) else arg for arg in args]
        outcomes.append((getattr(module, name)(*mine), mine))
    (first, left), (second, right) = outcomes
    assert first == second
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        if isinstance(a, array):
            assert a.tobytes() == b.tobytes(), f"{name} argument {place}"
    return second, right


def design_of(n: int, p: int, seed: int) -> array[float]:
    columns = normal(n * p, seed, 3.0)
    for i in range(n):
        columns[i * p] = 1.0
    return columns


@pytest.mark.parametrize("p", [1, 2, 5])
def test_least_squares_are_those_of_numpy(p: int) -> None:
    n, x = 60, design_of(60, p, p)
    y, w = normal(n, 9, 50.0), array("d", [0.5 + (i % 3) for i in range(n)])

    bad, args = both("least_squares", x, p, y, w, n, zeros(p), zeros(p * p), zeros(n))

    a, root = np.array(x).reshape(n, p), np.sqrt(np.array(w))
    expected = np.linalg.lstsq(a * root[:, None], np.array(y) * root, rcond=None)[0]
    assert bad == -1
    assert list(args[5]) == pytest.approx(expected.tolist(), rel=1e-10)
    inverse = np.linalg.inv((a * np.array(w)[:, None]).T @ a)
    assert list(args[6]) == pytest.approx(inverse.ravel().tolist(), rel=1e-8, abs=1e-15)


def test_a_column_that_others_explain_is_named() -> None:
    x = design_of(40, 3, 1)
    for i in range(40):
        x[3 * i + 2] = 2.0 * x[3 * i + 1] - 1.0

    bad, _ = both("least_squares", x, 3, normal(40, 2), array("d", [1.0]) * 40, 40, zeros(3), zeros(9), zeros(40))

    assert bad == 2


def brute(
    x: np.ndarray, base: np.ndarray, y: np.ndarray, w: np.ndarray, knees: array[float], least: int
) -> dict[int, float]:
    """Least sum of squares of each kind by solving every grid point."""

    def rss(*columns: np.ndarray) -> tuple[float, np.ndarray]:
        a, root = np.column_stack([base, *columns]), np.sqrt(w)
        c = np.linalg.lstsq(a * root[:, None], y * root, rcond=None)[0]
        return float((w * (y - a @ c) ** 2).sum()), c[base.shape[1] :]

    found = dict.fromkeys(range(6), math.inf)
    found[0], found[1] = rss()[0], rss(x)[0]
    for i, k in enumerate(knees):
        left = np.maximum(k - x, 0)
        if (x <= k).sum() >= least:
            value, c = rss(left)
            found[2] = min(found[2], value if c[0] >= 0 else math.inf)
        if (x > k).sum() >= least:
            value, c = rss(np.maximum(x - k, 0))
            found[3] = min(found[3], value if c[0] >= 0 else math.inf)
        for j in range(i, len(knees)):
            if (x <= k).sum() >= least and (x > knees[j]).sum() >= least:
                value, c = rss(left, np.maximum(x - knees[j], 0))
                kind = 4 if i == j else 5
                found[kind] = min(found[kind], value if min(c) >= 0 else math.inf)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("p", [1, 3])
def test_the_search_finds_what_brute_force_finds(seed: int, p: int) -> None:
    n, rng = 80, random.Random(seed)
    x = array("d", sorted(rng.uniform(-15, 30) for _ in range(n)))
    base, w = design_of(n, p, seed), array("d", [rng.uniform(0.3, 1.0) for _ in range(n)])
    y = array("d", [3 * max(0, 5 - v) + 2 * max(0, v - 18) + rng.gauss(0, 4) for v in x])
    knees = array("d", [-5.0 + 3.0 * k for k in range(10)])

    bad, args = both("knee_search", x, base, p, y, w, n, knees, 8, 1, 1, zeros(30))

    expected = brute(np.array(x), np.array(base).reshape(n, p), np.array(y), np.array(w), knees, 8)
    assert bad == -1
    for kind in range(6):
        assert args[-1][5 * kind] == pytest.approx(expected[kind], rel=1e-8), kind


@pytest.mark.parametrize("kind", range(6))
def test_a_shape_is_fitted_at_its_knees(kind: int) -> None:
    n, rng = 70, random.Random(kind)
    x = array("d", sorted(rng.uniform(-15, 30) for _ in range(n)))
    base, w, y = design_of(n, 2, 3), array("d", [1.0]) * n, normal(n, 4)
    left, right = 4.0, 4.0 if kind == 4 else 15.0

    bad, args = both("shape_fit", x, base, 2, y, w, n, kind, left, right, zeros(4), zeros(36), zeros(3))

    v = np.array(x)
    below, above = np.maximum(left - v, 0), np.maximum(v - right, 0)
    columns: list[np.ndarray] = [[], [v], [below], [above], [below, above], [below, above]][kind]
    a = np.column_stack([np.array(base).reshape(n, 2), *columns])
    c, rss = np.linalg.lstsq(a, np.array(y), rcond=None)[:2]
    assert bad == -1
    assert list(args[9])[: len(c)] == pytest.approx(c.tolist(), rel=1e-9)
    assert args[11][2] == pytest.approx(float(rss[0]), rel=1e-10)


def test_group_means_are_taken_off() -> None:
    n = 50
    columns, w = normal(2 * n, 1, 5.0), array("d", [1.0 + i % 2 for i in range(n)])
    groups = array("i", [i % 7 for i in range(n)])

    _none, args = both("within_groups", columns, 2, w, groups, 7, n)

    left = np.array(args[0]).reshape(n, 2)
    for g in range(7):
        mine = np.array(groups) == g
        assert (left[mine] * np.array(w)[mine, None]).sum(axis=0) == pytest.approx([0, 0], abs=1e-12)


def test_orthonormal_columns_span_the_design_without_what_is_explained() -> None:
    n, x = 40, design_of(40, 4, 5)
    for i in range(n):
        x[4 * i + 3] = x[4 * i + 1] + x[4 * i + 2]

    kept, args = both("orthonormal", x, 4, n, zeros(4 * n))

    q = np.array(args[3][: n * kept]).reshape(n, kept)
    assert kept == 3
    assert q.T @ q == pytest.approx(np.eye(3), abs=1e-12)
    a = np.array(x).reshape(n, 4)
    assert q @ (q.T @ a) == pytest.approx(a, abs=1e-10)


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.6, 0.95])
def test_expected_correlation_is_that_of_the_full_matrices(rho: float) -> None:
    n = 45
    gaps = array("i", [1 + 3 * (i % 11 == 5) for i in range(n)])
    _kept, made = both("orthonormal", design_of(n, 3, 6), 3, n, zeros(3 * n))
    q = np.array(made[3]).reshape(n, 3)

    found, _ = both("lag1_expectation", made[3], 3, gaps, n, rho)

    at = np.cumsum(np.array(gaps))
    omega = np.array([[rho ** abs(int(a - b)) for a in at] for b in at])
    m = np.eye(n) - q @ q.T
    cov = m @ omega @ m
    pairs = [i for i in range(1, n) if gaps[i] == 1]
    # the kernel takes Omega as whole where it is multiplied with M once: cov = Omega - QZ' - ZQ' + QSQ'
    expected = sum(cov[i, i - 1] for i in pairs) / np.trace(cov) * n / len(pairs) - 2 * rho / n
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_drawn_errors_have_the_spread_of_an_ar1_path() -> None:
    n, split, rho = 60, 40, 0.7
    weights, gaps = normal(n, 7), array("i", [1 + (i == 40) for i in range(n)])
    pool = normal(400, 8)
    pool = array("d", [v - math.fsum(pool) / 400 for v in pool])

    _none, args = both("bootstrap_errors", weights, gaps, pool, pool, split, array("d", [rho]), 1, 3, zeros(3000))

    at, c = np.cumsum(np.array(gaps)), np.array(weights)
    omega = rho ** np.abs(at[:, None] - at[None, :]) * float(np.var(np.array(pool))) / (1 - rho * rho)
    assert float(np.std(np.array(args[-1]))) == pytest.approx(float(np.sqrt(c @ omega @ c)), rel=0.05)


def test_another_seed_draws_other_errors_and_the_same_seed_the_same() -> None:
    def draw(seed: int) -> bytes:
        out = zeros(64)
        pool = normal(30, 1)
        weights, gaps = array("d", [1.0]) * 20, array("i", [1]) * 20
        savings_kernels.bootstrap_errors(weights, gaps, pool, pool, 10, array("d", [0.5]), 4, seed, out)
        return out.tobytes()

    assert draw(5) == draw(5)
    assert draw(5) != draw(6)
