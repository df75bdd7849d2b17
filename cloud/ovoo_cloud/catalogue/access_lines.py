"""The record of what people outside an enterprise read of it: a line per user, operation, grant and minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, seals
from ovoo_cloud.catalogue.access_tables import AccessLine
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.seals import minute_of

__all__ = ["Read", "count_on", "lines", "note", "note_all"]

_SITE, _SUBJECT = 200, 400
_MORE = " …"


@dataclass(frozen=True, slots=True)
class Read:
    """What one read asked for: which sites and things (empty: all), which span, and how much went out.

    `enterprise` is whose sites and things they are; empty where the request does not say it.
    """

    operation: str
    site: str = ""
    subject: str = ""
    start_ns: int | None = None
    end_ns: int | None = None
    rows: int = 0
    size: int = 0
    enterprise: str = ""


def note(session: Session, scope: Scope, used: Iterable[str], read: Read, now_ns: int) -> None:
    """Keeps that a user read under grants, before the answer leaves; the first of a minute is a line of audit too.

    A new minute seals the lines of those before.
    """
    found: list[AccessLine] = []
    begun = False
    for name in sorted(used):
        row = _open_line(session, scope.user, read.operation, name, now_ns)
        if row is None:
            grant = session.get(Grant, name)
            if grant is None:
                continue
            row, begun = _begin(session, scope, grant, read.operation, now_ns), True
        found.append(row)
    for row in found:
        row.reads += 1
        _add(row, read if _names_things_of(row.enterprise, read, found) else replace(read, site="", subject=""))
    if begun:
        seals.seal(session, now_ns)


def _names_things_of(enterprise: str, read: Read, lines: Sequence[AccessLine]) -> bool:
    """Whether what a read names is the enterprise's: one that was read beside others is not shown theirs."""
    return {read.enterprise or each.enterprise for each in lines} == {enterprise}


def note_all(session: Session, scope: Scope, read: Read, now_ns: int) -> None:
    """Keeps what background work read under grants, in the transaction that keeps what it made of it.

    A process that dies in between would else leave a result, and no word of what it was read from.
    """
    note(session, scope, scope.used, read, now_ns)
    scope.used.clear()


def count_on(session: Session, scope: Scope, used: Iterable[str], read: Read, now_ns: int) -> None:
    """Adds what a stream brought out after its begin was noted: to this minute's line, whichever it began in."""
    for name in sorted(used):
        row = _open_line(session, scope.user, read.operation, name, now_ns)
        grant = session.get(Grant, name) if row is None else None
        if row is None and grant is not None:
            row = _begin(session, scope, grant, read.operation, now_ns)
        if row is not None:
            _add(row, read)


def _open_line(session: Session, user: str, operation: str, grant: str, now_ns: int) -> AccessLine | None:
    query = select(AccessLine).where(
        AccessLine.sealed.is_(None), AccessLine.minute_ns == minute_of(now_ns), AccessLine.user == user,
        AccessLine.operation == operation, AccessLine.grant == grant,
    )  # fmt: skip
    return session.scalars(query.order_by(AccessLine.id).limit(1).with_for_update()).first()


def _begin(session: Session, scope: Scope, grant: Grant, operation: str, now_ns: int) -> AccessLine:
    row = AccessLine(
        minute_ns=minute_of(now_ns), user=scope.user, role=scope.role.value, operation=operation, grant=grant.id,
        enterprise=grant.enterprise, site="", subject="", reads=0, row_count=0, byte_count=0, sealed=None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.append(
        session, actor=scope.user, action="grant.use", subject=grant.id, at_ns=now_ns, enterprise=grant.enterprise,
        detail={"route": operation, "line": row.id},
    )  # fmt: skip
    return row


def _add(row: AccessLine, read: Read) -> None:
    row.site, row.subject = _joined(row.site, read.site, _SITE), _joined(row.subject, read.subject, _SUBJECT)
    row.start_ns = min((each for each in (row.start_ns, read.start_ns) if each is not None), default=None)
    row.end_ns = max((each for each in (row.end_ns, read.end_ns) if each is not None), default=None)
    row.row_count += read.rows
    row.byte_count += read.size


def _joined(held: str, more: str, longest: int) -> str:
    """Both lists of names as one, each name once; a list that is cut says so."""
    if held.endswith(_MORE):
        return held
    names = list(dict.fromkeys([*held.split(), *more.split()]))
    text = " ".join(names)
    return text if len(text) <= longest else text[: longest - len(_MORE)].rsplit(" ", 1)[0] + _MORE


def lines(session: Session, scope: Scope, enterprise: str, limit: int = 1000) -> Sequence[AccessLine]:
    """Who read what of the enterprise under which grant, newest first."""
    scope.require(Permission.READ_ACCESS_LOG)
    scope.require_enterprise(enterprise)
    query = select(AccessLine).where(AccessLine.enterprise == enterprise)
    order = query.order_by(AccessLine.minute_ns.desc(), AccessLine.user, AccessLine.operation, AccessLine.id)
    return session.scalars(order.limit(limit)).all()
