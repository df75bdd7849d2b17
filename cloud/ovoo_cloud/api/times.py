"""Times at the border: ISO 8601 outside, integer nanoseconds UTC inside."""

from __future__ import annotations

import datetime
from typing import Annotated, Final

from fastapi import Depends, Query
from ovoo_contract.errors import QueryError, UnboundedQuery

__all__ = ["Bounds", "BoundsDep", "from_iso", "to_iso"]

_NS: Final = 1_000_000_000
Bounds = tuple[int, int]


def from_iso(text: str, name: str) -> int:
    """Nanoseconds of an ISO 8601 time with a zone; QueryError names what is wrong."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise QueryError("not a time", offender=name, value=text, remedy="2026-11-23T08:00:00+08:00") from error
    if moment.tzinfo is None:
        raise QueryError("a time needs its zone", offender=name, value=text, remedy=f"{text}+08:00 or {text}Z")
    delta = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (delta.days * 86_400 + delta.seconds) * _NS + delta.microseconds * 1000


def to_iso(time_ns: int | None) -> str | None:
    """ISO 8601 in UTC with as many digits of the second as the time has."""
    if time_ns is None:
        return None
    seconds, rest = divmod(time_ns, _NS)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{moment}{fraction}Z"


def bounds(
    start: Annotated[str | None, Query(description="start of the range, ISO 8601 with zone, included")] = None,
    end: Annotated[str | None, Query(description="end of the range, ISO 8601 with zone, excluded")] = None,
) -> Bounds:
    """Both ends of the range; UnboundedQuery when one is missing."""
    if start is None or end is None:
        missing = "start" if start is None else "end"
        raise UnboundedQuery(
            "a query needs a start and an end", offender=missing, remedy="name both, ISO 8601 with zone"
        )
    return from_iso(start, "start"), from_iso(end, "end")


BoundsDep = Annotated[Bounds, Depends(bounds)]
