"""The questionnaire of a framework without points: its rows, and what the filled rows say.

A row asks for yes or no, a number or a range (`2`, `2 - 3`), a correction of a norm, the grades of a level
(`1, 0.5, ?`), or whether a kind of enterprise or a subsystem applies. What is left empty stays open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import Framework, Item

from ovoo_cloud.casework.sheet_cell import CLASSES, NO, OPEN, YES, Cell, Row, fault

__all__ = ["graded_answers", "graded_rows"]

_NUMBER: Final = r"\d+(?:\.\d+)?"
_RANGE: Final = re.compile(rf"({_NUMBER})(?:\s*[-–~]\s*({_NUMBER}))?")
_FACTOR: Final = re.compile(rf"-?{_NUMBER}")
_CHOSEN: Final = ("variant", "scope")


def graded_rows(framework: Framework) -> Iterator[tuple[str, str, str, str, str]]:
    """Kind, id, option and both names of every row."""
    if framework.method == "acceptance" and len(framework.variants) > 1:
        for each in framework.variants:
            yield "item", "variant", each.id, each.name_zh, each.name_en
    if framework.method == "acceptance":
        for part in framework.dimensions:
            if not part.whole:
                yield "item", "scope", part.id, part.name_zh, part.name_en
    for part in framework.dimensions:
        for item in [item for group in part.groups for item in group.items]:
            own = framework.method == "acceptance" and not part.whole
            names = (
                f"{part.name_zh}：{item.name_zh}" if own else item.name_zh,
                f"{part.name_en}: {item.name_en}" if own else item.name_en,
            )
            yield from _item_rows(framework, item, names)


def _item_rows(framework: Framework, item: Item, names: tuple[str, str]) -> Iterator[tuple[str, str, str, str, str]]:
    if item.kind == "grades":
        for level in framework.levels:
            yield "item", item.id, str(level.level), f"{names[0]}：{level.name_zh}", f"{names[1]}: {level.name_en}"
        return
    yield "item", item.id, "", *names
    for correction in item.rule.get("corrections", ()):
        yield "item", item.id, correction, f"{names[0]}：{correction}", f"{names[1]}: {correction}"


def graded_answers(rows: Sequence[Row], framework: Framework) -> dict[str, dict[str, Any]]:
    """Answers by item as an intake has them; what was left empty is left out.

    Raises:
        ConfigErrors: unknown ids and answers that cannot be read, each by its cell.
    """
    known: dict[str, dict[str, Item | None]] = {}
    items = {item.id: item for item in framework.items}
    for _, item, part, _, _ in graded_rows(framework):
        known.setdefault(item, {})[part] = items.get(item)
    errors: list[ConfigError] = []
    told: dict[str, dict[str, Any]] = {}
    for row in rows:
        kind, name, option = row[0], row[1], row[2]
        if kind.text != "item" or name.text not in known:
            remedy = f"export the form of {framework.id} again"
            slots = {"framework": framework.id}
            errors.append(
                fault(name, "the framework has no such entry", remedy, code="case.not_in_questionnaire", slots=slots)
            )
        elif option.text not in known[name.text]:
            listed = ", ".join(sorted(known[name.text]))
            errors.append(
                fault(option, "no such option", f"one of {listed}", code="case.no_such_option", slots={"known": listed})
            )
        elif row[5].text:
            read = _read(row[5], name.text, option.text, known[name.text][option.text], errors)
            _join(told.setdefault(name.text, {}), read, row, errors)
    if errors:
        raise ConfigErrors(errors)
    return {name: each for name, each in told.items() if set(each) - {"class", "evidence"}}


def _read(cell: Cell, name: str, option: str, item: Item | None, errors: list[ConfigError]) -> dict[str, Any]:
    """What one answer says, in the form of its kind."""
    text = cell.text.strip()
    if item is None or item.kind == "yes_no":
        return _chosen(cell, text.lower(), name, option, errors)
    if text in OPEN:
        return {}
    if item.kind == "grades":
        return {"grades": {option: [each.strip() for each in re.split(r"[,，;；]", text) if each.strip()]}}
    if option:
        if _FACTOR.fullmatch(text):
            return {"corrections": {option: text}}
        errors.append(fault(cell, "not a number", "for example 0.8", code="case.not_a_factor"))
        return {}
    found = _RANGE.fullmatch(text)
    if found is None:
        errors.append(fault(cell, "neither number nor range", "2, or 2 - 3", code="case.neither_number_nor_range"))
        return {}
    low, high = found.groups()
    return {"value": low} if high is None else {"low": low, "high": high}


def _chosen(cell: Cell, text: str, name: str, option: str, errors: list[ConfigError]) -> dict[str, Any]:
    if text not in YES | NO | OPEN:
        errors.append(fault(cell, "not an answer", "yes, no or ? (是, 否 or ?)", code="case.not_answer"))
    if name in _CHOSEN:
        return {"options": [option]} if text in YES else {}
    return {"options": ["yes" if text in YES else "no"]} if text in YES | NO else {}


def _join(entry: dict[str, Any], read: Mapping[str, Any], row: Row, errors: list[ConfigError]) -> None:
    """Adds a row to what the rows of its item said before."""
    for key, value in read.items():
        if isinstance(value, list):
            entry[key] = [*entry.get(key, []), *value]
        elif isinstance(value, dict):
            entry[key] = {**entry.get(key, {}), **value}
        else:
            entry[key] = value
    cls = row[6].text.lower()
    if cls not in CLASSES:
        errors.append(fault(row[6], "no such class", "declared or verified", code="case.no_such_class"))
    entry["class"] = CLASSES.get(cls, "") or entry.get("class", "declared")
    listed = [name.strip() for name in row[7].text.replace("；", ";").split(";") if name.strip()]
    if listed:
        entry["evidence"] = list(dict.fromkeys([*entry.get("evidence", []), *listed]))
