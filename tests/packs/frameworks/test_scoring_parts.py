"""What the vectors do not speak of, by hand: steps of every method, classes of evidence, parts with known weights."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from ovoo_contract.errors import EvidenceError
from ovoo_packs import load_framework, scoring
from ovoo_packs.scoring.result import Range

RULES = {
    name: scoring.rules_of(load_framework(name))
    for name in ("sme_2024", "gbt_39116", "smart_mine", "norms_coal_mine", "norms_dairy", "sme_2022")
}


def d(text: str) -> Decimal:
    return Decimal(text)


def steps(result: scoring.Score) -> list[tuple[int, float, float, float, bool, bool]]:
    return [
        (s.level, float(s.need), float(s.reached.low), float(s.reached.high), s.passed, s.possible)
        for s in result.steps
    ]


def test_points_of_dimensions_and_their_full_points() -> None:
    result = scoring.score_any(RULES["sme_2024"], {"funding": {"low": "0.2", "high": "0.7", "class": "declared"}}, {})

    assert [(name, float(full), float(r.low), float(r.high)) for name, full, r in result.dimensions] == [
        ("base", 50, 0, 50),
        ("management", 30, 1.875, 30),
        ("effect", 20, 0, 20),
    ]
    assert (float(result.full), result.method, result.steps) == (100, "points_gate", ())
    assert result.total.definite is False
    assert Range(d("1"), d("1.0")).definite


def test_options_of_one_item_keep_their_own_classes_of_evidence() -> None:
    answer = {
        "sure": ["control_network", "system_network"],
        "open": ["five_g"],
        "class": "declared",
        "option_class": {"control_network": "measured"},
    }
    single = {"sure": ["one"], "open": [], "class": "verified"}

    result = scoring.score_any(RULES["sme_2024"], {"network_build": answer, "systems_covered": single}, {})

    found = {each.item: dict(each.classes) for each in result.items}
    assert found["network_build"] == {"measured": 2, "declared": 4, "insufficient": 2}
    assert found["systems_covered"] == {"verified": 10}
    assert found["awareness"] == {"insufficient": d("7.5")}


def test_bands_say_of_each_level_whether_it_is_reached_surely_or_perhaps() -> None:
    answers = {"total": {"low": "40", "high": "60", "class": "declared"}}

    result = scoring.score_any(RULES["sme_2022"], answers)

    assert steps(result) == [
        (1, 20, 40, 60, True, True),
        (2, 40, 40, 60, True, True),
        (3, 60, 40, 60, False, True),
        (4, 80, 40, 60, False, False),
    ]


def maturity(grade: str, level: str = "1") -> dict[str, Any]:
    names = [item["id"] for part in RULES["gbt_39116"]["dimensions"] for item in part["items"]]
    grades = {str(n): ["1" if str(n) < level else grade if str(n) == level else "0"] for n in range(1, 6)}
    return {name: {"grades": grades, "class": "declared"} for name in names}


def test_steps_of_maturity_need_the_share_above_the_level_below() -> None:
    result = scoring.score_any(RULES["gbt_39116"], maturity("0.8", "2"))

    assert (result.level, float(result.total.low)) == (2, 2)
    assert [(s.level, s.need, s.passed, s.possible) for s in result.steps] == [
        (1, d("0.8"), True, True),
        (2, d("0.8"), True, True),
        (3, d("0.8"), False, False),
        (4, d("0.8"), False, False),
        (5, d("0.8"), False, False),
    ]


def test_known_weights_of_elements_and_sub_domains_are_means_not_sums() -> None:
    rules = copy.deepcopy(RULES["gbt_39116"])
    for part, weight in zip(rules["dimensions"], ("1", "1", "1", "5"), strict=True):
        part["weight"] = weight
        for item in part["items"]:
            item["weight"] = "3"
    answers = maturity("0.5")
    for item in rules["dimensions"][3]["items"]:
        answers[item["id"]] = {"grades": {"1": ["1"], "2": ["0"], "3": ["0"], "4": ["0"], "5": ["0"]}, "class": "x"}

    result = scoring.score_any(rules, answers)

    assert result.steps[0].reached == Range(d("0.8125"), d("0.8125"))  # (1 + 1 + 1) / 8 of a half, 5 / 8 of one
    assert (result.level, result.total) == (1, Range(d("1"), d("1")))


def test_a_level_with_listed_requirements_takes_exactly_so_many_grades() -> None:
    rules = copy.deepcopy(RULES["gbt_39116"])
    item = rules["dimensions"][0]["items"][0]
    item["requirements"] = {"1": 2}

    def graded(*grades: str) -> dict[str, Any]:
        return {item["id"]: {"grades": {"1": list(grades)}, "class": "declared"}}

    assert scoring.score_any(rules, graded("1", "0.5")).items[0].points.low == d("0.75")
    assert scoring.score_any(rules, graded("1")).items[0].points.low == d("0.5")
    with pytest.raises(EvidenceError, match="more grades than requirements"):
        scoring.score_any(rules, graded("1", "1", "1"))


def norm(rules: dict[str, Any], *levels: float) -> dict[str, Any]:
    """A consumption for each of the first norms: so many times its strictest limit, with corrections of nothing."""
    items = [item for part in rules["dimensions"] for item in part["items"]]
    answers = {}
    for item, times in zip(items, levels, strict=False):
        limit = Decimal(min(item["limits"].items())[1]) * Decimal(str(times))
        corrected = {"corrections": {"total": "1"}} if item["corrections"] else {}
        answers[item["id"]] = {"low": str(limit), "high": str(limit), "class": "measured", **corrected}
    return answers


def test_steps_of_norms_count_the_products_that_stand_so_well_or_better() -> None:
    rules = RULES["norms_coal_mine"]

    result = scoring.score_any(rules, norm(rules, 1, 1000))

    assert (result.level_low, result.level_high, float(result.full)) == (4, 4, 2)
    assert steps(result) == [(n, 2, 1, 1, False, False) for n in (1, 2, 3)]
    assert [each.classes for each in result.items] == [(("measured", Decimal(1)),)] * 2
    assert [each.full for each in result.items] == [1, 1]


def test_all_products_within_a_limit_pass_its_step_and_none_at_all_passes_nothing() -> None:
    rules = RULES["norms_dairy"]

    best = scoring.score_any(rules, norm(rules, 1, 1))
    nothing = scoring.score_any(rules, {})

    assert steps(best) == [(n, 2, 2, 2, True, True) for n in (1, 2, 3)]
    assert steps(nothing) == [(n, 0, 0, 0, False, True) for n in (1, 2, 3)]


def test_a_norm_without_its_corrections_may_stand_anywhere() -> None:
    rules = RULES["norms_coal_mine"]
    item = next(i for part in rules["dimensions"] for i in part["items"] if i["corrections"])
    answers = {item["id"]: {"low": "1", "high": "1", "class": "declared"}}

    result = scoring.score_any(rules, answers)

    assert (result.level_low, result.level_high) == (1, 4)
    assert steps(result) == [(n, 1, 0, 1, False, True) for n in (1, 2, 3)]


def test_acceptance_has_one_step_and_a_point_a_criterion() -> None:
    result = scoring.score_any(RULES["smart_mine"], {})

    count = len(result.items)
    assert steps(result) == [(1, count, 0, count, False, True)]
    assert {each.classes for each in result.items} == {(("insufficient", Decimal(1)),)}
    assert {(each.full, each.levels) for each in result.items} == {(Decimal(1), (0, 1))}
    assert result.full == count


def test_a_criterion_of_one_kind_of_mine_is_asked_of_that_kind_only() -> None:
    rules = copy.deepcopy(RULES["smart_mine"])
    first, second = (each["id"] for each in rules["variants"][:2])
    item = next(i for part in rules["dimensions"] for i in part["items"] if i["kind"] != "at_least")
    item["variants"] = [first]

    def asked(variant: str) -> set[str]:
        answers = {"variant": {"sure": [variant], "open": [], "class": "declared"}}
        return {each.item for each in scoring.score_any(rules, answers).items}

    assert asked(first) - asked(second) >= {item["id"]}
    assert item["id"] not in asked(second)


def test_results_of_every_method_are_told_with_what_they_have() -> None:
    for name, rules in RULES.items():
        told = scoring.score_json(scoring.score_any(rules, {}))
        assert ("steps" in told) == (name != "sme_2024")
        assert told["level"] is None
    scenes = scoring.score_json(scoring.score_any(RULES["sme_2024"], {}))["scenes"]
    assert {tuple(each["levels"]) for each in scenes} == {(0, 4)}
    levels = scoring.score_json(scoring.score_any(RULES["smart_mine"], {}))["items"][0]["levels"]
    assert levels == [0, 1]
    assert "levels" not in scoring.score_json(scoring.score_any(RULES["sme_2024"], {}))["items"][0]
