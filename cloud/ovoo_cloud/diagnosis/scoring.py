"""Scores of an assessment framework: a pure function of rules and answers, in exact decimals.

An answer that is missing or open gives a range. Nothing here reads a clock, a file or a store, so the same function
serves the report and its verification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ovoo_contract.errors import EvidenceError
from ovoo_packs import Framework, Item

__all__ = ["GateStep", "ItemScore", "Range", "SceneScore", "Score", "bracket_share", "rules_of", "score"]

Rules = Mapping[str, Any]
Answers = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Range:
    """Points from `low` to `high`, both inclusive."""

    low: Decimal
    high: Decimal

    @property
    def definite(self) -> bool:
        """Whether the range is one value."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class ItemScore:
    """Points of one item; `classes` splits the item's full points by evidence class."""

    item: str
    dimension: str
    full: Decimal
    points: Range
    classes: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class SceneScore:
    """Level of one scene, a range from 0 to 4 where it was not assessed."""

    scene: str
    mandatory: bool
    low: int
    high: int
    cls: str


@dataclass(frozen=True, slots=True)
class GateStep:
    """One step of the level gate: what it needs and what is certain (low) or possible (high)."""

    level: int
    score: Decimal
    scenes: int
    mandatory: int
    scenes_low: int
    scenes_high: int
    mandatory_low: int
    mandatory_high: int
    passed: bool
    possible: bool


@dataclass(frozen=True, slots=True)
class Score:
    """The whole result. `level` is stated only if every value of the range leads to it; 0 means below level 1."""

    total: Range
    dimensions: tuple[tuple[str, Decimal, Range], ...]
    items: tuple[ItemScore, ...]
    scenes: tuple[SceneScore, ...]
    gate: tuple[GateStep, ...]
    level_low: int
    level_high: int

    @property
    def level(self) -> int | None:
        """The level, or None while missing evidence could still change it."""
        return self.level_low if self.level_low == self.level_high else None


def rules_of(framework: Framework) -> dict[str, Any]:
    """What scoring needs of a framework, as plain data that a snapshot can carry."""
    return {
        "id": framework.id,
        "version": framework.version,
        "sha256": framework.sha256,
        "name": {"zh": framework.name_zh, "en": framework.name_en},
        "source": framework.source.text,
        "edition": framework.source.edition,
        "reference_only": framework.source.reference_only,
        "gate_reference_only": framework.gate_source.reference_only,
        "connected_days": framework.connected_days,
        "connected_share": str(framework.connected_share),
        "dimensions": [
            {
                "id": dimension.id,
                "name": {"zh": dimension.name_zh, "en": dimension.name_en},
                "items": [_item_rule(item) for group in dimension.groups for item in group.items],
            }
            for dimension in framework.dimensions
        ],
        "scenes": [
            {"id": scene.id, "name": {"zh": scene.name_zh, "en": scene.name_en}, "mandatory": scene.mandatory}
            for scene in framework.scenes
        ],
        "gate": [
            {
                "level": rule.level,
                "score": str(rule.score),
                "scenes": rule.scenes,
                "mandatory": rule.mandatory,
                "scene_level": rule.scene_level,
            }
            for rule in framework.gate
        ],
    }


def _item_rule(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": {"zh": item.name_zh, "en": item.name_en},
        "points": str(item.points),
        "kind": item.kind,
        "reference_only": item.reference_only,
        "options": [
            {"id": option.id, "name": {"zh": option.name_zh, "en": option.name_en}, "points": str(option.points)}
            for option in item.options
        ],
        "brackets": [{"upto": str(bracket.upto), "share": str(bracket.share)} for bracket in item.brackets],
    }


def score(rules: Rules, answers: Answers, scenes: Answers) -> Score:
    """Score `answers` (item id -> resolved answer) and `scenes` (scene id -> level and class) by `rules`.

    A resolved answer holds `sure` and `open` option ids, or `low` and `high` ratios as fractions ("4/5"), and `class`;
    `option_class` may give single options a class of their own.

    Raises:
        EvidenceError: an answer names an item, option or scene that the rules do not have.
    """
    known = {item["id"] for dimension in rules["dimensions"] for item in dimension["items"]}
    _refuse_unknown("answers", answers, known)
    _refuse_unknown("scenes", scenes, {scene["id"] for scene in rules["scenes"]})
    items: list[ItemScore] = []
    dimensions: list[tuple[str, Decimal, Range]] = []
    for dimension in rules["dimensions"]:
        part = [_item(dimension["id"], item, answers.get(item["id"])) for item in dimension["items"]]
        items.extend(part)
        full = sum((each.full for each in part), Decimal(0))
        dimensions.append((dimension["id"], full, _add([each.points for each in part])))
    graded = tuple(_scene(scene, scenes.get(scene["id"])) for scene in rules["scenes"])
    total = _add([points for _, _, points in dimensions])
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


def _refuse_unknown(what: str, given: Mapping[str, Any], known: set[str]) -> None:
    for name in sorted(set(given) - known):
        raise EvidenceError(
            "the framework has no such entry",
            offender=f"{what}.{name}",
            remedy="use one of " + ", ".join(sorted(known)),
        )


def _add(ranges: Sequence[Range]) -> Range:
    return Range(sum((r.low for r in ranges), Decimal(0)), sum((r.high for r in ranges), Decimal(0)))


def _item(dimension: str, rule: Mapping[str, Any], answer: Mapping[str, Any] | None) -> ItemScore:
    full = Decimal(rule["points"])
    if answer is None:
        return ItemScore(rule["id"], dimension, full, Range(Decimal(0), full), (("insufficient", full),))
    if rule["kind"] == "ratio":
        shares = [bracket_share(rule["brackets"], Fraction(answer[end])) for end in ("low", "high")]
        points = Range(full * shares[0], full * shares[1])
        return ItemScore(rule["id"], dimension, full, points, ((answer["class"], full),))
    options = {option["id"]: Decimal(option["points"]) for option in rule["options"]}
    _refuse_unknown(f"answers.{rule['id']}", dict.fromkeys([*answer["sure"], *answer["open"]]), set(options))
    points = _chosen(rule["kind"], options, answer, full)
    return ItemScore(rule["id"], dimension, full, points, _classes(rule["kind"], options, answer, full))


def _chosen(kind: str, options: Mapping[str, Decimal], answer: Mapping[str, Any], full: Decimal) -> Range:
    sure = [options[name] for name in answer["sure"]]
    unsure = [options[name] for name in answer["open"]]
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
    high = answer.get("high", answer["level"])  # a scene that only facts prove is known from below
    return SceneScore(rule["id"], rule["mandatory"], answer["level"], high, answer["class"])


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
