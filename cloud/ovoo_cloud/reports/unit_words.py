"""Units as people read them: by the catalogue of texts, part by part where a unit is one over another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["unit_words"]


def unit_words(symbol: str, texts: Mapping[str, str]) -> str:
    """A unit as printed; a symbol without a text of its own, such as kWh or MPa, stands for itself.

    What is counted has no unit behind a number ("5"), but one inside another unit ("kWh per piece").

    >>> unit_words("kWh/count", {"unit.count": "", "unit.per.count": "piece"})
    'kWh/piece'
    >>> unit_words("kW/(m3/min)", {"unit.m3": "m³"})
    'kW/(m³/min)'
    """
    whole = texts.get(f"unit.{symbol}")
    if whole is not None:
        return whole
    parts = list(_parts(symbol))
    return symbol if len(parts) == 1 else "/".join(_part(each, texts) for each in parts)


def _part(symbol: str, texts: Mapping[str, str]) -> str:
    if symbol.startswith("(") and symbol.endswith(")"):
        return f"({unit_words(symbol[1:-1], texts)})"
    return texts.get(f"unit.per.{symbol}", unit_words(symbol, texts))


def _parts(symbol: str) -> Iterator[str]:
    """Between the slashes that stand outside of brackets."""
    depth, start = 0, 0
    for at, char in enumerate(symbol):
        depth += (char == "(") - (char == ")")
        if char == "/" and depth == 0:
            yield symbol[start:at]
            start = at + 1
    yield symbol[start:]
