"""The append-only record of who did what, chained by hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import VerifyError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import sealed_lines
from ovoo_cloud.catalogue.tables import AuditEntry

__all__ = ["append", "hold", "listing", "newest", "newest_ns", "verify_chain"]

_START: Final = "0" * 64
_PAGE: Final = 1000
_LOCK: Final = 0x0F00A0D1  # any number that nobody else uses on this database


def append(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    at_ns: int,
    enterprise: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Adds one line; part of the caller's transaction, so the act and its record stand or fall together."""
    hold(session)
    before = newest(session)
    entry = AuditEntry(
        seq=1 if before is None else before.seq + 1,
        at_ns=at_ns,
        actor=actor,
        action=action,
        subject=subject,
        enterprise=enterprise,
        detail=dict(detail or {}),
        previous=_START if before is None else before.hash,
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()
    return entry


def hold(session: Session) -> None:
    """Waits until nobody else writes what is recorded here, and keeps others waiting until the transaction ends.

    Whoever reads first and decides by it, calls this before reading; SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        # a row lock is not enough: who waited for it would still see the line that was newest before
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def listing(session: Session, scope: Scope, *, limit: int = 100, before_seq: int | None = None) -> Sequence[AuditEntry]:
    """The newest lines within the scope, newest first; `before_seq` continues a page."""
    scope.require(Permission.READ_AUDIT)
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    if scope.enterprises is not None:
        query = query.where(AuditEntry.enterprise.in_(scope.enterprises))
    if before_seq is not None:
        query = query.where(AuditEntry.seq < before_seq)
    return session.scalars(query).all()


def newest(session: Session) -> AuditEntry | None:
    """The newest line; kept elsewhere, its hash proves later that nothing before it was changed."""
    return session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).first()


def newest_ns(session: Session) -> int:
    """The time of the newest line: the installation was there, whatever its clock says now."""
    return session.scalar(select(AuditEntry.at_ns).order_by(AuditEntry.seq.desc()).limit(1)) or 0


def verify_chain(session: Session) -> int:
    """The number of lines, after recomputing every hash, also of the lines of access and egress that they seal.

    Raises:
        VerifyError: names the first line that does not fit.
    """
    previous, count = _START, 0
    query = select(AuditEntry).order_by(AuditEntry.seq).limit(_PAGE)
    while page := session.scalars(query.where(AuditEntry.seq > count)).all():
        for entry in page:
            count += 1
            if entry.seq != count or entry.previous != previous or entry.hash != _hash(entry):
                raise VerifyError(
                    "the audit record was changed", offender=f"audit line {count}", remedy="restore a backup"
                )
            previous = entry.hash
        sealed_lines.check_page(session, page)
    sealed_lines.check_strays(session)
    return count


def _hash(entry: AuditEntry) -> str:
    content = [
        entry.seq,
        str(entry.at_ns),
        entry.actor,
        entry.action,
        entry.subject,
        entry.enterprise,
        entry.detail,
        entry.previous,
    ]
    return sha256_hex(canonical_json(content))
