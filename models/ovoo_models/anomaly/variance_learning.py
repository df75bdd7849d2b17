"""Fits a variance CUSUM on the stream itself, with the standard library and memory that does not grow."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from ovoo_models._select import kernels
from ovoo_models.anomaly.learning import inverse
from ovoo_models.base import NORMAL, FrameBlock, ScoreBlock

if TYPE_CHECKING:
    from ovoo_models.anomaly.variance import Variance

__all__ = ["VarianceLearner"]

_RIDGE = 1e-6
_LEAST_SHARE = 1e-6
"""Of the size of the signal: a signal that stood still is not divided by nothing."""


class VarianceLearner:
    """Three phases of `rows` scored rows each: forecast from the other inputs; sigma of the deviation; limit."""

    def __init__(self, d: int, rows: int) -> None:
        self._d, self._rows = d, rows
        self._phase = 0
        self._count = 0
        self._origin = array("d")
        self._total, self._cross = array("d", bytes(8 * d)), array("d", bytes(8 * d * d))
        self._sum = self._peak = 0.0
        self._sigma = self._least = 1.0
        self._weights = [0.0] * d

    def feed(self, model: Variance, rows: FrameBlock) -> None:
        """Learn from rows in turn; does nothing once the phases are through."""
        step = min(self._rows, 500)
        for start in range(0, len(rows), step):
            block = rows.rows(start, min(start + step, len(rows)))
            if self._phase == 0:
                self._forecast(model, block)
            elif self._phase < 3:
                self._deviations(model, block)

    def _forecast(self, model: Variance, rows: FrameBlock) -> None:
        columns = model.place.inputs
        if not self._origin:
            # a first row as origin keeps the squares of large values from losing their digits
            first = [rows.values[c] for c in columns] if len(rows) else []
            self._origin = array("d", [x if math.isfinite(x) else 0.0 for x in first])
        values = array("d", [
            x - o if math.isfinite(x) else math.nan
            for i in range(len(rows))
            for x, o in ((rows.values[i * rows.width + c], o) for c, o in zip(columns, self._origin, strict=True))
        ])  # fmt: skip
        mask = model.gate.mask(rows)
        self._count += kernels.moment_rows(values, self._d, len(rows), mask, self._total, self._cross)
        if self._count >= self._rows:
            self._solve()
            model.fit(self._weights, self._sigma)
            self._phase, self._count = 1, 0

    def _solve(self) -> None:
        d, n = self._d, self._count
        mean = [t / n for t in self._total]
        cov = [[self._cross[i * d + j] / n - mean[i] * mean[j] for j in range(d)] for i in range(d)]
        size = [math.sqrt(cov[k][k]) if cov[k][k] > 0 else 1.0 for k in range(d)]
        m = d - 1
        slope = [0.0] * m
        if m:
            gram = array("d", [
                cov[i + 1][j + 1] / (size[i + 1] * size[j + 1]) + (_RIDGE if i == j else 0.0)
                for i in range(m) for j in range(m)
            ])  # fmt: skip
            solved = inverse(gram, m)
            target = array("d", [cov[0][j + 1] / size[j + 1] for j in range(m)])
            slope = [kernels.dot(solved[k * m : k * m + m], target) / size[k + 1] for k in range(m)]
        centre = [self._origin[k] + mean[k] for k in range(d)]
        left = cov[0][0] - math.fsum(b * cov[0][k + 1] for k, b in enumerate(slope))
        self._least = _LEAST_SHARE * max(abs(centre[0]), size[0])
        self._sigma = max(math.sqrt(max(left, 0.0)), self._least)
        self._weights = [centre[0] - math.fsum(b * c for b, c in zip(slope, centre[1:], strict=True)), *slope]

    def _deviations(self, model: Variance, rows: FrameBlock) -> None:
        out = ScoreBlock()
        model.observe(rows, out)
        for i in range(len(rows)):
            if out.state[i] == NORMAL:
                self._count += 1
                self._sum += out.trace[i] * out.trace[i]
                self._peak = max(self._peak, out.score[i])
        if self._count < self._rows:
            return
        if self._phase == 1:
            self._sigma = max(self._sigma * math.sqrt(self._sum / self._count), self._least)
            model.fit(self._weights, self._sigma)
        else:
            model.fit(self._weights, self._sigma, max(model.limit_factor * self._peak, model.limit_least))
        self._phase, self._count, self._peak = self._phase + 1, 0, 0.0
