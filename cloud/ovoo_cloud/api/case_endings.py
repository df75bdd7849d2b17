"""The later steps of a case, a route each: confirmed, issued, revised, visited, followed, closed."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import (
    Confirmer,
    Decider,
    Issuer,
    Reviewer,
    SeenVersion,
)
from ovoo_cloud.api.case_steps import ReasonBody, queued, taken
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.casework import issuing, opening
from ovoo_cloud.casework.states import Step
from ovoo_cloud.catalogue.case_tables import CaseFile

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}/steps", tags=["case workflow"], route_class=KeyedRoute
)


class SnapshotBody(BaseModel):
    """Which content is meant."""

    snapshot: str = Field(pattern="^[0-9a-f]{64}$", description="the `snapshot` of the case")


class IssueBody(SnapshotBody):
    """Under which number the confirmed content leaves the house."""

    number: str = Field(max_length=40, pattern="[A-Za-z0-9]")
    issue_date: datetime.date | None = Field(None, description="default: today in the installation's time zone")
    languages: list[Literal["zh", "en"]] = Field(default=[], max_length=2, description="the first one leads")
    centre_copy: bool = Field(False, description="a second set of documents without the enterprise's trade secrets")


class VisitBody(BaseModel):
    """What a follow-up visit saw."""

    date: datetime.date
    words: str = Field(min_length=1, max_length=10_000, description="in the visitor's own words")
    documents: list[str] = Field(default=[], max_length=100, description="SHA-256 of documents of the case")


class FollowBody(BaseModel):
    """The case that follows."""

    id: str = Field(max_length=63)
    title: str = Field(min_length=1, max_length=200)


@router.post("/object")
def reject(
    enterprise: str,
    case: str,
    body: ReasonBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Confirmer,
) -> dict[str, Any]:
    """The enterprise objects; the review goes on."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        issuing.reject(session, scope, row, body.reason, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.CONFIRM_CASE), out, work)


@router.post("/confirm")
def confirm(
    enterprise: str,
    case: str,
    body: SnapshotBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Confirmer,
) -> dict[str, Any]:
    """The enterprise confirms the content with this hash."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        issuing.confirm(session, scope, row, body.snapshot, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.CONFIRM_CASE), out, work)


@router.post("/issue", status_code=202)
def issue(
    enterprise: str, case: str, body: IssueBody, out: Response, services: ServicesDep, scope: Issuer
) -> dict[str, Any]:
    """Queues the issue of the confirmed content; the job takes the step when the report is sealed."""
    wanted: dict[str, Any] = {"number": body.number, "snapshot": body.snapshot}
    if body.issue_date is not None:
        wanted["issue_date"] = body.issue_date.isoformat()
    if body.languages:
        wanted["languages"] = list(dict.fromkeys(body.languages))
    if body.centre_copy:
        wanted["centre_copy"] = True
    return queued(services, scope, (enterprise, case), Step.ISSUE, wanted, out)


@router.post("/revise")
def revise(
    enterprise: str,
    case: str,
    body: ReasonBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Reviewer,
) -> dict[str, Any]:
    """Opens an issued report for correction; its next issue is a revision that lists what changed."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        issuing.revise(session, scope, row, body.reason, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.REVIEW_CASE), out, work)


@router.post("/visit")
def visit(
    enterprise: str,
    case: str,
    body: VisitBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Reviewer,
) -> dict[str, Any]:
    """Records a follow-up visit."""
    day = body.date.isoformat()

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        issuing.visit(
            session, scope, row, date=day, words=body.words, documents=body.documents, now_ns=now_ns, seen=seen
        )

    return taken(services, scope, (enterprise, case, Permission.REVIEW_CASE), out, work)


@router.post("/rediagnose", status_code=201)
def rediagnose(
    enterprise: str,
    case: str,
    body: FollowBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Decider,
) -> dict[str, Any]:
    """Opens the case that follows this one; its report compares before and after."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.rediagnose(session, scope, row, body.id, body.title, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.DECIDE_CASE), out, work)


@router.post("/close")
def close(
    enterprise: str,
    case: str,
    body: ReasonBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Decider,
) -> dict[str, Any]:
    """Ends the case."""

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        opening.close(session, scope, row, body.reason, now_ns, seen)

    return taken(services, scope, (enterprise, case, Permission.DECIDE_CASE), out, work)
