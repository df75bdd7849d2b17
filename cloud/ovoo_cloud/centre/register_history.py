"""Rows of registers as they stand, or as they stood at a moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.centre_tables import RegisterVersion

__all__ = ["StoodRow", "rows_at"]


@dataclass(frozen=True, slots=True)
class StoodRow:
    """One row in the version that it had."""

    kind: str
    id: str
    version: int
    content: Mapping[str, Any]

    @property
    def enterprise(self) -> str:
        """Whose it is; empty where nobody's."""
        return self.content.get("enterprise") or ""


def rows_at(session: Session, kinds: Collection[str], at_ns: int | None = None) -> Sequence[StoodRow]:
    """The rows of some registers that were not withdrawn at a moment (ns UTC, inclusive), by kind and id.

    None is now.
    """
    newest = select(RegisterVersion.kind, RegisterVersion.id, func.max(RegisterVersion.version).label("version")).where(
        RegisterVersion.kind.in_(kinds)
    )
    if at_ns is not None:
        newest = newest.where(RegisterVersion.made_ns <= at_ns)
    last = newest.group_by(RegisterVersion.kind, RegisterVersion.id).subquery()
    query = select(RegisterVersion).join(
        last,
        (RegisterVersion.kind == last.c.kind)
        & (RegisterVersion.id == last.c.id)
        & (RegisterVersion.version == last.c.version),
    )
    found = session.scalars(query.order_by(RegisterVersion.kind, RegisterVersion.id)).all()
    return [StoodRow(row.kind, row.id, row.version, row.content) for row in found if not row.withdrawn]
