"""The record of what left the installation: who took what, of which class, how much, when."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import QueryError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, seals
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.catalogue.visible import visible

__all__ = ["Taken", "begin", "egress_rows", "finish", "records", "subject_of"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody is about to take; `enterprise` empty where it is nobody's, `site` where it is of more than one."""

    enterprise: str
    site: str
    route: str
    subject: str
    data_class: str


def begin(session: Session, scope: Scope, taken: Taken, now_ns: int) -> int:
    """Notes it before the first byte leaves; gives the number of the line."""
    row = EgressRecord(
        at_ns=now_ns, actor=scope.user, role=scope.role.value, enterprise=taken.enterprise, site=taken.site,
        route=taken.route, subject=taken.subject[:400], data_class=taken.data_class, row_count=0, byte_count=0,
        complete=False, grant=" ".join(sorted(scope.used))[:400], finished=False, sealed=None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    seals.seal(session, now_ns)
    return row.id


def finish(session: Session, number: int, *, rows: int, size: int, complete: bool, now_ns: int) -> None:
    """How much of it left: rows, bytes, and whether all of it; of a line that was sealed meanwhile, in the audit."""
    row = session.get(EgressRecord, number, with_for_update=True)
    if row is None:
        return
    if row.sealed is None:
        row.row_count, row.byte_count, row.complete, row.finished = rows, size, complete, True
        return
    detail = {"rows": str(rows), "bytes": str(size), "complete": complete}
    audit.append(
        session, actor=row.actor, action="egress.late_end", subject=str(number), at_ns=now_ns,
        enterprise=row.enterprise, detail=detail,
    )  # fmt: skip


def records(
    session: Session,
    scope: Scope,
    *,
    enterprise: str | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[EgressRecord]:
    """The newest lines within the scope, newest first: all of them for who reads the audit, those of an enterprise
    for everybody who reads its reports, and under grants for some of its sites only what left of these.

    Raises:
        QueryError: the caller may not read the audit and names no enterprise.
    """
    if enterprise is None:
        scope.require(Permission.READ_AUDIT)
    else:
        scope = scope.under(Permission.READ_REPORT)
        scope.require_enterprise(enterprise)
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise QueryError("the range ends before it starts", offender="end", remedy="swap start and end")
    query = select(EgressRecord).order_by(EgressRecord.id.desc()).limit(limit)
    if enterprise is not None:
        query = query.where(EgressRecord.enterprise == enterprise)
        query = query.where(visible(scope, EgressRecord.enterprise, EgressRecord.site, enterprise))
    elif scope.enterprises is not None:
        query = query.where(EgressRecord.enterprise.in_([*scope.enterprises, ""]))
    if start_ns is not None:
        query = query.where(EgressRecord.at_ns >= start_ns)
    if end_ns is not None:
        query = query.where(EgressRecord.at_ns < end_ns)
    if before is not None:
        query = query.where(EgressRecord.id < before)
    return session.scalars(query).all()


def subject_of(scope: Scope, row: EgressRecord) -> str:
    """What left; empty where the caller may not know the things of that enterprise now."""
    return row.subject if scope.may_name_things_of(row.enterprise, row.site.split()) else ""


def egress_rows(scope: Scope, found: Sequence[EgressRecord], zone: datetime.tzinfo) -> list[list[str]]:
    """The lines as a table, in local time."""
    header = ["number", "time", "who", "role", "enterprise", "what", "subject", "class", "rows", "bytes", "complete"]
    return [header] + [
        [
            str(row.id), datetime.datetime.fromtimestamp(row.at_ns // 10**9, zone).isoformat(), row.actor, row.role,
            row.enterprise, row.route, subject_of(scope, row), row.data_class, str(row.row_count), str(row.byte_count),
            "yes" if row.complete else "no",
        ]
        for row in found
    ]  # fmt: skip
