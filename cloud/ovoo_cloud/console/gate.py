"""Who reads a page: the session cookie, else the sign-in page."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import Unauthenticated

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, caller
from ovoo_cloud.api.errors import problem

__all__ = ["Reader", "SignInNeeded", "install"]


class SignInNeeded(Exception):
    """A page was asked for by nobody we know."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def reader(request: Request, services: ServicesDep) -> Scope:
    """The scope of the signed-in person; SignInNeeded leads to the sign-in page."""
    try:
        return caller(request, services)
    except Unauthenticated as error:
        raise SignInNeeded(request.url.path) from error


Reader = Annotated[Scope, Depends(reader)]


def install(app: FastAPI) -> None:
    """Registers the way to the sign-in page."""
    app.add_exception_handler(SignInNeeded, _to_sign_in)


async def _to_sign_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    if request.headers.get("hx-request"):  # a part of a page: the page around it goes to the sign-in form
        path = urlsplit(request.headers.get("hx-current-url", "/")).path
        return Response(status_code=401, headers={"HX-Redirect": f"/sign-in?next={quote(path, safe='/')}"})
    if error.path.startswith("/console/data/"):
        return problem(401, "unauthenticated", "nobody is signed in", detail="sign in")
    return RedirectResponse(f"/sign-in?next={quote(error.path, safe='/')}", 303)
