"""Diagnosis cases: their intake, and the order to issue a report."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from ovoo_contract.errors import ConfigError, Conflict
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import EVERYTHING, AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import cases as case_rows
from ovoo_cloud.catalogue import frameworks
from ovoo_cloud.catalogue import jobs as job_rows
from ovoo_cloud.catalogue.tables import Case, Job
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.services import Services

__all__ = ["job_view", "order_report", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}", tags=["cases"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_REPORT))]
Runner = Annotated[Scope, Depends(require(Permission.RUN_REPORT))]


class CaseBody(BaseModel):
    """A case as it is opened or changed."""

    title: str = Field(min_length=1, max_length=200)
    intake: dict[str, Any] = Field(description="the intake file (docs/guides/report.md) as JSON")


class ReportOrder(BaseModel):
    """What the issuing office decides of a report."""

    number: str = Field(max_length=40, pattern="[A-Za-z0-9]", description="a repeated one becomes the next revision")
    issue_date: datetime.date | None = Field(None, description="default: today in the installation's time zone")
    languages: list[Literal["zh", "en"]] = Field(default=[], max_length=2, description="the first one leads")
    centre_copy: bool = Field(
        default=False, description="a second set of documents without the trade secrets of the case"
    )


@router.get("/cases")
def list_cases(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The cases of an enterprise, newest first, without their intakes."""
    with services.database.read() as session:
        rows = case_rows.cases(session, scope, enterprise, EVERYTHING)
    return paged(rows, page, lambda row: row.id, _case)


@router.get("/cases/{case}")
def get_case(enterprise: str, case: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One case with its intake."""
    with services.database.read() as session:
        row = _own(session, scope, enterprise, case)
    return _case(row) | {"intake": dict(row.intake)}


@router.put("/cases/{case}")
def put_case(enterprise: str, case: str, body: CaseBody, services: ServicesDep, scope: Runner) -> dict[str, Any]:
    """Opens a case, or gives it a new intake; every mistake of the intake is told at once."""
    scope.require_enterprise(enterprise)
    _by_steps(services, case)
    parsed = parse_case(body.intake, case)
    if parsed.enterprise != enterprise or not parsed.sites:
        raise ConfigError(
            "the intake is not of this enterprise",
            offender="intake.enterprise",
            value=parsed.enterprise,
            remedy=f"name {enterprise} and at least one of its sites",
        )
    with services.database.write() as session:
        frameworks.shelf(session, scope, parsed.frameworks)  # a case names only what can be had
        row = case_rows.save_case(
            session,
            scope,
            case,
            enterprise=enterprise,
            site=parsed.sites[0].id,
            title=body.title,
            intake=body.intake,
            now_ns=services.clock(),
        )
        return _case(row)


@router.post("/cases/{case}/reports", status_code=202)
def issue(
    enterprise: str,
    case: str,
    body: ReportOrder,
    response: Response,
    services: ServicesDep,
    scope: Runner,
) -> dict[str, Any]:
    """Queues the report; the job tells how far it is."""
    job = order_report(services, scope, enterprise, case, body)
    response.headers["Location"] = f"/api/v1/enterprises/{enterprise}/jobs/{job.id}"
    return job_view(job)


def order_report(services: Services, scope: Scope, enterprise: str, case: str, order: ReportOrder) -> Job:
    """Queues the report of a case."""
    wanted: dict[str, Any] = {"case": case, "number": order.number}
    if order.issue_date is not None:
        wanted["issue_date"] = order.issue_date.isoformat()
    if order.languages:
        wanted["languages"] = list(dict.fromkeys(order.languages))
    if order.centre_copy:
        wanted["centre_copy"] = True
    with services.database.write() as session:
        _own(session, scope, enterprise, case)
        _by_steps(services, case)
        case_rows.refuse_filed(session, case)
        return job_rows.enqueue(session, scope, "report", wanted, enterprise=enterprise, now_ns=services.clock())


@router.get("/jobs", tags=["jobs"])
def list_jobs(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The runs of background work for an enterprise, newest first."""
    with services.database.read() as session:
        rows = job_rows.jobs(session, scope, enterprise=enterprise, limit=EVERYTHING)
    return paged(rows, page, lambda row: row.id, job_view)


@router.get("/jobs/{job}", tags=["jobs"])
def get_job(enterprise: str, job: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One run: queued, running, done or failed."""
    scope.require_enterprise(enterprise, f"job {job}")
    with services.database.read() as session:
        row = job_rows.job(session, scope, job)
    if row.enterprise != enterprise:
        raise absent(f"job {job}")
    return job_view(row)


def job_view(row: Job) -> dict[str, Any]:
    """A run as the API shows it; paths of the server stay on the server."""
    return {
        "id": row.id,
        "kind": row.kind,
        "enterprise": row.enterprise,
        "state": row.state,
        "progress": row.progress,
        "case": row.parameters.get("case"),
        "number": row.parameters.get("number"),
        "report": row.result.get("report"),
        "scoring": dict(row.result) if row.kind == "rescore" and row.result else None,
        "error": row.error,
        "user": row.user,
        "created": to_iso(row.created_ns),
        "started": to_iso(row.started_ns),
        "finished": to_iso(row.finished_ns),
    }


def _by_steps(services: Services, case: str) -> None:
    """A centre that needs consent issues no report around application, review and confirmation."""
    if services.settings.access_consent == "required":
        raise Conflict("cases go by steps here", offender=case, remedy="apply for the case: POST .../cases")


def _own(session: Session, scope: Scope, enterprise: str, case: str) -> Case:
    scope.require_enterprise(enterprise, case)
    row = case_rows.case(session, scope, case)
    if row.enterprise != enterprise:
        raise absent(case)
    return row


def _case(row: Case) -> dict[str, Any]:
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "site": row.site,
        "title": row.title,
        "status": row.status,
        "created_by": row.created_by,
        "created": to_iso(row.created_ns),
        "updated": to_iso(row.updated_ns),
    }
