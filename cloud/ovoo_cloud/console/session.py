"""Signing in and out, and the choice of language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import Unauthenticated

from ovoo_cloud.access import tokens
from ovoo_cloud.api.access import SESSION_COOKIE, ServicesDep
from ovoo_cloud.api.account import start_session
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.language import LANGUAGE_COOKIE
from ovoo_cloud.console.render import page

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def sign_in_page(request: Request, services: ServicesDep, next: str = "/") -> Response:
    """The form."""
    return page(request, services, "sign_in.html", None, after=_local(next), failed="", name="")


@router.post("/sign-in")
def sign_in(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Form(max_length=63)],
    password: Annotated[str, Form(max_length=1000)],
    after: Annotated[str, Form(max_length=1000)] = "/",
) -> Response:
    """Signs in, or shows the form again with what was wrong."""
    response = RedirectResponse(_local(after), 303)
    try:
        start_session(services, request, response, name, password)
    except Unauthenticated as error:
        key = "sign_in.locked" if "attempts" in error.message else "sign_in.failed"
        return page(request, services, "sign_in.html", None, 401, after=_local(after), failed=key, name=name)
    return response


@router.post("/sign-out")
def sign_out(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """Ends the session."""
    presented = request.cookies.get(SESSION_COOKIE, "")
    with services.database.write() as session:
        tokens.revoke(session, scope, tokens.split_secret(presented)[0])
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.post("/language")
def choose_language(
    language: Annotated[str, Form(pattern="^(zh|en)$")], after: Annotated[str, Form(max_length=1000)] = "/"
) -> Response:
    """Keeps the reader's language for a year."""
    response = RedirectResponse(_local(after), 303)
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", path="/")
    return response


def _local(path: str) -> str:
    """A path on this server; anything else leads to the overview, never to another site."""
    parts = urlsplit(path)
    plain = not parts.scheme and not parts.netloc and path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if plain else "/"
