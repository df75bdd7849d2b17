"""The rows that a scope sees, as a condition of a query."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from ovoo_cloud.access.scope import Scope

__all__ = ["visible"]

_Column = InstrumentedAttribute[str]


def visible(scope: Scope, enterprise: _Column, site: _Column, asked: str | None = None) -> ColumnElement[bool]:
    """True for rows of enterprises inside the scope and, under grants, of the sites that these open.

    Args:
        asked: the one enterprise that the query is about, None for all of them.
    """
    if scope.enterprises is None:
        return true()
    if scope.purpose is None:
        return enterprise.in_(scope.enterprises)
    parts: list[ColumnElement[bool]] = [false()]
    for each in scope.consents or ():
        if asked is None or each.enterprise == asked:
            scope.used.add(each.grant)
            parts.append(and_(enterprise == each.enterprise, site.in_(each.sites) if each.sites else true()))
    return or_(*parts)
