"""Expressions of derived signals: own tokens, own grammar, no `eval`; the result is a program for the kernel.

    comparison = sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
    sum        = product {("+" | "-") product}
    product    = sign {("*" | "/") sign}
    sign       = "-" sign | power
    power      = atom ["**" exponent]           exponent: a whole number from 0 to 16, or 0.5
    atom       = number | signal | function "(" comparison {"," comparison} ")" | "(" comparison ")"

A signal is a name of the same asset (`power`), or an address in braces (`{power-2}`, `{area/line/asset/power}`).
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Container
from dataclasses import dataclass
from typing import Final, NoReturn

from ovoo_contract.errors import ConfigError

from ovoo_edge._formula_py import MOST_DEPTH, MOST_INPUTS, TAKES, InputKind, Operation

__all__ = ["FUNCTIONS", "Formula", "compile_formula"]

MOST_CHARACTERS: Final = 1000
_MOST_POWER: Final = 16
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<signal>[^{}]*)\}"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/<>(),]))"
)
_COMPARISONS: Final = {
    "<": Operation.LESS,
    "<=": Operation.LESS_EQUAL,
    ">": Operation.GREATER,
    ">=": Operation.GREATER_EQUAL,
    "==": Operation.EQUAL,
    "!=": Operation.NOT_EQUAL,
}
_SUMS: Final = {"+": Operation.ADD, "-": Operation.SUBTRACT}
_PRODUCTS: Final = {"*": Operation.MULTIPLY, "/": Operation.DIVIDE}
_FIXED: Final = {"abs": Operation.ABSOLUTE, "sqrt": Operation.ROOT, "clamp": Operation.CLAMP, "if": Operation.CHOOSE}
_FOLDED: Final = {"min": Operation.MINIMUM, "max": Operation.MAXIMUM}
_CHANGES: Final = {"delta": InputKind.DELTA, "rate": InputKind.RATE}
FUNCTIONS: Final = (*_FOLDED, *_FIXED, *_CHANGES)
_CALLS: Final = {
    "abs": "abs(x)",
    "sqrt": "sqrt(x)",
    "clamp": "clamp(x, low, high)",
    "if": "if(condition, then, else)",
    "min": "min(a, b, ...)",
    "max": "max(a, b, ...)",
    "delta": "delta(signal)",
    "rate": "rate(signal)",
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled expression.

    Attributes:
        text: as written.
        code: program, one u32 per step.
        constants: its numbers.
        inputs: (name as written, what is used of it), in the order of the registers.
    """

    text: str
    code: array[int]
    constants: array[float]
    inputs: tuple[tuple[str, InputKind], ...]


def compile_formula(text: str, where: str) -> Formula:
    """The program of an expression.

    Args:
        text: the expression, at most 1000 characters.
        where: key path, for messages.

    Raises:
        ConfigError: it is not an expression; the message names the place in it and what to write.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(
            "is too long", offender=where, value=len(text), remedy=f"at most {MOST_CHARACTERS} characters"
        )
    return _Parser(text, where).formula()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    """Reads from left to right and writes the program as it goes."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where
        self._position = 0
        self._nesting = 0
        self._code = array("I")
        self._constants = array("d")
        self._inputs: list[tuple[str, InputKind]] = []
        self._token = self._read()

    def formula(self) -> Formula:
        if self._token.kind == "end":
            self._refuse("is empty", "write an expression, such as a + 2*max(b, c)")
        self._comparison()
        if self._token.kind != "end":
            self._refuse(f"has {self._token.text!r} where it should end", "an operator or a closing bracket is missing")
        if not self._inputs:
            self._refuse("names no signal", "a derived signal needs at least one other signal")
        self._check_depth()
        return Formula(self._text, self._code, self._constants, tuple(self._inputs))

    def _read(self) -> _Token:
        if not self._text[self._position :].strip():
            return _Token("end", "the end", len(self._text))
        found = _TOKEN.match(self._text, self._position)
        if found is None:
            start = self._position + len(self._text[self._position :]) - len(self._text[self._position :].lstrip())
            self._token = _Token("unknown", self._text[start], start)
            self._refuse(
                f"has {self._text[start]!r}, which means nothing here",
                "use numbers, names, {addresses}, + - * / ** < <= > >= == != ( ) and commas",
            )
        self._position = found.end()
        kind = str(found.lastgroup)
        return _Token(kind, found.group(kind), found.start(kind))

    def _next(self) -> _Token:
        token, self._token = self._token, self._read()
        return token

    def _comparison(self) -> None:
        self._sum()
        if self._is_sign(_COMPARISONS):
            operation = _COMPARISONS[self._next().text]
            self._sum()
            self._emit(operation)
        if self._is_sign(_COMPARISONS):
            self._refuse("compares twice in a row", "write brackets: (a < b) * (b < c)")

    def _sum(self) -> None:
        self._product()
        while self._is_sign(_SUMS):
            operation = _SUMS[self._next().text]
            self._product()
            self._emit(operation)

    def _product(self) -> None:
        self._sign()
        while self._is_sign(_PRODUCTS):
            operation = _PRODUCTS[self._next().text]
            self._sign()
            self._emit(operation)

    def _sign(self) -> None:
        negative = False
        while self._is_sign(("-",)):
            self._next()
            negative = not negative
        self._power()
        if negative:
            self._emit(Operation.NEGATE)

    def _power(self) -> None:
        self._atom()
        if self._is_sign(("**",)):
            self._next()
            if self._token.kind != "number" or not _is_exponent(float(self._token.text)):
                self._refuse("has an exponent that is not allowed", f"a whole number up to {_MOST_POWER}, or 0.5")
            exponent = float(self._next().text)
            if exponent == 0.5:
                self._emit(Operation.ROOT)
            else:
                self._emit(Operation.POWER, int(exponent))

    def _atom(self) -> None:
        token = self._token
        if token.kind == "number":
            self._constant(float(self._next().text))
        elif token.kind == "signal":
            self._input(self._next().text.strip(), InputKind.VALUE)
        elif token.kind == "name":
            self._next()
            if self._is_sign(("(",)):
                self._call(token)
            else:
                self._input(token.text, InputKind.VALUE)
        elif self._is_sign(("(",)):
            self._bracketed()
        else:
            self._refuse(f"has {token.text!r} where a value should stand", "a number, a signal, a function or (")

    def _bracketed(self) -> None:
        self._next()
        self._deeper()
        self._comparison()
        self._expect(")")
        self._nesting -= 1

    def _call(self, name: _Token) -> None:
        if name.text not in FUNCTIONS:
            self._refuse(f"calls {name.text!r}, which is no function", "known: " + ", ".join(_CALLS.values()), name.at)
        self._next()
        self._deeper()
        if name.text in _CHANGES:
            self._change(name)
        else:
            self._arguments(name)
        self._nesting -= 1

    def _change(self, name: _Token) -> None:
        if self._token.kind not in ("name", "signal"):
            self._refuse(f"wants a signal in {name.text}(...)", f"write {_CALLS[name.text]}")
        self._input(self._next().text.strip(), _CHANGES[name.text])
        self._expect(")")

    def _arguments(self, name: _Token) -> None:
        count = 0
        while True:
            self._comparison()
            count += 1
            if count > 1 and name.text in _FOLDED:
                self._emit(_FOLDED[name.text])
            if not self._is_sign((",",)):
                break
            self._next()
        self._expect(")")
        wanted = TAKES[_FIXED[name.text]] if name.text in _FIXED else max(count, 2)
        if count != wanted:
            self._refuse(f"gives {name.text} {count} values", f"write {_CALLS[name.text]}", name.at)
        if name.text in _FIXED:
            self._emit(_FIXED[name.text])

    def _expect(self, sign: str) -> None:
        if not self._is_sign((sign,)):
            self._refuse(f"has {self._token.text!r} where {sign!r} should stand", "close the bracket")
        self._next()

    def _deeper(self) -> None:
        self._nesting += 1
        if self._nesting > MOST_DEPTH // 2:
            self._refuse("is nested too deeply", f"at most {MOST_DEPTH // 2} brackets within each other")

    def _constant(self, number: float) -> None:
        if not math.isfinite(number):
            self._refuse("has a number beyond a double", "write a smaller one")
        self._emit(Operation.CONSTANT, len(self._constants))
        self._constants.append(number)

    def _input(self, name: str, kind: InputKind) -> None:
        if (name, kind) not in self._inputs:
            self._inputs.append((name, kind))
            if len(self._inputs) > MOST_INPUTS:
                self._refuse("uses too many signals", f"at most {MOST_INPUTS}; derive a part of it first")
        self._emit(Operation.INPUT, self._inputs.index((name, kind)))

    def _emit(self, operation: Operation, argument: int = 0) -> None:
        self._code.append(operation << 24 | argument)

    def _is_sign(self, signs: Container[str]) -> bool:
        return self._token.kind == "sign" and self._token.text in signs

    def _check_depth(self) -> None:
        depth = 0
        for word in self._code:
            depth += 1 - TAKES[word >> 24]
            if depth > MOST_DEPTH:
                self._refuse("keeps too many values open", "derive a part of it first")

    def _refuse(self, message: str, remedy: str, at: int | None = None) -> NoReturn:
        place = (self._token.at if at is None else at) + 1
        raise ConfigError(
            f"{message} (character {place})", offender=f"{self._where} expression", value=self._text, remedy=remedy
        )


def _is_exponent(number: float) -> bool:
    return number == 0.5 or (number == int(number) and 0 <= number <= _MOST_POWER)
