"""People of an enterprise: who may speak for it, and the invitations by which they come to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, SecretStr

from ovoo_cloud.access import invitations, standing
from ovoo_cloud.access.invitations import Invitee, IssuedCode
from ovoo_cloud.access.roles import Permission, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedByToken, KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue.standing_tables import Invitation

__all__ = ["acceptance", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}", tags=["consent"], route_class=KeyedRoute)
acceptance = APIRouter(prefix="/api/v1", tags=["consent"], route_class=KeyedByToken)
Reader = Annotated[Scope, Depends(require(Permission.READ_GRANTS))]
Inviter = Annotated[Scope, Depends(require(Permission.INVITE_PEOPLE))]
Second = Annotated[Scope, Depends(require(Permission.MANAGE_USERS))]


class InviteBody(BaseModel):
    """Whom an enterprise invites."""

    person: str = Field(max_length=63, description="name of the account, made when the invitation is accepted")
    role: Role = Role.ENTERPRISE_ENGINEER
    display_name: str = Field("", max_length=200)
    hours: int = Field(168, ge=1, le=720, description="how long it may be accepted")


class AcceptBody(BaseModel):
    """What the invited person sends: the code, the second one where the centre invited, and their own password."""

    token: SecretStr = Field(max_length=200)
    second: SecretStr = Field(SecretStr(""), max_length=200)
    password: SecretStr = Field(max_length=1000, description="at least 10 characters")


@router.get("/people")
def list_people(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The accounts of an enterprise: which of them may consent and confirm for it, and who vouched for these."""
    with services.database.read() as session:
        rows = standing.people(session, scope, enterprise)
    return paged(rows, page, lambda row: row.name, _person)


@router.get("/invitations")
def list_invitations(enterprise: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The invitations of an enterprise, newest first; never their codes."""
    with services.database.read() as session:
        rows = invitations.invitations(session, scope, enterprise)
    return paged(rows, page, lambda row: row.id, lambda row: _invitation(row, services.clock()))


@router.post("/invitations", status_code=201)
def invite(enterprise: str, body: InviteBody, services: ServicesDep, scope: Inviter) -> dict[str, Any]:
    """Invites a person; the code is shown this once. The centre's first one takes a second code of somebody else."""
    invitee = Invitee(body.person, body.role, body.display_name)
    with services.database.write() as session:
        issued = invitations.invite(
            session, scope, enterprise, invitee, lifetime_s=body.hours * 3600, now_ns=services.clock()
        )
    return _code(issued)


@router.post("/invitations/{invitation}/second", status_code=201)
def ask_second(enterprise: str, invitation: str, services: ServicesDep, scope: Second) -> dict[str, Any]:
    """The second code of an invitation of the centre, for another administrator; shown this once."""
    with services.database.write() as session:
        return _code(invitations.ask_second(session, scope, enterprise, invitation, services.clock()))


@acceptance.post("/invitations/accept", status_code=201)
def accept(body: AcceptBody, services: ServicesDep) -> dict[str, Any]:
    """Uses an invitation up and sets the person's own password; no other credential is needed."""
    codes = [body.token.get_secret_value(), body.second.get_secret_value()]
    with services.database.write() as session:
        user = invitations.accept(session, codes, body.password.get_secret_value(), services.clock())
        return {"user": user.name, "role": user.role, "enterprise": user.enterprises[0]}


def _code(issued: IssuedCode) -> dict[str, Any]:
    return {
        "id": issued.id,
        "code": issued.text,
        "second_needed": not issued.alone,
        "expires": to_iso(issued.expires_ns),
    }


def _person(row: standing.Person) -> dict[str, Any]:
    return {
        "name": row.name,
        "display_name": row.display_name,
        "role": row.role.value,
        "disabled": row.disabled,
        "speaks": row.speaks,
        "vouched_by": list(row.vouched_by),
        "vouched": to_iso(row.vouched_ns),
    }


def _invitation(row: Invitation, now_ns: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "person": row.person,
        "role": row.role,
        "state": invitations.state_of(row, now_ns),
        "invited_by": [name for name in (row.first_by, row.second_by) if name],
        "by_enterprise": row.own,
        "created": to_iso(row.created_ns),
        "expires": to_iso(row.expires_ns),
        "used": to_iso(row.used_ns),
    }
