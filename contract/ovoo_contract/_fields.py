"""Reads JSON objects field by field; every mistake names its field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from ovoo_contract.errors import DeliveryError, OvooError

__all__ = ["Fields"]

_INTEGER: Final = re.compile(r"-?[0-9]{1,20}\Z")


class Fields:
    """The fields of one JSON object; `error` is what a wrong one raises."""

    __slots__ = ("_error", "_what", "data")

    def __init__(self, data: object, what: str, error: type[OvooError] = DeliveryError) -> None:
        if not isinstance(data, dict):
            raise error("not a JSON object", offender=what, value=data)
        self.data: dict[str, Any] = data  # JSON of any shape
        self._what = what
        self._error = error

    @classmethod
    def parse(cls, data: bytes | str, what: str, error: type[OvooError] = DeliveryError) -> Fields:
        """The object in a JSON text."""
        try:
            document = json.loads(data, parse_constant=_refuse_constant)
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair would break stores later
        except (ValueError, RecursionError) as failure:
            raise error("not JSON", offender=what, value=data[:40], remedy=str(failure)) from failure
        return cls(document, what, error)

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        value = self.data.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of some strings."""
        value = self.text(name)
        if value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}")
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """An integer within both bounds, written as number or (beyond 2**53) as decimal string."""
        value = self.data.get(name, default)
        if isinstance(value, str) and _INTEGER.match(value) is not None:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(name, f"an integer from {low} to {high}")
        return value

    def number(self, name: str) -> float | None:
        """A finite number, or None where absent or null."""
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
            raise self._wrong(name, "a finite number")
        return float(value)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self.data.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def items(self, name: str) -> list[Any]:
        """A list; empty where absent."""
        value = self.data.get(name, [])
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty where absent."""
        value = self.items(name)
        if not all(isinstance(item, str) for item in value):
            raise self._wrong(name, "a list of texts")
        return tuple(value)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """An object; empty where absent."""
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def _wrong(self, name: str, remedy: str) -> OvooError:
        return self._error(
            "wrong or missing", offender=f"{self._what}.{name}", value=self.data.get(name), remedy=remedy
        )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
