"""Signing in and out, bearer tokens, users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from ovoo_contract.errors import ConfigError, Unauthenticated
from pydantic import BaseModel, Field, SecretStr

from ovoo_cloud.access import tokens
from ovoo_cloud.access import users as user_rows
from ovoo_cloud.access.roles import PERMISSIONS, Permission, Role
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import SESSION_COOKIE, Caller, ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue.tables import Token, User
from ovoo_cloud.services import Services

__all__ = ["router", "sessions", "start_session"]

router = APIRouter(prefix="/api/v1", tags=["account"], route_class=KeyedRoute)
sessions = APIRouter(
    prefix="/api/v1", tags=["account"]
)  # plain routes: a cookie, or all tokens gone, is never given twice
Manager = Annotated[Scope, Depends(require(Permission.MANAGE_USERS))]


class Credentials(BaseModel):
    """Name and password of a person."""

    name: str = Field(max_length=63)
    password: SecretStr = Field(max_length=1000)


class TokenBody(BaseModel):
    """A bearer token as it is asked for."""

    label: str = Field(min_length=1, max_length=200)
    days: int = Field(ge=1, le=730)


class UserBody(BaseModel):
    """A new user."""

    name: str = Field(max_length=63)
    password: SecretStr = Field(max_length=1000)
    role: Role
    enterprises: list[str] = Field(default=[], max_length=1000)
    display_name: str = Field("", max_length=200)


class PasswordBody(BaseModel):
    """A change of one's own password."""

    current: SecretStr = Field(max_length=1000)
    password: SecretStr = Field(max_length=1000, description="at least 10 characters")


class UserChange(BaseModel):
    """What may be changed of a user."""

    disabled: bool


@sessions.post("/sessions", status_code=201)
def sign_in(body: Credentials, request: Request, response: Response, services: ServicesDep) -> dict[str, Any]:
    """Signs in: sets the session cookie and gives the session's end."""
    return start_session(services, request, response, body.name, body.password.get_secret_value())


def start_session(services: Services, request: Request, response: Response, name: str, password: str) -> dict[str, Any]:
    """Checks name and password and sets the cookie; Unauthenticated says no more than that they do not fit."""
    now_ns = services.clock()
    lifetime_s = services.settings.session_hours * 3600
    with services.database.write() as session:
        user = user_rows.sign_in(session, name, password, now_ns)
        if user is not None:
            issued = tokens.issue(
                session, user.name, kind="session", label="console", lifetime_s=lifetime_s, now_ns=now_ns, personal=True
            )
    if user is None:
        raise Unauthenticated("name or password do not fit", offender="sign-in", remedy="try again")
    response.set_cookie(
        SESSION_COOKIE,
        issued.text,
        max_age=lifetime_s,
        httponly=True,
        samesite="strict",
        secure="https" in (request.url.scheme, urlsplit(services.settings.public_url).scheme),
        path="/",
    )
    return {"user": user.name, "role": user.role, "expires": to_iso(issued.expires_ns)}


@sessions.delete("/sessions", status_code=204)
def sign_out(request: Request, services: ServicesDep, scope: Caller) -> Response:
    """Ends the session that the cookie names."""
    presented = request.cookies.get(SESSION_COOKIE, "")
    if presented:
        token_id, _ = tokens.split_secret(presented)
        with services.database.write() as session:
            tokens.revoke(session, scope, token_id)
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.get("/me")
def me(scope: Caller) -> dict[str, Any]:
    """Who the caller is and what they may do."""
    return {
        "user": scope.user,
        "role": scope.role.value,
        "enterprises": None if scope.enterprises is None else sorted(scope.enterprises),
        "permissions": sorted(permission.value for permission in PERMISSIONS[scope.role]),
    }


@sessions.post("/me/password", status_code=204)
def change_password(body: PasswordBody, services: ServicesDep, scope: Caller) -> Response:
    """Changes the caller's own password; all their tokens and sessions end."""
    with services.database.write() as session:
        changed = user_rows.change_own(
            session, scope, body.current.get_secret_value(), body.password.get_secret_value(), services.clock()
        )
    if not changed:
        raise ConfigError("the current password does not fit", offender="current", remedy="type it again")
    return Response(status_code=204)


@router.get("/tokens")
def list_tokens(services: ServicesDep, scope: Caller, page: AskedDep) -> dict[str, Any]:
    """The caller's tokens; never their secrets."""
    with services.database.read() as session:
        rows = tokens.tokens(session, scope, scope.user)
    return paged(rows, page, lambda row: row.id, _token)


@router.post("/tokens", status_code=201)
def create_token(body: TokenBody, services: ServicesDep, scope: Caller) -> dict[str, Any]:
    """A new bearer token of the caller; its text is shown this once."""
    with services.database.write() as session:
        issued = tokens.issue(
            session,
            scope.user,
            kind="bearer",
            label=body.label,
            lifetime_s=body.days * 86_400,
            now_ns=services.clock(),
            personal=scope.personal,  # a token given out at the server makes none that speaks for an enterprise
        )
    return {"id": issued.id, "token": issued.text, "expires": to_iso(issued.expires_ns)}


@router.delete("/tokens/{token}", status_code=204)
def revoke_token(token: str, services: ServicesDep, scope: Caller) -> Response:
    """Withdraws a token of the caller's own, or anybody's for who manages users."""
    with services.database.write() as session:
        tokens.revoke(session, scope, token)
    return Response(status_code=204)


@router.get("/users")
def list_users(services: ServicesDep, scope: Manager, page: AskedDep) -> dict[str, Any]:
    """All users."""
    with services.database.read() as session:
        rows = [row for row in user_rows.users(session, scope) if _within(scope, row.enterprises)]
    return paged(rows, page, lambda row: row.name, _user)


@router.post("/users", status_code=201)
def create_user(body: UserBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """A new user, within what the caller sees."""
    if not _within(scope, body.enterprises):
        raise absent(",".join(body.enterprises) or "every enterprise")
    with services.database.write() as session:
        row = user_rows.create_user(
            session,
            scope,
            body.name,
            password=body.password.get_secret_value(),
            role=body.role,
            enterprises=body.enterprises,
            display_name=body.display_name,
            now_ns=services.clock(),
        )
        return _user(row)


@router.patch("/users/{name}", status_code=204)
def change_user(name: str, body: UserChange, services: ServicesDep, scope: Manager) -> Response:
    """Shuts a user out, or lets them in again."""
    with services.database.write() as session:
        row = session.get(User, name)
        if row is None or not _within(scope, row.enterprises):
            raise absent(name)
        user_rows.set_disabled(session, scope, name, body.disabled, services.clock())
    return Response(status_code=204)


def _within(scope: Scope, enterprises: Sequence[str]) -> bool:
    """Nobody manages users who see more than they do themselves."""
    return scope.enterprises is None or (bool(enterprises) and scope.enterprises.issuperset(enterprises))


def _token(row: Token) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "label": row.label,
        "created": to_iso(row.created_ns),
        "expires": to_iso(row.expires_ns),
        "revoked": row.revoked,
    }


def _user(row: User) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role,
        "enterprises": list(row.enterprises),
        "display_name": row.display_name,
        "disabled": row.disabled,
    }
