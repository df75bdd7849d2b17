"""What an audit line seals: the lines of access and egress that point to it, by their hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import VerifyError
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.access_tables import AccessLine
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.catalogue.tables import AuditEntry

__all__ = ["KINDS", "Line", "check_page", "check_strays", "lines_of", "seal_of"]

Line = AccessLine | EgressRecord
KINDS: Final[Mapping[str, type[AccessLine] | type[EgressRecord]]] = {
    "access.seal": AccessLine,
    "egress.seal": EgressRecord,
}
"""Action of the audit line -> the table whose lines it seals."""


def seal_of(rows: Sequence[Line]) -> dict[str, Any]:
    """What the audit line keeps of lines that are in order of their numbers: how many, which, and their hash."""
    return {
        "count": len(rows),
        "first": rows[0].id if rows else 0,
        "last": rows[-1].id if rows else 0,
        "sha256": sha256_hex(canonical_json([_content(row) for row in rows])),
    }


def lines_of(session: Session, query: Select[Any]) -> Sequence[Line]:
    """The rows of a query over one of the two tables."""
    return session.scalars(query).all()


def _content(row: Line) -> list[Any]:
    """Every column but the seal itself; whole numbers beyond 2^53 as text, for canonical JSON has none."""
    values = [getattr(row, column.key) for column in type(row).__table__.columns if column.key != "sealed"]
    return [str(each) if isinstance(each, int) and not isinstance(each, bool) else each for each in values]


def check_page(session: Session, entries: Iterable[AuditEntry]) -> None:
    """Raises VerifyError for a seal among the audit lines whose lines were changed, taken away or added to."""
    seals = [entry for entry in entries if entry.action in KINDS]
    for action, table in KINDS.items():
        wanted = [entry for entry in seals if entry.action == action]
        if not wanted:
            continue
        held: dict[int | None, list[Line]] = {}
        query = select(table).where(table.sealed.in_([entry.seq for entry in wanted])).order_by(table.id)
        for row in lines_of(session, query):
            held.setdefault(row.sealed, []).append(row)
        for entry in wanted:
            if seal_of(held.get(entry.seq, [])) != entry.detail:
                raise VerifyError(
                    "lines that the audit record sealed were changed",
                    offender=f"audit line {entry.seq}",
                    value=f"{table.__tablename__} {entry.detail.get('first')} to {entry.detail.get('last')}",
                    remedy="restore a backup",
                )


def check_strays(session: Session) -> None:
    """Raises VerifyError for a line that says it is sealed by an audit line which seals no such lines."""
    for action, table in KINDS.items():
        query = select(func.min(table.id)).outerjoin(AuditEntry, AuditEntry.seq == table.sealed)
        query = query.where(table.sealed.is_not(None), func.coalesce(AuditEntry.action, "") != action)
        stray = session.scalar(query)
        if stray is not None:
            raise VerifyError(
                "a line names a seal that is none", offender=f"{table.__tablename__} {stray}", remedy="restore a backup"
            )
