"""Multivariate EWMA: Mahalanobis distance of the smoothed signals from their normal point."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ArtifactError, ConfigError

from ovoo_models._select import kernels
from ovoo_models.anomaly.learning import MewmaLearner
from ovoo_models.anomaly.memory import MemoryFit, MemoryLearner, SignalMemory, chi_square_99
from ovoo_models.anomaly.peak import PeakLimit
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.portable import power
from ovoo_models.state import ArrayStore

__all__ = ["Mewma"]

_OPEN_LIMIT = 1e300
"""Stands for no limit yet while a model is being learned."""


class Mewma:
    """T2 = z' P z of exponentially smoothed, standardised inputs (Lowry et al. 1992); score >= limit is abnormal.

    Parameters: `lambda`, the weight of one `step_s` (a minute by default; rows closer together weigh less, so minute
    history and 1 Hz data mean the same); `clip` in sigma; `max_missing` inputs, taken as their mean given the others;
    `limit_factor` x the 99 % quantile of T2 in training; `shrinkage` (negative: Ledoit-Wolf) for training; `adapt`,
    the share of a step by which the mean follows while T2 is below half its limit, so that no fault is absorbed;
    `learn_rows`, rows of each of the three learning phases of `learn_many`; delays as in `Watch`.
    `guard`: positions of inputs, such as the weather, outside whose trained range no row is scored.
    P is fitted on the smoothed inputs: slow common movement of the load then hides no small, lasting deviation.
    `memory`: `none`, or `own`: what each input's last value foretells is taken out first (`SignalMemory`), P is that
    of the residuals, and the limit is `limit_factor` x the 99 % quantile of chi-square, which no training row moves.
    `peak_share`, `peak_half_s`: the limit is at least that share of the greatest T2 so far, which fades by half in
    that time, so that a great fault ends when it is repaired though the plant came back a little beside its old point.
    """

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "mewma")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs)
        step_s = known.number("step_s", 60.0, 1e-3)
        self.smoothing = known.number("lambda", 0.1, 1e-6, 1.0)
        self.shrinkage = known.number("shrinkage", -1.0, -1.0, 1.0)
        self.limit_factor = known.number("limit_factor", 4.0, 1.0)
        self._step_frames = max(round(step_s * 1e9 / place.period_ns), 1)
        self._decay = power(1.0 - self.smoothing, 1.0 / self._step_frames)
        self._reset_ns = round(known.number("reset_s", 15 * step_s, 0.0) * 1e9)
        self._bound = known.number("clip", 20.0, 1.0)
        self.guarded = known.positions("guard", d)
        self._missing = int(known.number("max_missing", d // 3, 0, d))
        self._adapt = known.number("adapt", 0.0, 0.0, 0.1) / self._step_frames
        learn_rows = int(known.number("learn_rows", 2000, 50))
        self._learner = MewmaLearner(d, learn_rows, self.shrinkage, self.limit_factor)
        self._peak = PeakLimit(known, place.period_ns, self._reset_ns)
        self.watch = _watch(known)
        own = known.text("memory", "none", "none", "own") == "own"
        known.finish()
        self._memory = SignalMemory(d, place.period_ns, self._reset_ns, self._bound) if own else None
        if own and self._adapt > 0.0:
            raise ConfigError("residuals have no mean that follows", offender="mewma.adapt", value=params["adapt"],
                              remedy="leave adapt or memory out")  # fmt: skip
        self.trace_width = d
        self._columns = array("i", place.inputs)
        self._centre, self._inverse = array("d", bytes(8 * d)), array("d", [1.0] * d)
        self._low, self._high = array("d", [-math.inf] * d), array("d", [math.inf] * d)
        self._precision, self._limit = array("d", bytes(8 * d * d)), array("d", [math.nan])
        self._z, self._last = array("d", bytes(8 * d)), array("q", [-1])
        self._work, self._absent = array("d", bytes(16 * d)), array("B", bytes(d))
        self._memory_learner = MemoryLearner(
            self._columns, max(learn_rows, 100), place.period_ns, self._bound, self.shrinkage
        )
        self._plain = (array("i", range(d)), array("d", bytes(8 * d)), array("d", [1.0] * d),
                       array("d", [-math.inf] * d), array("d", [math.inf] * d))  # fmt: skip

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the parts of `state()` that hold what was learned."""
        own = ("keep", "keep_inverse", "memory_period") if self._memory else ()
        return ("centre", "inverse", "low", "high", "precision", "limit", *own)

    @property
    def own_memory(self) -> bool:
        """Whether each input's own memory is taken out."""
        return self._memory is not None

    @property
    def ready(self) -> bool:
        """Whether a model has been fitted, learned or loaded."""
        return 0.0 < self._limit[0] < _OPEN_LIMIT

    @property
    def limit(self) -> float:
        """The limit of T2; NaN before `ready`."""
        return self._limit[0]

    @property
    def precision(self) -> array[float]:
        """Inverse covariance of the smoothed standardised inputs, d x d."""
        return self._precision

    @property
    def inverse_scale(self) -> array[float]:
        """One over each input's scale."""
        return self._inverse

    def fit(self, centre: Sequence[float], scale: Sequence[float], precision: Sequence[float], limit: float) -> None:
        """Take a model: d centres, d scales (> 0), d x d precision of the smoothed standardised inputs, T2 limit."""
        d = len(self._columns)
        if len(centre) != d or len(scale) != d or len(precision) != d * d or not 0 < limit < math.inf:
            raise ArtifactError("model does not fit the inputs", offender="mewma", value=(len(centre), limit))
        if not all(math.isfinite(x) for x in (*centre, *precision)) or not all(0 < s < math.inf for s in scale):
            raise ArtifactError("model has numbers that are not finite or scales <= 0", offender="mewma", value="fit")
        self._centre[:] = array("d", centre)
        self._inverse[:] = array("d", [1.0 / s for s in scale])
        self._precision[:] = array("d", precision)
        self._limit[0] = limit
        self.restart()

    def set_guard(self, low: Sequence[float], high: Sequence[float]) -> None:
        """Bounds of the guarded inputs, in their order, both inclusive: rows outside are not scored."""
        for k, a, b in zip(self.guarded, low, high, strict=True):
            self._low[k], self._high[k] = a, b

    def set_limit(self, limit: float) -> None:
        """Take another T2 limit (> 0) for the present model."""
        if not 0 < limit < math.inf:
            raise ArtifactError("a positive finite limit is needed", offender="mewma.limit", value=limit)
        self._limit[0] = limit

    def restart(self) -> None:
        """Forget the running average, keep the model."""
        self._z[:] = array("d", bytes(8 * len(self._z)))
        self._last[0] = -1
        self._peak.restart()
        if self._memory:
            self._memory.restart()

    def smooth(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out` with z in `trace` and T2 for the present model; rows that are gated off are not scored."""
        out.resize(len(rows), self.trace_width)
        values, width, mask = rows.values, rows.width, self.gate.mask(rows)
        model = (self._columns, self._centre, self._inverse, self._low, self._high)
        if self._memory:
            values, mask = self._memory.residuals(rows, mask, *model)
            width, model = len(self._columns), self._plain
        kernels.mewma_rows(
            rows.time_ns, values, width, len(rows), mask, *model, self._precision, self._decay, self._step_frames,
            self.place.period_ns, self._reset_ns,
            self._missing, self._bound, self._limit[0], self._adapt, self._z, self._last, self._work, self._absent,
            out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn centre and scale, then the precision, then the limit, each from `learn_rows` scored rows.

        With `memory = "own"` everything is learned from the first `learn_rows` rows.
        """
        if self._memory:
            self._memory_learner.feed(rows, self.gate.mask(rows), self._take_memory)
        else:
            self._learner.feed(self, rows)

    def learn_history(self, rows: FrameBlock) -> int:
        """Fit `memory = "own"` on all the rows at once; gives how many were used, NotReady where too few."""
        everything = MemoryLearner(self._columns, len(rows) + 1, self.place.period_ns, self._bound, self.shrinkage)
        everything.feed(rows, self.gate.mask(rows), self._take_memory)
        return everything.finish(self._take_memory)

    def _take_memory(self, found: MemoryFit) -> None:
        w = 1.0 - self._decay
        limit = self.limit_factor * chi_square_99(len(found.keep))
        if self._memory:
            self._memory.take(found)
        self.fit(found.centre, found.scale, found.precision(w / (2.0 - w)), limit)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; every row is UNKNOWN before `ready`."""
        if self.ready:
            self.smooth(rows, out)
            self._peak.apply(rows, out)
            return
        n = len(rows)
        out.resize(n, self.trace_width)
        mask = self.gate.mask(rows)
        out.score[:n] = out.measure[:n] = out.limits[:n] = array("d", [math.nan]) * n
        out.state[:n] = array("B", [UNKNOWN if code == NORMAL else code for code in mask[:n]])

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Shares by reconstruction: how far T2 falls were the signal what the others say (Alcala and Qin 2009).

        sigma and change are from that expected value, in the spread that the signal has about it in normal work.
        """
        d = self.trace_width
        z = out.trace[row * d : row * d + d]
        pulls = [kernels.dot(self._precision[k * d : k * d + d], z) for k in range(d)]
        weights = [self._precision[k * d + k] for k in range(d)]
        gains = [pull * pull / w if w > 0 else 0.0 for pull, w in zip(pulls, weights, strict=True)]
        total = math.fsum(gains)
        if not total > 0:
            return ()
        ranked = sorted((k for k in range(d) if gains[k] > 0), key=lambda k: (-gains[k], k))
        return tuple(
            Contribution(
                self._columns[k],
                gains[k] / total,
                pulls[k] / math.sqrt(weights[k]),
                pulls[k] / weights[k] / self._inverse[k],
            )
            for k in ranked
        )

    def state(self) -> dict[str, str]:
        """Model, running average and gate."""
        return self._store().state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`; ArtifactError where it does not fit, or where `memory` was learned at another period."""
        if self._memory:
            self._memory.refuse_other_period(state, "mewma")
        self._store().load(state)

    def _store(self) -> ArrayStore:
        more = {**(self._memory.arrays() if self._memory else {}), **self._peak.arrays()}
        return ArrayStore(
            "mewma", centre=self._centre, inverse=self._inverse, low=self._low, high=self._high,
            precision=self._precision, limit=self._limit,
            z=self._z, last=self._last, running=self.gate.running, **more,
        )  # fmt: skip


def _watch(params: Params) -> Watch:
    return Watch(
        on_delay_s=params.number("on_delay_s", 60.0, 0.0),
        off_delay_s=params.number("off_delay_s", 600.0, 0.0),
        merge_s=params.number("merge_s", 21_600.0, 0.0),
        release=params.number("release", 0.7, 0.0, 1.0),
    )
