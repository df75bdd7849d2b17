"""Who calls: a bearer token or the console's session cookie, turned into a Scope; each route names its permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from ovoo_contract.errors import Forbidden, Unauthenticated

from ovoo_cloud.access import tokens
from ovoo_cloud.access.roles import Permission
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
        with services.database.read() as session:
            return _known(request, tokens.authenticate(session, presented.strip(), now_ns, kind="bearer"))
    if not cookie:
        raise Unauthenticated("nobody is signed in", offender="request", remedy="sign in, or send a bearer token")
    if request.method not in _SAFE:
        _same_origin(request, services.settings.public_url)
    with services.database.read() as session:
        return _known(request, tokens.authenticate(session, cookie, now_ns, kind="session"))


def _known(request: Request, found: Scope) -> Scope:
    request.state.caller = found  # for the record of what leaves
    return found


Caller = Annotated[Scope, Depends(caller)]


def require(permission: Permission) -> Callable[[Scope], Scope]:
    """A dependency that gives the caller's scope and refuses who lacks the permission."""

    def check(scope: Caller) -> Scope:
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
