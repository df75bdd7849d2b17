"""What a fit of the lagged detector gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import ArtifactError

__all__ = ["STATISTICS", "LaggedModel", "widening"]

STATISTICS = 6
"""Greatest shift (fast, middle), greatest size (fast, slow), size of all inputs together (fast, slow)."""


@dataclass(frozen=True, slots=True)
class LaggedModel:
    """What a fit gives, for d inputs and p lags, all of standardised inputs.

    centre, scale: d (scale > 0). coefficient: (p d) x d, what each input of the rows before, newest first, adds to the
    forecast of each input. precision: d x d and symmetric, inverse covariance of the forecast errors. weight: d, to
    bring each input's error given the others to size one. usual, spread: mean and standard deviation of the six
    statistics in normal rows that the other parts have not seen (spread > 0); both empty while still to be found.
    """

    centre: Sequence[float]
    scale: Sequence[float]
    coefficient: Sequence[float]
    precision: Sequence[float]
    weight: Sequence[float]
    usual: Sequence[float] = ()
    spread: Sequence[float] = ()

    def check(self, d: int, lags: int) -> None:
        """ArtifactError where a part has the wrong length, a number that is not finite, or a scale <= 0."""
        found = STATISTICS if self.usual else 0
        lengths = {
            "centre": d, "scale": d, "coefficient": d * d * lags, "precision": d * d, "weight": d,
            "usual": found, "spread": found,
        }  # fmt: skip
        for name, length in lengths.items():
            part: Sequence[float] = getattr(self, name)
            if len(part) != length or not all(math.isfinite(x) for x in part):
                raise ArtifactError(
                    "part of the model does not fit", offender=f"lagged.{name}", value=len(part),
                    remedy=f"{length} finite numbers",
                )  # fmt: skip
        for name in ("scale", "weight", "spread"):
            if not all(x > 0 for x in getattr(self, name)):
                raise ArtifactError("numbers > 0 are needed", offender=f"lagged.{name}", value="<= 0")
        p = self.precision
        if not all(p[k * d + k] > 0 and all(p[k * d + j] == p[j * d + k] for j in range(k)) for k in range(d)):
            raise ArtifactError(
                "a symmetric matrix with a diagonal > 0 is needed", offender="lagged.precision", value=f"{d} x {d}"
            )


def widening(rows: int, fast: float, middle: float, slow: float) -> list[float]:
    """Factors >= 1 for the spreads of the six statistics found in `rows` rows, in their order.

    An average of weight w has about m = rows w / (2 - w) independent values in them; the next one lies sqrt((m + 1) /
    (m - 1)) spreads out, as in a prediction interval. A history too short for that (m <= 2) counts as m = 2.
    """
    factors = []
    for rate in (fast, middle, fast, slow, fast, slow):
        independent = max(rows * rate / (2.0 - rate), 2.0)
        factors.append(math.sqrt((independent + 1.0) / (independent - 1.0)))
    return factors
