"""What a case tells for its frameworks: answers in the form each method takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ovoo_packs import leading_framework

from ovoo_cloud.diagnosis.case_answers import read_answer, read_scene, told
from ovoo_cloud.diagnosis.case_parts import Answer, EvidenceClass, SceneAnswer
from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["Assessment", "GradedAnswer", "read_answers", "read_assessments", "read_frameworks", "read_machines"]


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """An answer to an item of a method without points: grades by level (None is open), or a range.

    `corrections` are those of a norm by name. Only what the case gives is filled.
    """

    item: str
    grades: tuple[tuple[str, tuple[str | None, ...]], ...]
    low: Decimal | None
    high: Decimal | None
    corrections: tuple[tuple[str, Decimal], ...]
    cls: EvidenceClass
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything told for one framework. `answers` and `scenes` serve the methods with points, `graded` the
    others; `machines` names the machines of a subsystem, by which its running is measured."""

    framework: str
    answers: tuple[Answer, ...]
    scenes: tuple[SceneAnswer, ...]
    graded: tuple[GradedAnswer, ...]
    machines: Mapping[str, tuple[str, ...]]


def read_frameworks(top: IntakeReader) -> tuple[str, ...]:
    """The frameworks of a case, the leading one first; `framework: NAME` is a list of one.

    A case that names none is led by the framework of its sector, as the packs say.
    """
    single, several = top.text("framework", ""), top.names("frameworks")
    if single and several:
        top.fail(
            "frameworks",
            "frameworks are named twice",
            "write framework: or frameworks:, not both",
            code="intake.frameworks_twice",
        )
    names = several or (single or leading_framework(_sector(top)),)
    ids = [name.partition("@")[0] for name in names]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        top.fail(
            "frameworks",
            f"framework {name!r} is named twice",
            "name each framework once, in one version",
            code="intake.framework_twice",
            name=name,
        )
    return names


def _sector(top: IntakeReader) -> str:
    profile = top.data.get("profile")
    return str(profile.get("sector", "")) if isinstance(profile, Mapping) else ""


def read_answers(reader: IntakeReader) -> tuple[tuple[Answer, ...], tuple[GradedAnswer, ...]]:
    """The answers of a framework by options, ratio or direction, and those in the forms of the other methods."""
    points: list[Answer] = []
    graded: list[GradedAnswer] = []
    for item, entry in reader.keyed("answers"):
        if {"grades", "value", "low", "corrections"} & set(entry.data):
            graded.append(_graded(item, entry))
            entry.finish()
        else:
            points.append(read_answer(item, entry))
    return tuple(points), tuple(graded)


def read_machines(reader: IntakeReader) -> dict[str, tuple[str, ...]]:
    """Machines of the register by the part of a framework that they belong to."""
    machines = reader.child("machines")
    return {} if machines is None else {name: machines.names(name) for name in machines.data}


def read_assessments(top: IntakeReader, frameworks: tuple[str, ...]) -> tuple[Assessment, ...]:
    """One for each further framework that the case tells something of."""
    found = []
    for name, reader in top.keyed("assessments"):
        reference = next((each for each in frameworks[1:] if each.partition("@")[0] == name), "")
        if not reference:
            top.fail(
                "assessments",
                f"{name!r} is no further framework of the case",
                "name it under frameworks:",
                code="intake.no_further_framework",
                name=name,
            )
        found.append(_assessment(reference or name, reader))
    return tuple(found)


def _assessment(reference: str, reader: IntakeReader) -> Assessment:
    points, graded = read_answers(reader)
    made = Assessment(
        framework=reference,
        answers=points,
        scenes=tuple(read_scene(name, entry) for name, entry in reader.keyed("scenes")),
        graded=graded,
        machines=read_machines(reader),
    )
    reader.finish()
    return made


def _graded(item: str, reader: IntakeReader) -> GradedAnswer:
    """One answer; `value` is short for `low` and `high` alike."""
    cls, documents = told(reader)
    value, low, high = (reader.decimal(key) for key in ("value", "low", "high"))
    if (low is None) != (high is None) or (value is not None and low is not None):
        reader.fail("low", "half a range, or two answers", "give value, or low and high", code="intake.half_range")
    corrections = reader.child("corrections")
    found: list[tuple[str, Decimal]] = []
    for name in corrections.data if corrections is not None else ():
        factor = corrections.decimal(name, least=None) if corrections is not None else None
        if factor is not None:
            found.append((name, factor))
    return GradedAnswer(
        item=item,
        grades=_grades(reader),
        low=value if low is None else low,
        high=value if high is None else high,
        corrections=tuple(found),
        cls=cls,
        documents=documents,
    )


def _grades(reader: IntakeReader) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
    levels = reader.child("grades")
    if levels is None:
        return ()
    return tuple((level, tuple(_grade(text) for text in levels.names(level))) for level in levels.data)


def _grade(text: str) -> str | None:
    """A grade as rules write it: 1 for 1.0; an empty one or ? is open."""
    if text in ("", "?"):
        return None
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    return f"{number.normalize():f}" if number.is_finite() else text
