"""Fits a lagged detector on a short history: every row is judged by a model that did not see its neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovoo_contract.errors import NotReady
from sklearn.covariance import shrunk_covariance

from ovoo_models.anomaly.lagged import Lagged
from ovoo_models.anomaly.lagged_model import LaggedModel, widening
from ovoo_models.base import NORMAL, FrameBlock, Place
from ovoo_models.train.history import matrix

__all__ = ["LaggedFit", "fit_lagged"]

_LEAST_ROWS = 100
_FOLDS = 10
_GUARD_ROWS = 5
"""Rows beside a fold that its model does not see either: neighbours in time are alike."""
_INNER_FOLDS = 5
_SETTLING_ROWS = 20
_BLOCK_ROWS, _DRAWN_ROWS, _DRAWN_SETTLING_ROWS = 20, 4000, 200
_SEED = 1
"""The same history gives the same artifact."""
_LEAST_ERROR = 1e-3
_LEAST_SIZE = 0.3
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LaggedFit:
    """What a fit found: rows used, greatest score of rows judged by a model that had not seen them, limit."""

    rows: int
    held_max: float
    limit: float


@dataclass(frozen=True, slots=True)
class _Shape:
    centre: Matrix
    scale: Matrix
    coefficient: Matrix  # (lags d) x d
    precision: Matrix

    def errors(self, x: Matrix, lags: int, bound: float) -> Matrix:
        """Each input's error given the past and all the others, one in size up to estimation; first rows are 0."""
        z = np.clip((x - self.centre) / self.scale, -bound, bound)
        e = z - _past(z, lags) @ self.coefficient
        u: Matrix = e @ self.precision / np.sqrt(np.diag(self.precision))
        return u


def fit_lagged(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> tuple[Lagged, LaggedFit]:
    """A fitted detector, its running state empty.

    Blocked cross-validation in ten folds of time, five rows beside each left out too, gives every row errors of a
    model that did not see it; their size and the statistics' mean and spread come from these, forecast and covariance
    from all rows. The covariance is itself one of inner folds. NotReady under 100 rows without missing
    inputs that follow each other at the step.
    """
    model = Lagged(params, place)
    x, whole = _used(model, rows)
    last: NDArray[np.intp] = np.flatnonzero(whole)
    if len(last) < _LEAST_ROWS:
        raise NotReady(
            "too few rows of normal running", offender="train.lagged", value=len(last),
            remedy=f"{_LEAST_ROWS} or more at the step of {model.step_ns / 1e9:g} s",
        )  # fmt: skip
    shape = _fit_shape(model, x, last)
    held = np.empty((len(last), x.shape[1]))
    for part, others in _folds(len(last), _FOLDS, _GUARD_ROWS):
        held[part] = _fit_shape(model, x, last[others]).errors(x, model.lags, model.bound)[last[part]]
    size = np.maximum(np.sqrt((held**2).mean(axis=0)), _LEAST_SIZE)
    usual, spread, peak = _reference(model, held / size)
    weight = 1.0 / (np.sqrt(np.diag(shape.precision)) * size)
    parts = (shape.centre, shape.scale, shape.coefficient, shape.precision, weight, usual, spread)
    model.fit(LaggedModel(*(each.ravel().tolist() for each in parts)))
    return model, LaggedFit(len(last), peak, model.limit)


def _reference(model: Lagged, u: Matrix) -> tuple[Matrix, Matrix, float]:
    """Mean and widened spread of the six statistics, and the greatest excess of these rows over them.

    A slow average takes few independent values in a short history. So both figures are taken twice, along the rows
    and along blocks of them drawn with replacement, and the greater one holds.
    """
    along = _statistics(model, u)[_SETTLING_ROWS:]
    rng = np.random.default_rng(_SEED)
    starts = rng.integers(0, max(len(u) - _BLOCK_ROWS, 1), size=_DRAWN_ROWS // _BLOCK_ROWS)
    drawn = _statistics(model, u[(starts[:, None] + np.arange(_BLOCK_ROWS)).ravel()])[_DRAWN_SETTLING_ROWS:]
    usual = np.maximum(along.mean(axis=0), drawn.mean(axis=0))
    spread = np.maximum(along.std(axis=0), drawn.std(axis=0))
    spread = np.maximum(spread * np.array(widening(len(u), model.fast, model.middle, model.slow)), 1e-6)
    return usual, spread, float(((along - usual) / spread).max())


def _used(model: Lagged, rows: FrameBlock) -> tuple[Matrix, NDArray[np.bool_]]:
    """The whole rows at the step, and which of them have `lags` such rows right before them."""
    mask = model.gate.mask(rows)
    values = matrix(rows)[:, list(model.place.inputs)]
    finite: NDArray[np.bool_] = np.isfinite(values).min(axis=1)
    slack = model.place.period_ns // 2
    used: list[int] = []
    filled: list[bool] = []
    at: int | None = None
    run = 0
    for i, time_ns in enumerate(rows.time_ns):
        if mask[i] != NORMAL:
            run = 0
            continue
        if not finite[i] or (at is not None and 0 <= time_ns - at < model.step_ns - slack):
            continue
        if at is None or not 0 <= time_ns - at <= model.step_ns + model.step_ns // 2:
            run = 0
        used.append(i)
        filled.append(run >= model.lags)
        at, run = time_ns, run + 1
    return values[used], np.array(filled, dtype=np.bool_)


def _past(z: Matrix, lags: int) -> Matrix:
    """[z(t-1), ..., z(t-lags)] a row; zeros before the start."""
    n, d = z.shape
    past = np.zeros((n, lags * d))
    for lag in range(1, lags + 1):
        past[lag:, (lag - 1) * d : lag * d] = z[:-lag]
    return past


def _folds(n: int, folds: int, guard: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    owner = np.arange(n) * folds // n
    for fold in range(folds):
        part = np.flatnonzero(owner == fold)
        others = np.ones(n, dtype=np.bool_)
        others[max(part[0] - guard, 0) : part[-1] + 1 + guard] = False
        yield part, others


def _fit_shape(model: Lagged, x: Matrix, last: NDArray[np.intp]) -> _Shape:
    centre = x[last].mean(axis=0)
    scale = np.maximum(x[last].std(axis=0), np.maximum(np.abs(centre) * 1e-6, 1e-12))
    z = np.clip((x - centre) / scale, -model.bound, model.bound)
    past, target = _past(z, model.lags)[last], z[last]
    gram, cross = past.T @ past, past.T @ target
    ridge = model.ridge * np.eye(len(gram))
    coefficient = np.linalg.solve(gram + ridge, cross)
    errors = np.empty_like(target)
    for part, _others in _folds(len(last), _INNER_FOLDS, 0):
        inside = past[part]
        without = np.linalg.solve(gram - inside.T @ inside + ridge, cross - inside.T @ target[part])
        errors[part] = target[part] - inside @ without
    size = np.maximum(errors.std(axis=0), _LEAST_ERROR)
    covariance = shrunk_covariance((errors / size).T @ (errors / size) / len(errors), shrinkage=model.shrinkage)
    precision = np.linalg.inv(covariance) / np.outer(size, size)
    return _Shape(centre, scale, coefficient, 0.5 * (precision + precision.T))


def _statistics(model: Lagged, u: Matrix) -> Matrix:
    """The six statistics of each row, as the kernel forms them."""
    bounded, square = np.clip(u, -model.clip, model.clip), np.minimum(u * u, model.clip**2)
    shifts = [np.abs(_average(bounded, rate, 0.0)).max(axis=1) for rate in (model.fast, model.middle)]
    squares = [_average(square, rate, 1.0) for rate in (model.fast, model.slow)]
    sizes = [np.sqrt(each.max(axis=1)) for each in squares] + [np.sqrt(each.mean(axis=1)) for each in squares]
    return np.column_stack(shifts + sizes)


def _average(values: Matrix, rate: float, start: float) -> Matrix:
    out = np.empty_like(values)
    at = np.full(values.shape[1], start)
    for i, row in enumerate(values):
        at = at + rate * (row - at)
        out[i] = at
    return out
