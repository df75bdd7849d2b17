"""Reads one configuration table key by key and gathers every fault, so that they are reported together."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ovoo_contract.errors import ConfigError, ConfigErrors

__all__ = ["TableReader", "defaults_of"]

_T = TypeVar("_T", bound=str)
_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def defaults_of(cls: type[Any]) -> dict[str, Any]:
    """The default of every field of a dataclass that has one, so that defaults stand in one place."""
    return {field.name: field.default for field in dataclasses.fields(cls) if field.default is not dataclasses.MISSING}


class TableReader:
    """Typed access to a TOML table; `finish` raises every fault at once, unknown keys included.

    Args:
        table: the parsed table.
        where: its key path, such as `source[0]`.
    """

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self._table = table
        self._where = where
        self._seen: set[str] = set()
        self._errors: list[ConfigError] = []

    def text(self, key: str, default: str | None = None, *, empty: bool = False) -> str:
        """A string; without a default the key is required."""
        value = self._take(key, default)
        if isinstance(value, str) and (value or empty or value == default):
            return value
        if value is not None:
            self.fault(
                key,
                "must be a text" if not isinstance(value, str) else "must not be empty",
                value,
                "write a text in quotes",
            )
        return default or ""

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """A number in [low, high]."""
        value = self._take(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if low <= value <= high:
                return float(value)
            self.fault(key, "is out of range", value, f"{low:g} to {high:g}")
        else:
            self.fault(key, "must be a number", value, f"{low:g} to {high:g}")
        return default

    def integer(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(key, "must be a whole number in range", value, f"{low} to {high}")
        return default

    def flag(self, key: str, default: bool) -> bool:
        """A boolean."""
        value = self._take(key, default)
        if isinstance(value, bool):
            return value
        self.fault(key, "must be true or false", value, "write it without quotes")
        return default

    def choice(self, key: str, default: _T, choices: Sequence[_T], *, withdrawn: Mapping[str, str] | None = None) -> _T:
        """One of the named choices; `withdrawn` has the remedy for each that is no longer one."""
        value = self._take(key, default)
        if withdrawn is not None and isinstance(value, str) and value in withdrawn:
            self.fault(key, "is no longer supported", value, withdrawn[value])
            return default
        for known in choices:
            if value == known:
                return known
        self.fault(key, "is not a known choice", value, "one of " + ", ".join(choices))
        return default

    def path(self, key: str) -> pathlib.Path | None:
        """A file or folder name, or None when the key is absent."""
        value = self._take(key, "")
        if isinstance(value, str):
            return pathlib.Path(value) if value else None
        self.fault(key, "must be a path", value, "write a text in quotes")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty when absent."""
        value = self._take(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self.fault(key, "must be a list of texts", value, 'such as ["a", "b"]')
        return ()

    def text_table(self, key: str) -> dict[str, str]:
        """A table of strings, empty when absent."""
        value = self._take(key, {})
        if isinstance(value, dict) and all(isinstance(item, str) and item for item in value.values()):
            return dict(value)
        self.fault(key, "must be a table of texts", value, 'such as { enterprise = "a" }')
        return {}

    def number_table(self, key: str) -> dict[str, float]:
        """A table of numbers, empty when absent."""
        value = self._take(key, {})
        if isinstance(value, dict) and all(
            isinstance(item, (int, float)) and not isinstance(item, bool) for item in value.values()
        ):
            return {name: float(item) for name, item in value.items()}
        self.fault(key, "must be a table of numbers", value, "such as { on = 1, off = 0 }")
        return {}

    def source_name(self) -> str:
        """The keys every source has: `name`, checked, and `driver`, which chose this reader."""
        name = self.text("name")
        self._seen.add("driver")
        if name and not _SOURCE_NAME.fullmatch(name):
            self.fault("name", "is not a source name", name, "a-z, 0-9 and '-', at most 63 characters")
        return name

    def fault(self, key: str, message: str, value: Any = None, remedy: str = "") -> None:
        """Notes a fault of this table's key."""
        self._errors.append(ConfigError(message, offender=f"{self._where}.{key}", value=value, remedy=remedy))

    def finish(self) -> None:
        """Raises ConfigErrors with every fault noted, unknown keys included; returns when there is none."""
        for key in self._table:
            if key not in self._seen:
                self.fault(key, "unknown key", self._table[key], "known keys: " + ", ".join(sorted(self._seen)))
        if self._errors:
            raise ConfigErrors(self._errors)

    def _take(self, key: str, default: Any) -> Any:
        self._seen.add(key)
        if key in self._table:
            return self._table[key]
        if default is None:
            self.fault(key, "is missing", None, "add this key")
        return default
