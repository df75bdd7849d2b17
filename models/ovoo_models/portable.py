"""Powers and exponentials with the same bits on every machine: C libraries differ in the last one, decimals do not."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

__all__ = ["exponential", "power"]

_CONTEXT: Final = Context(prec=40)
"""Twice the digits of a double: the rounding to one is then the only one that counts."""


def exponential(x: float) -> float:
    """e**x for finite x, correctly rounded for all but about one argument in 10**20.

    >>> exponential(0.0), exponential(1.0)
    (1.0, 2.718281828459045)
    """
    return float(_CONTEXT.exp(Decimal(x)))


def power(base: float, exponent: float) -> float:
    """base**exponent for base >= 0 and exponent > 0, rounded as `exponential` is.

    >>> power(2.0, 0.5)
    1.4142135623730951
    """
    return float(_CONTEXT.power(Decimal(base), Decimal(exponent))) if base > 0 else 0.0
