"""A scikit-learn face of the detectors, for notebooks, pipelines and searches (extra `train`).

Rows are a stream: they follow one another at `period_s`, and most detectors remember the rows before. A score is
therefore that of a row at its place; every call starts from the state after training.
"""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from ovoo_contract.errors import ConfigError
from ovoo_packs.templates import ModelBinding
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ovoo_models import artifact
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.estimator import Cause, Estimator, Scores
from ovoo_models.train.fit import fit_frames

__all__ = ["EXPECTED_FAILED_CHECKS", "OvooDetector"]

_OWN: Final = ("name", "period_s")
_START_NS: Final = 1_767_225_600_000_000_000
_IN_ORDER: Final = "a streaming detector remembers the rows before, so a row's score depends on its place"
_NORMAL: Final = "training rows are normal work by definition: the limit lies well above all of them"
EXPECTED_FAILED_CHECKS: Final = {
    "check_outliers_train": _NORMAL,
    "check_outliers_fit_predict": _NORMAL,
    "check_methods_subset_invariance": _IN_ORDER,
    "check_methods_sample_order_invariance": _IN_ORDER,
}
"""What `sklearn.utils.estimator_checks.check_estimator` may find, and why it is meant.

Without memory and margin, `OvooDetector("mewma", **{"lambda": 1.0, "limit_factor": 1.0})`, all of these pass.
"""


class OvooDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An outlier detector of the registry by name, fitted as `ovoo-models train` does.

    name: a name of `ovoo_models.registry.model_names()`. period_s: seconds between rows. params: those of the
    detector, given as `OvooDetector("mewma", **{"lambda": 0.05})`; `gate` names a column. Missing values are NaN.

    After `fit`: `n_features_in_`, `feature_names_in_` (columns with names), `offset_`, `artifact_` (the model file's
    bytes, which gateway and cloud run), `card_` (what it was fitted on).
    """

    def __init__(self, name: str = "mewma", period_s: float = 60.0, **params: Any) -> None:
        self.name = name
        self.period_s = period_s
        for key, value in params.items():
            setattr(self, key, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Name, period and the parameters of the detector that were given."""
        given = {key: value for key, value in vars(self).items() if not key.startswith("_") and not key.endswith("_")}
        return {key: given[key] for key in (*_OWN, *sorted(given.keys() - set(_OWN)))}

    def set_params(self, **params: Any) -> Self:
        """Set some; `fit` refuses those that the detector does not know."""
        for key, value in params.items():
            setattr(self, key, value)
        return self

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: N803  # the name that scikit-learn gives it
        """Learn from rows of normal work, rows x columns; y is ignored.

        Raises:
            ValueError: too few rows for this detector, or infinities. ConfigError: parameters that do not fit.
        """
        x = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        frames = _frames(x, self.period_s)
        binding = ModelBinding(self.name, "model", self._inputs(), self._detector_params())
        signals = tuple(SignalUse(column) for column in self._columns())
        unfitted = ModelSet("estimator", float(self.period_s), signals, (binding,))
        fitted = fit_frames(unfitted, frames, {"trained_by": "", "template": ""}, least_rows=2)
        reason = fitted.card["models"]["model"].get("not_fitted")
        if reason:
            raise ValueError(f"{self.name} cannot be fitted with n_samples = {len(x)}: {reason}")
        self.artifact_ = artifact.dumps(fitted)
        self.card_ = dict(fitted.card)
        # score == limit is a violation, and scikit-learn takes a decision of 0 as normal
        self.offset_ = -math.nextafter(1.0, 0.0)
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """-score / limit of each row: the greater the more normal, -1 at the limit; NaN where a row was not scored."""
        scores = self._score(X)
        score, limit = np.asarray(scores.score), np.asarray(scores.limit)
        ratio: NDArray[np.float64] = -score / limit
        return ratio

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """`score_samples` - `offset_`: negative for a violation."""
        decision: NDArray[np.float64] = self.score_samples(X) - self.offset_
        return decision

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803
        """-1 for a violation, else +1; a row that was not scored is none."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: ArrayLike, row: int) -> tuple[Cause, ...]:  # noqa: N803
        """What makes up the score of one of these rows, greatest first."""
        model, x = self._model(), self._checked(X)
        model.score_many(x, _times(len(x), self.period_s))
        return model.explain(row)

    def save(self, path: str | Path) -> None:
        """Write the fitted model as a file for `Estimator.load`, `ovoo-models card`, gateway and cloud."""
        check_is_fitted(self)
        artifact.save(path, artifact.loads(self.artifact_))

    def _score(self, X: ArrayLike) -> Scores:  # noqa: N803
        x = self._checked(X)
        return self._model().score_many(x, _times(len(x), self.period_s))

    def _checked(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        check_is_fitted(self)
        x: NDArray[np.float64] = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )  # fmt: skip
        return x

    def _model(self) -> Estimator:
        return Estimator.of_set(artifact.loads(self.artifact_))

    def _columns(self) -> tuple[str, ...]:
        named = getattr(self, "feature_names_in_", None)
        return tuple(f"x{k}" for k in range(self.n_features_in_)) if named is None else tuple(map(str, named))

    def _inputs(self) -> tuple[str, ...]:
        gate = self._detector_params().get("gate", "")
        if gate and gate not in self._columns():
            raise ConfigError("no such column", offender="gate", value=gate, remedy=", ".join(self._columns()))
        return tuple(column for column in self._columns() if column != gate)

    def _detector_params(self) -> dict[str, Any]:
        return {key: value for key, value in self.get_params().items() if key not in _OWN}

    def __sklearn_tags__(self) -> Any:  # a type of scikit-learn
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _times(rows: int, period_s: float) -> array[int]:
    step = max(round(period_s * 1e9), 1)
    return array("q", np.arange(_START_NS, _START_NS + rows * step, step, dtype=np.int64).tobytes())


def _frames(x: NDArray[np.float64], period_s: float) -> FrameBlock:
    return FrameBlock(_times(len(x), period_s), array("d", np.ascontiguousarray(x).tobytes()), x.shape[1])
