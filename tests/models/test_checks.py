"""Every registered detector keeps every promise, bad input included; the suite itself catches those that do not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from ovoo_models.base import FrameBlock, Place, ScoreBlock
from ovoo_models.checks import PROMISES, CheckFailed, check_estimator, normal_rows, report
from ovoo_models.checks.estimator import _failure
from ovoo_models.checks.subject import Subject
from ovoo_models.efficiency.specific import SpecificConsumption
from ovoo_models.estimator import Estimator
from ovoo_models.registry import model_names

from tests.models.conftest import machine
from tests.models.test_detectors import CASES, make

COLUMNS = ("running", "load", "power", "temperature")


def example(name: str) -> Estimator:
    """The detector at the place of `CASES`; a new one is covered as soon as it is listed there."""
    place = make(name).place
    inputs = [COLUMNS[k] for k in place.inputs]
    return Estimator(name, CASES[name][0], columns=COLUMNS, inputs=inputs, period_s=place.period_ns / 1e9)


@pytest.fixture(scope="module", params=model_names())
def subject(request: pytest.FixtureRequest) -> Any:
    name = request.param
    made = Subject(lambda: example(name), machine(7000), None)
    yield made
    made.close()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda text: text.replace(" ", "-"))
def test_every_registered_detector_keeps_every_promise(subject: Any, promise: str) -> None:
    assert _failure(PROMISES[promise], subject) == ""


def careless(**methods: Any) -> tuple[Estimator, type[SpecificConsumption]]:
    kind = type("Careless", (SpecificConsumption,), methods)
    return Estimator(kind, columns=("power", "output"), period_s=5.0), kind


def broken(**methods: Any) -> dict[str, str]:
    made, kind = careless(**methods)

    def make() -> Estimator:
        return Estimator(kind, columns=made.columns, period_s=5.0)

    return {each.promise: each.failure for each in report(make, factory=kind) if each.failure}


def test_a_factory_of_ones_own_passes_when_it_keeps_them() -> None:
    assert broken() == {}


def test_the_suite_names_what_is_broken() -> None:
    def zero(self: Any, rows: FrameBlock, out: ScoreBlock) -> None:
        SpecificConsumption.score_many(self, rows, out)
        for i in range(len(rows)):
            if math.isnan(out.score[i]):
                out.score[i] = 0.0

    def fail(self: Any, rows: FrameBlock) -> None:
        rows.values[0]  # fails without rows

    def writes(self: Any, rows: FrameBlock, out: ScoreBlock) -> None:
        SpecificConsumption.score_many(self, rows, out)
        if len(rows) == 7:
            out.score[3] = 5.0

    assert "runs of NaN are not scored" in broken(score_many=zero)
    assert "IndexError" in broken(learn_many=fail)["zero rows give zero scores and change nothing"]
    assert "cutting rows into calls changes no bit" in broken(score_many=writes)


def test_the_first_broken_promise_is_raised() -> None:
    class Forgetful(SpecificConsumption):
        def load(self, state: Mapping[str, str]) -> None:
            pass

    with pytest.raises(CheckFailed, match="keeps the contract of detectors"):
        check_estimator(lambda: Estimator(Forgetful, columns=2), factory=Forgetful)


def test_rows_for_the_checks_are_the_same_each_time() -> None:
    first, second = (normal_rows(("a", "b"), 50, gate="b") for _ in range(2))

    assert first.values.tobytes() == second.values.tobytes()
    assert set(first.values[1::2]) == {1.0}
    assert Place((0,), 1, 2, 1).width == first.width
