"""The scikit-learn face: its own checks, pipelines, searches, and the same bits as the product."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from ovoo_contract.errors import ConfigError
from ovoo_models.estimator import Estimator
from ovoo_models.sklearn import EXPECTED_FAILED_CHECKS, OvooDetector
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from tests.models.conftest import machine

GATED: dict[str, Any] = {"gate": "x0", "gate_above": 0.5}


def table(rows: int, seed: int = 1, fault_from: int | None = None) -> NDArray[np.float64]:
    return np.array(machine(rows, seed=seed, fault_from=fault_from).values).reshape(rows, 4)


def outcomes(detector: OvooDetector, expected: dict[str, str]) -> dict[str, list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # checks that need an array API say that they are left out
        found = check_estimator(detector, expected_failed_checks=expected, on_fail=None)
    return {
        status: [each["check_name"] for each in found if each["status"] == status]
        for status in ("passed", "failed", "xfail")
    }


def test_the_checks_of_scikit_learn_pass_but_for_what_is_declared() -> None:
    found = outcomes(OvooDetector(), EXPECTED_FAILED_CHECKS)

    assert found["failed"] == []
    assert set(found["xfail"]) == set(EXPECTED_FAILED_CHECKS)
    assert len(found["passed"]) > 35


def test_without_memory_and_margin_what_was_declared_passes_too() -> None:
    free = {"check_no_attributes_set_in_init": "the detector's parameters are keywords of their own"}
    found = outcomes(OvooDetector("mewma", **{"lambda": 1.0, "limit_factor": 1.0}), free)

    assert found["failed"] == []
    assert found["xfail"] == list(free)


def test_scores_are_those_of_the_file_that_gateways_run(tmp_path: Path) -> None:
    detector = OvooDetector("mewma", **GATED).fit(table(7000))
    detector.save(tmp_path / "pump.json")
    test = table(900, seed=6, fault_from=300)

    scores = Estimator.load(tmp_path / "pump.json").score_many(test)

    ratio = np.asarray(scores.score) / np.asarray(scores.limit)
    np.testing.assert_array_equal(detector.score_samples(test), -ratio)
    assert (detector.predict(test)[400:] == -1).mean() > 0.5
    np.testing.assert_array_equal(detector.predict(test) == -1, np.nan_to_num(ratio) >= 1)
    assert detector.explain(test, 700)[0].column == "x2"


def test_a_call_does_not_depend_on_the_calls_before() -> None:
    detector = OvooDetector().fit(table(500)[:, 1:])
    test = table(300, seed=2)[:, 1:]

    first = detector.score_samples(test)
    detector.score_samples(test[50:])

    np.testing.assert_array_equal(detector.score_samples(test), first)


def test_rows_that_are_not_scored_are_nan_and_no_outliers() -> None:
    detector = OvooDetector().fit(table(500)[:, 1:])
    test = table(50, seed=2)[:, 1:]
    test[10:20] = math.nan

    assert np.isnan(detector.score_samples(test)[10:20]).all()
    assert set(detector.predict(test)[10:20]) == {1}


def test_a_score_at_its_limit_is_a_violation() -> None:
    detector = OvooDetector("range", high=10.0, hysteresis=1.0).fit(np.array([[1.0], [2.0]]))

    assert list(detector.predict([[9.999], [10.0], [11.0]])) == [1, -1, -1]


def test_it_works_in_a_pipeline_a_search_and_a_clone() -> None:
    normal, fault = table(3000)[:, 1:], table(1200, seed=5, fault_from=600)[:, 1:]
    x = np.vstack([normal, fault])
    y = np.ones(len(x), dtype=int)
    y[3600:] = -1
    split = PredefinedSplit(np.r_[np.full(3000, -1), np.zeros(1200, dtype=int)])
    steps = make_pipeline(FunctionTransformer(), OvooDetector())
    search = GridSearchCV(
        steps,
        {"ovoodetector__lambda": [0.02, 0.1], "ovoodetector__limit_factor": [1.5, 50.0]},
        scoring=make_scorer(f1_score, pos_label=-1),
        cv=split,
        error_score="raise",
        refit=False,
    )

    search.fit(x, y)

    assert search.best_params_["ovoodetector__limit_factor"] == 1.5
    assert search.best_score_ > 0.5
    chosen = clone(steps).set_params(**search.best_params_).fit(normal)
    assert (chosen.predict(fault)[700:] == -1).mean() > 0.5


def test_the_number_of_columns_is_kept_and_required() -> None:
    detector = OvooDetector().fit(table(300)[:, 1:])
    assert detector.n_features_in_ == 3
    assert not hasattr(detector, "feature_names_in_")
    with pytest.raises(ValueError, match="4 features"):
        detector.predict(table(10))
    with pytest.raises(NotFittedError):
        OvooDetector().predict(table(10))


def test_names_of_columns_are_kept_and_the_gate_is_one_of_them() -> None:
    names = ["running", "load", "power", "temperature"]
    detector = OvooDetector("mewma", gate="running", gate_above=0.5).fit(pd.DataFrame(table(3000), columns=names))

    assert list(detector.feature_names_in_) == names
    assert detector.explain(pd.DataFrame(table(900, seed=6, fault_from=300), columns=names), 700)[0].column == "power"
    with pytest.raises(ValueError, match="feature names"):
        detector.predict(pd.DataFrame(table(10), columns=["running", "load", "power", "pressure"]))


def test_wrong_names_and_parameters_are_refused_when_fitting() -> None:
    with pytest.raises(ConfigError, match=r"mewma\.lamda"):
        OvooDetector("mewma", lamda=0.1).fit(table(200))
    with pytest.raises(ConfigError, match="no such model"):
        OvooDetector("oracle").fit(table(200))
    with pytest.raises(ConfigError, match="no such column"):
        OvooDetector("mewma", gate="running").fit(table(200))
    with pytest.raises(ValueError, match="n_samples = 200"):
        OvooDetector("mewma", gate="x0", gate_above=5.0).fit(table(200))


def test_parameters_are_those_given() -> None:
    detector = OvooDetector("range", high=3.0)

    assert detector.get_params() == {"name": "range", "period_s": 60.0, "high": 3.0}
    assert detector.set_params(high=4.0, low=1.0).get_params()["low"] == 1.0
    assert clone(detector).get_params() == detector.get_params()
