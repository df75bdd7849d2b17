"""Arithmetic whose digits may enter a report: order-independent, exactly rounded, held as decimal strings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from ovoo_contract.errors import EvidenceError

__all__ = ["figure", "mean", "total"]

_CONTEXT: Final = Context(prec=2000, rounding=ROUND_HALF_EVEN)
_DIGITS: Final = 30


def total(values: Iterable[float]) -> float:
    """The sum, rounded once (`math.fsum`): the same whatever the order; EvidenceError for NaN or infinity."""
    try:
        result = math.fsum(values)
    except (OverflowError, ValueError) as error:
        raise EvidenceError("the sum is not a finite number", offender="total", remedy=str(error)) from error
    return _finite(result, "total")


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean, ``total(values) / n``; EvidenceError if there are no values."""
    items = list(values)
    if not items:
        raise EvidenceError("no values", offender="mean", remedy="insufficient evidence is not zero")
    return total(items) / len(items)


def figure(value: float | int | Decimal, digits: int) -> str:
    """`value` with `digits` (0 to 30) decimals, half to even on its exact decimal expansion; never ``-0``.

    >>> figure(2.675, 2)
    '2.67'
    >>> figure(0.125, 2)
    '0.12'
    """
    if not 0 <= digits <= _DIGITS:
        raise EvidenceError("too many decimals", offender="digits", value=digits, remedy=f"0 to {_DIGITS}")
    exact = Decimal(value)
    if not exact.is_finite():
        raise EvidenceError(
            "not a finite number", offender="figure", value=value, remedy="insufficient evidence is not zero"
        )
    rounded = exact.quantize(Decimal(1).scaleb(-digits), context=_CONTEXT)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


def _finite(value: float, offender: str) -> float:
    if not math.isfinite(value):
        raise EvidenceError("not a finite number", offender=offender, value=value, remedy="leave absent values out")
    return value
