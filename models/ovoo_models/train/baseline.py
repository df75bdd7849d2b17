"""Fits an energy baseline: robust regression of power on its drivers, noise of minutes and hours, CUSUM limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovoo_contract.errors import NotReady
from sklearn.linear_model import HuberRegressor, LinearRegression

from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.baseline import CusumSavings, EnergyBaseline
from ovoo_models.train.history import matrix

__all__ = ["BaselineFit", "fit_baseline"]

_LEAST_ROWS = 200
_HELD_SHARE = 0.4
_HELD_FACTOR = 2.0
_SIGMA_FLOOR = 0.02
"""A share of the mean power: meters and models are not better than that for long, however quiet a week was."""
_RANGE = (0.005, 0.995)
_GUARDED_RANGE = (0.05, 0.95)
"""A season moves the weather to the rim of what training saw and keeps it there, where few rows bend the fit."""
_HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class BaselineFit:
    """What a fit found: rows used, CV(RMSE) and R2 in training, held-out bias (share of mean power), CUSUM limit."""

    rows: int
    cv_rmse: float
    r2: float
    held_bias: float
    limit: float


def fit_baseline(
    params: Mapping[str, Any], place: Place, rows: FrameBlock, kind: type[EnergyBaseline] = EnergyBaseline
) -> tuple[EnergyBaseline, BaselineFit]:
    """A fitted baseline, its sums empty.

    The noise (sigma) is the larger of the training residual and the bias of the last 40 % under a model of the first
    60 %; the CUSUM limit is at least twice what the score reached there. NotReady below 200 usable rows.
    """
    cut = round(len(rows) * (1 - _HELD_SHARE))
    held_rows = rows.rows(cut, len(rows))
    first, _ = _regress(params, place, rows.rows(0, cut), kind)
    bias = _bias(first, held_rows)
    whole, found = _regress(params, place, rows, kind)
    sigma = max(found.sigma, abs(bias) * found.mean)
    first.fit(first.weights, sigma, 1e300, 0.0)
    reached = _greatest(first, held_rows)
    whole.fit(found.weights, sigma, max(_HELD_FACTOR * reached, 1e-6), found.hour_sigma)
    fit = BaselineFit(found.rows, found.sigma / found.mean if found.mean else 0.0, found.r2, bias, whole.limit)
    return whole, fit


@dataclass(frozen=True, slots=True)
class _Regression:
    rows: int
    weights: list[float]
    sigma: float
    hour_sigma: float
    mean: float
    r2: float


def _regress(
    params: Mapping[str, Any], place: Place, rows: FrameBlock, kind: type[EnergyBaseline]
) -> tuple[EnergyBaseline, _Regression]:
    model = kind(params, place)
    mask = np.frombuffer(model.gate.mask(rows), np.uint8)[: len(rows)]
    x = matrix(rows)[:, list(place.inputs)]
    use = (mask == NORMAL) & np.isfinite(x).all(axis=1)
    if use.sum() < _LEAST_ROWS:
        raise NotReady(
            "too few rows of normal running", offender="train.baseline", value=int(use.sum()), remedy=str(_LEAST_ROWS)
        )
    model = kind(params, place)
    _frame(model, x[use, 1:])
    phi, inside = _features(model, rows)
    use &= inside
    phi, power = phi[use], x[use, 0]
    weights = _solve(phi, power)
    residual = power - phi @ weights
    sigma = max(float(residual.std()), _SIGMA_FLOOR * float(np.abs(power).mean()), 1e-6)
    hour = np.array(rows.time_ns, np.int64)[use] // _HOUR_NS
    spread = float(power.var())
    found = _Regression(
        rows=int(use.sum()),
        weights=weights.tolist(),
        sigma=sigma,
        hour_sigma=_hour_sigma(residual, hour),
        mean=abs(float(power.mean())),
        r2=1.0 - float(residual.var()) / spread if spread > 0 else 0.0,
    )
    model.fit(found.weights, sigma, 1e300, found.hour_sigma)
    return model, found


def _frame(model: EnergyBaseline, drivers: NDArray[np.float64]) -> None:
    low, high = np.quantile(drivers, _RANGE, axis=0)
    guarded = [each - 1 for each in model.guarded]
    low[guarded], high[guarded] = np.quantile(drivers[:, guarded], _GUARDED_RANGE, axis=0)
    spread = np.maximum(drivers.std(axis=0), np.maximum(np.abs(drivers.mean(axis=0)) * 1e-4, 1e-9))
    room = model.margin * np.maximum(high - low, spread)
    model.frame(drivers.mean(axis=0).tolist(), spread.tolist(), (low - room).tolist(), (high + room).tolist())


def _features(model: EnergyBaseline, rows: FrameBlock) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, ok = model.features(rows)
    return np.array(values).reshape(len(rows), -1), np.array(ok) == NORMAL


def _solve(phi: NDArray[np.float64], power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Huber weights, so that odd minutes do not bend the baseline; least squares where Huber does not converge."""
    centre, scale = float(power.mean()), max(float(power.std()), 1e-9)
    target = (power - centre) / scale
    plain = LinearRegression(fit_intercept=False).fit(phi, target)
    weights = plain.coef_
    step = max(len(phi) // 4000, 1)
    robust = HuberRegressor(fit_intercept=False, alpha=1e-6, max_iter=300)
    try:
        robust.fit(phi[::step], target[::step])
        weights = robust.coef_
    except ValueError:
        weights = plain.coef_
    result: NDArray[np.float64] = weights * scale
    result[0] += centre
    return result


def _hour_sigma(residual: NDArray[np.float64], hour: NDArray[np.int64]) -> float:
    _hours, place = np.unique(hour, return_inverse=True)
    count = np.bincount(place)
    means = np.bincount(place, weights=residual) / count
    whole = means[count >= max(int(count.max()) // 2, 1)]
    return float(whole.std()) if len(whole) > 1 else float(residual.std())


def _scored(model: EnergyBaseline, rows: FrameBlock) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    out = ScoreBlock()
    model.restart()
    model.gate.restart()
    model.score_many(rows, out)
    score = np.array(model.cusum(out))
    expected = np.array(out.trace[: model.trace_width * len(rows) : model.trace_width])
    return score, expected


def _bias(model: EnergyBaseline, rows: FrameBlock) -> float:
    """Mean residual as a share of the mean power; 0 where nothing could be scored."""
    score, expected = _scored(model, rows)
    power = matrix(rows)[:, model.place.inputs[0]]
    use = np.isfinite(score) & np.isfinite(power)
    if isinstance(model, CusumSavings):
        use = np.isfinite(expected) & np.isfinite(power)
    if not use.any():
        return 0.0
    mean = float(np.abs(power[use]).mean())
    return float((power[use] - expected[use]).mean()) / mean if mean > 0 else 0.0


def _greatest(model: EnergyBaseline, rows: FrameBlock) -> float:
    score, _expected = _scored(model, rows)
    finite = score[np.isfinite(score)]
    return float(finite.max()) if len(finite) else 0.0
