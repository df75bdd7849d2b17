"""Half-space forest: how crowded the place is where the machine works, for modes that are not one ellipse."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ArtifactError, ConfigError, NotReady

from ovoo_models._select import half_space_kernels
from ovoo_models.anomaly.learning import quantile
from ovoo_models.anomaly.watching import say_unready, watch_of
from ovoo_models.base import NORMAL, Contribution, FrameBlock, Place, RowScorer, ScoreBlock
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["HalfSpace"]

_PADDING = 0.15
_MARGIN = 0.5
_GREATEST_SUM = 2**31


class HalfSpace:
    """score = 1 - crowd / greatest crowd, 0 to 1 (Tan, Ting and Liu 2011, as river computes it); >= limit is abnormal.

    Parameters: `trees` of `height` random cuts, `window` rows whose crowd is counted before it is used, `oblivious` 1 =
    one cut a level instead of one a node (faster, coarser), `seed`; `learning` 0 freezes the crowd after training, 1
    (default) goes on with rows below the limit, so that an alarm is not learned; `limit_share`: the limit stands at
    this share of the way from the 99 % quantile in training to 1; `max_missing`; `learn_rows` for each of ranges and
    limit; gate and delays as for `mewma`.
    """

    learned = ("cut", "pick", "reference", "marks", "limit")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "half_space")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs)
        self.trees = int(known.number("trees", 25, 1, 256))
        self.height = int(known.number("height", 8, 1, 12))
        self.window = int(known.number("window", 1000, 10))
        self.oblivious = known.number("oblivious", 0, 0, 1) > 0
        self._seed = int(known.number("seed", 1, 0))
        self._learns = known.number("learning", 1, 0, 1) > 0
        self._share = known.number("limit_share", 0.5, 0.0, 1.0)
        self._missing = int(known.number("max_missing", d // 3, 0, d))
        self._learn_rows = int(known.number("learn_rows", 2000, 50))
        self.watch = watch_of(known)
        known.finish()
        if self.trees * self.window * (2 << self.height) >= _GREATEST_SUM:
            raise ConfigError(
                "forest too large", offender="half_space.window", value=self.window, remedy="fewer trees, rows or cuts"
            )
        self.trace_width = 0
        self._arrays(d)
        self._rows = self._kernel()
        self._low, self._high = [math.inf] * d, [-math.inf] * d
        self._seen: list[float] = []
        self._count_rows, self._phase = 0, 0

    def _arrays(self, d: int) -> None:
        cells, levels = self.trees << self.height, self.trees * self.height
        self._inputs = array("i", self.place.inputs)
        self._cut, self._pick = array("d", bytes(8 * cells)), array("H", bytes(2 * cells))
        self._column = array("i", [self.place.inputs[0]]) * cells
        flat = levels if self.oblivious else 0
        self._level_cut, self._level_column = array("d", bytes(8 * flat)), array("i", [self.place.inputs[0]]) * flat
        self._count, self._reference = array("i", bytes(4 * cells)), array("i", bytes(4 * cells))
        self._marks, self._limit = array("q", [0, 0, -1]), array("d", [math.inf])
        if d > 65_535:
            raise ConfigError("too many inputs", offender="half_space", value=d, remedy="65535 at most")

    def _kernel(self) -> half_space_kernels.HalfSpaceRows:
        return half_space_kernels.HalfSpaceRows(
            self.trees, self.height, self._inputs, self.place.width, self._missing, self._cut, self._column,
            self._level_cut, self._level_column, self._count, self._reference, self._marks, self._limit, self.window,
            self.place.period_ns, self.gate.parts,
        )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether a window is full and a limit stands."""
        return self._limit[0] < math.inf and self._marks[1] > 0

    @property
    def limit(self) -> float:
        """The limit of the score; infinite before it is known."""
        return self._limit[0]

    @property
    def cuts(self) -> tuple[array[float], array[int]]:
        """Copies of cuts and input positions, by tree and node; the nodes of level l stand from 2^l on."""
        return self._cut[:], self._pick[:]

    def plant(self, cut: Sequence[float], pick: Sequence[int], limit: float = math.inf) -> None:
        """Take cuts and input positions (as `cuts` gives them) with empty windows; the first node of a tree is unused.

        limit: of the score, 0 < limit; infinite: every row is learned. Raises ArtifactError where they do not fit.
        """
        cells = len(self._cut)
        fits = len(cut) == len(pick) == cells and all(0 <= k < len(self._inputs) for k in pick) and limit > 0
        if not fits or any(x != x for x in cut):
            raise ArtifactError("forest does not fit", offender="half_space", value=(len(cut), len(pick)))
        self._cut[:], self._pick[:] = array("d", cut), array("H", pick)
        for part in (self._count, self._reference):
            part[:] = array("i", bytes(4 * cells))
        self._marks[:], self._limit[0] = array("q", [0, 0, -1]), limit
        self._derive()

    def _derive(self) -> None:
        """Columns, level arrays and tables from the arrays that are kept."""
        self._column[:] = array("i", [self._inputs[k] for k in self._pick])
        if self.oblivious:
            for level in range(self.height):
                for t in range(self.trees):
                    at, node = level * self.trees + t, (t << self.height) + (1 << level)
                    self._level_cut[at], self._level_column[at] = self._cut[node], self._column[node]
        self._rows.refresh()

    def learn_many(self, rows: FrameBlock) -> None:
        """Learn the ranges, plant the trees, fill a window and set the limit; then nothing more."""
        step = min(self._learn_rows, 500)
        for start in range(0, len(rows), step):
            block = rows.rows(start, min(start + step, len(rows)))
            (self._learn_ranges, self._learn_limit, _ignore)[self._phase](block)

    def _learn_ranges(self, rows: FrameBlock) -> None:
        mask, width = self.gate.mask(rows), rows.width
        for k, column in enumerate(self.place.inputs):
            cells = rows.values[column : len(rows) * width : width]
            used = [x for x, code in zip(cells, mask, strict=False) if code == NORMAL and math.isfinite(x)]
            self._low[k], self._high[k] = min([self._low[k], *used]), max([self._high[k], *used])
        self._count_rows += mask[: len(rows)].count(NORMAL)
        if self._count_rows >= self._learn_rows and all(x < math.inf for x in self._low):
            self.plant(*self._forest())
            self._phase = 1

    def _forest(self) -> tuple[list[float], list[int]]:
        rng = random.Random(self._seed)  # noqa: S311  # cuts are no secret, and must be the same everywhere
        boxes = [_wide(low, high) for low, high in zip(self._low, self._high, strict=True)]
        cut, pick = [], []
        for _tree in range(self.trees):
            cuts, picks = _flat_tree(rng, boxes, self.height) if self.oblivious else _tree_of(rng, boxes, self.height)
            cut += cuts
            pick += picks
        return cut, pick

    def _learn_limit(self, rows: FrameBlock) -> None:
        out = ScoreBlock()
        self._run(rows, out, learns=True)
        self._seen += [x for x in out.score[: len(rows)] if x == x]
        if len(self._seen) < self._learn_rows:
            return
        usual = quantile(self._seen, 0.99)
        self._limit[0] = usual + self._share * (1.0 - usual)
        self._seen, self._phase = [], 2

    def _run(self, rows: FrameBlock, out: ScoreBlock, learns: bool) -> None:
        out.resize(len(rows), 0)
        self._rows.score_rows(
            rows.values, len(rows), self.gate.mask(rows), learns, out.score, out.limits, out.measure, out.state
        )

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out` and, unless `learning` is 0, learn from rows below the limit; UNKNOWN before `ready`."""
        if self.ready:
            self._run(rows, out, self._learns)
        else:
            say_unready(out, len(rows), self.gate.mask(rows), 0)

    def row_scorer(self) -> RowScorer:
        """Scores one row a call with the bits of `score_many`; `score` learns nothing. NotReady before the trees stand.

        Before the first full window the scores are NaN.
        """
        if not any(self._cut):
            raise NotReady("no trees yet", offender="half_space", remedy="learn or load a model first")
        return self._rows

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Shares by absence: how far the score falls when a signal is not known and the crowd decides its turns."""
        return self.explain_row(rows.values[row * rows.width : (row + 1) * rows.width])

    def explain_row(self, row: array[float]) -> tuple[Contribution, ...]:
        """Shares of a row of the frames."""
        score = self._rows.peek(row)
        gains: list[tuple[float, int]] = []
        for column in self.place.inputs:
            without = row[:]
            without[column] = math.nan
            gains.append((score - self._rows.peek(without), column))
        total = math.fsum(gain for gain, _column in gains if gain > 0)
        ranked = sorted((each for each in gains if each[0] > 0), key=lambda each: (-each[0], each[1]))
        return tuple(Contribution(column, gain / total) for gain, column in ranked)

    def state(self) -> dict[str, str]:
        """Trees, both windows, limit and gate."""
        return self._store().state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        before = self.state()
        self._store().load(state)
        if max(self._pick) >= len(self._inputs) or min(*self._count, *self._reference, *self._marks[:2]) < 0:
            self._store().load(before)
            raise ArtifactError("trees of other inputs or counts below 0", offender="half_space")
        self._derive()

    def _store(self) -> ArrayStore:
        return ArrayStore(
            "half_space", cut=self._cut, pick=self._pick, count=self._count, reference=self._reference,
            marks=self._marks, limit=self._limit, running=self.gate.running,
        )  # fmt: skip


def _wide(low: float, high: float) -> tuple[float, float]:
    """The learned range and half of it on both sides, so that what was never seen has cells of its own."""
    width = high - low if high > low else max(abs(low) * 1e-3, 1e-9)
    return low - _MARGIN * width, high + _MARGIN * width


def _place_of(rng: random.Random, low: float, high: float) -> float:
    padding = _PADDING * (high - low)
    return low + padding + rng.random() * (high - low - 2 * padding)


def _tree_of(rng: random.Random, boxes: Sequence[tuple[float, float]], height: int) -> tuple[list[float], list[int]]:
    """A cut for each node: a random input, in the middle 70 % of what is left of its range."""
    cut, pick, level = [0.0], [0], [list(boxes)]
    for _depth in range(height):
        sides: tuple[list[list[tuple[float, float]]], list[list[tuple[float, float]]]] = ([], [])
        for box in level:
            k = int(rng.random() * len(boxes))
            at = _place_of(rng, *box[k])
            cut.append(at)
            pick.append(k)
            sides[0].append([*box[:k], (box[k][0], at), *box[k + 1 :]])
            sides[1].append([*box[:k], (at, box[k][1]), *box[k + 1 :]])
        level = [*sides[0], *sides[1]]
    return cut, pick


def _flat_tree(rng: random.Random, boxes: Sequence[tuple[float, float]], height: int) -> tuple[list[float], list[int]]:
    """A cut for each level, anywhere in the middle 70 % of its input's range."""
    cut, pick = [0.0], [0]
    for depth in range(height):
        k = int(rng.random() * len(boxes))
        at = _place_of(rng, *boxes[k])
        cut += [at] * (1 << depth)
        pick += [k] * (1 << depth)
    return cut, pick


def _ignore(_rows: FrameBlock) -> None:
    """The phases are through."""
