"""Diagnosis cases and the reports issued from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.address import check_segment
from ovoo_contract.errors import Conflict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.tables import Case, Report
from ovoo_cloud.catalogue.visible import visible

__all__ = ["case", "cases", "next_revision", "refuse_filed", "report", "reports", "save_case", "save_report"]


def save_case(
    session: Session,
    scope: Scope,
    case_id: str,
    *,
    enterprise: str,
    site: str,
    title: str,
    intake: Mapping[str, Any],
    now_ns: int,
) -> Case:
    """Opens a case, or gives an open one a new intake."""
    scope = scope.under(Permission.RUN_REPORT)
    check_segment(case_id, "case")
    enterprises.site(session, scope, enterprise, site)
    found = session.get(Case, case_id)
    refuse_filed(session, case_id)
    if found is None:
        found = Case(id=case_id, enterprise=enterprise, status="open", created_by=scope.user, created_ns=now_ns)
        session.add(found)
    elif found.enterprise != enterprise:
        raise absent(case_id)
    found.site, found.title, found.intake, found.updated_ns = site, title, dict(intake), now_ns
    session.flush()
    audit.append(session, actor=scope.user, action="case.save", subject=case_id, at_ns=now_ns, enterprise=enterprise)
    return found


def refuse_filed(session: Session, case_id: str) -> None:
    """Refuses what would go around the steps of a case that has them.

    Raises:
        Conflict: naming the case.
    """
    if session.get(CaseFile, case_id) is not None:
        raise Conflict("this case goes by steps", offender=case_id, remedy="write its parts, and take its steps")


def case(session: Session, scope: Scope, case_id: str) -> Case:
    """One case; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_REPORT)
    found = session.get(Case, case_id)
    if found is None or not scope.sees_site(found.enterprise, found.site):
        raise absent(case_id)
    return found


def cases(session: Session, scope: Scope, enterprise: str | None = None, limit: int = 100) -> Sequence[Case]:
    """The newest cases in the scope."""
    scope = scope.under(Permission.READ_REPORT)
    query = select(Case).order_by(Case.created_ns.desc(), Case.id).limit(limit)
    if enterprise is not None:
        scope.require_enterprise(enterprise)
        query = query.where(Case.enterprise == enterprise)
    query = query.where(visible(scope, Case.enterprise, Case.site, enterprise))
    return session.scalars(query).all()


def next_revision(session: Session, number: str) -> int:
    """1 for a new report number, else one more than the newest revision."""
    newest = session.scalar(select(func.max(Report.revision)).where(Report.number == number))
    return 1 if newest is None else newest + 1


def save_report(session: Session, scope: Scope, report: Report) -> Report:
    """Records an issued bundle; a report is never changed afterwards."""
    scope = scope.under(Permission.RUN_REPORT)
    enterprises.site(session, scope, report.enterprise, report.site)
    session.add(report)
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="report.issue",
        subject=report.id,
        at_ns=report.created_ns,
        enterprise=report.enterprise,
        detail={
            "number": report.number,
            "revision": report.revision,
            "snapshot_sha256": report.snapshot_sha256,
            **{name: report.summary[name] for name in ("status",) if name in report.summary},
        },
    )
    return report


def report(session: Session, scope: Scope, report_id: str) -> Report:
    """One report; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_REPORT)
    found = session.get(Report, report_id)
    if found is None or not scope.sees_site(found.enterprise, found.site):
        raise absent(report_id)
    return found


def reports(
    session: Session, scope: Scope, enterprise: str | None = None, site: str | None = None, limit: int = 100
) -> Sequence[Report]:
    """The newest reports in the scope."""
    scope = scope.under(Permission.READ_REPORT)
    query = select(Report).order_by(Report.created_ns.desc(), Report.id).limit(limit)
    if enterprise is not None:
        scope.require_enterprise(enterprise)
        query = query.where(Report.enterprise == enterprise)
    if site is not None:
        query = query.where(Report.site == site)
    query = query.where(visible(scope, Report.enterprise, Report.site, enterprise))
    return session.scalars(query).all()
