"""Puts the console into the application: pages, static files, and errors as pages for browsers."""

from __future__ import annotations

import importlib.resources
import pathlib
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from ovoo_contract.errors import OvooError
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from ovoo_cloud.api.access import services_of
from ovoo_cloud.api.errors import status_of
from ovoo_cloud.console import (
    baseline_pages,
    case_pages,
    charts,
    completeness_pages,
    consent_pages,
    energy_cost_pages,
    energy_pages,
    finding_pages,
    flow_pages,
    gate,
    gateway_pages,
    intensity_pages,
    pages,
    report_pages,
    saving_pages,
    session,
    ventilation_pages,
)
from ovoo_cloud.console.render import page

__all__ = ["install"]

_ROUTERS: Final = (
    session.router,
    pages.router,
    charts.router,
    finding_pages.router,
    energy_pages.router,
    flow_pages.router,
    energy_cost_pages.router,
    baseline_pages.router,
    saving_pages.router,
    intensity_pages.router,
    report_pages.router,
    case_pages.router,
    consent_pages.router,
    gateway_pages.router,
    completeness_pages.router,
    ventilation_pages.router,
)
_TITLES: Final = {403: "failed.forbidden", 404: "failed.absent", 503: "failed.store"}


def install(app: FastAPI) -> None:
    """Adds the console's routes to the application."""
    package = pathlib.Path(str(importlib.resources.files("ovoo_cloud")))
    app.mount("/static", StaticFiles(directory=package / "console" / "static"), name="static")
    # the third-party assets are installed by `make assets`; without them pages work, charts say that they do not
    app.mount("/assets", StaticFiles(directory=package / "assets", check_dir=False), name="assets")
    for router in _ROUTERS:
        app.include_router(router)
    gate.install(app)
    for kind in (OvooError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _as_page(app.exception_handlers[kind]))


def _as_page(plain: ExceptionHandler) -> ExceptionHandler:
    """Wraps the API's handler: a browser gets a page, everybody else the problem document."""

    async def handle(request: Request, error: Exception) -> Response:
        if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
            answer = plain(request, error)  # type: ignore[arg-type]  # both are HTTP handlers
            return await answer  # type: ignore[misc,no-any-return]
        status, detail = _told(error)
        title = _TITLES.get(status, "failed.request")
        return page(request, services_of(request), "failed.html", None, status, title=title, detail=detail)

    return handle


def _told(error: Exception) -> tuple[int, str]:
    if isinstance(error, OvooError):
        return status_of(error), str(error)
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    assert isinstance(error, RequestValidationError)
    return 422, "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
