"""Whether the inputs of a model still look like its training; says when to train again."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any, Final

from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.learning import quantile
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["DriftWatch"]

_KEPT_ROWS: Final = 50_000


class DriftWatch:
    """Compares each day of each input with the training: the share of values outside its quantiles, the mean's shift.

    Score >= 1 where on the last whole `span_s` (a day) the share outside the `tail` quantiles reached `most_outside`,
    or the mean moved by `most_shift` standard deviations; then the model judges what it never saw and should be
    trained again. The measure is the score. Rows of fewer than `least_rows` a span say nothing.
    """

    learned = ("low", "high", "mean", "inverse")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "drift_watch")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs)
        self._span_ns = round(known.number("span_s", 86_400.0, 1.0) * 1e9)
        self._outside = known.number("most_outside", 0.5, 1e-3, 1.0)
        self._shift = known.number("most_shift", 3.0, 1e-3)
        self._tail = known.number("tail", 0.005, 0.0, 0.5)
        self._least = int(known.number("least_rows", 120, 1))
        self._learn_rows = int(known.number("learn_rows", 1000, 10))
        self.watch = Watch(known.number("on_delay_s", 600.0, 0.0), 600.0, known.number("merge_s", 172_800.0, 0.0))
        known.text("severity", "")
        known.finish()
        self.trace_width = d
        self._columns = array("i", place.inputs)
        self._low, self._high = array("d", [math.nan] * d), array("d", [math.nan] * d)
        self._mean, self._inverse = array("d", [math.nan] * d), array("d", [math.nan] * d)
        self._sums, self._last = array("d", bytes(8 * d)), array("d", bytes(8 * d))
        self._counts, self._at = array("q", bytes(16 * d)), array("q", [-1, 0])
        self._kept: list[list[float]] = [[] for _ in range(d)]

    @property
    def ready(self) -> bool:
        """Whether the training is known."""
        return all(each > 0.0 for each in self._inverse)

    def learn_many(self, rows: FrameBlock) -> None:
        """Take quantiles, mean and standard deviation over all rows given, the first 50,000 at most."""
        mask = self.gate.mask(rows)
        used = [i for i in range(len(rows)) if mask[i] == NORMAL]
        for k, column in enumerate(self._columns):
            cells = (rows.values[i * rows.width + column] for i in used)
            self._kept[k] += [x for x in cells if math.isfinite(x)][: _KEPT_ROWS - len(self._kept[k])]
        if min(map(len, self._kept), default=0) < self._learn_rows:
            return
        for k, seen in enumerate(self._kept):
            self._low[k], self._high[k] = quantile(seen, self._tail), quantile(seen, 1.0 - self._tail)
            mean = math.fsum(seen) / len(seen)
            spread = math.sqrt(math.fsum((x - mean) ** 2 for x in seen) / len(seen))
            self._mean[k], self._inverse[k] = mean, 1.0 / max(spread, 1e-3 * abs(mean), 1e-9)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; UNKNOWN before the first whole span."""
        n = len(rows)
        out.resize(n, self.trace_width)
        if not self.ready:
            mask = self.gate.mask(rows)
            out.score[:n] = out.measure[:n] = out.limits[:n] = array("d", [math.nan]) * n
            out.state[:n] = array("B", [UNKNOWN if code == NORMAL else code for code in mask[:n]])
            return
        sensor_kernels.watch_rows(
            rows.time_ns, rows.values, rows.width, n, self.gate.mask(rows), self._columns, self._low, self._high,
            self._mean, self._inverse, self._outside, self._shift, self._span_ns, self._least, self._sums, self._last,
            self._counts, self._at, out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """The inputs by their figures of the last whole span."""
        d = self.trace_width
        figures = out.trace[row * d : row * d + d]
        total = math.fsum(figures)
        ranked = sorted(range(d), key=lambda k: (-figures[k], k))
        return tuple(Contribution(self._columns[k], figures[k] / total) for k in ranked if figures[k] > 0.0)

    def state(self) -> dict[str, str]:
        """What was learned and the open span."""
        return self._store().state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._store().load(state)

    def _store(self) -> ArrayStore:
        return ArrayStore(
            "drift_watch", low=self._low, high=self._high, mean=self._mean, inverse=self._inverse, sums=self._sums,
            last=self._last, counts=self._counts, at=self._at, running=self.gate.running,
        )  # fmt: skip
