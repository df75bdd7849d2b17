"""Consumption norms: each product's unit consumption against three limits, corrected as its norm says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ovoo_contract.errors import EvidenceError

from ovoo_packs.scoring.result import Answers, ItemScore, Range, Rules, Score, Step, add, ends, exact, refuse_unknown

__all__ = ["ABOVE", "TOTAL", "factor_of", "score_norms"]

ABOVE: Final = 4
"""The level of a consumption above every limit."""
TOTAL: Final = "total"
"""The correction that stands for all of them, worked out by a person from the standard."""


def score_norms(rules: Rules, answers: Answers) -> Score:
    """Score `answers` (norm id -> `low` and `high` consumption in its unit, `corrections` by name, and `class`).

    Only answered norms count. The level of the whole is that of its worst product; an item earns its point within
    the limit. While a correction is not known, nothing is said of a level.

    Raises:
        EvidenceError: no such norm or correction, a range upside down, or corrections that leave no factor above 0.
    """
    refuse_unknown("answers", answers, {item["id"] for part in rules["dimensions"] for item in part["items"]})
    items: list[ItemScore] = []
    dimensions: list[tuple[str, Decimal, Range]] = []
    for part in rules["dimensions"]:
        own = [_row(part["id"], item, answers[item["id"]]) for item in part["items"] if item["id"] in answers]
        items.extend(own)
        dimensions.append((part["id"], Decimal(len(own)), add([each.points for each in own])))
    spans = [each.levels for each in items if each.levels is not None]
    low, high = max((s[0] for s in spans), default=1), max((s[1] for s in spans), default=ABOVE)
    return Score(
        total=add([points for _, _, points in dimensions]),
        dimensions=tuple(dimensions),
        items=tuple(items),
        scenes=(),
        gate=(),
        level_low=low,
        level_high=high,
        method="norm_table",
        full=Decimal(len(items)),
        steps=tuple(_step(number, items) for number in (1, 2, 3)),
    )


def _row(dimension: str, item: Mapping[str, Any], answer: Mapping[str, Any]) -> ItemScore:
    place = f"answers.{item['id']}"
    low, high = ends(place, answer)
    factor = factor_of(item, answer.get("corrections", {}), place)
    levels = (1, ABOVE) if factor is None else (_level(item, low, factor), _level(item, high, factor))
    points = Range(Decimal(int(levels[1] < ABOVE)), Decimal(int(levels[0] < ABOVE)))
    return ItemScore(item["id"], dimension, Decimal(1), points, ((answer["class"], Decimal(1)),), levels)


def factor_of(item: Mapping[str, Any], corrections: Mapping[str, str], place: str) -> Fraction | None:
    """What the limits are multiplied by; None while a correction, or how they combine, is not known.

    Raises:
        EvidenceError: the norm has no such correction, or the factor is not above 0.
    """
    names: list[str] = item["corrections"]
    refuse_unknown(f"{place}.corrections", corrections, {*names, TOTAL} if names else set())
    if not names:
        return Fraction(1)
    if TOTAL in corrections:
        return _positive(exact(place, corrections[TOTAL]), place)
    if item["correction_rule"] == "unknown" or set(names) - set(corrections):
        return None
    values = [exact(place, corrections[name]) for name in names]
    return _positive(
        math.prod(values, start=Fraction(1)) if item["correction_rule"] == "product" else sum(values, Fraction(1)),
        place,
    )


def _positive(factor: Fraction, place: str) -> Fraction:
    if factor <= 0:
        raise EvidenceError("not a factor of correction", offender=place, value=str(factor), remedy="a factor above 0")
    return factor


def _level(item: Mapping[str, Any], value: Fraction, factor: Fraction) -> int:
    limits: Mapping[str, str] = item["limits"]
    return min((int(number) for number, limit in limits.items() if value <= Fraction(limit) * factor), default=ABOVE)


def _step(number: int, items: list[ItemScore]) -> Step:
    """How many products stand at this level or better."""
    sure = sum(1 for each in items if each.levels is not None and each.levels[1] <= number)
    possible = sum(1 for each in items if each.levels is not None and each.levels[0] <= number)
    need = len(items)
    reached = Range(Decimal(sure), Decimal(possible))
    return Step(number, Decimal(need), reached, bool(need) and sure == need, not need or possible == need)
