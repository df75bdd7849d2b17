"""Fits principal components on the stream, with the standard library: for gateways without a trained artifact."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ovoo_models._select import kernels
from ovoo_models.anomaly.learning import quantile
from ovoo_models.base import NORMAL, FrameBlock, ScoreBlock

if TYPE_CHECKING:
    from ovoo_models.anomaly.pca import Pca

__all__ = ["PcaLearner", "components_for", "eigen", "weights"]

_SWEEPS = 30
_SMALL = 1e-9


def eigen(matrix: Sequence[float], d: int) -> tuple[list[float], list[list[float]]]:
    """Eigenvalues, greatest first, and unit eigenvectors of a symmetric d x d matrix, by cyclic Jacobi rotations."""
    a = [list(matrix[i * d : i * d + d]) for i in range(d)]
    v = [[1.0 if i == j else 0.0 for j in range(d)] for i in range(d)]
    size = math.fsum(a[k][k] * a[k][k] for k in range(d))
    for _sweep in range(_SWEEPS):
        off = math.fsum(a[i][j] * a[i][j] for i in range(d) for j in range(i))
        if off <= 1e-24 * size:
            break
        for p in range(d - 1):
            for q in range(p + 1, d):
                _rotate(a, v, p, q)
    ranked = sorted(range(d), key=lambda k: (-a[k][k], k))
    return [a[k][k] for k in ranked], [v[k] for k in ranked]


def _rotate(a: list[list[float]], v: list[list[float]], p: int, q: int) -> None:
    if a[p][q] == 0.0:
        return
    theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q])
    t = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1.0)) if abs(theta) < 1e150 else 0.0
    c = 1.0 / math.sqrt(t * t + 1.0)
    s = t * c
    for row in a:
        row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]
    for side in (a, v):
        first, second = side[p], side[q]
        side[p] = [c * x - s * y for x, y in zip(first, second, strict=True)]
        side[q] = [s * x + c * y for x, y in zip(first, second, strict=True)]


def components_for(model: Pca, values: Sequence[float]) -> int:
    """How many components a model takes: as asked, else as many as explain the share it wants, within its room."""
    total = math.fsum(x for x in values if x > 0)
    usable = sum(x > _SMALL * max(total, _SMALL) for x in values) or 1
    if model.components:
        return min(model.components, usable)
    running = 0.0
    for count, value in enumerate(values, start=1):
        running += value
        if running >= model.explained * total:
            return min(count, model.room, usable)
    return min(model.room, usable)


def weights(t2: list[float], spe: list[float], limit_factor: float) -> tuple[float, float]:
    """The weights of T2 and SPE: each by its 99 % quantile in training, both so that the limit is 1.

    The limit stands at `limit_factor` times the 99 % quantile of the sum.
    """
    a = 1.0 / max(quantile(t2, 0.99), _SMALL)
    worst = quantile(spe, 0.99)
    b = 1.0 / worst if worst > _SMALL else 0.0
    limit = limit_factor * max(quantile([a * x + b * y for x, y in zip(t2, spe, strict=True)], 0.99), _SMALL)
    return a / limit, b / limit


class PcaLearner:
    """Three phases of `rows` scored rows each: centre and scale; components of the smoothed inputs; weights."""

    def __init__(self, d: int, rows: int) -> None:
        self._d, self._rows = d, rows
        self._phase = 0
        self._origin: array[float] | None = None
        self._clear()
        self._centre, self._scale = [0.0] * d, [1.0] * d
        self._seen: tuple[list[float], list[float]] = ([], [])
        self._out = ScoreBlock()

    def _clear(self) -> None:
        wide = self._d + 2
        self._count = 0
        self._total, self._cross = array("d", bytes(8 * wide)), array("d", bytes(8 * wide * wide))

    def feed(self, model: Pca, rows: FrameBlock) -> None:
        """Learn from rows in turn; does nothing once the phases are through."""
        step = min(self._rows, 500)
        for start in range(0, len(rows), step):
            block = rows.rows(start, min(start + step, len(rows)))
            (self._scale_rows, self._shape_rows, self._weigh_rows, _ignore)[self._phase](model, block)

    def _scale_rows(self, model: Pca, rows: FrameBlock) -> None:
        d, columns = self._d, model.place.inputs
        values = array("d", [rows.values[i * rows.width + c] for i in range(len(rows)) for c in columns])
        if self._origin is None:
            # a first row as origin keeps the squares of large values from losing their digits
            self._origin = array("d", [x if math.isfinite(x) else 0.0 for x in values[:d]])
        shifted = array("d", [x - self._origin[i % d] for i, x in enumerate(values)])
        self._count += kernels.moment_rows(shifted, d, len(rows), model.gate.mask(rows), self._total, self._cross)
        if self._count < self._rows:
            return
        means = [t / self._count for t in self._total[:d]]
        self._centre = [self._origin[k] + means[k] for k in range(d)]
        spread = [self._cross[k * d + k] / self._count - means[k] ** 2 for k in range(d)]
        self._scale = [
            math.sqrt(s) if s > 0 else max(abs(c) * 1e-3, 1e-9) for s, c in zip(spread, self._centre, strict=True)
        ]
        model.fit(self._centre, self._scale, [[1.0, *[0.0] * (d - 1)]], [1.0])
        self._advance()

    def _shape_rows(self, model: Pca, rows: FrameBlock) -> None:
        model.smooth(rows, self._out)
        d, wide = self._d, self._d + 2
        use = self._out.state
        self._count += kernels.moment_rows(self._out.trace, wide, len(rows), use, self._total, self._cross)
        if self._count < self._rows:
            return
        covariance = [self._cross[i * wide + j] / self._count for i in range(d) for j in range(d)]
        values, vectors = eigen(covariance, d)
        count = components_for(model, values)
        model.fit(self._centre, self._scale, vectors[:count], [max(x, _SMALL) for x in values[:count]])
        self._advance()

    def _weigh_rows(self, model: Pca, rows: FrameBlock) -> None:
        model.smooth(rows, self._out)
        d, wide = self._d, self._d + 2
        for i in range(len(rows)):
            if self._out.state[i] == NORMAL:
                self._seen[0].append(self._out.trace[i * wide + d])
                self._seen[1].append(self._out.trace[i * wide + d + 1])
        if len(self._seen[0]) < self._rows:
            return
        model.set_weights(*weights(*self._seen, model.limit_factor))
        self._seen = ([], [])
        self._advance()

    def _advance(self) -> None:
        self._phase += 1
        self._clear()


def _ignore(_model: Pca, _rows: FrameBlock) -> None:
    """The phases are through."""
