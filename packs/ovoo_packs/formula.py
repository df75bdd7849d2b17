"""The little language of KPI formulas: + - * / over aggregates of signals.

`mean(power) / mean(flow)`, `increase(energy)`, `integral(power)` (value x hours), `share(running)` (part of the time
that a 0/1 signal is 1), `maximum(x)`, `minimum(x)`, and numbers.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass

from ovoo_contract.errors import PackError

__all__ = ["AGGREGATES", "Formula"]

AGGREGATES = ("mean", "integral", "increase", "share", "maximum", "minimum")
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
Aggregate = Callable[[str, str], float | None]


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula; `terms` are its (aggregate, signal) pairs in order of appearance."""

    text: str
    terms: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Raises PackError naming the part that is not of the language."""
        terms: list[tuple[str, str]] = []
        _walk(_tree(text), text, lambda aggregate, signal: terms.append((aggregate, signal)))
        return cls(text, tuple(terms))

    def evaluate(self, aggregate: Aggregate) -> float | None:
        """The value, or None when an aggregate is not known or a divisor is zero: not known is not zero."""
        return _value(_tree(self.text), aggregate)


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise PackError(
            "not a formula", offender=text, value=error.msg, remedy="e.g. mean(power) / mean(flow)"
        ) from None


def _walk(node: ast.expr, text: str, found: Callable[[str, str], None]) -> None:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _walk(left, text, found)
            _walk(right, text, found)
        case ast.Constant(value=int() | float()):
            return
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=signal)], keywords=[]) if name in AGGREGATES:
            found(name, signal)
        case _:
            part = ast.unparse(node)
            remedy = f"numbers, + - * / and {', '.join(AGGREGATES)} of a signal"
            raise PackError("not part of the formula language", offender=text, value=part, remedy=remedy)


def _value(node: ast.expr, aggregate: Aggregate) -> float | None:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _value(left, aggregate), _value(right, aggregate)
            if first is None or second is None or (isinstance(op, ast.Div) and second == 0):
                return None
            return _OPERATORS[type(op)](first, second)
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=signal)]):
            return aggregate(name, signal)
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case _:
            raise PackError("not part of the formula language", offender=ast.unparse(node))
