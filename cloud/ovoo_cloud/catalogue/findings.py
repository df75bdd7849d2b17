"""Findings: idempotent by id, in whatever order their versions arrive."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_contract.findings import Finding
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue.tables import FindingRecord
from ovoo_cloud.catalogue.visible import visible

__all__ = ["finding", "finding_of", "findings", "upsert"]


def upsert(session: Session, gateway: str, finding: Finding, now_ns: int) -> FindingRecord:
    """Stores the finding, or the version that saw more: the later end wins, and of equal ends the closed one."""
    record = session.get(FindingRecord, finding.id, with_for_update=True)
    if record is None:
        record = FindingRecord(id=finding.id, received_ns=now_ns, start_ns=finding.start_ns)
        record.enterprise, record.site = finding.asset.enterprise, finding.asset.site
        record.asset, record.gateway = str(finding.asset), gateway
        record.code, record.model = finding.code, finding.model
        session.add(record)
    elif (finding.end_ns, not finding.open) < (record.end_ns, not record.open):
        return record
    record.severity, record.end_ns, record.open = finding.severity, finding.end_ns, finding.open
    record.content = finding.to_json()
    session.flush()
    return record


def finding_of(record: FindingRecord) -> Finding:
    """The contract's finding that a row holds."""
    return Finding.from_json(record.content)


def finding(session: Session, scope: Scope, finding_id: str) -> FindingRecord:
    """One finding; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_FINDINGS)
    found = session.get(FindingRecord, finding_id)
    if found is None or not scope.sees_site(found.enterprise, found.site):
        raise absent(finding_id)
    return found


def findings(
    session: Session,
    scope: Scope,
    *,
    enterprise: str | None = None,
    site: str | None = None,
    asset: str | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    open_only: bool = False,
    limit: int = 200,
    before: tuple[int, str] | None = None,
) -> Sequence[FindingRecord]:
    """Findings that touch [start_ns, end_ns), newest start first; `before` = (start_ns, id) continues a page."""
    scope = scope.under(Permission.READ_FINDINGS)
    query = select(FindingRecord).order_by(FindingRecord.start_ns.desc(), FindingRecord.id).limit(limit)
    if enterprise is not None:
        scope.require_enterprise(enterprise)
        query = query.where(FindingRecord.enterprise == enterprise)
    query = query.where(visible(scope, FindingRecord.enterprise, FindingRecord.site, enterprise))
    if site is not None:
        query = query.where(FindingRecord.site == site)
    if asset is not None:
        query = query.where(FindingRecord.asset == asset)
    if start_ns is not None:
        query = query.where(FindingRecord.end_ns > start_ns)
    if end_ns is not None:
        query = query.where(FindingRecord.start_ns < end_ns)
    if open_only:
        query = query.where(FindingRecord.open)
    if before is not None:
        start, last_id = before
        query = query.where(
            (FindingRecord.start_ns < start) | ((FindingRecord.start_ns == start) & (FindingRecord.id > last_id))
        )
    return session.scalars(query).all()
