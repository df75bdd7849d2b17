"""Benefit per mu of a park's enterprises (亩均效益): exact quotients of declared figures, none where one is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from ovoo_cloud.centre.facts import Row
from ovoo_cloud.centre.park_classes import classed, table_of

__all__ = ["MEASURES", "park_benefit", "parks_of"]

MEASURES: Final[Mapping[str, tuple[str, str, str]]] = {
    "tax_per_mu": ("tax_10k_yuan", "area_mu", "10k yuan/mu"),
    "value_added_per_mu": ("value_added_10k_yuan", "area_mu", "10k yuan/mu"),
    "revenue_per_mu": ("revenue_10k_yuan", "area_mu", "10k yuan/mu"),
    "value_added_per_tce": ("value_added_10k_yuan", "energy_tce", "10k yuan/tce"),
    "value_added_per_head": ("value_added_10k_yuan", "staff", "10k yuan/head"),
}
"""Quotient -> dividend, divisor, unit."""
_CENT: Final = Decimal("0.01")


def parks_of(rows: Sequence[Row]) -> dict[str, list[int]]:
    """The years that each park has rows of, newest first."""
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row.content["park"], set()).add(row.content["year"])
    return {park: sorted(years, reverse=True) for park, years in sorted(found.items())}


def park_benefit(rows: Sequence[Row], park: str, year: int, by: str, classes: Sequence[Row] = ()) -> dict[str, Any]:
    """Every enterprise of a park in a year, best by one quotient first, and the park as a whole.

    Of the park, a quotient is that of the sums over the enterprises that have both figures; `counted` says how many
    these are. What has no value stands last, and is never a nought.

    `classes` are rows of the centre's own tables; without one in force no enterprise has a class.
    """
    own = [row for row in rows if row.content["park"] == park and row.content["year"] == year]
    table = table_of(classes, park, year)
    items = [_item(row) | {"class": classed(table, row.content, MEASURES)} for row in own]
    whole = {name: _whole(own, *MEASURES[name][:2]) for name in MEASURES}
    ranked = sorted(items, key=lambda each: (each["values"][by] is None, -Decimal(each["values"][by] or 0), each["id"]))
    place = 0
    for at, each in enumerate(ranked):
        equal = at and each["values"][by] == ranked[at - 1]["values"][by]
        place = place if equal else at + 1
        each["rank"] = None if each["values"][by] is None else place
    return {
        "park": park,
        "year": year,
        "by": by,
        "units": {name: unit for name, (_, _, unit) in MEASURES.items()},
        "items": ranked,
        "whole": whole,
        "enterprises": len(own),
        "area_mu": str(sum((Decimal(row.content["area_mu"]) for row in own), Decimal(0))),
        "rows": [row.source for row in own],
        "table": None if not table else _table(table),
    }


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    """What a reader must know of a table: whose it is, since when, and whether it was checked."""
    first = rows[0].content
    return {
        **{name: first.get(name) for name in ("table", "source", "edition", "document", "valid_from", "valid_until")},
        "reference_only": any(row.content["mark"] != "S" for row in rows),
        "thresholds": [
            {name: row.content[name] for name in ("grade", "figure", "at_least")}
            for row in sorted(rows, key=lambda row: (row.content["grade"], row.content["figure"]))
        ],
        "rows": [row.source for row in rows],
    }


def _item(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.content["name_zh"],
        "area_mu": row.content["area_mu"],
        "document": row.content["document"],
        "values": {name: _quotient([row], over, under) for name, (over, under, _) in MEASURES.items()},
    }


def _whole(rows: Sequence[Row], over: str, under: str) -> dict[str, Any]:
    both = [row for row in rows if row.content.get(over) is not None and row.content.get(under) is not None]
    return {"value": _quotient(both, over, under), "counted": len(both)}


def _quotient(rows: Sequence[Row], over: str, under: str) -> str | None:
    if not rows or any(row.content.get(name) is None for row in rows for name in (over, under)):
        return None
    top, bottom = (sum((Decimal(row.content[name]) for row in rows), Decimal(0)) for name in (over, under))
    return None if not bottom else str((top / bottom).quantize(_CENT, ROUND_HALF_EVEN))
