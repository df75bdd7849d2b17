"""Formulas of derived figures: exact decimals on figures as printed, so that a reader can check each by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from ovoo_contract.errors import EvidenceError

__all__ = ["FORMULAS", "Formula", "Interval", "evaluate", "quantise"]

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
Interval = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Formula:
    """A function that is monotone in every argument; `signs` say whether it rises (+1) or falls (-1).

    A single sign stands for all arguments.
    """

    function: Callable[[Sequence[Decimal]], Decimal]
    signs: tuple[int, ...]

    def sign(self, position: int) -> int:
        """Direction in which the result moves with the argument at `position`."""
        return self.signs[position] if position < len(self.signs) else self.signs[-1]


def _sum(values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _CONTEXT.add(total, value)
    return total


def _product(values: Sequence[Decimal]) -> Decimal:
    result = Decimal(1)
    for value in values:
        result = _CONTEXT.multiply(result, value)
    return result


def _ratio(values: Sequence[Decimal]) -> Decimal:
    return _CONTEXT.divide(values[0], values[1])


def _percent(values: Sequence[Decimal]) -> Decimal:
    return _CONTEXT.divide(_CONTEXT.multiply(values[0], Decimal(100)), values[1])


def _difference(values: Sequence[Decimal]) -> Decimal:
    return _CONTEXT.subtract(values[0], values[1])


def _change(values: Sequence[Decimal]) -> Decimal:
    return _percent([_difference(values), values[1]])


def _mean(values: Sequence[Decimal]) -> Decimal:
    return _CONTEXT.divide(_sum(values), Decimal(len(values)))


def _weighted_mean(values: Sequence[Decimal]) -> Decimal:
    """Of value, weight, value, weight, ...; the weights are constants."""
    weights = values[1::2]
    products = [_CONTEXT.multiply(value, weight) for value, weight in zip(values[::2], weights, strict=True)]
    return _CONTEXT.divide(_sum(products), _sum(weights))


def _per_year(values: Sequence[Decimal]) -> Decimal:
    return _CONTEXT.divide(_CONTEXT.multiply(values[0], Decimal(365)), values[1])


FORMULAS: Mapping[str, Formula] = {
    "sum/1": Formula(_sum, (1,)),
    "product/1": Formula(_product, (1,)),
    "ratio/1": Formula(_ratio, (1, -1)),
    "percent/1": Formula(_percent, (1, -1)),
    "difference/1": Formula(_difference, (1, -1)),
    "change_percent/1": Formula(_change, (1, -1)),
    "mean/1": Formula(_mean, (1,)),
    "weighted_mean/1": Formula(_weighted_mean, (1,)),
    "per_year/1": Formula(_per_year, (1, -1)),
}


def evaluate(formula: str, arguments: Sequence[Interval]) -> Interval:
    """The interval of a formula over intervals of non-negative arguments.

    Raises:
        EvidenceError: unknown formula, or a division by zero.
    """
    if formula not in FORMULAS:
        raise EvidenceError("unknown formula", offender=formula, remedy="use a formula of " + ", ".join(FORMULAS))
    rule = FORMULAS[formula]
    low = [interval[0 if rule.sign(at) > 0 else 1] for at, interval in enumerate(arguments)]
    high = [interval[1 if rule.sign(at) > 0 else 0] for at, interval in enumerate(arguments)]
    try:
        return rule.function(low), rule.function(high)
    except ArithmeticError as error:
        raise EvidenceError(
            "formula cannot be computed", offender=formula, value=[str(a) for a in arguments]
        ) from error


def quantise(value: Decimal, digits: int) -> str:
    """Half-even decimal string with `digits` decimals; never a negative zero."""
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN, context=_CONTEXT)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"
