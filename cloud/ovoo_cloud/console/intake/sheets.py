"""A part as the rows of its form, and back: nothing that was typed is lost, whether or not it can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ovoo_cloud.console.intake.fields import NONE_APPLIES, NOT_MET, Field, Group
from ovoo_cloud.diagnosis.case_secrets import with_groups

__all__ = ["MOST_ROWS", "Row", "Sheet", "Slip", "content_of", "filled", "input_name", "sent", "with_change"]

Row = dict[str, Any]
"""Field name -> text, list of texts, or {zh, en}."""
MOST_ROWS: Final = 500
_LISTS: Final = ("several", "documents", "lines", "levels")
_TOLD: Final = ("class", "evidence")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of every group by its path; `rest` is what the part holds and the form does not ask, by its path."""

    rows: Mapping[str, Sequence[Row]]
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake of the form itself: the input, and the code of its sentence."""

    place: str
    code: str
    slots: Mapping[str, object] = field(default_factory=dict)


def input_name(group: Group, number: int, name: str) -> str:
    """The name of an input, which is the path that mistakes are told of: `products[0].output`."""
    if group.shape != "one":
        return f"{group.path}[{number}].{name}"
    return f"{group.path}.{name}" if group.path else name


def filled(content: Mapping[str, Any], groups: Sequence[Group]) -> Sheet:
    """The form of a part as it is kept."""
    content = with_groups(content)
    rows = {group.path: [_row(each, group.fields) for each in _entries(content, group)] for group in groups}
    return Sheet(rows, _rest(content, groups))


def _entries(content: Mapping[str, Any], group: Group) -> list[Mapping[str, Any]]:
    found: Any = content
    for step in group.path.split(".") if group.path else ():
        found = found.get(step) if isinstance(found, Mapping) else None
    if group.shape == "one":
        return [found if isinstance(found, Mapping) else {}]
    if group.shape == "keyed":
        pairs = found.items() if isinstance(found, Mapping) else ()
        return [{**(each if isinstance(each, Mapping) else {}), group.key: name} for name, each in pairs]
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _row(entry: Mapping[str, Any], fields: Sequence[Field]) -> Row:
    return {each.name: _kept(entry, each) for each in fields}


def _kept(entry: Mapping[str, Any], each: Field) -> Any:
    value = _at(entry, each.name)
    if each.kind == "levels":
        return _levels(entry)
    if each.name == "class":
        return _text(value) or "declared"  # what is told without a class is declared
    if each.kind == "both":
        return {side: _text(value.get(side) if isinstance(value, Mapping) else value) for side in ("zh", "en")}
    if each.kind in _LISTS:
        listed = value if isinstance(value, list) else [value] if value not in (None, "") else []
        none = each.name == "options" and isinstance(value, list) and not listed and not entry.get("open")
        return [NONE_APPLIES] if none else [_text(one) for one in listed]
    if each.kind == "yes_no":
        return {"yes": "true", "no": "false"}.get(_text(value).lower(), _text(value).lower())
    if each.single and isinstance(value, list):
        return _text(value[0]) if len(value) == 1 else ""
    return _text(value)


def _at(entry: Mapping[str, Any], name: str) -> Any:
    """What stands under a field's name; a point leads into a section of the row."""
    found: Any = entry
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _levels(entry: Mapping[str, Any]) -> list[str]:
    if "levels_met" in entry:
        met = entry["levels_met"]
        return [_text(each) for each in met] or [NOT_MET] if isinstance(met, list) else []
    level = _text(entry.get("level"))
    if not level.isdigit() or int(level) > 4:
        return [level] if level else []
    return [str(each) for each in range(1, int(level) + 1)] or [NOT_MET]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _rest(content: Mapping[str, Any], groups: Sequence[Group]) -> dict[str, Any]:
    """Entries of a questionnaire that its framework no longer has."""
    known = {group.path for group in groups}
    asked = {group.path.rpartition(".")[0] for group in groups if group.shape == "one"}
    roots = {each for each in asked if each.rpartition(".")[2] in ("answers", "scenes")}
    roots |= {f"{each.rpartition('.')[0]}.scenes" for each in roots if "." in each}  # a further framework without any
    found = {}
    for root in sorted(roots):
        section = _at(content, root)
        for name, entry in section.items() if isinstance(section, Mapping) else ():
            if f"{root}.{name}" not in known:
                found[f"{root}.{name}"] = entry
    return found


def sent(form: Mapping[str, Any], groups: Sequence[Group], rest: Mapping[str, Any]) -> Sheet:
    """The form as it came; `form` gives lists by `getlist`, `rest` stays where its box is ticked."""
    rows = {group.path: list(_sent_rows(form, group)) for group in groups}
    return Sheet(rows, {path: each for path, each in rest.items() if form.get(f"rest:{path}")})


def _sent_rows(form: Any, group: Group) -> Iterator[Row]:
    if group.shape == "one":
        yield {each.name: _sent(form, input_name(group, 0, each.name), each) for each in group.fields}
        return
    for number in range(MOST_ROWS):
        if f"{group.path}[{number}]" in form:
            yield {each.name: _sent(form, input_name(group, number, each.name), each) for each in group.fields}


def _sent(form: Any, name: str, each: Field) -> Any:
    if each.kind == "both":
        return {side: str(form.get(f"{name}.{side}", "")).strip() for side in ("zh", "en")}
    if each.kind == "lines":
        return [line.strip() for line in str(form.get(name, "")).splitlines() if line.strip()]
    if each.kind in _LISTS:
        return [str(one) for one in form.getlist(name)]
    return str(form.get(name, "")).strip()


def with_change(sheet: Sheet, groups: Sequence[Group], change: str) -> tuple[Sheet, str]:
    """The sheet with a row more or less, and the input that is to be reached next.

    >>> groups = (Group("products", "rows", (Field("id"),), "id"),)
    >>> with_change(Sheet({"products": [{"id": "a"}]}), groups, "add:products")[1]
    'products[1].id'
    """
    verb, _, place = change.partition(":")
    path, _, at = place.partition("[")
    group = next((each for each in groups if each.path == path and each.shape != "one"), None)
    if group is None or verb not in ("add", "remove"):
        return sheet, ""
    rows = list(sheet.rows[path])
    if verb == "add" and len(rows) < MOST_ROWS:
        rows.append(_row({}, group.fields))
        next_place = input_name(group, len(rows) - 1, _first(group.fields[0]))
    else:
        number = int(at.rstrip("]")) if at.rstrip("]").isdigit() else len(rows)
        rows = rows[:number] + rows[number + 1 :]
        next_place = f"add:{path}"
    return replace(sheet, rows={**sheet.rows, path: rows}), next_place


def _first(each: Field) -> str:
    return f"{each.name}.zh" if each.kind == "both" else each.name


def content_of(sheet: Sheet, groups: Sequence[Group]) -> tuple[dict[str, Any], list[Slip]]:
    """The part as it is kept, and what cannot be told there: rows of one key, rows without one."""
    content: dict[str, Any] = {}
    slips: list[Slip] = []
    for group in groups:
        entries = [(number, _entry(row, group, number, slips)) for number, row in enumerate(sheet.rows[group.path])]
        if group.shape == "one":
            _put(content, group.path, entries[0][1])
        elif group.shape == "rows":
            _put(content, group.path, [entry for _, entry in entries] or None)
        else:
            _put(content, group.path, _keyed(entries, group, slips) or None)
    for path, entry in sheet.rest.items():
        _put(content, path, entry)
    return content, slips


def _keyed(entries: Sequence[tuple[int, Row]], group: Group, slips: list[Slip]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, entry in entries:
        name = str(entry.pop(group.key, ""))
        place = input_name(group, number, group.key)
        if not name:
            slips.append(Slip(place, code="intake.value_missing"))
        elif name in found:
            slips.append(Slip(place, code="intake.id_twice", slots={"name": name}))
        found[name] = entry
    return found


def _put(content: dict[str, Any], path: str, value: Any) -> None:
    """Puts a section into its place; an empty one is left out."""
    if value is None or value == {}:
        return
    if not path:
        content |= value
        return
    *above, last = path.split(".")
    for step in above:
        content = content.setdefault(step, {})
    content[last] = {**content.get(last, {}), **value} if isinstance(value, dict) else value


def _entry(row: Row, group: Group, number: int, slips: list[Slip]) -> Row:
    """A row without what was left empty; a section of which nothing but its class stands is none."""
    entry: Row = {}
    for each in group.fields:
        value = row.get(each.name)
        if each.kind == "levels":
            entry |= _told_levels(value or [])
        elif each.name == "options" and not each.single and NONE_APPLIES in (value or []):
            if len(value or []) > 1:
                slips.append(Slip(input_name(group, number, each.name), code="intake.none_and_others"))
            entry["options"] = [one for one in value or [] if one != NONE_APPLIES]
        else:
            _take(entry, each, value)
    return {} if group.shape == "one" and not set(entry) - {"class"} else entry


def _take(entry: Row, each: Field, value: Any) -> None:
    if each.kind == "both":
        sides = {side: text for side, text in (value or {}).items() if text}
        if sides:
            same = len(sides) == 1 or sides["zh"] == sides["en"]
            entry[each.name] = next(iter(sides.values())) if same else sides
    elif value:
        told = [value] if each.name == "options" and each.single else value
        *above, last = each.name.split(".")
        _put(entry, ".".join(above), {last: told})


def _told_levels(ticked: Sequence[str]) -> Row:
    if not ticked:
        return {}
    if list(ticked) == [NOT_MET]:
        return {"levels_met": []}
    return {"levels_met": [int(each) if each.isdigit() else each for each in ticked]}
