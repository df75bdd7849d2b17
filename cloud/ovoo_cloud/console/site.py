"""Puts the console into the application: pages, static files, and errors as pages for browsers."""

from __future__ import annotations

import functools
import importlib.resources
import pathlib
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from ovoo_contract.errors import ConfigErrors, OvooError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ExceptionHandler

from ovoo_cloud.api.access import services_of
from ovoo_cloud.api.errors import status_of
from ovoo_cloud.console import (
    baseline_pages,
    bill_month_pages,
    case_pages,
    case_results,
    centre_pages,
    centre_pages_figures,
    centre_pages_kinds,
    centre_pages_matching,
    centre_pages_region,
    centre_pages_reports,
    charts,
    completeness_pages,
    consent_pages,
    edition_pages,
    energy_cost_pages,
    energy_pages,
    finding_pages,
    flow_pages,
    framework_pages,
    gate,
    gateway_pages,
    ideal_rate_pages,
    intensity_pages,
    pages,
    people_pages,
    readiness_pages,
    report_pages,
    saving_pages,
    session,
    sums_pages,
    ventilation_pages,
    verify_pages,
)
from ovoo_cloud.console.intake import pages as intake_pages
from ovoo_cloud.console.language import Words
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.reasons import tell_field

__all__ = ["ROUTERS", "install"]

ROUTERS: Final = (
    session.router,
    pages.router,
    ideal_rate_pages.router,
    charts.router,
    finding_pages.router,
    energy_pages.router,
    flow_pages.router,
    energy_cost_pages.router,
    baseline_pages.router,
    sums_pages.router,
    bill_month_pages.router,
    saving_pages.router,
    intensity_pages.router,
    report_pages.router,
    framework_pages.router,
    case_pages.router,
    case_results.router,
    intake_pages.router,
    edition_pages.router,
    consent_pages.router,
    people_pages.router,
    gateway_pages.router,
    completeness_pages.router,
    readiness_pages.router,
    ventilation_pages.router,
    verify_pages.router,
    centre_pages_matching.router,
    centre_pages_figures.router,
    centre_pages_kinds.router,
    centre_pages_region.router,
    centre_pages_reports.router,
    centre_pages_region.public,
    centre_pages.router,
)
_MOST: Final = 20
_LONGEST: Final = 120
_TITLES: Final = {403: "failed.forbidden", 404: "failed.absent", 503: "failed.store"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that went wrong: its code, what it is, where with which value, and what helps."""

    code: str
    wrong: str
    where: str
    remedy: str


def install(app: FastAPI) -> None:
    """Adds the console's routes to the application."""
    package = pathlib.Path(str(importlib.resources.files("ovoo_cloud")))
    app.mount("/static", StaticFiles(directory=package / "console" / "static"), name="static")
    # the third-party assets are installed by `make assets`; without them pages work, charts say that they do not
    app.mount("/assets", StaticFiles(directory=package / "assets", check_dir=False), name="assets")
    app.router.routes.extend(_routes())
    gate.install(app)
    for kind in (OvooError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _as_page(app.exception_handlers[kind]))


@functools.cache
def _routes() -> list[BaseRoute]:
    """The pages, put together once for every application of a process."""
    gathered = APIRouter(strict_content_type=True)  # as FastAPI: a body is JSON only if it says so
    for router in ROUTERS:
        gathered.include_router(router)
    return gathered.routes


def _as_page(plain: ExceptionHandler) -> ExceptionHandler:
    """Wraps the API's handler: a browser gets a page, everybody else the problem document."""

    async def handle(request: Request, error: Exception) -> Response:
        if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
            answer = plain(request, error)  # type: ignore[arg-type]  # both are HTTP handlers
            return await answer  # type: ignore[misc,no-any-return]
        services = services_of(request)
        status, told = _told(error, words_of(request, services))
        title = _TITLES.get(status, "failed.request")
        return page(request, services, "failed.html", None, status, title=title, told=told)

    return handle


def _told(error: Exception, words: Words) -> tuple[int, list[Line]]:
    """The status, and what went wrong in the reader's language."""
    if isinstance(error, ConfigErrors):
        return status_of(error), [_line(each, words) for each in error.errors[:_MOST]]
    if isinstance(error, OvooError):
        return status_of(error), [_line(error, words)]
    if isinstance(error, HTTPException):
        return error.status_code, []
    assert isinstance(error, RequestValidationError)
    faults = error.errors()[:_MOST]
    told = [(str(item["loc"][-1]), str(item["type"]), tell_field(item, words.language)) for item in faults]
    return 422, [Line(f"form.{kind}", each.wrong, where, each.remedy) for where, kind, each in told]


def _line(error: OvooError, words: Words) -> Line:
    told = words.error(error)
    value = "" if error.value is None else str(error.value)[:_LONGEST]
    return Line(error.code, told.wrong, f"{error.offender} {value}".strip(), told.remedy)
