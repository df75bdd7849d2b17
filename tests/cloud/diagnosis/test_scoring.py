"""Scores against values worked out by hand from the framework's tables."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from ovoo_cloud.diagnosis.scoring import bracket_share, rules_of, score
from ovoo_contract.errors import EvidenceError
from ovoo_packs import load_framework

RULES = rules_of(load_framework("sme_2024"))
BRACKETS = next(i for d in RULES["dimensions"] for i in d["items"] if i["id"] == "equipment_networked")["brackets"]


def told(*sure: str, unsure: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"sure": list(sure), "open": list(unsure), "class": "declared"}


def ratio(low: str, high: str | None = None) -> dict[str, Any]:
    return {"low": low, "high": high or low, "class": "measured"}


def full() -> dict[str, dict[str, Any]]:
    """The best possible answers: 100 points."""
    answers: dict[str, dict[str, Any]] = {}
    for item in (item for dimension in RULES["dimensions"] for item in dimension["items"]):
        if item["kind"] == "ratio":
            answers[item["id"]] = ratio("1")
        elif item["kind"] == "multi":
            answers[item["id"]] = told(*(option["id"] for option in item["options"]))
        else:
            answers[item["id"]] = told(max(item["options"], key=lambda option: Decimal(option["points"]))["id"])
    return answers


def scenes(levels: list[int]) -> dict[str, dict[str, Any]]:
    """Levels for the mandatory scenes first, then the others."""
    ordered = sorted(RULES["scenes"], key=lambda scene: not scene["mandatory"])
    return {s["id"]: {"level": level, "class": "declared"} for s, level in zip(ordered, levels, strict=True)}


@pytest.mark.parametrize(
    ("share", "points"),
    [
        ("0", "0"), ("1/1000", "0"), ("9/100", "0"), ("1/10", "0"), ("10001/100000", "1.5"), ("1/9", "1.5"),
        ("3/20", "1.5"), ("199/1000", "1.5"), ("1/5", "1.5"), ("20001/100000", "3"), ("1/4", "3"), ("1/3", "3"),
        ("39/100", "3"), ("2/5", "3"), ("40001/100000", "4.5"), ("1/2", "4.5"), ("59/100", "4.5"), ("3/5", "4.5"),
        ("60001/100000", "6"), ("5/8", "6"), ("2/3", "6"), ("99/100", "6"), ("1", "6"),
    ],
)  # fmt: skip
def test_a_ratio_earns_the_bracket_whose_upper_bound_it_does_not_exceed(share: str, points: str) -> None:
    result = score(RULES, {"equipment_networked": ratio(share)}, {})

    item = next(each for each in result.items if each.item == "equipment_networked")
    assert item.points.definite
    assert item.points.low == Decimal(points)


@pytest.mark.parametrize(
    ("share", "points"),
    [("1/10", "0"), ("101/1000", "1.875"), ("1/5", "1.875"), ("2/5", "3.75"), ("3/5", "5.625"), ("7/10", "7.5")],
)
def test_funding_uses_the_same_brackets_over_seven_and_a_half_points(share: str, points: str) -> None:
    item = next(i for i in score(RULES, {"funding": ratio(share)}, {}).items if i.item == "funding")

    assert item.points.low == item.points.high == Decimal(points)


def test_a_ratio_that_is_not_rounded_keeps_its_side_of_the_bound() -> None:
    assert bracket_share(BRACKETS, Fraction(2, 5)) == Decimal("0.5")
    assert bracket_share(BRACKETS, Fraction(2, 5) + Fraction(1, 10**12)) == Decimal("0.75")


def test_the_best_answers_give_one_hundred_points() -> None:
    result = score(RULES, full(), {})

    assert result.total.low == result.total.high == Decimal(100)
    assert [(name, points.low) for name, _, points in result.dimensions] == [
        ("base", Decimal(50)),
        ("management", Decimal(30)),
        ("effect", Decimal(20)),
    ]


def test_no_answer_at_all_is_a_range_from_zero_to_one_hundred_and_no_level() -> None:
    result = score(RULES, {}, {})

    assert (result.total.low, result.total.high) == (Decimal(0), Decimal(100))
    assert (result.level, result.level_low, result.level_high) == (None, 0, 4)
    assert {cls for item in result.items for cls, _ in item.classes} == {"insufficient"}


@pytest.mark.parametrize(
    ("answer", "low", "high"),
    [
        (told(), "0", "0"),
        (told("rules"), "1.25", "1.25"),
        (told("rules", "products", "assessment", "boundary"), "5", "5"),
        (told("rules", unsure=("boundary", "products")), "1.25", "3.75"),
    ],
    ids=["none of them", "one", "all", "two open"],
)
def test_a_multiple_choice_adds_its_options_and_open_ones_widen_the_range(
    answer: dict[str, Any], low: str, high: str
) -> None:
    item = next(i for i in score(RULES, {"network_security": answer}, {}).items if i.item == "network_security")

    assert (item.points.low, item.points.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(("direction", "points"), [("worse", "0"), ("flat", "3.5"), ("better", "7")])
def test_a_direction_scores_none_half_or_all(direction: str, points: str) -> None:
    item = next(i for i in score(RULES, {"pass_rate": told(direction)}, {}).items if i.item == "pass_rate")

    assert item.points.low == Decimal(points)


@pytest.mark.parametrize(
    ("scene_level", "good", "level"),
    [
        (1, 6, 1), (1, 5, 0), (1, 16, 1), (2, 6, 2), (2, 5, 0), (3, 8, 3), (3, 7, 2), (3, 5, 0), (4, 10, 4),
        (4, 9, 3), (4, 8, 3), (4, 6, 2),
    ],
)  # fmt: skip
def test_the_level_needs_enough_scenes_even_with_full_points(scene_level: int, good: int, level: int) -> None:
    levels = [scene_level] * good + [0] * (16 - good)

    assert score(RULES, full(), scenes(levels)).level == level


@pytest.mark.parametrize(("stars", "level"), [(2, 0), (3, 2), (4, 2), (5, 3), (6, 4)])
def test_the_level_needs_enough_mandatory_scenes(stars: int, level: int) -> None:
    """Ten scenes of the form are mandatory; the six others are always at level 4 here."""
    levels = [4] * stars + [0] * (10 - stars) + [4] * 6

    result = score(RULES, full(), scenes(levels))

    assert sum(1 for scene in RULES["scenes"] if scene["mandatory"]) == 10
    assert result.level == level


_EFFECT = ("energy_intensity", "pass_rate", "revenue_per_head", "cost_per_100")  # 20 points together
_COVER = (*_EFFECT, "auto_collected", "systems_covered")  # 40
_EQUIPMENT = (*_COVER, "network_build", "equipment_digitised", "equipment_networked")  # 60
_MOST = (*_EQUIPMENT, "rules", "talent", "data_security")  # 80


@pytest.mark.parametrize(
    ("without", "points", "level"),
    [(_EFFECT, "80", 4), (_COVER, "60", 3), (_EQUIPMENT, "40", 2), (_MOST, "20", 1)],
    ids=["80", "60", "40", "20"],
)
def test_the_level_needs_its_points_and_an_option_less_is_a_level_less(
    without: tuple[str, ...], points: str, level: int
) -> None:
    answers = {**full(), **{name: _worst(name) for name in without}}
    less = {**answers, "network_security": told("rules", "products", "assessment")}  # 1.25 fewer

    enough, short = (score(RULES, each, scenes([4] * 16)) for each in (answers, less))

    assert (enough.total.low, enough.level) == (Decimal(points), level)
    assert (short.total.low, short.level) == (Decimal(points) - Decimal("1.25"), level - 1)


def _worst(name: str) -> dict[str, Any]:
    item = next(each for dimension in RULES["dimensions"] for each in dimension["items"] if each["id"] == name)
    if item["kind"] == "ratio":
        return ratio("0")
    if item["kind"] == "multi":
        return told()
    return told(min(item["options"], key=lambda option: Decimal(option["points"]))["id"])


def test_a_level_is_stated_only_if_the_whole_range_leads_to_it() -> None:
    answers = full()
    del answers["network_build"]  # 92 to 100 points
    certain = score(RULES, answers, scenes([4] * 10 + [0] * 6))
    levels = scenes([4] * 10 + [0] * 6)
    del levels[next(scene["id"] for scene in RULES["scenes"] if scene["mandatory"])]
    open_result = score(RULES, answers, levels)

    assert certain.level == 4
    assert open_result.level is None
    assert (open_result.level_low, open_result.level_high) == (3, 4)


def test_evidence_classes_share_out_all_points() -> None:
    answers = {"equipment_networked": ratio("1"), "pass_rate": told("flat")}

    result = score(RULES, answers, {})

    split: dict[str, Decimal] = {}
    for item in result.items:
        for cls, points in item.classes:
            split[cls] = split.get(cls, Decimal(0)) + points
    assert split == {"measured": Decimal(6), "declared": Decimal(7), "insufficient": Decimal(87)}


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(EvidenceError, match=r"answers\.network_build\.six_g"):
        score(RULES, {"network_build": told("six_g")}, {})


def test_the_gate_is_reference_only_because_its_source_is_single() -> None:
    assert RULES["gate_reference_only"]
