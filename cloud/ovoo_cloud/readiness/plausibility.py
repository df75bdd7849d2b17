"""Whether values can be what their unit says: range of the signal or its template, and units that look mistaken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import UnitError
from ovoo_contract.units import conversion, unit, unit_symbols
from ovoo_packs import SignalTemplate

__all__ = ["Plausibility", "check_values", "known_range"]

_LEAST: Final = 30
"""Values needed before a unit is suspected."""
_FALLING: Final = 0.1
"""Share of falling steps from which an energy reading is no counter."""
_RISING: Final = 0.999
"""Share of steps that do not fall from which a power reading looks like a counter."""
_SAME: Final = 1e-9
_TEMPERATURES: Final = frozenset({"degC", "K"})

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plausibility:
    """`outside` counts values beyond the range; `ranged` says whether there was one to hold them against.

    `suspects` are codes: `unit_is:bar` (the values fit that unit), `power_as_energy`, `energy_as_power`,
    `not_template_unit`.
    """

    ranged: bool
    outside: int
    suspects: tuple[str, ...]


def known_range(entry: SignalEntry, template: SignalTemplate | None) -> tuple[float | None, float | None]:
    """The range of the entry, else that of its template in the entry's unit; (None, None) where there is none."""
    if entry.low is not None or entry.high is not None:
        return entry.low, entry.high
    if template is None:
        return None, None
    try:
        factor, offset = conversion(template.unit, entry.unit)
    except UnitError:
        return None, None
    low = None if template.low is None else template.low * factor + offset
    high = None if template.high is None else template.high * factor + offset
    return low, high


def check_values(values: Floats, entry: SignalEntry, template: SignalTemplate | None) -> Plausibility:
    """Holds good values of a number signal against range and unit."""
    low, high = known_range(entry, template)
    outside = np.zeros(len(values), dtype=np.bool_)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high
    suspects = (*_template_unit(entry, template), *_scale(values, entry, low, high), *_counter(values, entry))
    ranged = low is not None or high is not None
    return Plausibility(ranged, int(np.count_nonzero(outside)), tuple(dict.fromkeys(suspects)))


def _template_unit(entry: SignalEntry, template: SignalTemplate | None) -> Iterator[str]:
    if template is not None and unit(template.unit).dimension != unit(entry.unit).dimension:
        yield "not_template_unit"


def _scale(values: Floats, entry: SignalEntry, low: float | None, high: float | None) -> Iterator[str]:
    """Units of the same kind in which most values would lie in the range that they miss in the written one."""
    if len(values) < _LEAST or low is None or high is None:
        return
    middle = float(np.median(values))
    if low <= middle <= high:
        return
    for symbol in _other_units(entry.unit):
        factor, offset = conversion(symbol, entry.unit)
        if abs(factor - 1) < _SAME and abs(offset) < _SAME:
            continue
        if low <= middle * factor + offset <= high:
            yield f"unit_is:{symbol}"
            return


def _other_units(written: str) -> list[str]:
    """Of the same dimension, the nearest in size first: a slip is rarely a large one."""
    own = unit(written)
    same = [s for s in unit_symbols() if s != own.symbol and unit(s).dimension == own.dimension]
    if own.symbol in _TEMPERATURES:
        same = [symbol for symbol in same if symbol in _TEMPERATURES]
    return sorted(same, key=lambda symbol: (abs(np.log(unit(symbol).factor / own.factor)), symbol))


def _counter(values: Floats, entry: SignalEntry) -> Iterator[str]:
    """Energy must not fall, and power must not only rise."""
    dimension = unit(entry.unit).dimension
    if len(values) < _LEAST or dimension not in ("energy", "power"):
        return
    steps = np.diff(values)
    if dimension == "energy" and np.count_nonzero(steps < 0) > _FALLING * len(steps):
        yield "power_as_energy"
    rising = np.count_nonzero(steps >= 0) >= _RISING * len(steps)
    if dimension == "power" and rising and np.count_nonzero(steps > 0) > len(steps) / 2:
        yield "energy_as_power"
