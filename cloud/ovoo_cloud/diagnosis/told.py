"""What is told for one framework of a case, whichever place it has there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.case_assessments import Assessment, GradedAnswer

__all__ = ["answers_of", "as_leading", "told_of"]


def as_leading(case: Case, reference: str) -> Case:
    """The case as if one of its further frameworks were its only one: with what is told for that one."""
    told = told_of(case, reference)
    raw = {**case.raw, "frameworks": [reference]}
    return replace(
        case,
        framework=reference,
        frameworks=(reference,),
        answers=told.answers,
        scenes=told.scenes,
        graded=told.graded,
        part_machines=told.machines,
        assessments=(),
        raw=raw,
    )


def told_of(case: Case, reference: str) -> Assessment:
    """Answers, scenes and machines for a framework of the case; nothing where the case tells nothing for it."""
    if reference == case.framework:
        return Assessment(reference, case.answers, case.scenes, case.graded, case.part_machines)
    empty = Assessment(reference, (), (), (), {})
    return next((each for each in case.assessments if each.framework == reference), empty)


def answers_of(told: Assessment) -> dict[str, dict[str, Any]]:
    """Told answers of a method without points, in the form that scoring reads."""
    plain = {
        each.item: {
            "sure": sorted(each.options),
            "open": sorted(each.open_options),
            "class": each.cls,
            "evidence": [],
            "documents": list(each.documents),
        }
        for each in told.answers
    }
    return plain | {each.item: _graded(each) for each in told.graded}


def _graded(each: GradedAnswer) -> dict[str, Any]:
    data: dict[str, Any] = {"class": each.cls, "evidence": [], "documents": list(each.documents)}
    if each.grades:
        data["grades"] = {level: list(grades) for level, grades in each.grades}
    if each.low is not None and each.high is not None:
        data |= {"low": str(Fraction(each.low)), "high": str(Fraction(each.high))}
    if each.corrections:
        data["corrections"] = {name: str(Fraction(value)) for name, value in each.corrections}
    return data
