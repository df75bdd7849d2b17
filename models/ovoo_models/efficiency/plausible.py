"""Refusal of values that cannot be: below zero, outside what physics allows, not a number."""

from __future__ import annotations

import math
from typing import Final

from ovoo_contract.errors import EvidenceError

__all__ = ["no_more_than_one", "positive", "within"]

_ROUNDING: Final = 1e-9


def within(value: float, low: float, high: float, offender: str, unit: str) -> float:
    """`value` where low <= value <= high; EvidenceError naming it otherwise, NaN and infinities included."""
    if not low <= value <= high or math.isinf(value):
        raise EvidenceError(
            "an impossible value", code="plausible.impossible_value",
            slots={"low": f"{low:g}", "high": f"{high:g}", "unit": unit}, offender=offender, value=value,
            remedy=f"{low:g} to {high:g} {unit}".rstrip(),
        )  # fmt: skip
    return value


def positive(value: float, offender: str, unit: str) -> float:
    """`value` where it is above zero and finite; EvidenceError naming it otherwise."""
    if not 0.0 < value < math.inf:
        raise EvidenceError(
            "must be above zero", code="plausible.must_be_above_zero", slots={"unit": unit}, offender=offender,
            value=value, remedy=f"check sign and {unit}",
        )  # fmt: skip
    return value


def no_more_than_one(efficiency: float, offender: str) -> float:
    """`efficiency` up to 1, rounding aside; above it EvidenceError with `offender`, the reading it hangs on most."""
    if not 0.0 <= efficiency <= 1.0 + _ROUNDING:
        raise EvidenceError(
            "gives an efficiency that cannot be", code="plausible.gives_efficiency_that_cannot_be", offender=offender,
            value=efficiency, remedy="0 to 1; check its unit",
        )  # fmt: skip
    return min(efficiency, 1.0)
