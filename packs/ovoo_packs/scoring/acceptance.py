"""Acceptance: criteria that are met or not, by subsystem; one must-have that is not met refuses the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from ovoo_contract.errors import EvidenceError

from ovoo_packs.scoring.result import Answers, ItemScore, Range, Rules, Score, Step, add, ends, refuse_unknown

__all__ = ["SCOPE", "VARIANT", "score_acceptance"]

SCOPE: Final = "scope"
VARIANT: Final = "variant"
Verdict: TypeAlias = tuple[int, int]
_MET: Verdict = (1, 1)
_OPEN: Verdict = (0, 1)


def score_acceptance(rules: Rules, answers: Answers) -> Score:
    """Score `answers` (criterion id -> `sure` yes or no, or `low` and `high`, and `class`).

    The answer `variant` says which kind of enterprise it is; while it is open, the result spans all kinds. The answer
    `scope` names the subsystems that are applied for; without it all of them are.

    Raises:
        EvidenceError: no such criterion, subsystem or variant, or an answer that contradicts itself.
    """
    known = {item["id"] for part in rules["dimensions"] for item in part["items"]}
    refuse_unknown("answers", answers, known | {SCOPE, VARIANT})
    variants = _named(VARIANT, answers, [each["id"] for each in rules["variants"]])
    parts = _in_scope(rules, answers)
    items: list[ItemScore] = []
    dimensions: list[tuple[str, Decimal, Range]] = []
    for part in parts:
        asked = [item for item in part["items"] if any(_applies(item, variant) for variant in variants)]
        own = [_criterion(part["id"], item, answers.get(item["id"]), variants) for item in asked]
        items.extend(own)
        dimensions.append((part["id"], Decimal(len(own)), add([each.points for each in own])))
    low, high = _outcome(parts, answers, variants)
    total = add([points for _, _, points in dimensions])
    return Score(
        total=total,
        dimensions=tuple(dimensions),
        items=tuple(items),
        scenes=(),
        gate=(),
        level_low=low,
        level_high=high,
        method="acceptance",
        full=Decimal(len(items)),
        steps=(Step(1, Decimal(len(items)), total, bool(low), bool(high)),),
    )


def _named(what: str, answers: Answers, known: Sequence[str]) -> list[str]:
    """What the answer names, everything there is where it names nothing."""
    answer = answers.get(what)
    if answer is None or not answer["sure"]:
        return list(known)
    refuse_unknown(f"answers.{what}", dict.fromkeys(answer["sure"]), set(known))
    return [name for name in known if name in answer["sure"]]


def _in_scope(rules: Rules, answers: Answers) -> list[Mapping[str, Any]]:
    chosen = _named(SCOPE, answers, [part["id"] for part in rules["dimensions"] if not part["whole"]])
    return [part for part in rules["dimensions"] if part["whole"] or part["id"] in chosen]


def _applies(item: Mapping[str, Any], variant: str) -> bool:
    return (
        variant in item["need"] if item["kind"] == "at_least" else not item["variants"] or variant in item["variants"]
    )


def _criterion(
    dimension: str, item: Mapping[str, Any], answer: Mapping[str, Any] | None, variants: Sequence[str]
) -> ItemScore:
    verdicts = [_verdict(item, answer, variant) for variant in variants]
    low, high = min(v[0] for v in verdicts), max(v[1] for v in verdicts)
    cls = "insufficient" if answer is None else answer["class"]
    points = Range(Decimal(low), Decimal(high))
    return ItemScore(item["id"], dimension, Decimal(1), points, ((cls, Decimal(1)),), (low, high))


def _verdict(item: Mapping[str, Any], answer: Mapping[str, Any] | None, variant: str) -> Verdict:
    """Met (1, 1), not met (0, 0) or open (0, 1); a criterion that does not apply holds nothing up."""
    if not _applies(item, variant):
        return _MET
    if answer is None:
        return _OPEN
    place = f"answers.{item['id']}"
    if item["kind"] == "at_least":
        need = Fraction(item["need"][variant])
        low, high = ends(place, answer)
        return int(low >= need), int(high >= need)
    said = set(answer["sure"])
    refuse_unknown(place, dict.fromkeys([*said, *answer["open"]]), {"yes", "no"})
    if len(said) > 1 or said & set(answer["open"]):
        raise EvidenceError("the answer contradicts itself", offender=place, value=sorted(said), remedy="yes or no")
    return _OPEN if not said else (int("yes" in said),) * 2


def _outcome(parts: Sequence[Mapping[str, Any]], answers: Answers, variants: Sequence[str]) -> Verdict:
    """Whether every must-have is met, over all variants there could be."""
    found = []
    for variant in variants:
        verdicts = [
            _verdict(item, answers.get(item["id"]), variant) for part in parts for item in part["items"] if item["must"]
        ]
        found.append((min((v[0] for v in verdicts), default=1), min((v[1] for v in verdicts), default=1)))
    return min(low for low, _ in found), max(high for _, high in found)
