"""Isolation forests of scikit-learn: trained here or elsewhere, exported as columns, never pickled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ovoo_contract.errors import ArtifactError, NotReady
from sklearn.ensemble import IsolationForest

from ovoo_models.anomaly.isolation import Isolation
from ovoo_models.anomaly.isolation_trees import Forest, Split, pack
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock
from ovoo_models.train.history import matrix

__all__ = ["IsolationFit", "export_forest", "fit_isolation"]

_LEAST_ROWS = 100


@dataclass(frozen=True, slots=True)
class IsolationFit:
    """What a fit found: rows used, trees, nodes, 99 % quantile of the score in training, limit."""

    rows: int
    trees: int
    nodes: int
    q99: float
    limit: float


def export_forest(model: IsolationForest) -> Forest:
    """The trees of a fitted scikit-learn forest; scores equal `-score_samples` to rounding.

    scikit-learn compares inputs in single precision with cuts in double: the greatest single at or below a cut sends
    every input the same way. ArtifactError where the forest was grown on one row a tree.
    """
    if model.max_samples_ < 2:
        raise ArtifactError("trees of one row isolate nothing", offender="isolation.samples", value=model.max_samples_)
    trees = zip(model.estimators_, model.estimators_features_, strict=True)
    return pack([_tree(each.tree_, features) for each, features in trees], int(model.max_samples_))


def _tree(tree: Any, features: Any) -> Split:  # scikit-learn's tree is untyped
    def build(node: int) -> Split:
        samples = int(tree.n_node_samples[node])
        if tree.children_left[node] < 0:
            return Split(samples)
        sides = build(tree.children_left[node]), build(tree.children_right[node])
        return Split(samples, int(features[tree.feature[node]]), _single(float(tree.threshold[node])), sides)

    return build(0)


def _single(cut: float) -> float:
    near = np.float32(cut)
    return float(np.nextafter(near, np.float32(-math.inf)) if float(near) > cut else near)


def fit_isolation(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> tuple[Isolation, IsolationFit]:
    """A detector with a forest trained by scikit-learn and its limit; NotReady below 100 whole rows of normal work."""
    model = Isolation(params, place)
    mask = np.frombuffer(model.gate.mask(rows), np.uint8)[: len(rows)]
    x = matrix(rows)[:, list(place.inputs)]
    used = x[(mask == NORMAL) & np.isfinite(x).all(axis=1)]
    if len(used) < _LEAST_ROWS:
        raise NotReady(
            "too few rows of normal running", offender="train.isolation", value=len(used), remedy=f"{_LEAST_ROWS}"
        )
    samples = min(model.samples, len(used))
    trained = IsolationForest(n_estimators=model.trees, max_samples=samples, random_state=model.seed).fit(used)
    model.fit(export_forest(trained))
    out = ScoreBlock()
    model.measure(rows, out)
    scores = [score for score in out.score[: len(rows)] if score == score]
    model.set_limit_from(scores)
    q99 = float(np.quantile(scores, 0.99))
    return model, IsolationFit(len(used), model.trees, model.nodes, q99, model.limit)
