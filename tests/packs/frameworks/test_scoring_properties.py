"""What holds for every answer: the range of a partial answer contains every way to complete it."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError, PackError
from ovoo_packs import load_framework
from ovoo_packs.compiler.lint import lint_framework
from ovoo_packs.loader import norm_rows
from ovoo_packs.scoring import Score, rules_of, score_any, score_json
from ovoo_packs.scoring.result import decimals

from tests.packs.frameworks.oracle import source

NAMES = ("sme_2024", "gbt_39116", "smart_mine", "norms_coal_mine", "sme_2022")
RULES = {name: rules_of(load_framework(name)) for name in NAMES}
ITEMS = {name: [item for part in RULES[name]["dimensions"] for item in part["items"]] for name in NAMES}
Answers = dict[str, dict[str, Any]]


def ratios(top: int = 100) -> st.SearchStrategy[Fraction]:
    return st.integers(0, top * 10).map(lambda tenths: Fraction(tenths, 1000))


def span(low: Fraction, high: Fraction) -> dict[str, Any]:
    return {"low": str(low), "high": str(high), "class": "declared"}


def complete(item: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A whole answer to any item of any method."""
    kind = item["kind"]
    if kind == "grades":
        grade = st.sampled_from(RULES["gbt_39116"]["grades"])
        levels = st.fixed_dictionaries({str(n): st.lists(grade, min_size=1, max_size=3) for n in range(1, 6)})
        return levels.map(lambda grades: {"grades": grades, "class": "declared"})
    if kind in ("ratio", "at_least", "total"):
        scale = {"ratio": 1, "at_least": 8, "total": 100}[kind]
        return ratios().map(lambda share: span(share * scale, share * scale))
    if kind == "norm":
        given_ = dict.fromkeys(item["corrections"], "0.1")
        return ratios(120).map(lambda share: {**span(share * 12, share * 12), "corrections": given_})
    names = [option["id"] for option in item.get("options", [])] or ["yes", "no"]
    chosen = (
        st.lists(st.sampled_from(names), unique=True) if kind == "multi" else st.sampled_from(names).map(lambda n: [n])
    )
    return chosen.map(lambda sure: {"sure": sure, "open": [], "class": "declared"})


def loosened(draw: Any, item: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any] | None:
    """The same answer with less known, or none of it."""
    how = draw(st.sampled_from(["whole", "part", "none"]))
    if how == "none" and item["kind"] != "norm":  # norms that are not answered do not count at all
        return None
    if how != "part":
        return answer
    if "grades" in answer:
        levels = {
            level: [g if draw(st.booleans()) else None for g in grades] for level, grades in answer["grades"].items()
        }
        return {**answer, "grades": levels}
    if "low" in answer:
        low, high = Fraction(answer["low"]), Fraction(answer["high"])
        top = 100 if item["kind"] == "total" else high + draw(ratios())
        return {**answer, **span(low * draw(ratios(100)), min(Fraction(top), high + draw(ratios())))}
    moved = [name for name in answer["sure"] if draw(st.booleans())]
    if item["kind"] != "multi" and moved:
        return {**answer, "sure": [], "open": moved}
    return {**answer, "sure": [name for name in answer["sure"] if name not in moved], "open": moved}


@st.composite
def partial_and_complete(draw: Any, name: str) -> tuple[Answers, Answers, Answers, Answers]:
    whole = {item["id"]: draw(complete(item)) for item in ITEMS[name]}
    partial = {item["id"]: loosened(draw, item, whole[item["id"]]) for item in ITEMS[name]}
    told = {key: answer for key, answer in partial.items() if answer is not None}
    scenes = {
        scene["id"]: {"level": draw(st.integers(0, 4)), "class": "declared"} for scene in RULES[name].get("scenes", [])
    }
    some = {key: level for key, level in scenes.items() if draw(st.booleans())}
    return whole, scenes, told, some


def inside(outer: Score, inner: Score) -> bool:
    total = outer.total.low <= inner.total.low <= inner.total.high <= outer.total.high
    return total and outer.level_low <= inner.level_low <= inner.level_high <= outer.level_high


@pytest.mark.parametrize("name", NAMES)
def test_every_way_to_complete_an_answer_lies_in_its_range(name: str) -> None:
    @given(partial_and_complete(name))
    @settings(max_examples=25, deadline=None)
    def check(drawn: tuple[Answers, Answers, Answers, Answers]) -> None:
        whole, scenes, told, some = drawn

        assert inside(score_any(RULES[name], told, some), score_any(RULES[name], whole, scenes))

    check()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_known_spans_everything_and_states_no_level(name: str) -> None:
    result = score_any(RULES[name], {}, {})

    assert result.level is None
    if name != "norms_coal_mine":
        assert (result.total.low, result.total.high) == (Decimal(0), result.full)


@given(partial_and_complete("gbt_39116"), st.lists(st.integers(1, 60), min_size=24, max_size=24))
@settings(max_examples=20, deadline=None)
def test_any_weights_give_a_result_inside_that_of_unknown_weights(
    drawn: tuple[Answers, Answers, Answers, Answers], numbers: list[int]
) -> None:
    weighted = copy.deepcopy(RULES["gbt_39116"])
    left = iter(numbers)
    for part in weighted["dimensions"]:
        part["weight"] = str(next(left))
        for item in part["items"]:
            item["weight"] = str(next(left))

    assert inside(score_any(RULES["gbt_39116"], drawn[2]), score_any(weighted, drawn[2]))


def test_weights_of_a_framework_that_knows_them_are_used() -> None:
    data = source("gbt_39116")
    for element, weight in zip(data["elements"], (10, 20, 30, 40), strict=True):
        element["weight"] = weight
        share = 100 / len(element["subdomains"])
        for sub in element["subdomains"]:
            sub["weight"] = share
    rules = rules_of(lint_framework(json.dumps(data, default=str).encode(), "own.yaml", norm_rows()).framework)
    grades = {item["id"]: {"grades": {"1": ["1"]}, "class": "declared"} for item in ITEMS["gbt_39116"]}
    for part in rules["dimensions"][1:]:
        for item in part["items"]:
            grades[item["id"]] = {"grades": {"1": ["0.5"]}, "class": "declared"}

    result = score_any(rules, grades)

    assert result.level == 0
    assert float(result.total.low) == pytest.approx(0.1 * 1 + 0.9 * 0.5)  # people all met, the rest half


def test_rules_and_scores_are_plain_data_that_survive_json() -> None:
    for name in NAMES:
        rules = json.loads(json.dumps(RULES[name]))
        first = score_json(score_any(RULES[name], {}, {}))

        assert score_json(score_any(rules, {}, {})) == first == json.loads(json.dumps(first))
    assert "steps" not in score_json(score_any(RULES["sme_2024"], {}, {}))


@given(st.fractions(0, 1000), st.fractions(0, 1000))
def test_a_range_in_decimals_is_never_narrower_than_the_exact_one(a: Fraction, b: Fraction) -> None:
    low, high = sorted((a, b))

    found = decimals(low, high)

    assert Fraction(found.low) <= low <= high <= Fraction(found.high)
    assert Fraction(found.high) - high < Fraction(1, 10**8)


def test_rules_of_another_method_and_scenes_where_there_are_none_are_refused() -> None:
    with pytest.raises(PackError, match="no such method"):
        score_any({"id": "x", "method": "astrology"}, {})
    with pytest.raises(EvidenceError, match=r"scenes\.energy"):
        score_any(RULES["smart_mine"], {}, {"energy": {"level": 1, "class": "declared"}})
