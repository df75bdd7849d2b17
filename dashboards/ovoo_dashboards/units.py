"""From the contract's unit symbols to what Grafana prints."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ovoo_contract.units import unit

__all__ = ["grafana_unit"]

_KNOWN: Final = MappingProxyType(
    {
        "1": "none", "%": "percent", "ppm": "ppm", "degC": "celsius", "K": "kelvin", "Pa": "pressurepa",
        "kPa": "pressurekpa", "bar": "pressurebar", "W": "watt", "kW": "kwatt", "MW": "megwatt", "kWh": "kwatth",
        "A": "amp", "V": "volt", "kV": "kvolt", "Hz": "hertz", "r/min": "rotrpm", "m/s": "velocityms", "m": "lengthm",
        "m3": "m3", "t": "masst", "kg": "masskg", "s": "s", "min": "m", "h": "h", "count": "short",
    }
)  # fmt: skip
"""Units that Grafana knows by an id of its own; it then scales and abbreviates them."""


def grafana_unit(symbol: str) -> str:
    """Grafana's unit id, or a plain suffix for units it does not know; raises UnitError for an unknown symbol."""
    known = _KNOWN.get(unit(symbol).symbol)
    return known if known is not None else f"suffix: {symbol.replace('m3', 'm³')}"
