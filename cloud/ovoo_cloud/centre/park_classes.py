"""Classes of a park's enterprises (亩均评价分类) by a table that the centre uploaded; without a table no class.

No thresholds come with the product: each place sets its own, and every row names source, edition and document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ovoo_cloud.centre.facts import Row

__all__ = ["classed", "table_of"]

_GRADES: Final = ("a", "b", "c", "d")


def table_of(rows: Sequence[Row], park: str, year: int) -> list[Row]:
    """The rows of the table in force for a park at the end of a year; empty where there is none.

    A table for the park goes before one for all; of several the one that came into force last, then by its name.
    """
    day = f"{year}-12-31"
    valid = [
        row
        for row in rows
        if row.content["valid_from"] <= day <= (row.content.get("valid_until") or "9999-12-31")
        and row.content.get("park") in (None, park)
    ]
    if not valid:
        return []
    newest = max(valid, key=lambda row: (row.content.get("park") == park, row.content["valid_from"], _name(row)))
    own = newest.content.get("park")
    return [row for row in valid if _name(row) == _name(newest) and row.content.get("park") == own]


def _name(row: Row) -> str:
    return str(row.content["table"])


def classed(table: Sequence[Row], content: Mapping[str, Any], measures: Mapping[str, Any]) -> dict[str, str | None]:
    """The class of one enterprise: the best whose thresholds it reaches, all of them.

    Args:
        table: of `table_of`.
        content: of its row in the register of parks.
        measures: per figure its dividend and divisor.

    A missing figure leaves a class open that needs it: then no class, with the reason, unless a better one is reached.
    """
    for grade in _GRADES:
        needed = [row.content for row in table if row.content["grade"] == grade]
        if not needed:
            continue
        verdicts = [_reaches(content, measures[each["figure"]], Decimal(each["at_least"])) for each in needed]
        if all(verdicts):
            return {"grade": grade, "reason": ""}
        if None in verdicts and False not in verdicts:
            return {"grade": None, "reason": "missing"}
    return {"grade": None, "reason": "below" if table else "no_table"}


def _reaches(content: Mapping[str, Any], measure: Sequence[str], bound: Decimal) -> bool | None:
    """Whether a quotient is at least the bound, exactly; None where one of its figures is missing."""
    over, under = (content.get(name) for name in measure[:2])
    if over is None or under is None or not Decimal(under):
        return None
    return Decimal(over) >= bound * Decimal(under)
