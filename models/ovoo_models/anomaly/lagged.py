"""Lagged T2: what the inputs do beyond the forecast from their own past, for plants under closed-loop control."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models._select import lagged_kernels
from ovoo_models.anomaly.lagged_learning import LaggedLearner
from ovoo_models.anomaly.lagged_model import STATISTICS, LaggedModel
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Lagged"]

_CEILING = 2.0
"""No average leaves this multiple of what its limit allows, so that an alarm ends soon after its cause."""


class Lagged:
    """Forecast errors of a vector autoregression, each input's given the others, in shift and in size; >= limit is odd.

    Control loops hide a fault in the measurements and show it in how valves and measurements move together from row
    to row. u_k = (P e)_k / sqrt(P_kk), e = y - C past, is what input k does that neither the past nor the other
    inputs explain. Averages of u and of u^2, a fast and a slower one each, are compared with their spread in normal
    rows that the fit did not see; score = the greatest excess in spreads, at least 0.
    Parameters: `lags` rows of past; `step_s`, the time of a row (rows closer together repeat the last score, a gap
    starts the lags anew); `fast`, `middle` (shifts) and `slow` (sizes), weights of a step; `limit` in spreads; `clip`
    of u; `max_missing` inputs, taken as forecast and others say; `ridge` (in rows) and `shrinkage` for training;
    `learn_rows` of each of the five phases of `learn_many`; `reset_s`, the gap after which the averages start anew;
    gate and delays.
    Source: canonical variate and lagged monitoring after Russell, Chiang and Braatz (2000), in innovation form, with
    reconstruction by Alcala and Qin (2009).
    """

    learned = ("centre", "inverse", "coefficient", "precision", "weight", "usual", "inverse_spread")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "lagged")
        d = len(place.inputs)
        if d < 1:
            raise ConfigError("an input is needed", offender="lagged.inputs", value=d, remedy="name the signals")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        self.lags = int(known.number("lags", 1, 1, 8))
        self.step_ns = round(known.number("step_s", 60.0, 1e-3) * 1e9)
        self.fast, self.middle = known.number("fast", 0.15, 1e-4, 1.0), known.number("middle", 0.05, 1e-4, 1.0)
        self.slow = known.number("slow", 0.015, 1e-4, 1.0)
        self.limit = known.number("limit", 5.5, 0.1)
        self.clip = known.number("clip", 4.0, 1.0)
        self.bound = 20.0
        self._missing = int(known.number("max_missing", d // 3, 0, d))
        self._reset_ns = round(known.number("reset_s", 15e-9 * self.step_ns, 0.0) * 1e9)
        self.ridge, self.shrinkage = known.number("ridge", 3.0, 1e-6), known.number("shrinkage", 0.01, 1e-6, 1.0)
        self._learner = LaggedLearner(int(known.number("learn_rows", 1000, 50)))
        self.watch = _watch(known)
        known.finish()
        self.trace_width = d
        self._columns, m = array("i", place.inputs), d * self.lags
        self._centre, self._inverse = array("d", bytes(8 * d)), array("d", [1.0] * d)
        self._coefficient, self._precision = array("d", bytes(8 * d * m)), array("d", bytes(8 * d * d))
        self._weight, self._usual = array("d", [1.0] * d), array("d", bytes(8 * STATISTICS))
        self._inverse_spread = array("d", bytes(8 * STATISTICS))
        self._past, self._averages = array("d", bytes(8 * m)), array("d", [0.0] * (2 * d) + [1.0] * (3 * d))
        self._blame, self._held = array("d", bytes(8 * d)), array("d", [math.nan])
        self._last, self._work = array("q", [-1, 0]), array("d", bytes(32 * d))
        self._statistics = array("d")

    @property
    def ready(self) -> bool:
        """Whether a model has been fitted, learned or loaded."""
        return self._inverse_spread[0] > 0.0

    @property
    def statistics(self) -> array[float]:
        """The six statistics of each row scored last, NaN where there are none; valid until the next call."""
        return self._statistics

    def fit(self, model: LaggedModel) -> None:
        """Take a model and start anew; without usual statistics the detector is not ready, `observe` works."""
        model.check(len(self._columns), self.lags)
        self._centre[:] = array("d", model.centre)
        self._inverse[:] = array("d", [1.0 / s for s in model.scale])
        self._coefficient[:] = array("d", model.coefficient)
        self._precision[:] = array("d", model.precision)
        self._weight[:] = array("d", model.weight)
        self._usual[:] = array("d", model.usual or [0.0] * STATISTICS)
        self._inverse_spread[:] = array("d", [1.0 / s for s in model.spread] or [0.0] * STATISTICS)
        self.restart()

    def restart(self) -> None:
        """Forget the past rows and the averages, keep the model."""
        self._last[:] = array("q", [-1, 0])

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn scale, forecast, covariance, sizes and the usual statistics in turn, each from `learn_rows` rows."""
        self._learner.feed(self, rows)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; every row is UNKNOWN before `ready`. trace: the shares of the inputs, n x d."""
        if self.ready:
            self.observe(rows, out)
            return
        n = len(rows)
        out.resize(n, self.trace_width)
        mask = self.gate.mask(rows)
        out.score[:n] = out.measure[:n] = out.limits[:n] = array("d", [math.nan]) * n
        out.state[:n] = array("B", [UNKNOWN if code == NORMAL else code for code in mask[:n]])

    def observe(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Run the present model over the rows, ready or not, for `statistics`; without a reference scores are 0."""
        n = len(rows)
        out.resize(n, self.trace_width)
        if len(self._statistics) < n * STATISTICS:
            self._statistics.extend(array("d", bytes(8 * (n * STATISTICS - len(self._statistics)))))
        lagged_kernels.lagged_rows(
            rows.time_ns, rows.values, rows.width, n, self.gate.mask(rows), self._columns, self.lags, self._centre,
            self._inverse, self._coefficient, self._precision, self._weight, self._usual, self._inverse_spread,
            self._ceiling(), self.fast, self.middle, self.slow, self.clip * self.clip, self.bound, self.limit,
            self._missing, self.step_ns, self.place.period_ns // 2, self._reset_ns, self._past, self._averages,
            self._blame, self._held, self._last, self._work,
            out.score, out.limits, out.measure, out.state, out.trace, self._statistics,
        )  # fmt: skip

    def _ceiling(self) -> array[float]:
        reach = [
            self._usual[k] + _CEILING * self.limit / self._inverse_spread[k]
            if self._inverse_spread[k] > 0
            else math.inf
            for k in range(4)
        ]
        return array("d", [reach[0], reach[1], reach[2] * reach[2], reach[3] * reach[3], self.clip])

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Each input's share of the winning statistic, its lags held: the reconstruction of Alcala and Qin (2009)."""
        d = self.trace_width
        gains = out.trace[row * d : row * d + d]
        total = math.fsum(gains)
        if not total > 0:
            return ()
        ranked = sorted(range(d), key=lambda k: (-gains[k], k))
        return tuple(Contribution(self._columns[k], gains[k] / total) for k in ranked if gains[k] > 0)

    def state(self) -> dict[str, str]:
        """Model, past rows, averages and gate."""
        return self._store().state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._store().load(state)

    def _store(self) -> ArrayStore:
        return ArrayStore(
            "lagged", centre=self._centre, inverse=self._inverse, coefficient=self._coefficient,
            precision=self._precision, weight=self._weight, usual=self._usual, inverse_spread=self._inverse_spread,
            past=self._past, averages=self._averages, blame=self._blame, held=self._held, last=self._last,
            running=self.gate.running,
        )  # fmt: skip


def _watch(params: Params) -> Watch:
    for name in ("severity", "advice"):
        params.text(name, "")
    return Watch(
        on_delay_s=params.number("on_delay_s", 60.0, 0.0),
        off_delay_s=params.number("off_delay_s", 600.0, 0.0),
        merge_s=params.number("merge_s", 21_600.0, 0.0),
        release=params.number("release", 0.7, 0.0, 1.0),
    )
