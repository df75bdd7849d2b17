"""The pages of consent: what an enterprise lets a centre read, and who read what."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError

from ovoo_cloud.access import grants
from ovoo_cloud.access.grants import Terms
from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.route_names import name_of
from ovoo_cloud.casework import opening, steps
from ovoo_cloud.catalogue import access_lines, enterprises
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_SHOWN: Final = 200


@router.get("/consent")
def companies(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """The enterprises whose consent the caller may see; one's own at once."""
    scope.require(Permission.READ_GRANTS)
    with services.database.read() as session:
        rows = enterprises.enterprises(session, scope)
    if len(rows) == 1:
        return RedirectResponse(f"/consent/{rows[0].id}", 303)
    return page(request, services, "consents.html", scope, companies=rows)


@router.get("/consent/{enterprise}")
def consent_page(request: Request, enterprise: str, services: ServicesDep, scope: Reader) -> Response:
    """The grants of an enterprise and, for who may see it, each read under them."""
    now_ns = services.clock()
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        given = [(row, grants.state_of(row, now_ns)) for row in grants.grants(session, scope, enterprise)]
        watches = scope.allows(Permission.READ_ACCESS_LOG)
        used = access_lines.lines(session, scope, enterprise, _SHOWN) if watches else []
    values: dict[str, Any] = {"company": company, "grants": given, "uses": used, "watches": watches, "name_of": name_of}
    return page(request, services, "consent.html", scope, purposes=[each.value for each in Purpose], **values)


@router.post("/consent/{enterprise}/{grant}/withdraw")
def withdraw(
    enterprise: str,
    grant: str,
    services: ServicesDep,
    scope: Reader,
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Takes a consent back at once."""
    now_ns = services.clock()
    with services.database.write() as session:
        row = grants.withdraw(session, scope, enterprise, grant, reason, now_ns)
        steps.settle_grant(session, row, now_ns)
    return RedirectResponse(f"/consent/{enterprise}", 303)


@router.post("/cases/{enterprise}/{case}/consent")
def give(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Reader,
    until: Annotated[str, Form(max_length=10)],
    reason: Annotated[str, Form(min_length=1, max_length=2000)],
    purpose: Annotated[list[Purpose], Form()],
) -> Response:
    """Consents to a case, or anew to a suspended one; the consent ends with the named day."""
    now_ns, until_ns = services.clock(), _end(services, until)
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.GIVE_CONSENT)
        state = steps.settle(session, row, now_ns)
        terms = Terms(purpose, row.sites, now_ns, until_ns, reason, case)
        work = opening.consent if state == "accepted" else opening.resume
        work(session, scope, row, terms, now_ns, None)
    return RedirectResponse(f"/cases/{enterprise}/{case}", 303)


def _end(services: Services, until: str) -> int:
    try:
        day = datetime.date.fromisoformat(until) + datetime.timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            "not a date", offender="until", value=until, remedy="e.g. 2027-06-30", code="case.not_date"
        ) from error
    moment = datetime.datetime.combine(day, datetime.time(), services.settings.zone)
    return int(moment.timestamp()) * 1_000_000_000
