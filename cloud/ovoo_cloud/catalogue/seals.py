"""Seals: lines of access and egress that are complete enter the hash chain of the audit record, many in one line."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.access_tables import AccessLine
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.catalogue.sealed_lines import KINDS, lines_of, seal_of

__all__ = ["MINUTE_NS", "minute_of", "seal", "unsealed"]

MINUTE_NS: Final = 60_000_000_000
_DAY_NS: Final = 86_400_000_000_000
_MOST: Final = 5_000
"""Lines of one seal; what is more waits for the next."""


def minute_of(now_ns: int) -> int:
    """The start of the minute."""
    return now_ns - now_ns % MINUTE_NS


def seal(session: Session, now_ns: int) -> int:
    """Seals what is complete: lines of access of another minute than this, downloads that ended or are a day old.

    Whether the clock went on or was set back makes no difference: a minute that is not now takes nothing more.
    Gives the number of lines.
    """
    conditions: dict[str, ColumnElement[bool]] = {
        "access.seal": AccessLine.minute_ns != minute_of(now_ns),
        "egress.seal": or_(
            EgressRecord.finished,
            EgressRecord.at_ns < now_ns - _DAY_NS,
            EgressRecord.at_ns > now_ns + _DAY_NS,
        ),
    }
    count = 0
    for action, table in KINDS.items():
        query = select(table).where(table.sealed.is_(None), conditions[action]).order_by(table.id).limit(_MOST)
        rows = lines_of(session, query.with_for_update(skip_locked=True))
        if not rows:
            continue
        entry = audit.append(
            session, actor="installation", action=action, subject=table.__tablename__, at_ns=now_ns,
            detail=seal_of(rows),
        )  # fmt: skip
        for row in rows:
            row.sealed = entry.seq
        session.flush()
        count += len(rows)
    return count


def unsealed(session: Session) -> int:
    """How many lines wait for their seal."""
    counts = [
        session.scalar(select(func.count()).select_from(table).where(table.sealed.is_(None)))
        for table in KINDS.values()
    ]
    return sum(each or 0 for each in counts)
