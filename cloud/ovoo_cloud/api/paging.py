"""Pages of a list: `limit` items, and `next` as the cursor of the following page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query
from ovoo_contract.errors import QueryError

__all__ = ["EVERYTHING", "Asked", "AskedDep", "paged"]

EVERYTHING: Final = 10_000
"""What is asked of a repository that has a limit but no cursor."""
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Asked:
    """The page a caller wants: `cursor` is `next` of the page before, None for the first one."""

    limit: int
    cursor: str | None


def asked(
    limit: Annotated[int, Query(ge=1, le=1000, description="most items to answer")] = 200,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before")] = None,
) -> Asked:
    """Limit and cursor of the request."""
    return Asked(limit, cursor)


AskedDep = Annotated[Asked, Depends(asked)]


def paged(
    rows: Sequence[_Row], page: Asked, key: Callable[[_Row], str], view: Callable[[_Row], dict[str, Any]]
) -> dict[str, Any]:
    """One page of ordered rows; `key` identifies a row and makes the cursor.

    Raises:
        QueryError: the cursor names no row of the list.
    """
    start = 0
    if page.cursor is not None:
        keys = [key(row) for row in rows]
        if page.cursor not in keys:
            raise QueryError(
                "not a cursor", offender="cursor", value=page.cursor, remedy="use `next` of the page before"
            )
        start = keys.index(page.cursor) + 1
    shown = rows[start : start + page.limit]
    more = start + len(shown) < len(rows)
    return {"items": [view(row) for row in shown], "next": key(shown[-1]) if more and shown else None}
