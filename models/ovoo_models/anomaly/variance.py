"""Variance CUSUM: a signal that swings more than it used to, around whatever mean; for valves that stick."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ArtifactError, ConfigError

from ovoo_models._select import variance_kernels
from ovoo_models.anomaly.variance_learning import VarianceLearner
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Variance"]

_CEILING = 1.5
"""The CUSUM stays below this multiple of its limit, so that an alarm ends soon after its cause."""


class Variance:
    """CUSUM of the squared deviation of the first input from its running mean; score >= limit is abnormal, range >= 0.

    With more inputs the first is judged against its linear forecast from the others, so that movement they explain
    does not count. The mean runs with time constant `mean_s`: a lasting shift is no finding here, a swing faster than
    that is. `slack`: subtracted each `step_s` (1.39 is best against a doubled variance, 1.65 against a tripled one);
    `clip`: greatest deviation in sigma; `limit_factor` x the greatest CUSUM in normal work, at least `limit_least`;
    `learn_rows` of each of the three phases of `learn_many`; `reset_s`: gap after which it starts anew; gate, delays.
    Source: Page (1954); Hawkins and Olwell, Cumulative Sum Charts (1998), chapter 4, for the variance.
    """

    learned = ("weights", "inverse_sigma", "limit")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "variance")
        d = len(place.inputs)
        if d < 1:
            raise ConfigError("an input is needed", offender="variance.inputs", value=d, remedy="name the signal")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        step_s = known.number("step_s", 60.0, 1e-3)
        mean_s = known.number("mean_s", 60 * step_s, step_s)
        self._step_frames = max(round(step_s * 1e9 / place.period_ns), 1)
        self._mean_decay = (1.0 - step_s / mean_s) ** (1.0 / self._step_frames)
        self._ratio_decay = 0.9 ** (1.0 / self._step_frames)
        self._reset_ns = round(known.number("reset_s", 15 * step_s, 0.0) * 1e9)
        self._slack = known.number("slack", 1.5, 1.0)
        self._clip = known.number("clip", 4.0, 1.5)
        self.limit_factor, self.limit_least = (
            known.number("limit_factor", 2.5, 1.0),
            known.number("limit_least", 10.0, 0.1),
        )
        self._learner = VarianceLearner(d, int(known.number("learn_rows", 1000, 50)))
        self.watch = _watch(known)
        known.finish()
        self.trace_width = 1
        self._columns = array("i", place.inputs)
        self._weights, self._inverse_sigma = array("d", bytes(8 * d)), array("d", [1.0])
        self._limit = array("d", [math.nan])
        self._running, self._last = array("d", [0.0, 0.0, 1.0, 0.0]), array("q", [-1])

    @property
    def ready(self) -> bool:
        """Whether a model has been learned or loaded."""
        return self._limit[0] > 0.0

    @property
    def limit(self) -> float:
        """The limit of the CUSUM; NaN before `ready`."""
        return self._limit[0]

    def fit(self, weights: Sequence[float], sigma: float, limit: float = math.nan) -> None:
        """Take a model: intercept, then a weight for each further input; sigma > 0; NaN limit: not ready yet."""
        if len(weights) != len(self._columns) or not all(math.isfinite(x) for x in weights):
            raise ArtifactError("weights do not fit the inputs", offender="variance.weights", value=len(weights))
        if not 0 < sigma < math.inf or limit <= 0 or limit == math.inf:
            raise ArtifactError("positive finite numbers are needed", offender="variance", value=(sigma, limit))
        self._weights[:] = array("d", weights)
        self._inverse_sigma[0] = 1.0 / sigma
        self._limit[0] = limit
        self._last[0] = -1

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn forecast, sigma and limit in turn, each from `learn_rows` rows."""
        self._learner.feed(self, rows)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; every row is UNKNOWN before `ready`. measure: recent variance as a multiple of normal."""
        if self.ready:
            self.observe(rows, out)
            return
        n = len(rows)
        out.resize(n, self.trace_width)
        mask = self.gate.mask(rows)
        out.score[:n] = out.measure[:n] = out.limits[:n] = array("d", [math.nan]) * n
        out.state[:n] = array("B", [UNKNOWN if code == NORMAL else code for code in mask[:n]])

    def observe(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Run the present model over the rows, ready or not; trace: deviation in sigma, one a row."""
        n = len(rows)
        out.resize(n, self.trace_width)
        limit = self._limit[0]
        variance_kernels.variance_rows(
            rows.time_ns, rows.values, rows.width, n, self.gate.mask(rows), self._columns, self._weights,
            self._inverse_sigma[0], self._mean_decay, self._ratio_decay, self._step_frames, self.place.period_ns,
            self._reset_ns, self._clip * self._clip, self._slack, _CEILING * limit if limit > 0 else math.inf, limit,
            self._running, self._last, out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """The first input alone: the others only say what it should be."""
        return (Contribution(self._columns[0], 1.0),) if out.score[row] > 0 else ()

    def state(self) -> dict[str, str]:
        """Model, running sums and gate."""
        return self._store().state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._store().load(state)

    def _store(self) -> ArrayStore:
        return ArrayStore(
            "variance", weights=self._weights, inverse_sigma=self._inverse_sigma, limit=self._limit,
            running_sums=self._running, last=self._last, running=self.gate.running,
        )  # fmt: skip


def _watch(params: Params) -> Watch:
    for name in ("severity", "advice"):
        params.text(name, "")
    return Watch(
        on_delay_s=params.number("on_delay_s", 0.0, 0.0),
        off_delay_s=params.number("off_delay_s", 600.0, 0.0),
        merge_s=params.number("merge_s", 21_600.0, 0.0),
        release=params.number("release", 0.7, 0.0, 1.0),
    )
