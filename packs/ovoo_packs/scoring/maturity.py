"""Capability maturity: requirements are graded level by level, and a level needs the one below it first.

The grades of a sub-domain's requirements at a level are averaged to its share there; shares of sub-domains and elements
are weighted. Where a weight is not known, the result is the range over all weights there could be: from the least
share to the greatest. The total is (i - 1) + s_i, i being the first level that is not reached (the top one if all are).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from ovoo_contract.errors import EvidenceError

from ovoo_packs.scoring.result import Answers, ItemScore, Range, Rules, Score, Step, decimals, refuse_unknown

__all__ = ["score_maturity"]

Span: TypeAlias = tuple[Fraction, Fraction]
_OPEN: Span = (Fraction(0), Fraction(1))


def score_maturity(rules: Rules, answers: Answers) -> Score:
    """Score `answers` (sub-domain id -> `grades` by level, and `class`).

    `grades` maps a level ("1") to the grades of its requirements as texts, None for one nobody has graded; a level
    that is left out is open.

    Raises:
        EvidenceError: no such sub-domain, level or grade, or more grades than the level has requirements.
    """
    refuse_unknown("answers", answers, {item["id"] for part in rules["dimensions"] for item in part["items"]})
    needs = _needs(rules)
    full = Decimal(len(needs))
    items: list[ItemScore] = []
    elements: list[list[Span]] = []
    dimensions: list[tuple[str, Decimal, Range]] = []
    for part in rules["dimensions"]:
        shares = [_shares(rules, item, answers.get(item["id"])) for item in part["items"]]
        for item, own in zip(part["items"], shares, strict=True):
            classes = ((answers.get(item["id"], {}).get("class", "insufficient"), full),)
            points, levels = _points(own, needs), _levels(own, needs)
            items.append(ItemScore(item["id"], part["id"], full, points, classes, levels))
        elements.append(_combined(shares, [item["weight"] for item in part["items"]], len(needs)))
        dimensions.append((part["id"], full, _points(elements[-1], needs)))
    whole = _combined(elements, [part["weight"] for part in rules["dimensions"]], len(needs))
    low, high = _levels(whole, needs)
    return Score(
        total=_points(whole, needs),
        dimensions=tuple(dimensions),
        items=tuple(items),
        scenes=(),
        gate=(),
        level_low=low,
        level_high=high,
        method="maturity",
        full=full,
        steps=_steps(whole, needs, low, high),
    )


def _needs(rules: Rules) -> list[Fraction]:
    """The share that each level needs, from its bound of the total."""
    return [Fraction(level["start"]) - number for number, level in enumerate(rules["levels"])]


def _shares(rules: Rules, item: Mapping[str, Any], answer: Mapping[str, Any] | None) -> list[Span]:
    names = [str(level["level"]) for level in rules["levels"]]
    given: Mapping[str, Sequence[str | None]] = {} if answer is None else answer["grades"]
    refuse_unknown(f"answers.{item['id']}.grades", given, set(names))
    return [_mean(rules, item, name, given.get(name, ())) for name in names]


def _mean(rules: Rules, item: Mapping[str, Any], level: str, grades: Sequence[str | None]) -> Span:
    place = f"answers.{item['id']}.grades.{level}"
    listed = item["requirements"].get(level, 0)
    if listed and len(grades) > listed:
        raise EvidenceError(
            "more grades than requirements", offender=place, value=len(grades), remedy=f"at most {listed}"
        )
    spans = [_grade(rules, place, grade) for grade in grades] + [_OPEN] * (listed - len(grades))
    if not spans:
        return _OPEN
    return sum((s[0] for s in spans), Fraction(0)) / len(spans), sum((s[1] for s in spans), Fraction(0)) / len(spans)


def _grade(rules: Rules, place: str, grade: str | None) -> Span:
    if grade is None:
        return _OPEN
    if grade not in rules["grades"]:
        remedy = f"one of {', '.join(rules['grades'])}, or null while it is open"
        raise EvidenceError("no such grade", offender=place, value=grade, remedy=remedy)
    return Fraction(grade), Fraction(grade)


def _combined(parts: Sequence[Sequence[Span]], weights: Sequence[str | None], levels: int) -> list[Span]:
    known = [Fraction(weight) for weight in weights if weight is not None]
    combined = []
    for level in range(levels):
        lows, highs = [part[level][0] for part in parts], [part[level][1] for part in parts]
        if len(known) < len(parts):
            combined.append((min(lows), max(highs)))
        else:
            total = sum(known, Fraction(0))
            low, high = (sum((w * s for w, s in zip(known, side, strict=True)), Fraction(0)) for side in (lows, highs))
            combined.append((low / total, high / total))
    return combined


def _reached(shares: Sequence[Fraction], needs: Sequence[Fraction]) -> int:
    """How many levels are reached, each only after the one below it."""
    for number, (share, need) in enumerate(zip(shares, needs, strict=True)):
        if share < need:
            return number
    return len(needs)


def _levels(spans: Sequence[Span], needs: Sequence[Fraction]) -> tuple[int, int]:
    return _reached([low for low, _ in spans], needs), _reached([high for _, high in spans], needs)


def _points(spans: Sequence[Span], needs: Sequence[Fraction]) -> Range:
    low, high = (_total([span[side] for span in spans], needs) for side in (0, 1))
    return decimals(low, high)


def _total(shares: Sequence[Fraction], needs: Sequence[Fraction]) -> Fraction:
    current = min(_reached(shares, needs), len(needs) - 1)
    return current + shares[current]


def _steps(spans: Sequence[Span], needs: Sequence[Fraction], low: int, high: int) -> tuple[Step, ...]:
    return tuple(
        Step(number, decimals(need, need).low, decimals(*span), number <= low, number <= high)
        for number, (span, need) in enumerate(zip(spans, needs, strict=True), start=1)
    )
