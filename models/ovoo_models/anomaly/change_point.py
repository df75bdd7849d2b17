"""Change points: a fast and a slow mean of all signals part, more than chance would part them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models._select import kernels, memory_kernels
from ovoo_models.anomaly.memory import MemoryFit, MemoryLearner, SignalMemory, chi_square_99
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, RowScorer, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["ChangePoint"]


class ChangePoint:
    """T2 = c' P c of c = fast - slow, exponentially weighted means of the inputs' residuals; score >= limit: a change.

    Parameters: `fast` and `slow`, weights of one `step_s` (a minute by default), slow the smaller; `limit_factor` x
    the 99 % quantile of chi-square; `mute_s`, for which no row is scored after a change, while both means start anew
    from the new level: one change is told once; `clip`, `max_missing`, `shrinkage`, `reset_s`, `learn_rows`, gate and
    delays as in `Mewma`.
    Residuals are what each input's own last value does not foretell (`SignalMemory`).
    """

    learned = ("centre", "inverse", "keep", "keep_inverse", "memory_period", "precision", "limit")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "change_point")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs)
        step_s = known.number("step_s", 60.0, 1e-3)
        fast, slow = known.number("fast", 0.1, 1e-6, 1.0), known.number("slow", 0.02, 1e-6, 1.0)
        if slow >= fast:
            raise ConfigError("slow must be under fast", offender="change_point.slow", value=slow,
                              remedy=f"fast is {fast:g}")  # fmt: skip
        self._step_frames = max(round(step_s * 1e9 / place.period_ns), 1)
        self._fast_decay = (1.0 - fast) ** (1.0 / self._step_frames)
        self._slow_decay = (1.0 - slow) ** (1.0 / self._step_frames)
        self._reset_ns = round(known.number("reset_s", 15 * step_s, 0.0) * 1e9)
        self._mute_ns = round(known.number("mute_s", 10 * step_s, 0.0) * 1e9)
        self._factor = known.number("limit_factor", 2.0, 0.1)
        bound = known.number("clip", 20.0, 1.0)
        self._missing = int(known.number("max_missing", d // 3, 0, d))
        learn_rows, shrinkage = int(known.number("learn_rows", 2000, 100)), known.number("shrinkage", -1.0, -1.0, 1.0)
        self.watch = Watch(
            on_delay_s=0.0,
            off_delay_s=known.number("off_delay_s", 60.0, 0.0),
            merge_s=known.number("merge_s", 0.0, 0.0),
        )
        for name in ("severity", "advice"):
            known.text(name, "")
        known.finish()
        self.trace_width = d
        self._columns = array("i", place.inputs)
        self._memory = SignalMemory(d, place.period_ns, self._reset_ns, bound)
        self._bound, self._shrinkage = bound, shrinkage
        self._learner = self._learner_of(learn_rows)
        self._centre, self._inverse = array("d", bytes(8 * d)), array("d", [1.0] * d)
        self._open = array("d", [-math.inf] * d), array("d", [math.inf] * d)
        self._precision, self._limit = array("d", bytes(8 * d * d)), array("d", [math.nan])
        self._fast, self._slow = array("d", bytes(8 * d)), array("d", bytes(8 * d))
        self._at = array("q", [-1, -1, -1])
        self._work, self._absent = array("d", bytes(24 * d)), array("B", bytes(d))
        self._arrays = ArrayStore(
            "change_point", centre=self._centre, inverse=self._inverse, precision=self._precision, limit=self._limit,
            fast=self._fast, slow=self._slow, at=self._at, running=self.gate.running, **self._memory.arrays(),
        )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether a model has been learned or loaded."""
        return self._limit[0] > 0.0

    @property
    def limit(self) -> float:
        """The limit of T2; NaN before `ready`."""
        return self._limit[0]

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn from the first `learn_rows` rows of normal work."""
        self._learner.feed(rows, self.gate.mask(rows), self._take)

    def learn_history(self, rows: FrameBlock) -> int:
        """Fit on all the rows at once; gives how many were used, NotReady where fewer than 100 are normal work."""
        everything = self._learner_of(len(rows) + 1)
        everything.feed(rows, self.gate.mask(rows), self._take)
        return everything.finish(self._take)

    def _learner_of(self, rows: int) -> MemoryLearner:
        return MemoryLearner(self._columns, rows, self.place.period_ns, self._bound, self._shrinkage)

    def _take(self, found: MemoryFit) -> None:
        self._memory.take(found)
        self._centre[:] = array("d", found.centre)
        self._inverse[:] = array("d", [1.0 / s for s in found.scale])
        self._precision[:] = found.precision(_variance(1.0 - self._fast_decay, 1.0 - self._slow_decay))
        self._limit[0] = self._factor * chi_square_99(len(self._columns))
        self.restart()

    def restart(self) -> None:
        """Forget the running means, keep the model."""
        d = len(self._columns)
        self._fast[:], self._slow[:], self._at[:] = (
            array("d", bytes(8 * d)),
            array("d", bytes(8 * d)),
            array("q", [-1, -1, -1]),
        )
        self._memory.restart()

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; every row is UNKNOWN before `ready`, SETTLING while mute. `trace` holds c."""
        n, d = len(rows), len(self._columns)
        out.resize(n, d)
        mask = self.gate.mask(rows)
        if not self.ready:
            out.score[:n] = out.measure[:n] = out.limits[:n] = array("d", [math.nan]) * n
            out.state[:n] = array("B", [UNKNOWN if code == NORMAL else code for code in mask[:n]])
            return
        residual, use = self._memory.residuals(rows, mask, self._columns, self._centre, self._inverse, *self._open)
        memory_kernels.change_point_rows(
            rows.time_ns, residual, d, n, use, self._precision, self._fast_decay, self._slow_decay, self._step_frames,
            self.place.period_ns, self._reset_ns, self._mute_ns, self._missing, self._limit[0], self._fast, self._slow,
            self._at, self._work, self._absent, out.score, out.limits, out.measure, out.state, out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Shares by reconstruction: how far T2 falls were the input's change what the others' say."""
        d = self.trace_width
        return self._shares(out.trace[row * d : row * d + d])

    def row_scorer(self) -> RowScorer:
        """Scores one row a call through a block of one row; scoring never learns, so all its calls do the same."""
        return _RowScorer(self)

    def explain_row(self, row: array[float]) -> tuple[Contribution, ...]:
        """`explain` for the row just scored by `row_scorer`."""
        return self._shares(array("d", [a - b for a, b in zip(self._fast, self._slow, strict=True)]))

    @property
    def next_ns(self) -> int:
        """A period after the last row scored."""
        return max(self._at[0], 0) + self.place.period_ns

    def _shares(self, change: array[float]) -> tuple[Contribution, ...]:
        d = self.trace_width
        gains = []
        for k in range(d):
            line = self._precision[k * d : k * d + d]
            pull = kernels.dot(line, change)
            gains.append(pull * pull / line[k] if line[k] > 0 else 0.0)
        total = math.fsum(gains)
        if not total > 0:
            return ()
        ranked = sorted(range(d), key=lambda k: (-gains[k], k))
        return tuple(Contribution(self._columns[k], gains[k] / total) for k in ranked if gains[k] > 0)

    def state(self) -> dict[str, str]:
        """Model, running means and gate."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`; ArtifactError where it does not fit or was learned at another period."""
        self._memory.refuse_other_period(state, "change_point")
        self._arrays.load(state)


class _RowScorer:
    """A block of one row at a time, its arrays allocated once."""

    def __init__(self, detector: ChangePoint) -> None:
        self._detector = detector
        self._out = ScoreBlock()
        self._time = array("q", [0])
        self._width = detector.place.width

    def score(self, row: array[float] | memoryview, /) -> float:
        return self.score_at(row, self._detector.next_ns)

    def score_learn(self, row: array[float] | memoryview, /) -> float:
        return self.score_at(row, self._detector.next_ns)

    def score_at(self, row: array[float] | memoryview, time_ns: int, /) -> float:
        cells = memoryview(row)
        if cells.format != "d" or cells.shape != (self._width,) or not cells.contiguous:
            raise ValueError(f"a row is {self._width} doubles side by side")
        self._time[0] = time_ns
        self._detector.score_many(FrameBlock(self._time, row, self._width), self._out)  # type: ignore[arg-type]
        return self._out.score[0]


def _variance(fast: float, slow: float) -> float:
    """Sum of the squared weights of fast - slow over independent rows."""
    common = fast * slow / (1.0 - (1.0 - fast) * (1.0 - slow))
    return fast / (2.0 - fast) + slow / (2.0 - slow) - 2.0 * common
