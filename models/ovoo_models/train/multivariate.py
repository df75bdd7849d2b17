"""Fits a multivariate EWMA: scale, precision of the smoothed signals, and a limit that normal work does not reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovoo_contract.errors import NotReady
from sklearn.covariance import LedoitWolf, ShrunkCovariance
from sklearn.preprocessing import StandardScaler

from ovoo_models.anomaly.ewma import Mewma
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.train.history import matrix

__all__ = ["LEAST_ROWS", "MewmaFit", "fit_mewma"]

LEAST_ROWS = 100
"""Fewer rows say too little about a machine to watch it."""
_HELD_ROWS = 2000
_HELD_SHARE = 0.4
_HELD_FACTOR = 2.0
_OPEN = 1e300


@dataclass(frozen=True, slots=True)
class MewmaFit:
    """What a fit found: rows used, 99 % quantile of T2 in training, greatest T2 held out (NaN: too short), limit."""

    rows: int
    q99: float
    held_max: float
    limit: float


def fit_mewma(
    params: Mapping[str, Any], place: Place, rows: FrameBlock, least_rows: int = LEAST_ROWS
) -> tuple[Mewma, MewmaFit]:
    """A fitted detector, its running state empty.

    Limit = the greater of `limit_factor` x the 99 % quantile of T2 in training and, where there are 2,000 rows,
    2 x the greatest T2 in the last 40 % under a model that saw only the first 60 %: plant data is autocorrelated
    and a week holds few independent situations. With `memory = "own"` the first of the two is `limit_factor` x the
    99 % quantile of chi-square. NotReady where fewer than `least_rows` rows can be scored.
    """
    whole = _fit_shape(params, place, rows, least_rows)
    scored = _scores(whole, rows)
    q99 = float(np.quantile(scored, 0.99))
    held = _held_out(params, place, rows) if len(scored) >= _HELD_ROWS else float("nan")
    limit = whole.limit if whole.own_memory else whole.limit_factor * max(q99, 1e-9)
    if held == held:
        limit = max(limit, _HELD_FACTOR * held)
    whole.set_limit(limit)
    whole.restart()
    return whole, MewmaFit(len(scored), q99, held, limit)


def _held_out(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> float:
    cut = round(len(rows) * (1 - _HELD_SHARE))
    try:
        first = _fit_shape(params, place, rows.rows(0, cut), LEAST_ROWS)
    except NotReady:
        return float("nan")
    late = _scores(first, rows.rows(cut, len(rows)))
    return float(late.max()) if len(late) else float("nan")


def _fit_shape(params: Mapping[str, Any], place: Place, rows: FrameBlock, least_rows: int) -> Mewma:
    model = Mewma(params, place)
    mask = np.frombuffer(model.gate.mask(rows), np.uint8)[: len(rows)]
    x = matrix(rows)[:, list(place.inputs)]
    used = x[(mask == NORMAL) & np.isfinite(x).all(axis=1)]
    if len(used) < least_rows:
        raise NotReady(
            "too few rows of normal running", offender="train.mewma", value=len(used), remedy=f"{least_rows} or more"
        )
    guard = np.quantile(used[:, list(model.guarded)], [0.002, 0.998], axis=0)
    if model.own_memory:
        model = Mewma(params, place)
        model.learn_history(rows)
        model.set_guard(*guard.tolist())
        return model
    scaler = StandardScaler().fit(used)
    floor = np.maximum(np.abs(scaler.mean_) * 1e-4, 1e-9)
    scale = np.maximum(np.sqrt(scaler.var_), floor)
    identity = np.eye(len(place.inputs)).ravel()
    model = Mewma(params, place)
    model.fit(scaler.mean_.tolist(), scale.tolist(), identity.tolist(), _OPEN)
    z = _smoothed(model, rows)
    model = Mewma(params, place)
    model.fit(scaler.mean_.tolist(), scale.tolist(), _precision(z, model.shrinkage).ravel().tolist(), _OPEN)
    model.set_guard(*guard.tolist())
    return model


def _precision(z: NDArray[np.float64], shrinkage: float) -> NDArray[np.float64]:
    estimator = LedoitWolf() if shrinkage < 0 else ShrunkCovariance(shrinkage=shrinkage)
    covariance = estimator.fit(z).covariance_
    ridge = 1e-6 * np.trace(covariance) / len(covariance)
    precision = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))
    symmetric: NDArray[np.float64] = 0.5 * (precision + precision.T)
    return symmetric


def _smoothed(model: Mewma, rows: FrameBlock) -> NDArray[np.float64]:
    out = ScoreBlock()
    model.smooth(rows, out)
    d = model.trace_width
    trace = np.array(out.trace[: len(rows) * d]).reshape(len(rows), d)
    state = np.array(out.state[: len(rows)])
    picked: NDArray[np.float64] = trace[state == NORMAL]
    return picked


def _scores(model: Mewma, rows: FrameBlock) -> NDArray[np.float64]:
    out = ScoreBlock()
    model.restart()
    model.smooth(rows, out)
    score = np.array(out.score[: len(rows)])
    finite: NDArray[np.float64] = score[np.isfinite(score)]
    return finite
