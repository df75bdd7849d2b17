"""Two versions of a part side by side: where they differ, who changed it, and the part that a person's choices make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ovoo_cloud.console.intake.fields import Field, Group, key_of
from ovoo_cloud.console.intake.sheets import Row, Sheet

__all__ = ["Difference", "Side", "differences", "joined"]

Side = Literal["mine", "theirs"]
_Keyed = Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, or one whole row (`field` None), that the versions do not share.

    Attributes:
        id: names the choice in the form.
        key: of the row; empty for a section.
        mine, theirs, before: values of the field, or the row itself; None where the row is not there.
        chosen: whose value stands unless the person says otherwise, None where both changed it.
    """

    id: str
    group: Group
    key: str
    field: Field | None
    before: Any
    mine: Any
    theirs: Any
    chosen: Side | None


def differences(groups: Sequence[Group], before: Sheet, mine: Sheet, theirs: Sheet) -> list[Difference]:
    """Every difference in the order of the form; `before` is the version that mine was made from."""
    return [each for group in groups for each in _of_group(group, before, mine, theirs)]


def _of_group(group: Group, before: Sheet, mine: Sheet, theirs: Sheet) -> Iterator[Difference]:
    was, own, other = (_keyed(group, sheet) for sheet in (before, mine, theirs))
    for key in [*other, *(each for each in own if each not in other)]:
        place = f"{group.path}|{key}"
        if key in own and key in other:
            for each in group.fields:
                value = (was.get(key, {}).get(each.name), own[key][each.name], other[key][each.name])
                if value[1] != value[2]:
                    yield Difference(f"{place}|{each.name}", group, key, each, *value, _side(*value))
        else:
            rows = (was.get(key), own.get(key), other.get(key))
            yield Difference(f"{place}|", group, key, None, *rows, _side(*rows))


def _keyed(group: Group, sheet: Sheet) -> _Keyed:
    if group.shape == "one":
        return {"": next(iter(sheet.rows.get(group.path, ())), {})}
    found: dict[str, Row] = {}
    for number, row in enumerate(sheet.rows.get(group.path, ())):
        key = key_of(group, row, number)
        found[f"{key} #{number}" if key in found else key] = row
    return found


def _side(before: Any, mine: Any, theirs: Any) -> Side | None:
    """Who alone changed it."""
    if before == theirs:
        return "mine"
    return "theirs" if before == mine else None


def joined(
    groups: Sequence[Group], mine: Sheet, theirs: Sheet, found: Sequence[Difference], picks: Mapping[str, Side]
) -> Sheet:
    """Their version with what was picked of mine; a difference that nobody picked stays theirs.

    Entries that no form asks for stay as they are in either version.
    """
    picked = {each.id: picks.get(each.id) or each.chosen or "theirs" for each in found}
    rows = {group.path: list(_joined_rows(group, mine, theirs, picked)) for group in groups}
    return Sheet(rows, {**mine.rest, **theirs.rest})


def _joined_rows(group: Group, mine: Sheet, theirs: Sheet, picked: Mapping[str, str]) -> Iterator[Row]:
    own, other = _keyed(group, mine), _keyed(group, theirs)
    for key in [*other, *(each for each in own if each not in other)]:
        place = f"{group.path}|{key}"
        if key in own and key in other:
            fields = [each.name for each in group.fields]
            yield {n: (own if picked.get(f"{place}|{n}") == "mine" else other)[key][n] for n in fields}
        elif (key in own) == (picked.get(f"{place}|") == "mine"):
            yield (own if key in own else other)[key]
