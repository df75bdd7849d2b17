"""What is read under a grant is noted before the answer leaves the house."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import Response
from ovoo_contract.errors import StoreError
from starlette.concurrency import run_in_threadpool

from ovoo_cloud.access import grants
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.errors import problem
from ovoo_cloud.services import Services

__all__ = ["install"]


def install(app: FastAPI) -> None:
    """Notes every answered request that stood on grants; without the note there is no answer."""
    app.middleware("http")(_noted)


async def _noted(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    scope: Scope | None = getattr(request.state, "scope", None)
    if scope is None or not scope.used or response.status_code >= 400:
        return response
    route = request.scope.get("route")
    name = f"{request.method} {getattr(route, 'path', request.url.path)}"
    services: Services = request.app.state.services
    try:
        await run_in_threadpool(_note, services, scope, name)
    except StoreError as error:
        return problem(503, "store-unavailable", "the access could not be noted", detail=str(error))
    return response


def _note(services: Services, scope: Scope, route: str) -> None:
    with services.database.write() as session:
        grants.note_uses(session, scope.user, scope.used, route, services.clock())
