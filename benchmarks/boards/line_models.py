"""Board scoring of SKAB and Tennessee Eastman by the product's multivariate EWMA; used by benchmarks and data tests.

One rule for all files of a set; limits come from the training rows only. Controls stand beside every figure.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ovoo_models.base import FrameBlock, Place, ScoreBlock
from ovoo_models.train.multivariate import fit_mewma

__all__ = ["Outliers", "skab_outliers", "tep_detection"]

SKAB_TRAINING_ROWS = 400
SKAB_PARAMS = {
    "lambda": 0.03, "step_s": 1.0, "limit_factor": 14.0, "settle_s": 0.0, "max_missing": 0, "shrinkage": -1.0,
}  # fmt: skip
TEP_STEP_S = 180.0
TEP_PARAMS = {"lambda": 0.3, "step_s": TEP_STEP_S, "limit_factor": 3.0, "settle_s": 0.0, "shrinkage": -1.0}
_START_NS = 1_600_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Outliers:
    """Pooled SKAB counts: F1, false-alarm rate, missed-alarm rate (shares), and F1 of an alarm that is always on."""

    f1: float
    far: float
    mar: float
    always_on_f1: float


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


def _skab_file(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    names = [name for name in rows[0] if name not in ("datetime", "anomaly", "changepoint")]
    values = np.array([[float(row[name]) for name in names] for row in rows])
    return values, np.array([float(row["anomaly"]) > 0 for row in rows])


def skab_outliers(files: Sequence[Path]) -> Outliers:
    """Outlier figures over all files: the first 400 rows of each train, the rest is scored and pooled."""
    tp = fp = fn = tn = 0
    for path in files:
        values, labels = _skab_file(path)
        alarm = _alarms(values[:SKAB_TRAINING_ROWS], values[SKAB_TRAINING_ROWS:], SKAB_PARAMS, carry_on=True)
        truth = labels[SKAB_TRAINING_ROWS:]
        tp += int((alarm & truth).sum())
        fp += int((alarm & ~truth).sum())
        fn += int((~alarm & truth).sum())
        tn += int((~alarm & ~truth).sum())
    always = (tp + fn) / ((tp + fn) + (fp + tn) / 2)
    return Outliers(tp / (tp + (fp + fn) / 2), fp / (fp + tn), fn / (fn + tp), always)


def tep_detection(normal: Path, faults: Sequence[Path]) -> tuple[dict[str, float], float]:
    """Share of rows above the limit for each fault file, and of normal rows 301-500; rows 1-300 train."""
    rows = np.loadtxt(normal)
    rows = rows.T if rows.shape[0] == 52 else rows
    training, held = rows[:300], rows[300:]
    found = {
        path.stem: float(_alarms(training, np.loadtxt(path), TEP_PARAMS, carry_on=False).mean()) for path in faults
    }
    return found, float(_alarms(training, held, TEP_PARAMS, carry_on=True).mean())
