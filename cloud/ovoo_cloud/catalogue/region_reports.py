"""Issued reports of the region: figures of groups that everybody who reads aggregates may read."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_contract.errors import Conflict, Forbidden
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import CENTRAL_ROLES, Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import ReportNumber
from ovoo_cloud.catalogue.jobs import enqueue
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.catalogue.tables import Job, Report

__all__ = [
    "KIND",
    "next_region_revision",
    "order_region_report",
    "region_order",
    "region_report",
    "region_reports",
    "require_issuer",
    "save_region_report",
]

KIND = "region_report"
"""The kind of the work that issues one."""


def require_issuer(scope: Scope) -> None:
    """Refuses whoever may not issue a report of the region.

    Raises:
        Forbidden: no permission to run reports, or a role within one enterprise.
    """
    scope.require(Permission.RUN_REPORT)
    if scope.role not in CENTRAL_ROLES:
        raise Forbidden(
            "a report of the region is the centre's", offender="role", value=scope.role.value, remedy="ask the centre"
        )


def next_region_revision(session: Session, number: str) -> int:
    """1 for a number nobody had, else one more than its newest revision.

    Raises:
        Conflict: a report of an enterprise has the number.
    """
    taken = session.scalars(select(Report.id).where(Report.number == number).limit(1)).first()
    if taken is not None or session.get(ReportNumber, number) is not None:
        raise Conflict("a report has this number already", offender="number", value=number, remedy="take a new one")
    newest = session.scalar(select(func.max(RegionReport.revision)).where(RegionReport.number == number))
    return 1 if newest is None else newest + 1


def save_region_report(session: Session, scope: Scope, row: RegionReport) -> RegionReport:
    """Records an issued bundle; it is never changed afterwards."""
    require_issuer(scope)
    session.add(row)
    session.flush()
    detail = {"number": row.number, "revision": row.revision, "snapshot_sha256": row.snapshot_sha256}
    audit.append(
        session, actor=scope.user, action="region_report.issue", subject=row.id, at_ns=row.created_ns, detail=detail
    )
    return row


def region_reports(session: Session, scope: Scope) -> Sequence[RegionReport]:
    """All of them, newest first."""
    scope.require(Permission.READ_AGGREGATES)
    query = select(RegionReport).order_by(RegionReport.created_ns.desc(), RegionReport.id)
    return session.scalars(query).all()


def region_report(session: Session, scope: Scope, report_id: str) -> RegionReport:
    """One of them; NotFound when absent."""
    scope.require(Permission.READ_AGGREGATES)
    found = session.get(RegionReport, report_id)
    if found is None:
        raise absent(report_id)
    return found


def order_region_report(session: Session, scope: Scope, wanted: dict[str, object], now_ns: int) -> Job:
    """Queues one in the caller's name."""
    require_issuer(scope)
    return enqueue(session, scope, KIND, wanted, now_ns=now_ns)


def region_order(session: Session, scope: Scope, job_id: str) -> Job:
    """The run of an order; it is about no enterprise, so that everybody who may order sees it."""
    require_issuer(scope)
    found = session.get(Job, job_id)
    if found is None or found.kind != KIND:
        raise absent(f"order {job_id}")
    return found
