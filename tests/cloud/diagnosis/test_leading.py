"""Four fictitious enterprises, each led by a method without a gate, against results worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.diagnosis.figures import Figure
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.diagnosis_report import KIND

from tests.cloud.diagnosis.enterprises.plant import case_of, read, source_of

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
FILES = sorted((Path(__file__).parent / "leads").glob("*.yaml"))


def numbers(pair: list[str]) -> list[Decimal]:
    return [Decimal(each) for each in pair]


def frozen(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    told = read(path)
    case = case_of(told)
    return told["expect"], dict(freeze(case, source_of(case, told["telemetry"]), ISSUE).data)


def test_every_method_without_a_gate_leads_one() -> None:
    assert sorted(read(path)["expect"]["method"] for path in FILES) == ["acceptance", "bands", "maturity", "norm_table"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_result_is_that_worked_out_by_hand(path: Path) -> None:
    expect, data = frozen(path)

    score = data["score"]
    found = {each["id"]: numbers(each["points"]) for each in score["dimensions"]}
    assert data["framework"]["method"] == expect["method"]
    assert numbers(score["total"]) == numbers(expect["total"])
    assert Decimal(score["full"]) == Decimal(expect["full"])
    assert [score["level_low"], score["level_high"]] == [int(each) for each in expect["level"]]
    assert score["level"] == (int(expect["level"][0]) if expect["level"][0] == expect["level"][1] else None)
    assert found == {name: numbers(pair) for name, pair in expect["dimensions"].items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_distance_and_values_are_those_worked_out_by_hand(path: Path) -> None:
    expect, data = frozen(path)

    found = {name: Figure.from_json(name, data["figures"][name]).interval() for name in expect["figures"]}

    assert found == {name: tuple(numbers(pair)) for name, pair in expect["figures"].items()}
    assert all(data["figures"][name]["reference_only"] for name in expect["figures"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_snapshot_recomputes(path: Path) -> None:
    _, data = frozen(path)

    assert list(KIND.check(data)) == []


def test_an_unknown_correction_leaves_the_distance_unknown_with_its_reason() -> None:
    told = read(FILES[2])
    told["case"]["answers"]["washing_coking"] = {"value": "9.0"}
    case = case_of(told)

    figures = freeze(case, source_of(case, told["telemetry"]), ISSUE).data["figures"]

    for name in ("score.limit.2.washing_coking", "score.excess.washing_coking"):
        row = figures[name]
        assert (row["value"], row["low"], row["high"], row["reason"]) == (None, None, None, "corrections")
