"""The frameworks of a case: answers as scoring reads them; further ones are scored and frozen beside the leading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ovoo_contract.errors import ConfigError, ConfigErrors, EvidenceError
from ovoo_packs import Framework

from ovoo_cloud.diagnosis.answers import Measured, check_names, resolve_answers, resolve_scenes
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.case_assessments import Assessment
from ovoo_cloud.diagnosis.figures import FigureBook, least_digits
from ovoo_cloud.diagnosis.indicators import Delivery, DeliveryRule, FactFinder, NetworkFigures, scene_facts
from ovoo_cloud.diagnosis.leading import UNITS
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.review import apply_review
from ovoo_cloud.diagnosis.scoring import band_levels, rules_of, score_any, score_json
from ovoo_cloud.diagnosis.stable_months import stable_months
from ovoo_cloud.diagnosis.told import answers_of, told_of

__all__ = [
    "Seen",
    "assess",
    "check_assessments",
    "check_leading",
    "comparison",
    "leading_answers",
    "reassess",
    "rescored",
]

Answers = dict[str, dict[str, Any]]
Decisions = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured before: deliveries by the rule, network figures, options that telemetry decides, facts."""

    found: Sequence[Delivery]
    rule: DeliveryRule
    network: NetworkFigures
    options: Measured
    facts: FactFinder
    observation: Observation


def check_assessments(case: Case, frameworks: Sequence[Framework]) -> None:
    """Refuse what the further frameworks do not have, all together.

    Raises:
        ConfigErrors: naming each entry and what is allowed there.
    """
    errors: list[ConfigError] = []
    for reference, framework in zip(case.frameworks[1:], frameworks, strict=True):
        errors.extend(_faults(case, framework, told_of(case, reference), f"assessments.{framework.id}."))
    if errors:
        raise ConfigErrors(errors)


def check_leading(case: Case, framework: Framework) -> None:
    """Refuse what the leading framework does not have, all together.

    Raises:
        ConfigErrors: naming each entry and what is allowed there.
    """
    errors = _faults(case, framework, told_of(case, case.framework), "")
    if errors and not (case.raw.get("framework") or case.raw.get("frameworks")):
        remedy = "write framework: with the one that these answers belong to"
        first = "the case names no framework, so that of its sector leads"
        errors.insert(0, ConfigError(first, offender="framework", value=framework.id, remedy=remedy))
    if errors:
        raise ConfigErrors(errors)


def _faults(case: Case, framework: Framework, told: Assessment, place: str) -> list[ConfigError]:
    """What a framework does not have of what is told for it; `place` is how offenders begin."""
    errors = _unknown_machines(case, framework, told, place)
    if framework.method != "points_gate":
        errors += [
            ConfigError(
                "this framework has no scenes",
                offender=f"{place}scenes.{each.scene}",
                value=framework.id,
                remedy="leave it out, or name the framework that it belongs to",
            )
            for each in told.scenes
        ]
        return _refused(framework, answers_of(told), place) + errors
    errors += [
        ConfigError(
            "wrong form of answer",
            offender=f"{place}answers.{each.item}",
            value="a grade or a value",
            remedy="write options:, ratio: or direction:",
        )
        for each in told.graded
    ]
    try:
        check_names(replace(case, answers=told.answers, scenes=told.scenes), framework)
    except ConfigErrors as error:
        errors.extend(error.errors)
    return errors


def leading_answers(
    case: Case, framework: Framework, seen: Seen, book: FigureBook, proved: Mapping[str, Any]
) -> tuple[Answers, Answers]:
    """Answers and scenes of the leading framework; `proved` is what the platform's own records prove of its scenes."""
    if framework.method == "points_gate":
        return resolve_answers(case, framework, seen.network, seen.options), resolve_scenes(case, proved)
    return _resolved(case, framework, told_of(case, case.framework), seen, book)


def _refused(framework: Framework, answers: Answers, place: str) -> list[ConfigError]:
    """What scoring says against each answer on its own."""
    rules, errors = rules_of(framework), []
    for name, answer in answers.items():
        try:
            score_any(rules, {name: answer})
        except EvidenceError as error:
            offender = f"{place}{error.offender}"
            errors.append(ConfigError(error.message, offender=offender, value=error.value, remedy=error.remedy))
        except KeyError as error:
            remedy = f"see the forms of answers for {framework.method} in the guide of framework packs"
            offender = f"{place}answers.{name}"
            errors.append(ConfigError("wrong form of answer", offender=offender, value=str(error), remedy=remedy))
    return errors


def _unknown_machines(case: Case, framework: Framework, told: Assessment, place: str) -> list[ConfigError]:
    parts, known = {part.id for part in framework.dimensions}, {machine.id for machine in case.machines}
    at = f"{place}machines"
    strange = [
        ConfigError("no such part", offender=f"{at}.{part}", value=part, remedy=f"one of {', '.join(sorted(parts))}")
        for part in told.machines
        if part not in parts
    ]
    return strange + [
        ConfigError("no such machine", offender=f"{at}.{part}", value=name, remedy="use an id of equipment:")
        for part, names in told.machines.items()
        for name in names
        if name not in known
    ]


def assess(
    case: Case,
    frameworks: Sequence[Framework],
    seen: Seen,
    book: FigureBook,
    leading: Mapping[str, Any],
    review: Decisions = (),
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The further frameworks in the order of the case: rules, answers, score, and figures in the book; and those
    decisions of the review that are on them, with what each one found.

    `leading` is the snapshot's leading score, beside which bands of another edition may be read.
    """
    made, listed = [], []
    for reference, framework in zip(case.frameworks[1:], frameworks, strict=True):
        resolved = _resolved(case, framework, told_of(case, reference), seen, book)
        answers, scenes, decided = apply_review(*resolved, review, framework.id)
        compared = framework.compares_with == case.framework.partition("@")[0]
        made.append(_scored(rules_of(framework), answers, scenes, leading if compared else None, book))
        listed += decided
    return made, listed


def reassess(
    measured: Sequence[Mapping[str, Any]], leading: Mapping[str, Any], review: Decisions, book: FigureBook
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The same out of what was measured, with a review applied: scored anew, nothing measured anew.

    Args:
        measured: the further frameworks as `assess` gave them.
        leading: the score of the leading framework after its own review.
    """
    made, listed = [], []
    for each in measured:
        answers, scenes, decided = apply_review(each["answers"], each["scenes"], review, each["rules"]["id"])
        made.append(_scored(each["rules"], answers, scenes, leading if "comparison" in each else None, book))
        listed += decided
    return made, listed


def _scored(
    rules: Mapping[str, Any], answers: Answers, scenes: Answers, compared: Mapping[str, Any] | None, book: FigureBook
) -> dict[str, Any]:
    data = rescored(rules, answers, scenes)
    if compared is not None:
        data["comparison"] = comparison(rules, compared)
    _figures(data, book, reference_only=bool(rules["reference_only"]))
    return data


def rescored(rules: Mapping[str, Any], answers: Answers, scenes: Answers) -> dict[str, Any]:
    """One assessment as the snapshot holds it, but for its comparison."""
    result = score_json(score_any(rules, answers, scenes))
    return {"rules": dict(rules), "answers": answers, "scenes": scenes, "score": result}


def comparison(rules: Mapping[str, Any], leading: Mapping[str, Any]) -> dict[str, Any]:
    """The leading framework's total read by these bands, beside the level that its own gate gives."""
    low, high = leading["total"]
    bottom, top = band_levels(rules, Fraction(low), Fraction(high))
    return {"with": rules["compares_with"], "total": [low, high], "levels": [bottom, top],
            "stated": [leading["level_low"], leading["level_high"]]}  # fmt: skip


def _resolved(
    case: Case, framework: Framework, told: Assessment, seen: Seen, book: FigureBook
) -> tuple[Answers, Answers]:
    if framework.method == "points_gate":
        own = replace(case, answers=told.answers, scenes=told.scenes)
        proved = scene_facts(framework, seen.facts)
        return resolve_answers(own, framework, seen.network, seen.options), resolve_scenes(own, proved)
    answers = answers_of(told)
    if framework.method == "acceptance":
        answers |= _stable(case, framework, told, seen)
    if framework.method == "norm_table" and (measured := _consumption(case, framework, book)) is not None:
        answers = measured | answers
    return dict(sorted(answers.items())), {}


def _stable(case: Case, framework: Framework, told: Assessment, seen: Seen) -> Answers:
    """Measured months of the subsystems whose machines the case names; they stand in the place of what was told."""
    made: Answers = {}
    for part in framework.dimensions:
        names = told.machines.get(part.id, ())
        for item in [item for group in part.groups for item in group.items]:
            if not names or item.indicator != "stable_running_months":
                continue
            months = stable_months(case, names, seen.found, seen.rule, seen.observation)
            if months is not None:
                low, high, evidence = months
                made[item.id] = {"low": str(low), "high": str(high), "class": "measured",
                                 "evidence": list(evidence), "documents": []}  # fmt: skip
    return made


def _consumption(case: Case, framework: Framework, book: FigureBook) -> Answers | None:
    """The unit consumption of the case's own norm, where the framework has its row and the energy is complete."""
    choice = case.energy.norm
    if choice is None or "norm.intensity" not in book.figures:
        return None
    if choice.norm not in {item.id for item in framework.items}:
        return None
    figure = book["norm.intensity"]
    span = figure.interval()
    if span is None or not case.energy.complete:
        return None
    answer: dict[str, Any] = {"low": str(Fraction(span[0])), "high": str(Fraction(span[1])), "class": figure.cls,
                              "evidence": list(figure.evidence),
                              "documents": sorted({document for _, _, document in choice.corrections})}  # fmt: skip
    if choice.corrections:
        answer["corrections"] = {name: str(Fraction(value)) for name, value, _ in choice.corrections}
    return {choice.norm: answer}


def _figures(data: Mapping[str, Any], book: FigureBook, *, reference_only: bool) -> None:
    """Total, parts and items as figures, so that text and tables print them like any other number."""
    rules, result = data["rules"], data["score"]
    unit = UNITS[rules.get("method", "points_gate")]
    rows = [("total", result["total"])]
    rows += [(f"dimension.{each['id']}", each["points"]) for each in result["dimensions"]]
    rows += [(f"item.{each['id']}", each["points"]) for each in result["items"]]
    for name, pair in rows:
        low, high = (Decimal(end) for end in pair)
        book.base(
            f"assessment.{rules['id']}.{name}",
            low if low == high else None,
            bounds=(low, high),
            unit=unit,
            digits=least_digits(low, high),
            cls="declared",
            formula="score/1",
            reason="" if low == high else "missing",
            reference_only=reference_only,
        )
