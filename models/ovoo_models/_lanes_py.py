"""Sums in eight lanes folded in one fixed tree: the same digits as _lanes.pxd."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["clip", "dot8", "dot_all", "fold8", "power_n"]

_ZEROS = [0.0] * 8


def fold8(acc: Sequence[float]) -> float:
    """Sum of eight lanes in the one order that every build uses."""
    return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))


def dot8(a: Sequence[float], b: Sequence[float], n: int, a_from: int = 0, b_from: int = 0) -> float:
    """Inner product of a[a_from:a_from+n] and b[b_from:b_from+n]."""
    return dot_all(a[a_from : a_from + n], b[b_from : b_from + n])


def dot_all(a: Sequence[float], b: Sequence[float]) -> float:
    """Inner product of two equally long rows."""
    acc = [0.0 + x * y for x, y in zip(a, b, strict=True)]
    n = len(acc)
    if n < 8:
        acc += _ZEROS[n:]
    for k in range(8, n):
        acc[k & 7] += acc[k]
    return fold8(acc)


def power_n(base: float, n: int) -> float:
    """base ** n by squaring; 1.0 for n <= 0."""
    result = 1.0
    while n > 0:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


def clip(x: float, bound: float) -> float:
    """X limited to [-bound, bound]; NaN passes."""
    if x > bound:
        return bound
    if x < -bound:
        return -bound
    return x
