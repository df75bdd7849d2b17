"""Consent of an enterprise to a centre: given, withdrawn, and each read under it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import EVERYTHING, AskedDep, paged
from ovoo_cloud.api.route_names import LANGUAGES, name_of
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.casework import steps
from ovoo_cloud.catalogue import access_lines
from ovoo_cloud.catalogue.access_tables import AccessLine
from ovoo_cloud.catalogue.grant_tables import Grant

__all__ = ["grant_view", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}", tags=["consent"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_GRANTS))]
Giver = Annotated[Scope, Depends(require(Permission.GIVE_CONSENT))]
Watcher = Annotated[Scope, Depends(require(Permission.READ_ACCESS_LOG))]


class GrantBody(BaseModel):
    """A consent as an enterprise gives it."""

    purposes: list[Purpose] = Field(min_length=1, max_length=5, description="what may be read")
    sites: list[str] = Field(default=[], max_length=200, description="which sites; none: all of them")
    start: str | None = Field(None, max_length=40, description="ISO 8601 with zone; default: now")
    until: str = Field(max_length=40, description="ISO 8601 with zone; at most three years after the start")
    reason: str = Field(min_length=1, max_length=2000)


class WithdrawBody(BaseModel):
    """Why a consent is taken back."""

    reason: str = Field("", max_length=2000)


@router.get("/grants")
def list_grants(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The grants of an enterprise, newest first, also those that ended."""
    with services.database.read() as session:
        rows = grants.grants(session, scope, enterprise)
    return paged(rows, page, lambda row: row.id, lambda row: grant_view(row, services.clock()))


@router.post("/grants", status_code=201)
def give(enterprise: str, body: GrantBody, services: ServicesDep, scope: Giver) -> dict[str, Any]:
    """Gives consent that belongs to no case; that of a case is its step `consent`."""
    now_ns = services.clock()
    with services.database.write() as session:
        return grant_view(grants.give(session, scope, enterprise, terms_of(body, now_ns), now_ns), now_ns)


@router.get("/grants/{grant}")
def get_grant(enterprise: str, grant: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One grant and where it stands."""
    with services.database.read() as session:
        return grant_view(grants.grant(session, scope, enterprise, grant), services.clock())


@router.post("/grants/{grant}/withdraw")
def withdraw(enterprise: str, grant: str, body: WithdrawBody, services: ServicesDep, scope: Giver) -> dict[str, Any]:
    """Takes a consent back at once; the case that stands on it is suspended."""
    now_ns = services.clock()
    with services.database.write() as session:
        row = grants.withdraw(session, scope, enterprise, grant, body.reason, now_ns)
        steps.settle_grant(session, row, now_ns)
        return grant_view(row, now_ns)


@router.get("/access-log")
def access_log(enterprise: str, services: ServicesDep, scope: Watcher, page: AskedDep) -> dict[str, Any]:
    """Who read what of the enterprise under which grant, newest first: one line per user, route, grant and minute."""
    with services.database.read() as session:
        rows = access_lines.lines(session, scope, enterprise, EVERYTHING)
    return paged(rows, page, lambda row: f"{row.minute_ns}.{row.id}", lambda row: use_view(scope, row))


def terms_of(body: GrantBody, now_ns: int, case: str = "") -> grants.Terms:
    """What a body consents to."""
    start_ns = now_ns if body.start is None else from_iso(body.start, "start")
    return grants.Terms(body.purposes, body.sites, start_ns, from_iso(body.until, "until"), body.reason, case)


def grant_view(row: Grant, now_ns: int) -> dict[str, Any]:
    """A grant as the API shows it."""
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "case": row.case or None,
        "state": grants.state_of(row, now_ns),
        "purposes": list(row.purposes),
        "sites": list(row.sites),
        "start": to_iso(row.from_ns),
        "until": to_iso(row.until_ns),
        "reason": row.reason,
        "given_by": row.given_by,
        "given": to_iso(row.given_ns),
        "withdrawn_by": row.withdrawn_by or None,
        "withdrawn": to_iso(row.withdrawn_ns),
        "withdrawn_reason": row.withdrawn_reason,
    }


def use_view(scope: Scope, row: AccessLine) -> dict[str, Any]:
    """An access as the API shows it; what was read is named to who may still know the things of the enterprise."""
    return {
        "user": row.user,
        "role": row.role,
        "operation": row.operation,
        "name": {language: name_of(row.operation, language) for language in LANGUAGES},
        "grant": row.grant,
        "minute": to_iso(row.minute_ns),
        "site": row.site,
        "subject": row.subject if scope.may_name_things_of(row.enterprise, row.site.split()) else "",
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "reads": row.reads,
        "rows": row.row_count,
        "bytes": row.byte_count,
        "sealed_by": row.sealed,
    }
