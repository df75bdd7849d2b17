"""One reading with what is known of its instrument."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["Reading"]

_RECTANGULAR: Final = math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """`value` and its standard uncertainty `sigma` (>= 0) in the unit of the input; `span`: what the instrument covers.

    >>> round(Reading.of_class(70.0, 0.5, (0.0, 100.0)).sigma, 4)
    0.2887
    """

    value: float
    sigma: float = 0.0
    span: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.sigma < math.inf:
            raise ConfigError(
                "no standard uncertainty", code="equipment.no_standard_uncertainty", offender="reading.sigma",
                value=self.sigma, remedy="0 or more",
            )  # fmt: skip
        if self.span is not None and not self.span[0] < self.span[1]:
            raise ConfigError(
                "no span", code="equipment.no_span", offender="reading.span", value=self.span, remedy="low under high"
            )

    @classmethod
    def of_class(cls, value: float, accuracy_percent: float, span: tuple[float, float]) -> Reading:
        """From an accuracy class: limits of `accuracy_percent` of the span, rectangular (GUM 4.3.7), so over sqrt 3."""
        return cls(value, accuracy_percent / 100.0 * (span[1] - span[0]) / _RECTANGULAR, span)

    @classmethod
    def of_reading(cls, value: float, error_percent: float, span: tuple[float, float] | None = None) -> Reading:
        """From limits of error in percent of the reading, rectangular."""
        return cls(value, abs(value) * error_percent / 100.0 / _RECTANGULAR, span)
