"""Rows whose validity ends soon or has ended, of every register with a date `valid_until`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre.entries import entries, readable_kinds
from ovoo_cloud.centre.kinds import Kind

__all__ = ["Ending", "endings"]


@dataclass(frozen=True, slots=True)
class Ending:
    """One row with the day its validity ends; `days` until then, negative when it has ended."""

    kind: Kind
    row: RegisterEntry
    until: str
    days: int


def endings(session: Session, scope: Scope, day: datetime.date, within_days: int) -> list[Ending]:
    """The rows that the caller sees and that end within so many days, or ended and were not withdrawn; first first."""
    found = []
    for kind in readable_kinds(session, scope):
        if not any(each.id == "valid_until" and each.type == "date" for each in kind.fields):
            continue
        for row in entries(session, scope, kind.id):
            until = row.content.get("valid_until")
            if until is not None and (left := (datetime.date.fromisoformat(until) - day).days) <= within_days:
                found.append(Ending(kind, row, until, left))
    return sorted(found, key=lambda each: (each.until, each.kind.id, each.row.id))
