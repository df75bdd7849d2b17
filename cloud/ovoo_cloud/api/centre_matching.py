"""Matching for an enterprise, and its requests for it."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.matching_version import ReadVersion, etag
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue.centre_tables import MatchRequest, MatchStep
from ovoo_cloud.centre import notices, request_law, requests
from ovoo_cloud.centre.matching import match
from ovoo_cloud.centre.needs import match_inputs
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import check_bounds

__all__ = ["match_enterprise", "router"]

router = APIRouter(prefix="/api/v1", tags=["centre"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_REPORT))]
Asker = Annotated[Scope, Depends(require(Permission.REQUEST_MATCHING))]
Keeper = Annotated[Scope, Depends(require(Permission.MANAGE_REGISTERS))]


class Wanted(BaseModel):
    """What is wanted beside what the report says."""

    report: str = Field(
        default="", max_length=63, description="the report that shows the need; empty: the newest that verifies"
    )
    measures: list[str] = Field(default=[], max_length=20)
    scenes: dict[str, int] = Field(default={}, max_length=20, description="wanted level by scene")
    note: str = Field(default="", max_length=2000)
    case: str = Field(default="", max_length=63)


class OfferBody(BaseModel):
    """A row of a register that is offered."""

    kind: str = Field(max_length=63)
    id: str = Field(max_length=63)


class StepBody(BaseModel):
    """One step of a request."""

    step: request_law.Step
    note: str = Field(default="", max_length=2000)
    offers: list[OfferBody] = Field(default=[], max_length=20)
    outcome: request_law.Outcome = ""
    score: int | None = Field(default=None, ge=1, le=5, description="for the step evaluate")


@router.get("/enterprises/{enterprise}/matching")
def matching(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    report: Annotated[str, Query(max_length=63)] = "",
    measure: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006  # pydantic copies it
) -> dict[str, Any]:
    """Solutions, courses, providers and policies that fit, in the order of the rules that are printed with them."""
    return match_enterprise(services, scope, enterprise, Wanted(report=report, measures=measure))


def match_enterprise(services: Services, scope: Scope, enterprise: str, wanted: Wanted) -> dict[str, Any]:
    """The result with `unverified`, reports that could not be used."""
    day = datetime.datetime.fromtimestamp(services.clock() // 10**9, services.settings.zone).date()
    with services.database.read() as session:
        need, offers, broken = match_inputs(
            session, scope, enterprise, day, report=wanted.report, measures=wanted.measures, scenes=wanted.scenes
        )
    return {**match(need, offers), "unverified": broken}


@router.get("/enterprises/{enterprise}/matching-requests")
def list_requests(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The requests of an enterprise, newest first."""
    with services.database.read() as session:
        rows = requests.requests(session, scope, enterprise)
    return paged(rows, page, lambda row: row.id, _request)


@router.post("/enterprises/{enterprise}/matching-requests", status_code=201)
def open_request(
    enterprise: str, body: Wanted, services: ServicesDep, scope: Asker, response: Response
) -> dict[str, Any]:
    """Opens a request; the centre answers it by steps."""
    found = match_enterprise(services, scope, enterprise, body)
    with services.database.write() as session:
        row = requests.open_request(
            session, scope, enterprise, case=body.case, note=body.note, matching=found, now_ns=services.clock()
        )
        response.headers.update(etag(row.version))
        return _request(row)


@router.get("/enterprises/{enterprise}/matching-requests/{match}")
def get_request(
    enterprise: str, match: str, services: ServicesDep, scope: Reader, response: Response
) -> dict[str, Any]:
    """One request with its steps and what was matched when it was opened."""
    with services.database.read() as session:
        row = requests.request(session, scope, enterprise, match)
        taken = requests.steps(session, row.id)
    response.headers.update(etag(row.version))
    return _request(row) | {"matching": row.wanted["matching"], "steps": [_step(each) for each in taken]}


@router.post("/enterprises/{enterprise}/matching-requests/{match}/steps")
def take_step(
    enterprise: str,
    match: str,
    body: StepBody,
    read: ReadVersion,
    services: ServicesDep,
    scope: Asker,
    response: Response,
) -> dict[str, Any]:
    """Takes a step: the centre offers, contacts, finishes and closes; the enterprise accepts, judges, withdraws."""
    given = request_law.StepGiven(
        body.step, body.note.strip(), tuple((each.kind, each.id) for each in body.offers), body.outcome, body.score
    )
    with services.database.write() as session:
        row = requests.move(session, scope, enterprise, match, given, read=read, now_ns=services.clock())
        response.headers.update(etag(row.version))
        return _request(row)


@router.post("/enterprises/{enterprise}/matching-requests/{match}/seen")
def seen(enterprise: str, match: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """Notes that the caller has seen a request as it stands: its steps are no notices any more."""
    with services.database.write() as session:
        return {"request": match, "seen": notices.mark_seen(session, scope, enterprise, match)}


@router.get("/enterprises/{enterprise}/matching-notices")
def list_notices(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """What the other side did with an enterprise's requests since the caller last looked: newest first, at most 200."""
    with services.database.read() as session:
        found = notices.notices(session, scope, enterprise)
    return paged(found, page, lambda pair: f"{pair[1].id}/{pair[0].seq}", _notice)


def _notice(pair: tuple[MatchStep, MatchRequest]) -> dict[str, Any]:
    step, row = pair
    about = {"request": row.id, "enterprise": row.enterprise, "waits_for": request_law.waits_for(row.state)}
    return about | _step(step)


@router.get("/centre/matching-statistics")
def statistics(services: ServicesDep, scope: Keeper, bounds: BoundsDep) -> dict[str, Any]:
    """Requests opened in the period, by state and outcome."""
    check_bounds(*bounds)
    with services.database.read() as session:
        return requests.request_statistics(session, scope, *bounds)


def _request(row: MatchRequest) -> dict[str, Any]:
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "case": row.case,
        "state": row.state,
        "version": row.version,
        "outcome": row.outcome,
        "waits_for": request_law.waits_for(row.state),
        "opened_by": row.opened_by,
        "opened": to_iso(row.opened_ns),
        "updated": to_iso(row.updated_ns),
    }


def _step(row: MatchStep) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "step": row.step,
        "state": row.state,
        "note": row.note,
        "offers": row.detail["offers"],
        "outcome": row.detail["outcome"],
        "score": row.detail.get("score"),
        "by": row.actor,
        "at": to_iso(row.at_ns),
    }
