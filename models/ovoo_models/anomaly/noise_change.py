"""Noise of one sensor: more or less of it than in training."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.learning import quantile
from ovoo_models.anomaly.single import SensorCheck, timed
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["NoiseChange"]

_CHI2_MEDIAN = 0.4549
"""Median of chi-squared with one degree of freedom: what turns the median of squares into a variance."""
_BOUND = 25.0


class NoiseChange(SensorCheck):
    """Mean square of the differences over `step_s`, in the last `window_s` or so, against that of training.

    Score >= 1 at `margin` x the greatest ratio of training or above, and at the least ratio / `margin`^2 or below: a
    loose contact, a changed filter. The measure is the ratio. One difference counts at most 25 times the usual one.
    `learn_rows` differences give the usual variance, later rows of training the extremes of the ratio.
    """

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "noise")
        super().__init__("noise", known, place)
        step_s = known.number("step_s", 60.0, 1e-3)
        window_s = known.number("window_s", 1800.0, 1.0)
        self._margin = known.number("margin", 2.0, 1.0)
        self._step_ns = round(step_s * 1e9)
        self._gap_ns = round(known.number("gap_s", 10 * step_s, 1.0) * 1e9)
        self._weight = min(step_s / window_s, 1.0)
        self._warm = max(round(window_s / step_s), 1)
        self._learn_rows = int(known.number("learn_rows", 500, 10))
        self._fit = array("d", [math.nan, math.nan, math.nan])
        self._seen = array("d", [math.inf, 0.0])
        self._squares: list[float] = []
        self._run, self._at = array("d", [0.0, 1.0]), array("q", [-1, 0])
        self.watch = timed(known, "on_delay_s", 600.0, off_s=600.0)
        known.text("severity", "")
        known.finish()
        self._arrays = ArrayStore("noise", fit=self._fit, run=self._run, at=self._at, running=self.gate.running)

    @property
    def ready(self) -> bool:
        """Whether the usual variance and its extremes are known."""
        return self._fit[0] > 0.0 and self._fit[1] > 0.0

    def learn_many(self, rows: FrameBlock) -> None:
        """First the usual variance, then the extremes of the ratio; more rows widen them."""
        for start in range(0, len(rows), 500):
            block = rows.rows(start, min(start + 500, len(rows)))
            if self._fit[0] > 0.0:
                self._widen(block)
            else:
                self._collect(block)

    def _collect(self, rows: FrameBlock) -> None:
        out = ScoreBlock()
        self._score(rows, out, (1.0, 1.0, 0.0), 1.0, math.inf, 1)
        self._squares += [out.measure[i] for i in range(len(rows)) if out.state[i] == NORMAL]
        if len(self._squares) < self._learn_rows:
            return
        usual = quantile(self._squares, 0.5) / _CHI2_MEDIAN
        if not usual > 0.0:
            # coarse rounding: most differences are 0, the mean still tells
            top = quantile(self._squares, 0.99)
            usual = math.fsum(min(each, top) for each in self._squares) / len(self._squares)
        self._squares = []
        if 0.0 < usual < math.inf:
            self._fit[0] = usual
            self._at[0], self._at[1] = -1, 0

    def _widen(self, rows: FrameBlock) -> None:
        out = ScoreBlock()
        self._score(rows, out, (self._fit[0], 1.0, 0.0), self._weight, _BOUND, self._warm)
        seen = [out.measure[i] for i in range(len(rows)) if out.state[i] == NORMAL]
        if seen:
            self._seen[0], self._seen[1] = min(self._seen[0], *seen), max(self._seen[1], *seen)
            self._fit[1] = self._margin * self._seen[1]
            self._fit[2] = self._seen[0] / self._margin**2

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the ratio to the usual variance."""
        usual, up, down = self._fit if self.ready else (1.0, 1.0, 0.0)
        self._score(rows, out, (usual, up, down), self._weight, _BOUND, self._warm)
        if not self.ready:
            self.say_nothing(len(rows), out)

    def _score(
        self,
        rows: FrameBlock,
        out: ScoreBlock,
        fit: tuple[float, float, float],
        weight: float,
        bound: float,
        warm: int,
    ) -> None:
        usual, up, down = fit
        out.resize(len(rows), 0)
        sensor_kernels.noise_rows(
            rows.time_ns, rows.values, rows.width, len(rows), self.gate.mask(rows), self._column, usual, up, down,
            weight, bound, warm, self._step_ns, self._gap_ns, self._run, self._at,
            out.score, out.limits, out.measure, out.state,
        )  # fmt: skip
