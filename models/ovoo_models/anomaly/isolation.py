"""Isolation forest: how few random cuts set a row apart; forests of scikit-learn or grown from the stream."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ArtifactError, ConfigError, NotReady

from ovoo_models._select import isolation_kernels
from ovoo_models.anomaly.isolation_trees import Forest, grow
from ovoo_models.anomaly.learning import quantile
from ovoo_models.anomaly.watching import say_unready, watch_of
from ovoo_models.base import NORMAL, Contribution, FrameBlock, Place, RowScorer, ScoreBlock
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Isolation"]

_MOST_INPUTS: Final = 512


class Isolation:
    """score = 2^-(mean path length / its mean over random trees), 0 to 1: scikit-learn's, with the sign turned.

    score >= limit is abnormal. Parameters: `trees` grown on `samples` rows each, `seed`; `limit_share`: the limit
    stands at this share of the way from the 99 % quantile in training to 1; `max_missing`; `learn_rows` for each of
    trees and limit; gate and delays as for `mewma`. Nothing is learned from the stream after training.
    """

    learned = ("cut", "pick", "left", "node_samples", "length", "start", "depth", "mean_length", "limit")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "isolation")
        self.place = place
        self.gate = Gate(known, place, settle_s=600.0)
        d = len(place.inputs)
        self.trees = int(known.number("trees", 100, 1, 1000))
        self.samples = int(known.number("samples", 256, 2, 4096))
        self.seed = int(known.number("seed", 1, 0))
        self._share = known.number("limit_share", 0.05, 0.0, 1.0)
        self._missing = int(known.number("max_missing", d // 3, 0, d))
        self._learn_rows = int(known.number("learn_rows", 2000, 50))
        self.watch = watch_of(known)
        known.finish()
        if d > _MOST_INPUTS:
            raise ConfigError("too many inputs", offender="isolation", value=d, remedy=f"{_MOST_INPUTS} at most")
        self.trace_width = 0
        self._columns = array("i", place.inputs)
        self._forest = Forest()
        self._limit, self._marks = array("d", [math.inf]), array("q", [-1])
        self._rows: isolation_kernels.IsolationRows | None = None
        self._kept: list[list[float]] = []
        self._seen: list[float] = []

    @property
    def ready(self) -> bool:
        """Whether there are trees and a limit."""
        return self._rows is not None and self._limit[0] < math.inf

    @property
    def limit(self) -> float:
        """The limit of the score; infinite before it is known."""
        return self._limit[0]

    @property
    def nodes(self) -> int:
        """Nodes of all trees."""
        return len(self._forest.cut)

    def fit(self, forest: Forest, limit: float = math.inf) -> None:
        """Take a forest and the limit of its score (infinite: not known yet); ArtifactError where it does not fit."""
        if not limit > 0:
            raise ArtifactError("a positive limit is needed", offender="isolation.limit", value=limit)
        self._rows = self._kernel(forest)
        self._forest, self._limit[0] = forest, limit

    def set_limit_from(self, scores: Sequence[float]) -> None:
        """Set the limit from scores of normal work."""
        usual = quantile(list(scores), 0.99)
        self._limit[0] = usual + self._share * (1.0 - usual)

    def _kernel(self, forest: Forest) -> isolation_kernels.IsolationRows:
        try:
            forest.check(len(self._columns))
            return isolation_kernels.IsolationRows(
                self._columns, self.place.width, self._missing, forest.cut, forest.pick, forest.left, forest.start,
                forest.node_samples, forest.length, forest.depth[0], forest.mean_length[0], self._limit, self._marks,
                self.place.period_ns, self.gate.parts,
            )  # fmt: skip
        except ValueError as error:
            raise ArtifactError("forest does not fit", offender="isolation", value=str(error)) from error

    def learn_many(self, rows: FrameBlock) -> None:
        """Keep `learn_rows` whole rows and grow the trees on them, then set the limit from as many more scores."""
        for start in range(0, len(rows), 500):
            block = rows.rows(start, min(start + 500, len(rows)))
            if self._rows is None:
                self._keep(block)
            elif not self.ready:
                self._learn_limit(block)

    def _keep(self, rows: FrameBlock) -> None:
        mask = self.gate.mask(rows)
        for i in range(len(rows)):
            row = [rows.values[i * rows.width + k] for k in self.place.inputs]
            if mask[i] == NORMAL and all(math.isfinite(x) for x in row):
                self._kept.append(row)
        if len(self._kept) >= self._learn_rows:
            self.fit(grow(self._kept, self.trees, self.samples, self.seed))
            self._kept = []

    def _learn_limit(self, rows: FrameBlock) -> None:
        out = ScoreBlock()
        self.measure(rows, out)
        self._seen += [x for x in out.score[: len(rows)] if x == x]
        if len(self._seen) >= self._learn_rows:
            self.set_limit_from(self._seen)
            self._seen = []

    def measure(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out` for the present trees, whether or not a limit stands; NotReady without trees."""
        if self._rows is None:
            raise NotReady("no trees yet", offender="isolation", remedy="learn or load a model first")
        out.resize(len(rows), 0)
        self._rows.score_rows(
            rows.values, len(rows), self.gate.mask(rows), out.score, out.limits, out.measure, out.state
        )

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; every row is UNKNOWN before `ready`."""
        if self.ready:
            self.measure(rows, out)
        else:
            say_unready(out, len(rows), self.gate.mask(rows), 0)

    def row_scorer(self) -> RowScorer:
        """Scores one row a call with the bits of `score_many`; take it anew after `load`. NotReady without trees."""
        if self._rows is None:
            raise NotReady("no trees yet", offender="isolation", remedy="learn or load a model first")
        return self._rows

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Shares by absence: how far the score falls when a signal is not known and training decides its turns."""
        return self.explain_row(rows.values[row * rows.width : (row + 1) * rows.width])

    def explain_row(self, row: array[float]) -> tuple[Contribution, ...]:
        """Shares of a row of the frames."""
        if self._rows is None:
            return ()
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
        """Trees, limit and gate."""
        return {**self._fixed().state(), **_nodes(self._forest).state(), **_starts(self._forest).state()}

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        before, fresh = self._fixed().state(), Forest()
        names = {*_nodes(fresh).state()}, {*_starts(fresh).state()}
        nodes, starts = _nodes(fresh), _starts(fresh)
        nodes.load_any({name: text for name, text in state.items() if name in names[0]})
        starts.load_any({name: text for name, text in state.items() if name in names[1]})
        rows = self._kernel(fresh) if len(fresh.cut) else None
        self._fixed().load({name: text for name, text in state.items() if name not in names[0] | names[1]})
        if len(fresh.cut) and not self._limit[0] > 0:
            self._fixed().load(before)
            raise ArtifactError("a positive limit is needed", offender="isolation.limit")
        self._forest, self._rows = fresh, rows

    def _fixed(self) -> ArrayStore:
        return ArrayStore("isolation", limit=self._limit, marks=self._marks, running=self.gate.running)


def _nodes(forest: Forest) -> ArrayStore:
    return ArrayStore(
        "isolation", cut=forest.cut, pick=forest.pick, left=forest.left, node_samples=forest.node_samples,
        length=forest.length,
    )  # fmt: skip


def _starts(forest: Forest) -> ArrayStore:
    return ArrayStore("isolation", start=forest.start, depth=forest.depth, mean_length=forest.mean_length)
