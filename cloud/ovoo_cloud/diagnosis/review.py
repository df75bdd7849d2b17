"""An expert's decisions on measured and told answers: applied before scoring, listed beside what they replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from ovoo_contract.errors import ConfigError

__all__ = ["Reviewed", "apply_review", "decisions", "figure_of", "overridden", "reviewed_parts", "subjects"]

Answers = Mapping[str, Mapping[str, Any]]
_ITEM, _SCENE = "item:", "scene:"
_RANK: Final = {"insufficient": 0, "declared": 1, "verified": 2, "measured": 3}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What is reviewed of one framework of a measured snapshot.

    `further` is the id of a framework that stands beside the leading one, empty for the leading one itself.
    """

    further: str
    rules: Mapping[str, Any]
    answers: Answers
    scenes: Answers
    score: Mapping[str, Any]

    def subject(self, kind: str, name: str) -> str:
        """`item:<id>` of the leading framework, `item:<framework>/<id>` of a further one; scenes alike."""
        return f"{kind}:{self.further}/{name}" if self.further else f"{kind}:{name}"

    def subjects(self) -> list[str]:
        """Every item that was scored, then every scene."""
        scored = {item["id"] for item in self.score["items"]}
        items = [item["id"] for part in self.rules["dimensions"] for item in part["items"] if item["id"] in scored]
        scenes = [scene["id"] for scene in self.rules.get("scenes", [])]
        return [self.subject("item", each) for each in items] + [self.subject("scene", each) for each in scenes]


def reviewed_parts(measured: Mapping[str, Any]) -> Iterator[Reviewed]:
    """The leading framework of a snapshot, then the further ones in their order."""
    yield Reviewed("", measured["framework"], measured["answers"], measured["scenes"], measured["score"])
    for each in measured.get("assessments", ()):
        yield Reviewed(each["rules"]["id"], each["rules"], each["answers"], each["scenes"], each["score"])


def subjects(measured: Mapping[str, Any]) -> list[str]:
    """What is reviewed one by one of a measured snapshot, framework by framework.

    An acceptance does not score what is not applied for, norms score what has a consumption.
    """
    return [subject for part in reviewed_parts(measured) for subject in part.subjects()]


def figure_of(subject: str) -> str:
    """The figure whose change a decision on an item explains.

    >>> figure_of("item:total"), figure_of("item:sme_2022/total")
    ('score.item.total', 'assessment.sme_2022.item.total')
    """
    further, _, name = subject.partition(":")[2].rpartition("/")
    return f"assessment.{further}.item.{name}" if further else f"score.item.{name}"


def decisions(snapshot: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The review that a snapshot was made with, as `apply_review` takes it."""
    rows = snapshot.get("review", {}).get("items", ())
    return [{key: value for key, value in row.items() if key != "found"} for row in rows]


def apply_review(
    answers: Answers, scenes: Answers, review: Sequence[Mapping[str, Any]], further: str = ""
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """Answers and scenes of one framework after the review, and its decisions with what each one found.

    Args:
        further: id of the framework; empty for the leading one. Decisions on others are left alone.
        review: plain rows with subject, decision (`accept` or `override`), value, reason, reviewer, at, on_site and
            document. The answer that a decision was made on stands in `found`.
    """
    after = {_ITEM: dict(answers), _SCENE: dict(scenes)}
    listed = []
    for row in review:
        kind, named = _split(str(row["subject"]))
        of, _, name = named.rpartition("/")
        if of != further:
            continue
        found = (answers if kind == _ITEM else scenes).get(name)
        if row["decision"] == "override":
            after[kind][name] = overridden(row, found)
        listed.append({**row, "found": None if found is None else dict(found)})
    return after[_ITEM], after[_SCENE], listed


def overridden(row: Mapping[str, Any], found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer that an override puts in place of `found`.

    Its class is `verified` where a visit on site with a document is recorded, else `declared`; without a visit it is
    never above that of what it replaces.

    Raises:
        ConfigError: there is nothing to override and no visit, or the value does not fit.
    """
    kind, name = _split(str(row["subject"]))
    seen = bool(row["on_site"]) and bool(row["document"])
    before = "insufficient" if found is None else str(found["class"])
    if not seen and not _RANK[before]:
        raise ConfigError(
            "nothing was told or measured here",
            offender=str(row["subject"]),
            remedy="answer it in the intake, or record the visit on site with its document",
            code="case.nothing_to_override",
        )
    base = {
        "class": "verified" if seen else "declared",
        "documents": [row["document"]] if row["document"] else [],
    }
    value = row["value"]
    return {**_level(value, name), **base} if kind == _SCENE else {**_told(value, name), "evidence": [], **base}


def _told(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    if "grades" in value or "low" in value:
        return _graded(value, name)
    if "ratio" in value:
        try:
            share = Decimal(str(value["ratio"]))
        except InvalidOperation:
            share = Decimal("NaN")
        if not share.is_finite() or not 0 <= share <= 1:
            raise ConfigError(
                "not a share", offender=name, value=value["ratio"], remedy="from 0 to 1", code="case.not_share"
            )
        text = str(Fraction(share))
        return {"low": text, "high": text}
    options = value.get("options")
    if not isinstance(options, list) or not all(isinstance(each, str) for each in options):
        raise ConfigError(
            "no answer in it",
            offender=name,
            value=str(value)[:80],
            remedy="options, ratio, grades, or low and high",
            code="case.no_answer",
        )
    return {"sure": sorted(options), "open": []}


def _graded(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Grades by level, or a range with the corrections of a norm, in the forms that scoring reads."""
    if "grades" in value:
        return {"grades": {str(level): list(grades) for level, grades in dict(value["grades"]).items()}}
    try:
        told: dict[str, Any] = {end: str(Fraction(str(value[end]))) for end in ("low", "high")}
        corrections = {key: str(Fraction(str(each))) for key, each in dict(value.get("corrections", {})).items()}
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise ConfigError(
            "not a range", offender=name, value=str(value)[:80], remedy="give low and high", code="case.not_a_range"
        ) from error
    return {**told, "corrections": corrections} if corrections else told


def _level(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    level = value.get("level")
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= 4:
        raise ConfigError(
            "no such level", offender=name, value=level, remedy="from 0 to 4", code="intake.no_such_level"
        )
    return {"level": level}


def _split(subject: str) -> tuple[str, str]:
    for kind in (_ITEM, _SCENE):
        if subject.startswith(kind):
            return kind, subject.removeprefix(kind)
    raise ConfigError(
        "neither item nor scene",
        offender="subject",
        value=subject,
        remedy="item:<id> or scene:<id>",
        code="case.neither_item_nor_scene",
    )
