"""Recursive principal components: T2 inside the usual directions and SPE outside them, as one score."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ArtifactError, NotReady

from ovoo_models._select import pca_kernels
from ovoo_models.anomaly.pca_learning import PcaLearner
from ovoo_models.anomaly.watching import say_unready, watch_of
from ovoo_models.base import Contribution, FrameBlock, Place, RowScorer, ScoreBlock
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Pca"]

_MOST_COMPONENTS = 16


class Pca:
    """score = a T2 + b SPE of the smoothed, standardised inputs (Yue and Qin 2001); score >= 1 is abnormal.

    T2 tells that the machine goes further than usual along its usual directions, SPE that signals left their usual
    relation. Parameters: `lambda`, `step_s`, `reset_s`, `clip`, `max_missing`, `limit_factor`, `learn_rows` and the
    delays as for `mewma`; `components`, 0 = as many as explain the share `explained` of the variance, at most 16;
    `adapt`, the share of a step by which centre and scale follow, and `follow`, by which the loadings turn, both only
    while the score is below half its limit: nothing is learned from a fault. The centre moves by `reach` trained
    scales at most, scales and variances by a factor of two. The limit is 1 and never moves.
    """

    learned = (
        "home", "home_scale", "home_variance", "centre", "inverse", "loadings", "variance", "sharpness", "weight",
        "count",
    )  # fmt: skip

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "pca")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs)
        step_s = known.number("step_s", 60.0, 1e-3)
        self._step_frames = max(round(step_s * 1e9 / place.period_ns), 1)
        self._decay = (1.0 - known.number("lambda", 0.1, 1e-6, 1.0)) ** (1.0 / self._step_frames)
        self._reset_ns = round(known.number("reset_s", 15 * step_s, 0.0) * 1e9)
        self._bound = known.number("clip", 20.0, 1.0)
        self._missing = int(known.number("max_missing", d // 3, 0, d))
        self._adapt = known.number("adapt", 0.0, 0.0, 0.1) / self._step_frames
        self._follow = known.number("follow", 0.0, 0.0, 0.1) / self._step_frames
        self._reach = known.number("reach", 3.0, 0.0)
        self.limit_factor = known.number("limit_factor", 4.0, 1.0)
        self.explained = known.number("explained", 0.9, 0.01, 1.0)
        self.components = int(known.number("components", 0, 0, d))
        self._learner = PcaLearner(d, int(known.number("learn_rows", 2000, 50)))
        self.watch = watch_of(known)
        known.finish()
        self.trace_width = d + 2
        self._arrays(d)
        self._rows = self._kernel(self._adapt, self._follow)
        self._still = self._kernel(0.0, 0.0)

    def _arrays(self, d: int) -> None:
        self.room = self.components or max(min(d - 1, _MOST_COMPONENTS), 1)
        lanes, rooms = _eight(d), _eight(self.room)
        self._columns = array("i", self.place.inputs)
        self._centre, self._inverse, self._running = (array("d", bytes(8 * lanes)) for _ in range(3))
        self._home, self._home_scale = array("d", bytes(8 * lanes)), array("d", bytes(8 * lanes))
        self._loadings = array("d", bytes(8 * lanes * self.room))
        self._variance, self._sharpness, self._home_variance = (array("d", bytes(8 * rooms)) for _ in range(3))
        self._weight, self._count, self._marks = array("d", [0.0, 0.0]), array("i", [1]), array("q", [-1, 0, -1])

    def _kernel(self, adapt: float, follow: float) -> pca_kernels.PcaRows:
        return pca_kernels.PcaRows(
            self._columns, self.place.width, self._centre, self._inverse, self._home, self._home_scale, self._loadings,
            self._variance, self._sharpness, self._home_variance, self._weight, self._count, self._running,
            self._marks, self._decay, self._step_frames, self.place.period_ns, self._reset_ns, self._missing,
            self._bound, adapt, follow, self._reach, self.gate.parts,
        )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether a model has been fitted, learned or loaded."""
        return self._weight[0] > 0.0

    @property
    def limit(self) -> float:
        """The limit of the score: 1, always."""
        return 1.0

    @property
    def used(self) -> int:
        """How many components the model has."""
        return self._count[0]

    @property
    def weight(self) -> tuple[float, float]:
        """The weights of T2 and SPE in the score; zeros before `ready`."""
        return self._weight[0], self._weight[1]

    def fit(
        self,
        centre: Sequence[float],
        scale: Sequence[float],
        loadings: Sequence[Sequence[float]],
        variance: Sequence[float],
        weight: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Take a model: d centres and scales (> 0), orthonormal loadings (components x d), their variances (> 0).

        weight: of T2 (> 0) and SPE (>= 0) in the score, zeros where they are not known yet. Raises ArtifactError.
        """
        d = len(self._columns)
        shape = (len(centre), len(scale), len(loadings), len(variance))
        if shape != (d, d, len(variance), len(loadings)) or not 1 <= len(loadings) <= self.room:
            raise ArtifactError("model does not fit the inputs", offender="pca", value=shape)
        numbers = (*centre, *scale, *variance, *weight, *(x for line in loadings for x in line))
        if not all(math.isfinite(x) for x in numbers) or min(*scale, *variance) <= 0 or min(weight) < 0:
            raise ArtifactError("model has numbers that are not finite or scales <= 0", offender="pca", value="fit")
        if any(len(line) != d for line in loadings):
            raise ArtifactError("loadings do not fit the inputs", offender="pca", value=shape)
        _set(self._centre, centre)
        _set(self._home, centre)
        _set(self._home_scale, scale)
        _set(self._inverse, [1.0 / s for s in scale])
        _set(self._loadings, [x for line in loadings for x in (*line, *[0.0] * (_eight(d) - d))])
        _set(self._variance, variance)
        _set(self._home_variance, variance)
        _set(self._sharpness, [1.0 / v for v in variance])
        self._count[0], self._weight[:] = len(loadings), array("d", weight)
        self.restart()

    def set_weights(self, t2: float, spe: float) -> None:
        """Take other weights of T2 (> 0) and SPE (>= 0) for the present model."""
        if not (0 < t2 < math.inf and 0 <= spe < math.inf):
            raise ArtifactError("positive finite weights are needed", offender="pca.weight", value=(t2, spe))
        self._weight[:] = array("d", [t2, spe])

    def restart(self) -> None:
        """Forget the running average, keep the model."""
        _set(self._running, ())
        self._marks[:] = array("q", [-1, 0, -1])

    def smooth(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out` for the present model, with z, T2 and SPE in `trace`, ready or not; nothing is adapted."""
        self._run(self._still, rows, out)

    def _run(self, kernel: pca_kernels.PcaRows, rows: FrameBlock, out: ScoreBlock) -> None:
        out.resize(len(rows), self.trace_width)
        kernel.score_rows(
            rows.time_ns, rows.values, len(rows), self.gate.mask(rows), out.score, out.limits, out.measure, out.state,
            out.trace,
        )  # fmt: skip

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn centre and scale, then the components, then the weights, each from `learn_rows` scored rows."""
        self._learner.feed(self, rows)

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; every row is UNKNOWN before `ready`."""
        if self.ready:
            self._run(self._rows, rows, out)
        else:
            say_unready(out, len(rows), self.gate.mask(rows), self.trace_width)

    def row_scorer(self) -> RowScorer:
        """Scores one row a call, each a period after the last, with the bits of `score_many`; NotReady before that."""
        if not self.ready:
            raise NotReady("not fitted", offender="pca", remedy="learn or load a model first")
        return self._rows

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Shares by reconstruction: how far the score falls were the signal what the others say (Alcala, Qin 2009)."""
        start = row * self.trace_width
        return self._shares(out.trace[start : start + len(self._columns)])

    def explain_row(self, row: array[float]) -> tuple[Contribution, ...]:
        """Shares at the row that a row scorer has just scored; they come from the running average."""
        return self._shares(self._running[: len(self._columns)])

    def _shares(self, z: array[float]) -> tuple[Contribution, ...]:
        d, lanes = len(self._columns), _eight(len(self._columns))
        a, b = self._weight
        lines = [self._loadings[c * lanes : c * lanes + d] for c in range(self._count[0])]
        pulls = [math.fsum(p * x for p, x in zip(line, z, strict=True)) for line in lines]
        over = [a * s - b for s in self._sharpness[: len(lines)]]
        gains = []
        for k in range(d):
            pull = b * z[k] + math.fsum(g * line[k] * t for g, line, t in zip(over, lines, pulls, strict=True))
            own = b + math.fsum(g * line[k] * line[k] for g, line in zip(over, lines, strict=True))
            gains.append(pull * pull / own if own > 0 else 0.0)
        total = math.fsum(gains)
        if not 0 < total < math.inf:
            return ()
        ranked = sorted(range(d), key=lambda k: (-gains[k], k))
        return tuple(Contribution(self._columns[k], gains[k] / total) for k in ranked if gains[k] / total > 0)

    def state(self) -> dict[str, str]:
        """Model, running average and gate."""
        return self._store().state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        before = self.state()
        self._store().load(state)
        if not 1 <= self._count[0] <= self.room:
            found = self._count[0]
            self._store().load(before)
            raise ArtifactError("wrong number of components", offender="pca.count", value=found)

    def _store(self) -> ArrayStore:
        return ArrayStore(
            "pca", home=self._home, home_scale=self._home_scale, home_variance=self._home_variance,
            centre=self._centre, inverse=self._inverse, loadings=self._loadings, variance=self._variance,
            sharpness=self._sharpness, weight=self._weight, count=self._count, z=self._running, marks=self._marks,
            running=self.gate.running,
        )  # fmt: skip


def _eight(count: int) -> int:
    return (count + 7) // 8 * 8


def _set(column: array[float], values: Sequence[float]) -> None:
    column[:] = array("d", [*values, *[0.0] * (len(column) - len(values))])
