"""Fits the check for drifting sensors: a slow multivariate EWMA and a limit for each signal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovoo_contract.errors import NotReady

from ovoo_models.anomaly.ewma import Mewma
from ovoo_models.anomaly.sensor_drift import SensorDrift
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.train.multivariate import MewmaFit, fit_mewma

__all__ = ["fit_sensor_drift"]

_HELD_SHARE = 0.4
_HELD_FACTOR = 4.0
_REST_FACTOR = 2.0
_Matrix = NDArray[np.float64]
_LEAST_EXPLAINED = 0.5
"""Share of a signal's variance that the others must predict, or they cannot convict it."""


def fit_sensor_drift(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> tuple[SensorDrift, MewmaFit]:
    """A fitted check, its running state empty; NotReady where fewer than 100 rows can be scored.

    A signal's limit is the greater of `limit_factor` x the 99 % quantile of its share of T2 in training and 4 x the
    greatest share in the last 40 % under a model of the first 60 %. The rest of T2 may be twice its 99 % quantile.
    """
    model = SensorDrift(params, place)
    inner, found = fit_mewma(model.inner_params, place, rows)
    model.take(inner)
    z, shares, t2 = _shares(inner, rows)
    reach = inner.limit_factor * np.maximum(np.quantile(shares, 0.99, axis=0), 1e-9)
    cut = round(len(rows) * (1 - _HELD_SHARE))
    try:
        first, _ = fit_mewma(model.inner_params, place, rows.rows(0, cut))
        _, late, _ = _shares(first, rows.rows(cut, len(rows)))
    except NotReady:
        late = shares
    if len(late):
        reach = np.maximum(reach, _HELD_FACTOR * late.max(axis=0))
    rest = _REST_FACTOR * float(np.quantile(t2 - shares.max(axis=1), 0.99))
    reach = np.where(_explained(inner, z) >= _LEAST_EXPLAINED, reach, np.inf)
    model.set_limits(reach.tolist(), max(rest, 1e-9))
    inner.restart()
    return model, found


def _shares(model: Mewma, rows: FrameBlock) -> tuple[_Matrix, _Matrix, _Matrix]:
    """Smoothed inputs, each signal's share of T2, and T2; scored rows only."""
    out = ScoreBlock()
    model.restart()
    model.smooth(rows, out)
    d = model.trace_width
    scored = np.array(out.state[: len(rows)]) == NORMAL
    z = np.array(out.trace[: len(rows) * d]).reshape(len(rows), d)[scored]
    precision = np.array(model.precision).reshape(d, d)
    pull = z @ precision
    return z, pull**2 / np.diag(precision), (pull * z).sum(axis=1)


def _explained(model: Mewma, z: NDArray[np.float64]) -> _Matrix:
    d = model.trace_width
    rest = 1.0 / np.diag(np.array(model.precision).reshape(d, d))
    explained: _Matrix = 1.0 - rest / np.maximum(z.var(axis=0), 1e-12)
    return explained
