"""What a kind of equipment is computed from and into, and what its readings may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CELSIUS", "EFFICIENCY", "Input", "Kind", "share"]

Quantity = Literal["power", "pressure", "flow", "mass_flow", "temperature", "ratio", "other"]
CELSIUS: Final = (-273.15, 3000.0)
EFFICIENCY: Final = 0.02
"""Below it an efficiency is taken for a slip of units: the smallest slip, 10, makes 0.2 of a fair machine 0.02."""
_MOST: Final = 1e9


@dataclass(frozen=True, slots=True)
class Input:
    """One input: name with unit, quantity (which slips of unit it can have) and what it may be, both ends included."""

    name: str
    unit: str
    quantity: Quantity = "other"
    low: float = 0.0
    high: float = _MOST
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of equipment.

    code: its number in `_equipment_kernels`. better: 1 where more is better, -1 where less is. credible: results
    outside are refused as slips of unit. bounded: what the ratio is that physics keeps under 1.
    """

    name: str
    code: int
    unit: str
    inputs: tuple[Input, ...]
    better: int = 1
    credible: tuple[float, float] = (EFFICIENCY, math.inf)
    bounded: str = "efficiency"

    def index(self, name: str) -> int:
        """Position of an input."""
        return [each.name for each in self.inputs].index(name)


def share(name: str, default: float | None = None) -> Input:
    """An efficiency or factor between 0 and 1."""
    return Input(name, "1", "ratio", 0.0, 1.0, default)
