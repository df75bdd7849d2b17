"""Who calls: a bearer token or the console's session cookie, turned into a Scope; each route names its permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from ovoo_contract.errors import Forbidden, Unauthenticated

from ovoo_cloud.access import grants, tokens
from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.services import Services

__all__ = ["SESSION_COOKIE", "Caller", "ServicesDep", "require", "services_of"]

SESSION_COOKIE: Final = "ovoo_session"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def services_of(request: Request) -> Services:
    """What the application was built with."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


def caller(request: Request, services: ServicesDep) -> Scope:
    """The scope of whoever calls.

    Raises:
        Unauthenticated: no token, or one that is unknown, withdrawn or expired.
        Forbidden: a cookie on a changing request that another site's page sent.
    """
    header = request.headers.get("authorization", "")
    cookie = request.cookies.get(SESSION_COOKIE, "")
    now_ns = services.clock()
    if header:
        scheme, _, presented = header.partition(" ")
        if scheme.lower() != "bearer" or not presented:
            raise Unauthenticated("not a bearer token", offender="Authorization", remedy="Authorization: Bearer TOKEN")
        return _bound(request, services, presented.strip(), "bearer", now_ns)
    if not cookie:
        raise Unauthenticated("nobody is signed in", offender="request", remedy="sign in, or send a bearer token")
    if request.method not in _SAFE:
        _same_origin(request, services.settings.public_url)
    return _bound(request, services, cookie, "session", now_ns)


def _bound(request: Request, services: Services, presented: str, kind: tokens.TokenKind, now_ns: int) -> Scope:
    """The scope of a token with its live grants; the request keeps it, for what it reads is noted under them."""
    with services.database.read() as session:
        scope = tokens.authenticate(session, presented, now_ns, kind=kind)
        scope = grants.bound(session, scope, services.settings.access_consent, now_ns)
    request.state.scope = scope
    request.state.caller = scope  # for the record of what leaves
    return scope


Caller = Annotated[Scope, Depends(caller)]


def require(
    permission: Permission, purpose: Purpose | None = None, *, plant_data: bool = True
) -> Callable[[Scope], Scope]:
    """A dependency that gives what the caller sees by the permission and refuses who lacks it.

    Args:
        permission: what the role must hold.
        purpose: instead of the permission's own.
        plant_data: False where the answer holds none, as methods and registers of the centre: it needs no consent.
    """

    def check(scope: Caller) -> Scope:
        if plant_data:
            return scope.under(permission, purpose)
        scope.require(permission)
        return scope

    check.__ovoo_permission__ = permission  # type: ignore[attr-defined]  # read by the matrix test
    return check


def _same_origin(request: Request, public_url: str) -> None:
    # SameSite=Strict keeps the cookie at home already; this also covers browsers and proxies that do not
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    homes = {request.headers.get("host", ""), urlsplit(public_url).netloc}  # a proxy may change the host
    if site in (None, "same-origin", "none") and (origin is None or origin.partition("//")[2] in homes - {""}):
        return
    raise Forbidden("the request came from another site", offender="Origin", value=origin, remedy="use the console")
