"""Fits a lagged detector on the stream itself, with the standard library and memory that does not grow."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ovoo_models._select import kernels
from ovoo_models.anomaly.lagged_model import STATISTICS, LaggedModel, widening
from ovoo_models.anomaly.learning import inverse
from ovoo_models.base import NORMAL, FrameBlock, ScoreBlock

if TYPE_CHECKING:
    from ovoo_models.anomaly.lagged import Lagged

__all__ = ["LaggedLearner"]

_OBSERVING = 4
_CHUNK_ROWS = 64
_LEAST_ERROR = 1e-3
"""Of a forecast, in standard deviations of the input: an input that stood still is not divided by nothing."""
_LEAST_SIZE = 0.3
"""Of u on fresh rows, which is one where nothing was constant."""
_ONE_ROW = array("B", [NORMAL])


class LaggedLearner:
    """Five phases of `rows` steps each, so that no part is judged on rows it was fitted on.

    Centre and scale; forecast by ridge regression; covariance of the forecast errors; size of each input's error
    given the others; mean and spread of the statistics. Rows with a missing input are left out.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._phase = 0
        self._past: list[array[float]] = []
        self._at = -1
        self._origin = array("d")
        self._clear(0)
        self._centre: list[float] = []
        self._scale: list[float] = []
        self._coefficient, self._precision, self._weight = array("d"), array("d"), array("d")

    def _clear(self, width: int) -> None:
        self._count = 0
        self._total, self._cross = array("d", bytes(8 * width)), array("d", bytes(8 * width * width))
        self._sums = [[0.0, 0.0] for _ in range(STATISTICS)]

    def feed(self, model: Lagged, rows: FrameBlock) -> None:
        """Learn from rows in turn; does nothing once the phases are through."""
        step = min(self._rows, _CHUNK_ROWS)
        for start in range(0, len(rows), step):
            block = rows.rows(start, min(start + step, len(rows)))
            if self._phase < _OBSERVING:
                self._moments(model, block)
            elif self._phase == _OBSERVING:
                self._spreads(model, block)

    def _moments(self, model: Lagged, rows: FrameBlock) -> None:
        mask = model.gate.mask(rows)
        for i in range(len(rows)):
            row = self._step(model, rows, i, mask[i])
            if row is not None:
                self._take(model, row)
        if self._count >= self._rows:
            self._next(model)

    def _step(self, model: Lagged, rows: FrameBlock, i: int, code: int) -> array[float] | None:
        """The inputs of a row that is used, as the kernel chooses rows; None for the others."""
        gap = rows.time_ns[i] - self._at
        if code != NORMAL:
            self._past.clear()
            return None
        if self._at >= 0 and 0 <= gap < model.step_ns - model.place.period_ns // 2:
            return None
        values = array("d", [rows.values[i * rows.width + c] for c in model.place.inputs])
        if not all(math.isfinite(x) for x in values):
            return None
        if self._at < 0 or gap < 0 or gap > model.step_ns + model.step_ns // 2:
            self._past.clear()
        self._at = rows.time_ns[i]
        return values

    def _take(self, model: Lagged, row: array[float]) -> None:
        d = len(row)
        if self._phase == 0:
            if not self._origin:
                # a first row as origin keeps the squares of large values from losing their digits
                self._origin = row
                self._clear(d)
            self._add(array("d", [x - o for x, o in zip(row, self._origin, strict=True)]))
            return
        z = array("d", [
            max(-model.bound, min(model.bound, (x - c) / s))
            for x, c, s in zip(row, self._centre, self._scale, strict=True)
        ])  # fmt: skip
        if len(self._past) == model.lags:
            past = array("d", [x for each in self._past for x in each])
            self._add(self._errors(z, past) if self._phase > 1 else z + past)
        self._past = [z, *self._past[: model.lags - 1]]

    def _add(self, row: array[float]) -> None:
        self._count += kernels.moment_rows(row, len(row), 1, _ONE_ROW, self._total, self._cross)

    def _errors(self, z: array[float], past: array[float]) -> array[float]:
        d = len(z)
        e = array("d", [z[k] - kernels.dot(self._coefficient[k::d], past) for k in range(d)])
        if self._phase == 2:
            return e
        return array("d", [kernels.dot(self._precision[k * d : k * d + d], e) * self._weight[k] for k in range(d)])

    def _next(self, model: Lagged) -> None:
        d = len(self._origin)
        (self._scales, self._forecast, self._covariance, self._sizes)[self._phase](model, d)
        self._phase += 1
        self._past.clear()
        self._clear({1: d + d * model.lags, 2: d, 3: d, 4: 0}[self._phase])

    def _scales(self, _model: Lagged, d: int) -> None:
        means = [t / self._count for t in self._total]
        spread = [self._cross[k * d + k] / self._count - means[k] ** 2 for k in range(d)]
        self._centre = [self._origin[k] + means[k] for k in range(d)]
        self._scale = [
            math.sqrt(s) if s > 0 else max(abs(c) * 1e-3, 1e-9) for s, c in zip(spread, self._centre, strict=True)
        ]

    def _forecast(self, model: Lagged, d: int) -> None:
        m = d * model.lags
        width = d + m
        gram = array("d", [
            self._cross[(d + i) * width + d + j] + (model.ridge if i == j else 0.0) for i in range(m) for j in range(m)
        ])  # fmt: skip
        solved = inverse(gram, m)
        self._coefficient = array("d", [
            kernels.dot(solved[j * m : j * m + m], self._cross[k * width + d : k * width + width])
            for j in range(m) for k in range(d)
        ])  # fmt: skip

    def _covariance(self, model: Lagged, d: int) -> None:
        cov = [x / self._count for x in self._cross]
        size = [max(math.sqrt(max(cov[k * d + k], 0.0)), _LEAST_ERROR) for k in range(d)]
        keep = 1.0 - model.shrinkage
        shrunk = array("d", [
            keep * cov[i * d + j] / (size[i] * size[j]) + (model.shrinkage if i == j else 0.0)
            for i in range(d) for j in range(d)
        ])  # fmt: skip
        solved = inverse(shrunk, d)
        self._precision = array("d", [solved[i * d + j] / (size[i] * size[j]) for i in range(d) for j in range(d)])
        self._weight = array("d", [1.0 / math.sqrt(self._precision[k * d + k]) for k in range(d)])

    def _sizes(self, model: Lagged, d: int) -> None:
        size = [max(math.sqrt(self._cross[k * d + k] / self._count), _LEAST_SIZE) for k in range(d)]
        weight = [w / s for w, s in zip(self._weight, size, strict=True)]
        self._weight = array("d", weight)
        model.fit(self._shape())

    def _shape(self, usual: Sequence[float] = (), spread: Sequence[float] = ()) -> LaggedModel:
        return LaggedModel(self._centre, self._scale, self._coefficient, self._precision, self._weight, usual, spread)

    def _spreads(self, model: Lagged, rows: FrameBlock) -> None:
        """Statistics of fresh rows, without the first 1 / slow in which the averages still rise."""
        out = ScoreBlock()
        model.observe(rows, out)
        found = model.statistics
        for i in range(len(rows)):
            if out.state[i] != NORMAL or found[i * STATISTICS] != found[i * STATISTICS]:
                continue
            self._count += 1
            if self._count > 1 / model.slow:
                for k, pair in enumerate(self._sums):
                    x = found[i * STATISTICS + k]
                    pair[0] += x
                    pair[1] += x * x
        used = self._count - math.floor(1 / model.slow)
        if used < self._rows:
            return
        usual = [total / used for total, _squares in self._sums]
        spread = [
            wide * math.sqrt(max(squares / used - mean * mean, 1e-12))
            for (_total, squares), mean, wide in zip(
                self._sums, usual, widening(used, model.fast, model.middle, model.slow), strict=True
            )
        ]
        model.fit(self._shape(usual, spread))
        self._phase += 1
