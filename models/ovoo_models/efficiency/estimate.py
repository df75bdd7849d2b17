"""A value with its standard uncertainty: the form in which every computed efficiency, drift and saving is passed on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["Estimate"]

_QUANTILES: Final = {
    0.68: 0.9944578832097532,
    0.8: 1.2815515655446004,
    0.9: 1.6448536269514722,
    0.95: 1.959963984540054,
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` in `unit` with standard uncertainty `sigma` (same unit, >= 0); NaN where it cannot be known.

    >>> Estimate(100.0, 2.0, "kW").stands_out_from(96.0)
    True
    """

    value: float
    sigma: float
    unit: str

    def interval(self, coverage: float = 0.9) -> tuple[float, float]:
        """Low and high end of the normal interval; `coverage` is 0.68, 0.8, 0.9 or 0.95."""
        half = self.half_width(coverage)
        return self.value - half, self.value + half

    def half_width(self, coverage: float = 0.9) -> float:
        """Half of the interval's width."""
        quantile = _QUANTILES.get(coverage)
        if quantile is None:
            raise ConfigError(
                "no such coverage", code="estimate.no_such_coverage", slots={"known": sorted(_QUANTILES)},
                offender="coverage", value=coverage, remedy=f"one of {sorted(_QUANTILES)}",
            )  # fmt: skip
        return quantile * self.sigma

    def stands_out_from(self, reference: float, coverage: float = 0.95) -> bool:
        """Whether `reference` lies outside the interval; what lies inside is not told from the instruments' error."""
        return math.isfinite(self.value) and abs(self.value - reference) > self.half_width(coverage)

    def relative(self) -> float:
        """Standard uncertainty as a share of the value; inf at zero."""
        return self.sigma / abs(self.value) if self.value else math.inf
