"""Fits a multivariate EWMA on the stream itself, with the standard library: for gateways without a trained artifact."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from ovoo_contract.errors import ArtifactError

from ovoo_models._select import kernels
from ovoo_models.base import NORMAL, FrameBlock, ScoreBlock

if TYPE_CHECKING:
    from ovoo_models.anomaly.ewma import Mewma

__all__ = ["MewmaLearner", "inverse", "quantile"]

_SHRINKAGE = 1e-3
"""About what Ledoit and Wolf find for a few thousand rows; more would drown the directions in which faults show."""


def quantile(values: list[float], share: float) -> float:
    """The order statistic at `share` in [0, 1], interpolated linearly as numpy does."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def inverse(matrix: array[float], d: int) -> array[float]:
    """Inverse of a symmetric positive definite d x d matrix by Cholesky; ArtifactError where it is not."""
    lower = [[0.0] * d for _ in range(d)]
    for i in range(d):
        for j in range(i + 1):
            rest = matrix[i * d + j] - math.fsum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j and not rest > 0:
                raise ArtifactError("covariance is not positive definite", offender="mewma", value=rest)
            lower[i][j] = math.sqrt(rest) if i == j else rest / lower[j][j]
    columns = [_solve(lower, k, d) for k in range(d)]
    return array("d", [0.5 * (columns[i][j] + columns[j][i]) for i in range(d) for j in range(d)])


def _solve(lower: list[list[float]], unit: int, d: int) -> list[float]:
    y = [0.0] * d
    for i in range(d):
        y[i] = ((1.0 if i == unit else 0.0) - math.fsum(lower[i][k] * y[k] for k in range(i))) / lower[i][i]
    x = [0.0] * d
    for i in reversed(range(d)):
        x[i] = (y[i] - math.fsum(lower[k][i] * x[k] for k in range(i + 1, d))) / lower[i][i]
    return x


class MewmaLearner:
    """Three phases of `rows` scored rows each: centre and scale; precision of the smoothed inputs; limit of T2."""

    def __init__(self, d: int, rows: int, shrinkage: float, limit_factor: float) -> None:
        self._d, self._rows = d, rows
        self._shrinkage = _SHRINKAGE if shrinkage < 0 else shrinkage
        self._factor = limit_factor
        self._phase = 0
        self._count = 0
        self._total, self._cross = array("d", bytes(8 * d)), array("d", bytes(8 * d * d))
        self._centre, self._scale = [0.0] * d, [1.0] * d
        self._identity = [1.0 if i == j else 0.0 for i in range(d) for j in range(d)]
        self._seen: list[float] = []
        self._out = ScoreBlock()

    def feed(self, model: Mewma, rows: FrameBlock) -> None:
        """Learn from rows in turn; does nothing once the model is ready and the phases are through."""
        step = min(self._rows, 500)
        for start in range(0, len(rows), step):
            block = rows.rows(start, min(start + step, len(rows)))
            (self._scale_rows, self._shape_rows, self._limit_rows, _ignore)[self._phase](model, block)

    def _take(self, values: array[float], n: int, use: array[int]) -> None:
        self._count += kernels.moment_rows(values, self._d, n, use, self._total, self._cross)

    def _next(self) -> None:
        self._phase += 1
        self._count = 0
        self._total, self._cross = array("d", bytes(8 * self._d)), array("d", bytes(8 * self._d**2))

    def _scale_rows(self, model: Mewma, rows: FrameBlock) -> None:
        columns = model.place.inputs
        values = array("d", [rows.values[i * rows.width + c] for i in range(len(rows)) for c in columns])
        if self._count == 0 and not any(self._centre):
            # a first row as origin keeps the squares of large values from losing their digits
            self._centre = [x if math.isfinite(x) else 0.0 for x in values[: self._d]]
        origin = array("d", self._centre)
        shifted = array("d", [x - origin[i % self._d] for i, x in enumerate(values)])
        self._take(shifted, len(rows), model.gate.mask(rows))
        if self._count < self._rows:
            return
        means = [t / self._count for t in self._total]
        spread = [self._cross[k * self._d + k] / self._count - means[k] ** 2 for k in range(self._d)]
        self._centre = [origin[k] + means[k] for k in range(self._d)]
        self._scale = [
            math.sqrt(s) if s > 0 else max(abs(c) * 1e-3, 1e-9) for s, c in zip(spread, self._centre, strict=True)
        ]
        model.fit(self._centre, self._scale, self._identity, 1e300)
        self._next()

    def _shape_rows(self, model: Mewma, rows: FrameBlock) -> None:
        model.smooth(rows, self._out)
        self._take(self._out.trace, len(rows), self._out.state)
        if self._count < self._rows:
            return
        d = self._d
        cov = [self._cross[i] / self._count for i in range(d * d)]
        floor = math.fsum(cov[k * d + k] for k in range(d)) / d
        s = self._shrinkage
        shrunk = [(1 - s) * cov[i] + (max(s, 1e-6) * floor if i % (d + 1) == 0 else 0.0) for i in range(d * d)]
        model.fit(self._centre, self._scale, inverse(array("d", shrunk), d), 1e300)
        self._next()

    def _limit_rows(self, model: Mewma, rows: FrameBlock) -> None:
        model.smooth(rows, self._out)
        scored = (i for i in range(len(rows)) if self._out.state[i] == NORMAL)
        self._seen += [self._out.score[i] for i in scored]
        if len(self._seen) < self._rows:
            return
        model.set_limit(self._factor * max(quantile(self._seen, 0.99), 1e-9))
        self._seen = []
        self._next()


def _ignore(_model: Mewma, _rows: FrameBlock) -> None:
    """The phases are through."""
