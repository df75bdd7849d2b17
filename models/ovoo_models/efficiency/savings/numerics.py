"""Small numbers of the method: quantiles by plain arithmetic, so that no C library decides a digit."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from ovoo_contract.errors import EvidenceError

__all__ = ["NORMAL_90", "NORMAL_LEVELS", "median", "student_t", "zeros"]

NORMAL_90: Final = 1.6448536269514722
_TWO_SIDED: Final = {0.68: 0.9944578832097532, 0.8: 1.2815515655446004, 0.9: NORMAL_90, 0.95: 1.959963984540054}
NORMAL_LEVELS: Final = (
    -1.862731867421651, -1.3180108973035367, -1.009990169249582, -0.7764217611479276,
    -0.579132162255556, -0.40225006532172525, -0.2372021093287877, -0.0784124127331122,
    0.0784124127331122, 0.2372021093287877, 0.40225006532172525, 0.579132162255556,
    0.7764217611479276, 1.009990169249582, 1.3180108973035367, 1.862731867421651,
)  # fmt: skip
"""Quantiles of the standard normal distribution at (k + 1/2) / 16."""


def student_t(freedom: float, coverage: float = 0.9) -> float:
    """Two-sided quantile of Student's t, by its expansion in 1 / freedom (Abramowitz and Stegun 26.7.5).

    `freedom` >= 5: error below 0.001 of the value at 90 %. EvidenceError below, or for an unknown coverage
    (0.68, 0.8, 0.9, 0.95).
    """
    if coverage not in _TWO_SIDED:
        raise EvidenceError(
            "no such coverage", code="savings.no_such_coverage", slots={"known": sorted(_TWO_SIDED)},
            offender="coverage", value=coverage, remedy=f"{sorted(_TWO_SIDED)}",
        )  # fmt: skip
    if not freedom >= 5.0:
        raise EvidenceError(
            "too few degrees of freedom", code="savings.too_few_degrees_of_freedom", offender="freedom",
            value=freedom, remedy="a longer baseline or fewer terms",
        )  # fmt: skip
    z, v = _TWO_SIDED[coverage], freedom
    s = z * z
    g1 = z * (s + 1.0) / 4.0
    g2 = z * ((5.0 * s + 16.0) * s + 3.0) / 96.0
    g3 = z * (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0
    g4 = z * ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0
    return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v


def median(values: Sequence[float]) -> float:
    """The middle value; of an even count the mean of the two middle ones."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def zeros(count: int) -> array[float]:
    """Doubles of nought."""
    return array("d", bytes(8 * count))
