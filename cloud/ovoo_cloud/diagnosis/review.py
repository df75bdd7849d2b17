"""An expert's decisions on measured and told answers: applied before scoring, listed beside what they replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from ovoo_contract.errors import ConfigError

__all__ = ["apply_review", "decisions", "overridden", "subjects"]

Answers = Mapping[str, Mapping[str, Any]]
_ITEM, _SCENE = "item:", "scene:"
_RANK: Final = {"insufficient": 0, "declared": 1, "verified": 2, "measured": 3}


def subjects(measured: Mapping[str, Any]) -> list[str]:
    """What is reviewed one by one of a measured snapshot: every item that was scored (`item:<id>`), every scene
    (`scene:<id>`). An acceptance does not score what is not applied for, norms score what has a consumption."""
    scored = {item["id"] for item in measured["score"]["items"]}
    rules = measured["framework"]
    items = [item["id"] for dimension in rules["dimensions"] for item in dimension["items"] if item["id"] in scored]
    return [f"{_ITEM}{each}" for each in items] + [f"{_SCENE}{scene['id']}" for scene in rules.get("scenes", [])]


def decisions(snapshot: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The review that a snapshot was made with, as `apply_review` takes it."""
    rows = snapshot.get("review", {}).get("items", ())
    return [{key: value for key, value in row.items() if key != "found"} for row in rows]


def apply_review(
    answers: Answers, scenes: Answers, review: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """Answers and scenes after the review, and the list of decisions with what each one found.

    Args:
        review: plain rows with subject, decision (`accept` or `override`), value, reason, reviewer, at, on_site and
            document. The answer that a decision was made on stands in `found`.
    """
    after = {_ITEM: dict(answers), _SCENE: dict(scenes)}
    listed = []
    for row in review:
        kind, name = _split(str(row["subject"]))
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
