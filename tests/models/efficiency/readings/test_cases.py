"""Exports as they are found: one folder a trap, with the file and what has to come out of it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.readings import Inspection, ReadingOptions, inspect, read_export
from ovoo_models.efficiency.readings.problem import ACTIONS

CASES = sorted(Path(__file__).parent.joinpath("cases").iterdir())


def expected(case: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(case.joinpath("expected.json").read_text("utf-8"))
    return found


def inspected(case: Path) -> Inspection:
    return inspect(case / "input.csv", ReadingOptions(**expected(case)["options"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_problems_are_told_by_row(case: Path) -> None:
    found = [
        {name: getattr(each, name) for name in ("code", "action", "first_row", "last_row", "rows")}
        for each in inspected(case).problems
    ]

    assert found == expected(case)["problems"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_remains_is_the_truth(case: Path) -> None:
    wanted, readings = expected(case), inspected(case).readings
    if "intervals" not in wanted:
        assert readings is None
        with pytest.raises(ConfigError, match="not used"):
            read_export(case / "input.csv", ReadingOptions(**wanted["options"]))
        return

    assert readings is not None
    start = datetime.fromtimestamp(readings.start_ns[0] / 1e9, UTC)
    assert start.strftime("%Y-%m-%dT%H:%M") == wanted["start"]
    assert readings.interval_s == wanted["interval_s"]
    assert len(readings) == wanted["intervals"]
    assert readings.good == wanted["good"]
    assert [n for n, each in enumerate(readings.energy_kwh) if math.isnan(each)][:20] == wanted["missing"]
    assert readings.total_kwh == pytest.approx(float(wanted["total_kwh"]), rel=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_problem_has_its_sentences_and_counts(case: Path) -> None:
    found = inspected(case)

    for problem in found.problems:
        assert problem.action in ACTIONS
        for language in ("zh", "en"):
            assert "{" not in problem.sentence(language)
            assert problem.remedy(language)
    assert {(each.code, each.action) for each in found.problems} == set(found.counts)
