"""The unit of a specific consumption: power over the output that it is spent on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["specific_unit"]

_UNITS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "t/h": ("kWh/t", 1.0),
        "kg/h": ("kWh/t", 1e3),
        "m3/min": ("kW/(m3/min)", 1.0),
        "m3/h": ("kW/(m3/min)", 60.0),
        "m3/s": ("kW/(m3/min)", 1.0 / 60.0),
    }
)


def specific_unit(output_unit: str) -> tuple[str, float] | None:
    """The contract's unit for kW over an output in `output_unit`, and what kW / output is multiplied by to get it.

    None where the contract has no such unit: for outputs that are not a flow, for instance.
    """
    return _UNITS.get(output_unit)
