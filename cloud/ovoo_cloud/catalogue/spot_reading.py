"""A reading that a person took with an instrument: value and half width at 95 %, as people write it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["SpotReading", "spot_unit"]

_FORM: Final = re.compile(r"\s*([-+]?[0-9.eE+-]+)\s*(?:±|\+/-|\+-)\s*([0-9.eE+-]+)\s*")
_Z95: Final = 1.959963984540054
_RATES: Final = {"t": "t/h", "GJ": "GJ/h", "kWh": "kW", "h": "1"}


def spot_unit(unit: str) -> str:
    """The unit in which a reading of an amount in `unit` is given: an amount as its rate, hours as a share of time."""
    return _RATES.get(unit, unit)


@dataclass(frozen=True, slots=True)
class SpotReading:
    """`value` with `half_width` at 95 % (>= 0), both finite.

    >>> SpotReading.parse("0.08 ± 0.01", "blowdown.blowdown_share")
    SpotReading(value=0.08, half_width=0.01)
    """

    value: float
    half_width: float

    @classmethod
    def parse(cls, text: str, offender: str) -> SpotReading:
        """Reads `value ± half width`, `+/-` or `+-` will do; ConfigError where it is no such text."""
        found = _FORM.fullmatch(text)
        try:
            value, half = (float(each) for each in found.groups()) if found else (math.nan, math.nan)
        except ValueError:
            value, half = math.nan, math.nan
        if not (math.isfinite(value) and math.isfinite(half) and half >= 0.0):
            remedy = 'value and half width at 95 %: "0.08 ± 0.01"'
            raise ConfigError("not a reading with its uncertainty", offender=offender, value=text[:40], remedy=remedy)
        return cls(value, half)

    @property
    def sigma(self) -> float:
        """Standard uncertainty."""
        return self.half_width / _Z95
