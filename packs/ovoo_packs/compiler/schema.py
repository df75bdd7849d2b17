"""Small checks that compose: each takes a node, notes what is wrong, and returns plain data."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ovoo_contract.errors import UnitError
from ovoo_contract.units import unit

from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.problems import Problems

__all__ = [
    "Check",
    "Field",
    "choice",
    "date",
    "flag",
    "list_of",
    "mapping_of",
    "name_pair",
    "nullable",
    "number",
    "optional",
    "rate_symbol",
    "record",
    "text",
    "unit_symbol",
    "whole",
]

Check = Callable[[Node, str, Problems], Any]
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Field:
    """A key of a record that may be left out; `default` then stands for it."""

    def __init__(self, check: Check, default: object) -> None:
        self.check = check
        self.default = default


def optional(check: Check, default: object = None) -> Field:
    """A key that may be absent."""
    return Field(check, default)


def text(*, identifier: bool = False, empty: bool = False) -> Check:
    """A string; an `identifier` is lower-case letters, digits, `-` and `_`, at most 63."""

    def check(node: Node, key: str, problems: Problems) -> str:
        value = node.value
        if not isinstance(value, str) or not (value.strip() or empty):
            remedy = "write text; quote it if it looks like a number"
            problems.add(node.place, key, "expected text", node.describe(), remedy)
            return ""
        if identifier and not _IDENTIFIER.fullmatch(value):
            remedy = "use a-z, 0-9, '-' and '_', at most 63 characters"
            problems.add(node.place, key, "not an identifier", value, remedy)
        return value

    return check


def number(*, low: float = -math.inf, high: float = math.inf) -> Check:
    """A finite number within [low, high]."""

    def check(node: Node, key: str, problems: Problems) -> float:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1e300 < value < 1e300:
            problems.add(node.place, key, "expected a number", node.describe(), "write a number without a unit")
            return 0.0
        if not low <= value <= high:
            problems.add(node.place, key, "number out of range", value, f"from {low:g} to {high:g}")
        return float(value)

    return check


def nullable(check: Check) -> Check:
    """What `check` takes, or null for what the source does not give."""
    return lambda node, key, problems: None if node.value is None else check(node, key, problems)


def whole(low: int, high: int) -> Check:
    """A whole number within [low, high]."""

    def check(node: Node, key: str, problems: Problems) -> int:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            remedy = f"a whole number from {low} to {high}"
            problems.add(node.place, key, "expected a whole number", node.describe(), remedy)
            return low
        return value

    return check


def flag() -> Check:
    """true or false."""

    def check(node: Node, key: str, problems: Problems) -> bool:
        if not isinstance(node.value, bool):
            problems.add(node.place, key, "expected true or false", node.describe(), "write true or false")
        return node.value is True

    return check


def choice(*names: str) -> Check:
    """One of some words."""

    def check(node: Node, key: str, problems: Problems) -> str:
        if node.value not in names:
            problems.add(node.place, key, "not one of the choices", node.describe(), f"one of {', '.join(names)}")
            return names[0]
        return str(node.value)

    return check


def date() -> Check:
    """An ISO date, or null for not known."""

    def check(node: Node, key: str, problems: Problems) -> str | None:
        if node.value is None:
            return None
        try:
            return datetime.date.fromisoformat(str(node.value)).isoformat()
        except ValueError:
            problems.add(node.place, key, "not a date", node.describe(), "write YYYY-MM-DD, or null if not known")
            return None

    return check


def unit_symbol() -> Check:
    """A unit symbol of the contract."""

    def check(node: Node, key: str, problems: Problems) -> str:
        symbol = str(node.value)
        try:
            return unit(symbol).symbol
        except UnitError as error:
            remedy = error.remedy or "see the units of the contract"
            problems.add(node.place, key, "unknown unit", node.describe(), remedy)
            return symbol

    return check


def rate_symbol() -> Check:
    """A unit symbol of the contract, or two of them with a slash between."""

    def check(node: Node, key: str, problems: Problems) -> str:
        symbol = str(node.value)
        if not _known_rate(symbol):
            remedy = "a unit of the contract, or two of them as a/b"
            problems.add(node.place, key, "unknown unit", node.describe(), remedy)
        return symbol

    return check


def _known_rate(symbol: str) -> bool:
    above, slash, below = symbol.partition("/")
    return _known(symbol) or (bool(slash) and _known(above) and _known(below))


def _known(symbol: str) -> bool:
    try:
        unit(symbol)
    except UnitError:
        return False
    return True


def list_of(item: Check, *, at_least: int = 0) -> Check:
    """A list whose entries all pass `item`."""

    def check(node: Node, key: str, problems: Problems) -> list[Any]:
        if not isinstance(node.value, list):
            problems.add(node.place, key, "expected a list", node.describe(), "write a list: [..] or lines with '- '")
            return []
        if len(node.items) < at_least:
            problems.add(node.place, key, "too few entries", len(node.items), f"at least {at_least}")
        return [item(child, f"{key}[{position}]", problems) for position, child in enumerate(node.items)]

    return check


def mapping_of(item: Check) -> Check:
    """A mapping with free keys whose values all pass `item`."""

    def check(node: Node, key: str, problems: Problems) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            problems.add(node.place, key, "expected a mapping", node.describe(), "write key: value lines")
            return {}
        return {name: item(child, f"{key}.{name}", problems) for name, child in node.mapping.items()}

    return check


def record(fields: Mapping[str, Check | Field]) -> Check:
    """A mapping with exactly these keys; a plain check is a required key. Unknown keys are errors."""

    def check(node: Node, key: str, problems: Problems) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            problems.add(node.place, key, "expected a mapping", node.describe(), f"with keys {', '.join(fields)}")
            return {}
        for unknown in node.mapping.keys() - fields.keys():
            remedy = f"delete it or use one of {', '.join(fields)}"
            problems.add(node.keys[unknown], _join(key, unknown), "unknown key", unknown, remedy)
        return {name: _field(node, name, rule, key, problems) for name, rule in fields.items()}

    return check


def _field(node: Node, name: str, rule: Check | Field, key: str, problems: Problems) -> object:
    child = node.mapping.get(name)
    if child is not None:
        return (rule.check if isinstance(rule, Field) else rule)(child, _join(key, name), problems)
    if isinstance(rule, Field):
        return rule.default
    problems.add(node.place, _join(key, name), "missing key", name, f"add `{name}:` here")
    return None


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def name_pair() -> Check:
    """A mapping of zh and en, both required."""
    return record({"zh": text(), "en": text()})
