"""Bands of a total score: for a framework whose items and weights are not known, only what its totals mean."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ovoo_packs.scoring.acceptance import VARIANT
from ovoo_packs.scoring.result import Answers, ItemScore, Range, Rules, Score, Step, decimals, ends, refuse_unknown

__all__ = ["TOTAL_ITEM", "band_levels", "score_bands"]

TOTAL_ITEM: Final = "total"


def score_bands(rules: Rules, answers: Answers) -> Score:
    """Score the answer `total` (`low`, `high` and `class`); the answer `variant` says by which table it was reached.

    Raises:
        EvidenceError: another item, a total above the most there can be, or a range upside down.
    """
    refuse_unknown("answers", answers, {TOTAL_ITEM, VARIANT})
    if VARIANT in answers:
        known = {each["id"] for each in rules["variants"]}
        refuse_unknown(f"answers.{VARIANT}", dict.fromkeys(answers[VARIANT]["sure"]), known)
    full = Fraction(rules["full"])
    answer = answers.get(TOTAL_ITEM)
    low, high = (Fraction(0), full) if answer is None else ends(f"answers.{TOTAL_ITEM}", answer)
    if high > full:
        refuse_unknown(f"answers.{TOTAL_ITEM}", {str(high): None}, {f"0 to {rules['full']}"})
    total, most = decimals(low, high), decimals(full, full).low
    cls = "insufficient" if answer is None else answer["class"]
    bottom, top = band_levels(rules, low, high)
    part = rules["dimensions"][0]["id"]
    return Score(
        total=total,
        dimensions=((part, most, total),),
        items=(ItemScore(TOTAL_ITEM, part, most, total, ((cls, most),), (bottom, top)),),
        scenes=(),
        gate=(),
        level_low=bottom,
        level_high=top,
        method="bands",
        full=most,
        steps=_steps(rules["levels"], total, bottom, top),
    )


def band_levels(rules: Rules, low: Fraction, high: Fraction) -> tuple[int, int]:
    """The levels at both ends of a total; a band begins with its lower bound, and below the first one is level 0."""
    bounds = [(level["level"], Fraction(level["start"])) for level in rules["levels"]]
    bottom, top = (max((number for number, start in bounds if end >= start), default=0) for end in (low, high))
    return bottom, top


def _steps(levels: Sequence[dict[str, Any]], total: Range, bottom: int, top: int) -> tuple[Step, ...]:
    return tuple(
        Step(level["level"], Decimal(level["start"]), total, level["level"] <= bottom, level["level"] <= top)
        for level in levels
    )
