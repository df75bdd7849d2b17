"""Fits principal components with numpy: scale, directions of the smoothed signals, and weights that set the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovoo_contract.errors import NotReady

from ovoo_models.anomaly.pca import Pca
from ovoo_models.anomaly.pca_learning import components_for, weights
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.train.history import matrix

__all__ = ["PcaFit", "fit_pca"]

_LEAST_ROWS = 100
_HELD_ROWS = 2000
_HELD_SHARE = 0.4
_HELD_FACTOR = 2.0
_SMALL = 1e-9
_Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PcaFit:
    """What a fit found: rows, components, share explained, greatest score held out (NaN: too short), not rescaled."""

    rows: int
    components: int
    explained: float
    held_max: float


def fit_pca(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> tuple[Pca, PcaFit]:
    """A fitted detector, its running state empty.

    The limit is `limit_factor` x the 99 % quantile of the score in training or, where there are 2,000 rows, 2 x the
    greatest score in the last 40 % under a model that saw only the first 60 %, whichever is higher. NotReady where
    fewer than 100 rows can be scored.
    """
    whole, explained = _fit_shape(params, place, rows)
    seen = _weigh(whole, rows)
    held = _held_out(params, place, rows) if seen >= _HELD_ROWS else float("nan")
    if held == held and held * _HELD_FACTOR > 1.0:
        t2, spe = whole.weight
        whole.set_weights(t2 / (held * _HELD_FACTOR), spe / (held * _HELD_FACTOR))
    whole.restart()
    return whole, PcaFit(seen, whole.used, explained, held)


def _held_out(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> float:
    cut = round(len(rows) * (1 - _HELD_SHARE))
    try:
        first, _explained = _fit_shape(params, place, rows.rows(0, cut))
        _weigh(first, rows.rows(0, cut))
    except NotReady:
        return float("nan")
    scores = _traced(first, rows.rows(cut, len(rows)))
    a, b = first.weight
    return float((a * scores[:, -2] + b * scores[:, -1]).max()) if len(scores) else float("nan")


def _fit_shape(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> tuple[Pca, float]:
    model = Pca(params, place)
    d = len(place.inputs)
    mask = np.frombuffer(model.gate.mask(rows), np.uint8)[: len(rows)]
    x = matrix(rows)[:, list(place.inputs)]
    used = x[(mask == NORMAL) & np.isfinite(x).all(axis=1)]
    if len(used) < _LEAST_ROWS:
        raise NotReady(
            "too few rows of normal running", offender="train.pca", value=len(used), remedy=f"{_LEAST_ROWS} or more"
        )
    centre = used.mean(axis=0)
    scale = np.maximum(used.std(axis=0), np.maximum(np.abs(centre) * 1e-4, _SMALL))
    model.fit(centre.tolist(), scale.tolist(), np.eye(1, d).tolist(), [1.0])
    z = _traced(model, rows)[:, :d]
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    values, vectors = values[::-1], vectors[:, ::-1].T
    count = components_for(model, values.tolist())
    model.fit(centre.tolist(), scale.tolist(), vectors[:count].tolist(), np.maximum(values[:count], _SMALL).tolist())
    return model, float(values[:count].sum() / max(values.sum(), _SMALL))


def _weigh(model: Pca, rows: FrameBlock) -> int:
    scores = _traced(model, rows)
    model.set_weights(*weights(scores[:, -2].tolist(), scores[:, -1].tolist(), model.limit_factor))
    return len(scores)


def _traced(model: Pca, rows: FrameBlock) -> _Matrix:
    """z, T2 and SPE of the scored rows, from an empty running average."""
    out = ScoreBlock()
    model.restart()
    model.smooth(rows, out)
    wide = model.trace_width
    trace = np.array(out.trace[: len(rows) * wide]).reshape(len(rows), wide)
    picked: _Matrix = trace[np.array(out.state[: len(rows)]) == NORMAL]
    if not len(picked):
        raise NotReady("no row of the window can be scored", offender="train.pca", remedy="widen the window")
    return picked
