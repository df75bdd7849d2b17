"""Answers out of a filled questionnaire: what a table says as parts of an intake."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import Framework, Item
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import beside, editions, parts
from ovoo_cloud.casework.graded_rows import graded_answers
from ovoo_cloud.casework.sheet_cell import CLASSES, NO, OPEN, YES, Cell, Row, fault
from ovoo_cloud.catalogue.case_tables import CaseFile, CasePart

__all__ = ["parts_of_rows", "take_rows"]

_SHARE: Final = re.compile(r"(?:[0-9]{1,20}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})(?:[eE]-[0-9]{1,2})? ?%?")
"""A number as people and office programs write it; no exponent that would fill the memory."""


@dataclass(slots=True)
class _Told:
    """What the rows of one item or scene say together."""

    options: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    ratio: str = ""
    cls: str = ""
    cls_place: str = ""
    evidence: list[str] = field(default_factory=list)
    answered: bool = False
    places: dict[str, str] = field(default_factory=dict)


def take_rows(
    session: Session, scope: Scope, row: CaseFile, rows: Sequence[Row], seen: Mapping[str, int], now_ns: int
) -> list[CasePart]:
    """Writes what a filled questionnaire says into the parts `answers` and `scenes`; `seen` are their versions read.

    Rows of further frameworks, `<framework>/<id>`, go into the part `assessments`; without any, it stays as it is.

    Raises:
        ConfigErrors: as `parts_of_rows`. Stale: somebody wrote one of the parts since. Conflict: the intake is closed.
    """
    if not row.edition:
        parts.put_part(session, scope, row, "answers", {}, seen["answers"], now_ns)  # says that it is not open
    further = beside.frameworks(session, row)
    own, others = _by_framework(rows, {each.id for each in further})
    errors: list[ConfigError] = []
    told = _read_rows(own, editions.pinned(session, row), errors)
    written = parts.newest(session, row, parts.FURTHER)
    sections = _of_further(others, further, {} if written is None else written.content, errors)
    if errors:
        raise ConfigErrors(errors)
    before = parts.newest(session, row, "answers")
    if before is not None and "machines" in before.content:  # a questionnaire does not ask for them
        told["answers"]["machines"] = before.content["machines"]
    if others:
        told[parts.FURTHER] = {parts.FURTHER: sections}
    return [parts.put_part(session, scope, row, name, told[name], seen.get(name, 0), now_ns) for name in told]


def _by_framework(rows: Sequence[Row], further: set[str]) -> tuple[list[Row], dict[str, list[Row]]]:
    """The rows of the leading framework, and those of the further ones without the framework before their id."""
    own: list[Row] = []
    others: dict[str, list[Row]] = {}
    for row in rows:
        framework, _, name = row[1].text.partition("/")
        if framework in further and name:
            others.setdefault(framework, []).append((row[0], Cell(name, row[1].place), *row[2:]))
        else:
            own.append(row)
    return own, others


def _of_further(
    others: Mapping[str, Sequence[Row]],
    further: Sequence[Framework],
    before: Mapping[str, Any],
    errors: list[ConfigError],
) -> dict[str, Any]:
    """The sections of each further framework; what a questionnaire does not ask for stays as it was."""
    found: dict[str, Any] = {}
    for framework in further:
        kept = dict(beside.told(before, framework.id))
        told = _read_rows(others[framework.id], framework, errors) if framework.id in others else {}
        for sections in told.values():
            kept |= sections
        if kept:
            found[framework.id] = kept
    return found


def _read_rows(rows: Sequence[Row], framework: Framework, errors: list[ConfigError]) -> dict[str, dict[str, Any]]:
    try:
        return parts_of_rows(rows, framework)
    except ConfigErrors as error:
        errors.extend(error.errors)
        return {}


def parts_of_rows(rows: Sequence[Row], framework: Framework) -> dict[str, dict[str, Any]]:
    """The parts `answers` and, of points with a gate, `scenes`; what was left empty is left out.

    Raises:
        ConfigErrors: unknown ids, answers that are none, a class or ratio that cannot be read, each by its cell.
    """
    if framework.method != "points_gate":
        return {"answers": {"answers": graded_answers(rows, framework)}}
    errors: list[ConfigError] = []
    items = {item.id: item for item in framework.items}
    scenes = {scene.id for scene in framework.scenes}
    told: dict[tuple[str, str], _Told] = {}
    for row in rows:
        kind, name = row[0], row[1]
        if kind.text not in ("item", "scene"):
            errors.append(
                fault(
                    kind, "neither item nor scene", "leave this column as exported", code="case.neither_item_nor_scene"
                )
            )
        elif name.text not in (items if kind.text == "item" else scenes):
            errors.append(
                fault(
                    name,
                    "the framework has no such entry",
                    f"export the form of {framework.id} again",
                    code="case.not_in_questionnaire",
                    slots={"framework": framework.id},
                )
            )
        else:
            entry = told.setdefault((kind.text, name.text), _Told())
            _read(row, items.get(name.text) if kind.text == "item" else None, entry, errors)
    if errors:
        raise ConfigErrors(errors)
    answers = {name: _answer(items[name], each) for (kind, name), each in told.items() if kind == "item"}
    levels = {name: _scene(each) for (kind, name), each in told.items() if kind == "scene"}
    return {
        "answers": {"answers": {name: each for name, each in answers.items() if each}},
        "scenes": {"scenes": {name: each for name, each in levels.items() if each}},
    }


def _read(row: Row, item: Item | None, entry: _Told, errors: list[ConfigError]) -> None:
    option, answer, cls, evidence = row[2], row[5], row[6], row[7]
    if option.text in entry.places:
        errors.append(
            fault(
                option,
                "the same row again",
                f"keep this one or {entry.places[option.text]}",
                code="case.same_row_again",
                slots={"other": entry.places[option.text]},
            )
        )
        return
    entry.places[option.text] = option.place
    _read_class(cls, entry, errors)
    names = evidence.text.replace("；", ";").split(";")
    entry.evidence += [name.strip() for name in names if name.strip() and name.strip() not in entry.evidence]
    if item is not None and item.kind == "ratio":
        entry.ratio = _ratio(answer, errors)
        entry.answered = bool(entry.ratio)
        return
    known = {each.id for each in item.options} if item is not None else {"1", "2", "3", "4"}
    if option.text not in known:
        errors.append(
            fault(
                option,
                "no such option",
                f"one of {', '.join(sorted(known))}",
                code="case.no_such_option",
                slots={"known": ", ".join(sorted(known))},
            )
        )
        return
    text = answer.text.lower()
    if text in YES:
        entry.options.append(option.text)
        entry.answered = True
    elif text in OPEN:
        entry.open.append(option.text)
        entry.answered = True
    elif text not in NO:
        errors.append(fault(answer, "not an answer", "yes, no or ? (是, 否 or ?)", code="case.not_answer"))
    elif text:
        entry.answered = True


def _read_class(cell: Cell, entry: _Told, errors: list[ConfigError]) -> None:
    told = CLASSES.get(cell.text.lower())
    if told is None:
        errors.append(fault(cell, "no such class", "declared or verified", code="case.no_such_class"))
    elif told and entry.cls not in ("", told):
        errors.append(
            fault(
                cell,
                f"an entry has one class, and {entry.cls_place} says {entry.cls}",
                "agree on one",
                code="case.two_classes",
                slots={"place": entry.cls_place, "class": entry.cls},
            )
        )
    elif told and not entry.cls:
        entry.cls, entry.cls_place = told, cell.place


def _ratio(cell: Cell, errors: list[ConfigError]) -> str:
    """The share in a cell as an exact decimal from 0 to 1; full-width digits and signs are read as plain ones."""
    if not cell.text:
        return ""
    text = unicodedata.normalize("NFKC", cell.text)
    if _SHARE.fullmatch(text):
        number = Decimal(text.removesuffix("%").strip()).scaleb(-2 if text.endswith("%") else 0)
        if number <= 1:
            return f"{number.normalize():f}" if number else "0"
    errors.append(fault(cell, "not a share", "0.35 or 35%", code="case.not_share"))
    return ""


def _answer(item: Item, told: _Told) -> dict[str, Any]:
    if not told.answered:
        return {}
    base = _base(told)
    if item.kind == "ratio":
        return {"ratio": told.ratio, **base}
    if item.kind == "direction":
        return {"direction": told.options[0], **base} if len(told.options) == 1 else {"options": told.options, **base}
    return {"options": told.options, **({"open": told.open} if told.open else {}), **base}


def _scene(told: _Told) -> dict[str, Any]:
    if not told.answered:
        return {}
    return {"levels_met": sorted(int(each) for each in told.options), **_base(told)}


def _base(told: _Told) -> dict[str, Any]:
    evidence = {"evidence": told.evidence} if told.evidence else {}
    return {"class": told.cls or "declared", **evidence}
