"""Points with a gate: items earn points, scenes have levels, and a level needs enough of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ovoo_contract.errors import EvidenceError

from ovoo_packs.scoring.result import (
    Answers,
    GateStep,
    ItemScore,
    Range,
    Rules,
    SceneScore,
    Score,
    add,
    ends,
    refuse_unknown,
)

__all__ = ["bracket_share", "score"]


def score(rules: Rules, answers: Answers, scenes: Answers) -> Score:
    """Score `answers` (item id -> resolved answer) and `scenes` (scene id -> level and class) by `rules`.

    A resolved answer holds `sure` and `open` option ids, or `low` and `high` ratios as fractions ("4/5"), and `class`;
    `option_class` may give single options a class of their own. Several sure options of a single choice contradict
    each other: the item scores as the range between them.

    Raises:
        EvidenceError: an answer names an item, option or scene that the rules do not have, an option is both sure and
            open, a range stands upside down, or a scene has no such level.
    """
    known = {item["id"] for dimension in rules["dimensions"] for item in dimension["items"]}
    refuse_unknown("answers", answers, known)
    refuse_unknown("scenes", scenes, {scene["id"] for scene in rules["scenes"]})
    items: list[ItemScore] = []
    dimensions: list[tuple[str, Decimal, Range]] = []
    for dimension in rules["dimensions"]:
        part = [_item(dimension["id"], item, answers.get(item["id"])) for item in dimension["items"]]
        items.extend(part)
        full = sum((each.full for each in part), Decimal(0))
        dimensions.append((dimension["id"], full, add([each.points for each in part])))
    graded = tuple(_scene(scene, scenes.get(scene["id"])) for scene in rules["scenes"])
    total = add([points for _, _, points in dimensions])
    gate = tuple(_gate_step(rule, total, graded) for rule in rules["gate"])
    return Score(
        total=total,
        dimensions=tuple(dimensions),
        items=tuple(items),
        scenes=graded,
        gate=gate,
        level_low=max((step.level for step in gate if step.passed), default=0),
        level_high=max((step.level for step in gate if step.possible), default=0),
    )


def _item(dimension: str, rule: Mapping[str, Any], answer: Mapping[str, Any] | None) -> ItemScore:
    full = Decimal(rule["points"])
    if answer is None:
        return ItemScore(rule["id"], dimension, full, Range(Decimal(0), full), (("insufficient", full),))
    place = f"answers.{rule['id']}"
    if rule["kind"] == "ratio":
        low, high = (bracket_share(rule["brackets"], end) for end in ends(place, answer))
        return ItemScore(rule["id"], dimension, full, Range(full * low, full * high), ((answer["class"], full),))
    options = {option["id"]: Decimal(option["points"]) for option in rule["options"]}
    refuse_unknown(place, dict.fromkeys([*answer["sure"], *answer["open"]]), set(options))
    _refuse_both(place, answer)
    points = _chosen(rule["kind"], options, answer, full)
    return ItemScore(rule["id"], dimension, full, points, _classes(rule["kind"], options, answer, full))


def _refuse_both(place: str, answer: Mapping[str, Any]) -> None:
    both = sorted(set(answer["sure"]) & set(answer["open"]))
    if both:
        raise EvidenceError(
            "the answer contradicts itself", offender=place, value=both, remedy="an option is chosen or open, not both"
        )


def _chosen(kind: str, options: Mapping[str, Decimal], answer: Mapping[str, Any], full: Decimal) -> Range:
    sure = [options[name] for name in dict.fromkeys(answer["sure"])]
    unsure = [options[name] for name in dict.fromkeys(answer["open"])]
    if kind == "multi":
        low = sum(sure, Decimal(0))
        return Range(min(low, full), min(low + sum(unsure, Decimal(0)), full))
    possible = sure or unsure
    return Range(min(possible, default=Decimal(0)), max(possible, default=full))


def _classes(
    kind: str, options: Mapping[str, Decimal], answer: Mapping[str, Any], full: Decimal
) -> tuple[tuple[str, Decimal], ...]:
    if kind != "multi":
        return ((answer["class"], full),)
    own: Mapping[str, str] = answer.get("option_class", {})
    split: dict[str, Decimal] = {}
    for name, points in options.items():
        cls = own.get(name, "insufficient" if name in answer["open"] else answer["class"])
        split[cls] = split.get(cls, Decimal(0)) + points
    return tuple(sorted(split.items()))


def bracket_share(brackets: Sequence[Mapping[str, str]], ratio: Fraction) -> Decimal:
    """Share (0 to 1) of the points that a ratio (1 = 100 %) earns; upper bounds are inclusive.

    >>> bracket_share([{"upto": "10", "share": "0"}, {"upto": "100", "share": "1"}], Fraction(1, 10))
    Decimal('0')
    """
    percent = ratio * 100
    for bracket in brackets:
        if percent <= Fraction(bracket["upto"]):
            return Decimal(bracket["share"])
    return Decimal(brackets[-1]["share"])


def _scene(rule: Mapping[str, Any], answer: Mapping[str, Any] | None) -> SceneScore:
    if answer is None:
        return SceneScore(rule["id"], rule["mandatory"], 0, 4, "insufficient")
    level = answer["level"]
    high = answer.get("high", level)  # a scene that only facts prove is known from below
    if type(level) is not int or type(high) is not int or not 0 <= level <= high <= 4:
        told = level if high == level else f"{level} to {high}"
        raise EvidenceError("a scene has no such level", offender=f"scenes.{rule['id']}", value=told, remedy="0 to 4")
    return SceneScore(rule["id"], rule["mandatory"], level, high, answer["class"])


def _gate_step(rule: Mapping[str, Any], total: Range, scenes: Sequence[SceneScore]) -> GateStep:
    need = rule["scene_level"]
    low, high = [s for s in scenes if s.low >= need], [s for s in scenes if s.high >= need]
    points = Decimal(rule["score"])
    stars_low, stars_high = (sum(1 for s in group if s.mandatory) for group in (low, high))
    return GateStep(
        level=rule["level"],
        score=points,
        scenes=rule["scenes"],
        mandatory=rule["mandatory"],
        scenes_low=len(low),
        scenes_high=len(high),
        mandatory_low=stars_low,
        mandatory_high=stars_high,
        passed=total.low >= points and len(low) >= rule["scenes"] and stars_low >= rule["mandatory"],
        possible=total.high >= points and len(high) >= rule["scenes"] and stars_high >= rule["mandatory"],
    )
