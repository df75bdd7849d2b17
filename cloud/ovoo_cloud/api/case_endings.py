"""The later steps of a case: confirmed, issued, revised, visited, followed, closed."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import Issuer
from ovoo_cloud.api.case_steps import StepRoute, queued, register
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.casework.states import Step

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


register(
    router,
    (
        StepRoute(Step.OBJECT, "The enterprise objects; the review goes on.", name="reject"),
        StepRoute(Step.CONFIRM, "The enterprise confirms the content with this hash.", SnapshotBody),
        StepRoute(
            Step.REVISE,
            "Opens an issued report for correction; its next issue is a revision that lists what changed.",
        ),
        StepRoute(Step.VISIT, "Records a follow-up visit.", VisitBody),
        StepRoute(
            Step.REDIAGNOSE,
            "Opens the case that follows this one; its report compares before and after.",
            FollowBody,
            status=201,
        ),
        StepRoute(Step.CLOSE, "Ends the case."),
    ),
)


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
