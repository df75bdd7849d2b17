"""Twelve fictitious enterprises of three sectors, from intake to score, against results worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.diagnosis_report import KIND

from tests.cloud.diagnosis.enterprises.plant import case_of, read, source_of, stories

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
FILES = stories()


def numbers(pair: list[str]) -> list[Decimal]:
    return [Decimal(each) for each in pair]


def frozen(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    told = read(path)
    case = case_of(told)
    return told["expect"], dict(freeze(case, source_of(case, told["telemetry"]), ISSUE).data)


def test_there_are_four_of_each_sector() -> None:
    sectors = [read(path)["case"]["profile"]["sector"] for path in FILES]

    assert [sectors.count(name) for name in ("coal_mine", "coal_chemical", "dairy")] == [4, 4, 4]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_score_and_level_are_those_worked_out_by_hand(path: Path) -> None:
    expect, data = frozen(path)

    score = data["score"]
    assert {each["id"]: numbers(each["points"]) for each in score["dimensions"]} == {
        name: numbers(pair) for name, pair in expect["dimensions"].items()
    }
    assert numbers(score["total"]) == numbers(expect["total"])
    assert [score["level_low"], score["level_high"]] == [int(each) for each in expect["level"]]
    stated = int(expect["level"][0]) if expect["level"][0] == expect["level"][1] else None
    assert score["level"] == stated


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_further_frameworks_score_as_worked_out_by_hand(path: Path) -> None:
    expect, data = frozen(path)

    found = {each["rules"]["id"]: each["score"] for each in data.get("assessments", [])}
    assert set(found) == set(expect.get("assessments", {}))
    for name, wanted in expect.get("assessments", {}).items():
        score = found[name]
        assert numbers(score["total"]) == numbers(wanted["total"]), name
        assert [score["level_low"], score["level_high"]] == [int(each) for each in wanted["level"]], name
        items = {each["id"]: numbers(each["points"]) for each in score["items"]}
        for item, pair in wanted.get("items", {}).items():
            assert items[item] == numbers(pair), item


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_snapshot_recomputes(path: Path) -> None:
    _, data = frozen(path)

    assert list(KIND.check(data)) == []
