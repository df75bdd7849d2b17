"""Units of measurement: one symbol each, exact conversion, coal equivalent as energy.

Base of each dimension is the SI unit; ``base = value * factor + offset``. One kilogram of coal equivalent is
29.3076 MJ (7000 kcal with 1 kcal = 4.1868 kJ, GB/T 2589), so kgce and tce convert like any other energy.

>>> convert(1000.0, "kgce", "tce")
1.0
>>> convert(25.0, "degC", "K")
298.15
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from ovoo_contract.errors import UnitError

__all__ = ["Unit", "conversion", "convert", "unit", "unit_symbols"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: ``base = value * factor + offset`` in the SI unit of its dimension."""

    symbol: str
    dimension: str
    factor: float
    offset: float
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class _Table:
    units: Mapping[str, Unit]
    exact: Mapping[str, tuple[Fraction, Fraction]]
    aliases: Mapping[str, str]


def unit(symbol: str) -> Unit:
    """The unit of a symbol or of a known spelling of it (`Cel`, `℃`, `kW·h`, `m³/h`, ...).

    Raises:
        UnitError: if no such unit is known.
    """
    table = _table()
    found = table.units.get(table.aliases.get(symbol, symbol))
    if found is None:
        raise UnitError("unknown unit", offender="unit", value=symbol, remedy=f"use one of {' '.join(table.units)}")
    return found


def unit_symbols() -> tuple[str, ...]:
    """All symbols, in table order."""
    return tuple(_table().units)


def conversion(from_: str, to: str) -> tuple[float, float]:
    """`(factor, offset)` with ``value_in_to = value * factor + offset``, each correctly rounded from exact fractions.

    Temperatures convert as readings, not as differences.

    Raises:
        UnitError: if a unit is unknown or the two measure different things.
    """
    factor, offset = _exact_conversion(from_, to)
    return float(factor), float(offset)


def convert(value: float, from_: str, to: str) -> float:
    """`value` of unit `from_` in unit `to`, correctly rounded; NaN and infinity stay what they are.

    Raises:
        UnitError: if a unit is unknown or the two measure different things.
    """
    factor, offset = _exact_conversion(from_, to)
    if value - value != 0.0:  # NaN or infinite: there is no fraction of it
        return value
    return float(Fraction(value) * factor + offset)


@functools.lru_cache(maxsize=1024)
def _exact_conversion(from_: str, to: str) -> tuple[Fraction, Fraction]:
    source, target = unit(from_), unit(to)
    if source.dimension != target.dimension:
        raise UnitError(
            f"{source.symbol} ({source.dimension}) does not convert to {target.symbol} ({target.dimension})",
            offender="unit",
            value=from_,
            remedy=f"declare a unit of {target.dimension}: {' '.join(_siblings(target))}",
        )
    exact = _table().exact
    (factor_from, offset_from), (factor_to, offset_to) = exact[source.symbol], exact[target.symbol]
    return factor_from / factor_to, (offset_from - offset_to) / factor_to


def _siblings(of: Unit) -> list[str]:
    return [item.symbol for item in _table().units.values() if item.dimension == of.dimension]


@functools.lru_cache(maxsize=1)
def _table() -> _Table:
    text = pathlib.Path(__file__).with_name("units.json").read_text(encoding="utf-8")
    data = json.loads(text)
    units: dict[str, Unit] = {}
    exact: dict[str, tuple[Fraction, Fraction]] = {}
    for symbol, dimension, factor, offset, name_zh, name_en in data["units"]:
        exact[symbol] = (Fraction(factor), Fraction(offset))
        units[symbol] = Unit(symbol, dimension, float(Fraction(factor)), float(Fraction(offset)), name_zh, name_en)
    return _Table(MappingProxyType(units), MappingProxyType(exact), MappingProxyType(data["aliases"]))
