"""Symmetric matrices of some dozens of columns: factor and inverse, held as one column of doubles by rows."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_contract.errors import ConfigError

from ovoo_models._select import balance_kernels

__all__ = ["chi_square_limit", "chi_square_tail", "inverse", "product", "quadratic", "times_transposed"]


def inverse(matrix: Sequence[float], n: int) -> array[float]:
    """Of a symmetric positive definite matrix; ConfigError where it is none."""
    factor, work, out = array("d", matrix), array("d", bytes(8 * n * n)), array("d", bytes(8 * n * n))
    failed = balance_kernels.cholesky(factor, n)
    if failed >= 0:
        raise ConfigError(
            "the balances depend on each other, or an uncertainty is zero",
            code="balance.balances_depend_on_each_other_or", offender=f"row {failed}",
            remedy="give the meters a floor, which holds at readings of 0",
        )  # fmt: skip
    balance_kernels.inverse_of(factor, n, work, out)
    return out


def times_transposed(left: Sequence[float], right: Sequence[float], width: int) -> array[float]:
    """A B' of two row-major matrices whose rows have `width` cells."""
    a, b = array("d", left), array("d", right)
    rows_a, rows_b = len(a) // width, len(b) // width
    out = array("d", bytes(8 * rows_a * rows_b))
    balance_kernels.row_products(a, b, rows_a, rows_b, width, out)
    return out


def product(matrix: Sequence[float], vector: Sequence[float]) -> list[float]:
    """Of a row-major matrix with a vector as long as its rows."""
    n = len(vector)
    rows = len(matrix) // n if n else 0
    return [math.fsum(matrix[i * n + j] * vector[j] for j in range(n)) for i in range(rows)]


def quadratic(matrix: Sequence[float], left: Sequence[float], right: Sequence[float]) -> float:
    """left' M right."""
    return math.fsum(x * y for x, y in zip(left, product(matrix, right), strict=True))


def chi_square_tail(value: float, freedom: int) -> float:
    """Probability that a chi-square of `freedom` degrees exceeds `value`; 1 at or below 0.

    Upper incomplete gamma function by its series below the mean and its continued fraction above (DLMF 8.7.1, 8.9.2).
    """
    if freedom < 1 or value <= 0.0:
        return 1.0
    a, x = freedom / 2.0, value / 2.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        k = a
        while term > 1e-17 * total:
            k += 1.0
            term *= x / k
            total += term
        return max(1.0 - front * total, 0.0)
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    h = d
    for i in range(1, 1000):
        step = -i * (i - a)
        b += 2.0
        d = 1.0 / (step * d + b)
        c = b + step / c
        h *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * h


def chi_square_limit(tail: float, freedom: int) -> float:
    """The value that is exceeded with probability `tail`, by halving."""
    low, high = 0.0, 10.0 + 4.0 * freedom
    while chi_square_tail(high, freedom) > tail:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if chi_square_tail(middle, freedom) > tail else (low, middle)
    return high
