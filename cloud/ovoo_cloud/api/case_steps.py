"""The steps of a case, a route each: the role that may take it stands at the route, the law in `casework.states`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import (
    Decider,
    Editor,
    Giver,
    Measurer,
    Reviewer,
    SeenVersion,
    etag,
    file_view,
)
from ovoo_cloud.api.cases import job_view
from ovoo_cloud.api.grants import GrantBody, terms_of
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.casework import freezing, opening, steps
from ovoo_cloud.casework.states import TRANSITIONS, Step
from ovoo_cloud.catalogue import jobs
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.services import Services

__all__ = ["ReasonBody", "queue_step", "queued", "router", "taken"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}/steps", tags=["case workflow"], route_class=KeyedRoute
)
Work = Callable[[Session, CaseFile, int], object]
_WORK: Final = {Step.FREEZE: "case_evidence", Step.ISSUE: "case_issue"}


class ReasonBody(BaseModel):
    """Why a step is taken."""

    reason: str = Field("", max_length=2000)


class IntakeBody(BaseModel):
    """Which framework the case is pinned to."""

    framework: str = Field(
        "",
        max_length=104,
        description="id or id@version; empty: that of the case before it or of the enterprise's sector, and to move "
        "to another edition that of the case",
    )


def taken(
    services: Services, scope: Scope, where: tuple[str, str, Permission], response: Response, work: Work
) -> dict[str, Any]:
    """Suspends the case first where its grant ended, so that the record says so whatever becomes of the step."""
    now_ns, (enterprise, case, permission) = services.clock(), where
    with services.database.write() as session:
        steps.settle(session, steps.opened(session, scope, enterprise, case, permission), now_ns)
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, permission)
        work(session, row, now_ns)
        response.headers["ETag"] = etag(row.version)
        return file_view(session, scope, row, now_ns)


@router.post("/accept")
def accept(
    enterprise: str,
    case: str,
    body: ReasonBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Decider,
) -> dict[str, Any]:
    """The centre takes the application."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.decide(session, scope, row, accepted=True, reason=body.reason, now_ns=now_ns, seen=seen)

    return taken(services, scope, (enterprise, case, Permission.DECIDE_CASE), out, work)


@router.post("/decline")
def decline(
    enterprise: str,
    case: str,
    body: ReasonBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Decider,
) -> dict[str, Any]:
    """The centre declines the application, with a reason."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.decide(session, scope, row, accepted=False, reason=body.reason, now_ns=now_ns, seen=seen)

    return taken(services, scope, (enterprise, case, Permission.DECIDE_CASE), out, work)


@router.post("/consent")
def consent(
    enterprise: str, case: str, body: GrantBody, seen: SeenVersion, out: Response, services: ServicesDep, scope: Giver
) -> dict[str, Any]:
    """The enterprise consents: the grant of the case begins."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.consent(session, scope, row, terms_of(body, now_ns, row.case), now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.GIVE_CONSENT), out, work)


@router.post("/resume")
def resume(
    enterprise: str, case: str, body: GrantBody, seen: SeenVersion, out: Response, services: ServicesDep, scope: Giver
) -> dict[str, Any]:
    """The enterprise consents anew: a suspended case goes on where it stood."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.resume(session, scope, row, terms_of(body, now_ns, row.case), now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.GIVE_CONSENT), out, work)


@router.post("/open_intake")
def open_intake(
    enterprise: str, case: str, body: IntakeBody, seen: SeenVersion, out: Response, services: ServicesDep, scope: Editor
) -> dict[str, Any]:
    """Pins the framework and opens the parts of the intake."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.open_intake(session, scope, row, body.framework, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.EDIT_CASE), out, work)


@router.post("/submit")
def submit(
    enterprise: str, case: str, seen: SeenVersion, out: Response, services: ServicesDep, scope: Editor
) -> dict[str, Any]:
    """Closes the intake; what is missing or contradicts itself is told point by point."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.submit(session, scope, row, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.EDIT_CASE), out, work)


@router.post("/freeze", status_code=202)
def freeze(enterprise: str, case: str, out: Response, services: ServicesDep, scope: Measurer) -> dict[str, Any]:
    """Queues the measuring of the evidence; the job takes the step when it is done."""
    return queued(services, scope, (enterprise, case), Step.FREEZE, {}, out)


@router.post("/reopen")
def reopen(
    enterprise: str,
    case: str,
    body: ReasonBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Reviewer,
) -> dict[str, Any]:
    """Opens the intake again; the evidence is measured anew afterwards."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.reopen(session, scope, row, body.reason, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.REVIEW_CASE), out, work)


@router.post("/move_edition")
def move_edition(
    enterprise: str,
    case: str,
    body: IntakeBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Reviewer,
) -> dict[str, Any]:
    """Pins the installed edition of a framework; the step shows the result under the old and the new one."""
    freezing.move_edition(services, scope, enterprise, case, body.framework, seen)
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.REVIEW_CASE)
        out.headers["ETag"] = etag(row.version)
        return file_view(session, scope, row, services.clock())


@router.post("/propose")
def propose(
    enterprise: str, case: str, seen: SeenVersion, out: Response, services: ServicesDep, scope: Reviewer
) -> dict[str, Any]:
    """Lays the reviewed result before the enterprise."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        freezing.propose(session, scope, row, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.REVIEW_CASE), out, work)


def queue_step(
    services: Services, scope: Scope, enterprise: str, case: str, step: Step, wanted: Mapping[str, Any]
) -> Job:
    """Queues the work that ends with a step: `freeze` or `issue`."""
    permission = TRANSITIONS[step].permission
    assert permission is not None
    with services.database.write() as session:
        steps.opened(session, scope, enterprise, case, permission)
        order = {"enterprise": enterprise, "case": case, **wanted}
        return jobs.enqueue(
            session,
            scope,
            _WORK[step],
            order,
            enterprise=enterprise,
            now_ns=services.clock(),
            permission=permission,
        )


def queued(
    services: Services,
    scope: Scope,
    where: tuple[str, str],
    step: Step,
    wanted: Mapping[str, Any],
    response: Response,
) -> dict[str, Any]:
    """The job of a queued step, with its address in the answer."""
    job = queue_step(services, scope, *where, step, wanted)
    response.headers["Location"] = f"/api/v1/enterprises/{where[0]}/jobs/{job.id}"
    return job_view(job)
