"""What points to a row: bids of a call, solutions of a provider, certificates of a course."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre.entries import entries, readable_kinds, shown
from ovoo_cloud.centre.kinds import Kind

__all__ = ["referrers"]


def referrers(session: Session, scope: Scope, kind_id: str, name: str) -> list[tuple[Kind, RegisterEntry]]:
    """The rows in force that name this row, by kind and id; only rows and fields that the caller sees."""
    found = []
    for kind in readable_kinds(session, scope):
        fields = [each for each in kind.fields if each.to == kind_id]
        for row in entries(session, scope, kind.id) if fields else ():
            seen = shown(scope, kind, row.content)
            if any(name in (value if each.many else (value,)) for each in fields if (value := seen.get(each.id))):
                found.append((kind, row))
    return found
