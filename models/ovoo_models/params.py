"""Typed reading of a binding's parameters; a wrong or unknown one is a ConfigError that names it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

__all__ = ["Params"]


class Params:
    """A view of parameters that remembers what was asked for."""

    def __init__(self, values: Mapping[str, Any], offender: str) -> None:
        self._values = values
        self._offender = offender
        self._known: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def number(self, name: str, default: float, low: float = -math.inf, high: float = math.inf) -> float:
        """A number in [low, high]."""
        self._known.add(name)
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigError(
                "a number is needed", offender=f"{self._offender}.{name}", value=value, remedy=f"{low:g} to {high:g}"
            )
        return float(value)

    def text(self, name: str, default: str, *choices: str) -> str:
        """A text, one of `choices` where given."""
        self._known.add(name)
        value = self._values.get(name, default)
        if not isinstance(value, str) or (choices and value not in choices):
            remedy = f"one of {', '.join(choices)}" if choices else "write text"
            raise ConfigError("a text is needed", offender=f"{self._offender}.{name}", value=value, remedy=remedy)
        return value

    def is_word(self, name: str, word: str) -> bool:
        """Whether a word stands in the place of a number."""
        self._known.add(name)
        return self._values.get(name) == word

    def positions(self, name: str, count: int) -> tuple[int, ...]:
        """A list of different positions below `count`; empty unless given."""
        self._known.add(name)
        value = self._values.get(name, ())
        legal = isinstance(value, list | tuple) and all(type(each) is int and 0 <= each < count for each in value)
        if not legal or len(set(value)) != len(value):
            raise ConfigError(
                "positions are needed", offender=f"{self._offender}.{name}", value=value, remedy=f"0 to {count - 1}"
            )
        return tuple(value)

    def finish(self) -> None:
        """ConfigError if there is a parameter that nobody asked for."""
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            raise ConfigError(
                "unknown parameter",
                offender=f"{self._offender}.{unknown[0]}",
                value=self._values[unknown[0]],
                remedy=f"known: {', '.join(sorted(self._known))}",
            )
