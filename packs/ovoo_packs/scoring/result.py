"""What scoring gives back, whatever the method: ranges of points and of levels, exact, and their stable JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ovoo_contract.errors import EvidenceError

__all__ = [
    "Answers",
    "GateStep",
    "ItemScore",
    "Range",
    "Rules",
    "SceneScore",
    "Score",
    "Step",
    "add",
    "decimals",
    "ends",
    "exact",
    "refuse_unknown",
    "score_json",
]

Rules = Mapping[str, Any]
Answers = Mapping[str, Mapping[str, Any]]
_DIGITS: Final = 9
_LONGEST: Final = 1000
_BOUNDLESS: Final = re.compile(r"[eE][+-]?[0-9]{4,}")


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
    """Points of one item; `classes` splits the item's full points by evidence class.

    `levels` is the item's own level where the method gives it one (acceptance: 0 not met, 1 met).
    """

    item: str
    dimension: str
    full: Decimal
    points: Range
    classes: tuple[tuple[str, Decimal], ...]
    levels: tuple[int, int] | None = None


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
class Step:
    """One level of a method without scenes: what it needs, how much of it there is, and whether it is reached."""

    level: int
    need: Decimal
    reached: Range
    passed: bool
    possible: bool


@dataclass(frozen=True, slots=True)
class Score:
    """The whole result. `level` is stated only if every value of the range leads to it.

    0 means below level 1. The levels of a norm table count the other way: 1 is the best, the last one is above the
    limit.
    """

    total: Range
    dimensions: tuple[tuple[str, Decimal, Range], ...]
    items: tuple[ItemScore, ...]
    scenes: tuple[SceneScore, ...]
    gate: tuple[GateStep, ...]
    level_low: int
    level_high: int
    method: str = "points_gate"
    full: Decimal = Decimal(100)
    steps: tuple[Step, ...] = ()

    @property
    def level(self) -> int | None:
        """The level, or None while missing evidence could still change it."""
        return self.level_low if self.level_low == self.level_high else None


def score_json(result: Score) -> dict[str, Any]:
    """A score as plain data with decimals as text; ranges are [low, high]. Scenes and gate are those of points_gate,
    `method`, `full` and `steps` stand only in the results of the other methods."""
    data: dict[str, Any] = {
        "total": _pair(result.total),
        "level": result.level,
        "level_low": result.level_low,
        "level_high": result.level_high,
        "dimensions": [
            {"id": name, "full": str(full), "points": _pair(points)} for name, full, points in result.dimensions
        ],
        "items": [_item(each) for each in result.items],
        "scenes": [
            {"id": s.scene, "mandatory": s.mandatory, "levels": [s.low, s.high], "class": s.cls} for s in result.scenes
        ],
        "gate": [_gate(step) for step in result.gate],
    }
    if result.method == "points_gate":
        return data
    return data | {
        "method": result.method,
        "full": str(result.full),
        "steps": [
            {
                "level": step.level,
                "need": str(step.need),
                "reached": _pair(step.reached),
                "passed": step.passed,
                "possible": step.possible,
            }
            for step in result.steps
        ],
    }


def _pair(points: Range) -> list[str]:
    return [str(points.low), str(points.high)]


def _item(each: ItemScore) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": each.item,
        "dimension": each.dimension,
        "full": str(each.full),
        "points": _pair(each.points),
        "classes": {cls: str(points) for cls, points in each.classes},
    }
    return data if each.levels is None else data | {"levels": list(each.levels)}


def _gate(step: GateStep) -> dict[str, Any]:
    return {
        "level": step.level,
        "score": str(step.score),
        "scenes": step.scenes,
        "mandatory": step.mandatory,
        "scenes_range": [step.scenes_low, step.scenes_high],
        "mandatory_range": [step.mandatory_low, step.mandatory_high],
        "passed": step.passed,
        "possible": step.possible,
    }


def add(ranges: Sequence[Range]) -> Range:
    """The range of a sum."""
    return Range(sum((r.low for r in ranges), Decimal(0)), sum((r.high for r in ranges), Decimal(0)))


def decimals(low: Fraction, high: Fraction) -> Range:
    """An exact range in decimals: exact where nine digits hold it, else rounded outwards so that it is never narrower.

    >>> decimals(Fraction(1, 3), Fraction(1, 2))
    Range(low=Decimal('0.333333333'), high=Decimal('0.5'))
    """
    scale = 10**_DIGITS
    floor, ceiling = low.numerator * scale // low.denominator, -(-high.numerator * scale // high.denominator)
    return Range(_shifted(floor), _shifted(ceiling))


def _shifted(units: int) -> Decimal:
    text = Decimal(units).scaleb(-_DIGITS)
    return Decimal(0) if not units else Decimal(f"{text.normalize():f}")


def ends(place: str, answer: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
    """`low` and `high` of an answer as exact fractions.

    Raises:
        EvidenceError: an end is no number from 0 up, or the range stands upside down.
    """
    for end in ("low", "high"):
        if end not in answer:
            raise EvidenceError("not a range", offender=place, value=end, remedy='give low and high, for example "4/5"')
    low, high = exact(place, answer["low"]), exact(place, answer["high"])
    if not 0 <= low <= high:
        raise EvidenceError(
            "the answer contradicts itself", offender=place, value=f"{low} to {high}", remedy="0 <= low <= high"
        )
    return low, high


def exact(place: str, value: object) -> Fraction:
    """A number as an exact fraction ("4/5", "0.35", 2).

    Raises:
        EvidenceError: it is none, or has more digits than any figure has: to compute with it would take for ever.
    """
    text = str(value)
    try:
        if _BOUNDLESS.search(text) or len(text) > _LONGEST:
            raise ValueError(text[:40])
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise EvidenceError(
            "not a range", offender=place, value=str(error)[:80], remedy='give numbers as text, for example "4/5"'
        ) from error


def refuse_unknown(what: str, given: Mapping[str, Any], known: set[str]) -> None:
    """Refuse the first name that the rules do not have.

    Raises:
        EvidenceError: naming it and what there is.
    """
    for name in sorted(set(given) - known):
        raise EvidenceError(
            "the framework has no such entry",
            offender=f"{what}.{name}",
            remedy="use one of " + ", ".join(sorted(known)),
        )
