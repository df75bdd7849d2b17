"""The application: made by a factory from services; nothing is global."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.routing import BaseRoute

from ovoo_cloud import console
from ovoo_cloud.api import (
    account,
    audit,
    case_documents,
    case_drafts,
    case_endings,
    case_exchange,
    case_files,
    case_parts,
    case_reviews,
    case_steps,
    cases,
    centre_benchmark,
    centre_data,
    centre_handles,
    centre_kinds,
    centre_kpis,
    centre_matching,
    centre_region,
    centre_registers,
    completeness,
    energy,
    energy_baselines,
    energy_bills,
    energy_carbon,
    energy_contract,
    energy_flows,
    energy_intensity,
    energy_reports,
    energy_savings,
    energy_sums,
    enrol,
    entered_bills,
    errors,
    export,
    findings,
    frameworks,
    gateways,
    grants,
    health,
    ideal_rates,
    metrics,
    people,
    readiness,
    region,
    region_reports,
    reports,
    schema,
    scoring,
    sites,
    telemetry,
    ventilation,
    verdicts,
    verification,
)
from ovoo_cloud.api.access_log import AccessRecorder
from ovoo_cloud.api.egress_recorder import EgressRecorder
from ovoo_cloud.api.limits import BodyLimit
from ovoo_cloud.services import Services

__all__ = ["ROUTERS", "create_app"]

ROUTERS: Final = (
    health.router,
    metrics.router,
    account.sessions,
    account.router,
    sites.router,
    telemetry.router,
    completeness.router,
    export.router,
    findings.router,
    verdicts.router,
    energy.router,
    energy_flows.router,
    energy_contract.router,
    energy_bills.router,
    energy_carbon.router,
    ventilation.router,
    energy_baselines.router,
    entered_bills.router,
    energy_savings.router,
    energy_sums.router,
    energy_intensity.router,
    energy_reports.router,
    ideal_rates.router,
    readiness.router,
    cases.router,
    frameworks.router,
    centre_kinds.router,
    centre_registers.router,
    centre_matching.router,
    centre_kpis.router,
    centre_benchmark.router,
    centre_data.router,
    centre_handles.router,
    centre_region.router,
    grants.router,
    people.router,
    people.acceptance,
    case_files.listing,
    case_files.router,
    case_steps.router,
    case_endings.router,
    case_parts.router,
    case_documents.router,
    case_drafts.router,
    case_reviews.router,
    case_exchange.router,
    scoring.router,
    reports.router,
    verification.router,
    gateways.router,
    enrol.router,
    enrol.redemption,
    region.router,
    region_reports.router,
    audit.router,
)
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(services: Services) -> FastAPI:
    """The API (and console) over the given services; the caller opens and closes them."""
    app = FastAPI(
        title="Ovoo",
        version=importlib.metadata.version("ovoo-cloud"),
        docs_url=None,  # the interactive page loads scripts from outside
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.services = services
    errors.install(app)
    metrics.install(app)
    app.middleware("http")(_security_headers)
    app.add_middleware(BodyLimit)
    app.add_middleware(AccessRecorder, services=services, headers=_HEADERS)  # outside of whatever buffers a stream
    app.add_middleware(EgressRecorder, services=services)
    app.router.routes.extend(_routes())
    schema.install(app)
    console.install(app)
    return app


@functools.cache
def _routes() -> list[BaseRoute]:
    """The routes, put together once for every application of a process: they hold nothing of its services."""
    gathered = APIRouter(strict_content_type=True)  # as FastAPI: a body is JSON only if it says so
    for router in ROUTERS:
        gathered.include_router(router, responses=schema.PROBLEMS)
    return gathered.routes


async def _security_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
