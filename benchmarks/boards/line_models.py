"""The multivariate EWMA that watches the replayed Tennessee Eastman plant of real_input, and its detection rate."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ovoo_models.base import FrameBlock, Place, ScoreBlock
from ovoo_models.train.multivariate import fit_mewma

__all__ = ["TEP_PARAMS", "TEP_STEP_S", "tep_detection"]

TEP_STEP_S = 180.0
TEP_PARAMS = {"lambda": 0.3, "step_s": TEP_STEP_S, "limit_factor": 3.0, "settle_s": 0.0, "shrinkage": -1.0}
_START_NS = 1_600_000_000_000_000_000


def _block(x: NDArray[np.float64], step_s: float, start: int = 0) -> FrameBlock:
    step_ns = round(step_s * 1e9)
    times = array("q", (_START_NS + (start + i) * step_ns for i in range(len(x))))
    return FrameBlock(times, array("d", np.ascontiguousarray(x).tobytes()), x.shape[1])


def _alarms(
    training: NDArray[np.float64], tested: NDArray[np.float64], params: dict[str, float], carry_on: bool
) -> NDArray[np.bool_]:
    step_s = params["step_s"]
    d = training.shape[1]
    place = Place(tuple(range(d)), -1, d, round(step_s * 1e9))
    rows = _block(training, step_s)
    model, _found = fit_mewma(params, place, rows)
    out = ScoreBlock()
    if carry_on:
        model.score_many(rows, out)
    model.score_many(_block(tested, step_s, len(training) if carry_on else 0), out)
    score, limit = np.array(out.score[: len(tested)]), np.array(out.limits[: len(tested)])
    result: NDArray[np.bool_] = score >= limit
    return result


def tep_detection(normal: Path, faults: Sequence[Path]) -> tuple[dict[str, float], float]:
    """Share of rows above the limit for each fault file, and of normal rows 301-500; rows 1-300 train."""
    rows = np.loadtxt(normal)
    rows = rows.T if rows.shape[0] == 52 else rows
    training, held = rows[:300], rows[300:]
    found = {
        path.stem: float(_alarms(training, np.loadtxt(path), TEP_PARAMS, carry_on=False).mean()) for path in faults
    }
    return found, float(_alarms(training, held, TEP_PARAMS, carry_on=True).mean())
