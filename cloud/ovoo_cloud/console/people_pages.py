"""The pages of an enterprise's people: who speaks for it, inviting somebody, and accepting an invitation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import OvooError

from ovoo_cloud.access import invitations, standing
from ovoo_cloud.access.invitations import Invitee, IssuedCode
from ovoo_cloud.access.roles import CENTRAL_ROLES, Permission, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.errors import status_of
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
Code = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]


@router.get("/people/{enterprise}")
def people_page(request: Request, enterprise: str, services: ServicesDep, scope: Reader) -> Response:
    """The accounts of an enterprise, who vouched for them, and the invitations that wait."""
    return _shown(request, services, scope, enterprise, None)


@router.post("/people/{enterprise}/invitations")
def invite(
    request: Request,
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    person: Annotated[str, Form(max_length=63)],
    role: Annotated[Role, Form()] = Role.ENTERPRISE_ENGINEER,
    display_name: Annotated[str, Form(max_length=200)] = "",
    hours: Annotated[int, Form(ge=1, le=720)] = 168,
) -> Response:
    """Invites a person; the page shows the code this once."""
    with services.database.write() as session:
        issued = invitations.invite(
            session, scope, enterprise, Invitee(person, role, display_name), lifetime_s=hours * 3600,
            now_ns=services.clock(),
        )  # fmt: skip
    return _shown(request, services, scope, enterprise, issued)


@router.post("/people/{enterprise}/invitations/{invitation}/second")
def ask_second(request: Request, enterprise: str, invitation: str, services: ServicesDep, scope: Reader) -> Response:
    """The second code of an invitation, for another administrator; the page shows it this once."""
    with services.database.write() as session:
        issued = invitations.ask_second(session, scope, enterprise, invitation, services.clock())
    return _shown(request, services, scope, enterprise, issued)


@router.get("/invitation")
def invitation_form(request: Request, services: ServicesDep) -> Response:
    """Where an invited person types the codes and a password of their own."""
    return page(request, services, "invitation.html", None, failed=None)


@router.post("/invitation")
def accept(
    request: Request, services: ServicesDep, code: Code, password: Password, again: Password, second: Code = ""
) -> Response:
    """Accepts an invitation and leads to the sign-in page."""
    if password != again:
        return page(request, services, "invitation.html", None, 422, failed="people.not_the_same")
    try:
        with services.database.write() as session:
            invitations.accept(session, [code, second], password, services.clock())
    except OvooError as error:
        key = "people.short_password" if error.offender == "password" else "people.unknown_code"
        return page(request, services, "invitation.html", None, status_of(error), failed=key)
    return RedirectResponse("/sign-in", 303)


def _shown(request: Request, services: Services, scope: Scope, enterprise: str, issued: IssuedCode | None) -> Response:
    now_ns = services.clock()
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        rows = standing.people(session, scope, enterprise)
        listed = [
            (row, invitations.state_of(row, now_ns)) for row in invitations.invitations(session, scope, enterprise)
        ]
    centre = scope.role in CENTRAL_ROLES
    may_invite = scope.allows(Permission.INVITE_PEOPLE) and (
        scope.voices is None or enterprise in scope.voices or (centre and not any(row.speaks for row in rows))
    )
    return page(
        request, services, "people.html", scope, company=company, people=rows, invitations=listed, issued=issued,
        may_invite=may_invite, centre=centre, roles=[role.value for role in Role if role not in CENTRAL_ROLES],
    )  # fmt: skip
