"""The pages of benchmark, index of regions, parks, data centres, data catalogue, egress, and a handle's own page."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from ovoo_contract.errors import NotFound

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.centre_region import By, data_centre_list, index_page, park_page
from ovoo_cloud.api.egress_recorder import RECORDED
from ovoo_cloud.api.reports import bundle_files
from ovoo_cloud.api.route_names import name_of
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.region_reports import region_reports
from ovoo_cloud.centre import data_classes, egress
from ovoo_cloud.centre.benchmark import figures
from ovoo_cloud.centre.handles import resolve
from ovoo_cloud.centre.kinds import enumeration
from ovoo_cloud.centre.parks import MEASURES
from ovoo_cloud.centre.sector_benchmark import sector_benchmark
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.console.report_files import shown_files
from ovoo_cloud.services import Services

__all__ = ["public", "recorded_operations", "router"]

router = APIRouter(include_in_schema=False, prefix="/centre")
public = APIRouter(include_in_schema=False)
_LINES: Final = 200
_REPORTS: Final = 20


@router.get("/benchmark")
def benchmark_page(request: Request, services: ServicesDep, scope: Reader, quarter: str = "") -> Response:
    """Quantiles of the groups that are large enough, and the issued reports of the region."""
    found = sector_benchmark(services, scope, quarter[:7])
    with services.database.read() as session:
        issued = region_reports(session, scope)[:_REPORTS]
    files = {row.id: shown_files(bundle_files(row)) for row in issued}
    return page(
        request, services, "centre_benchmark.html", scope, found=found, figures=figures(), group_name=_group_name,
        issued=issued, files=files,
    )  # fmt: skip


@router.get("/index")
def regional_index(request: Request, services: ServicesDep, scope: Reader, name: str = "", year: str = "") -> Response:
    """The index of a year: places and trend."""
    scope.require(Permission.READ_REGISTERS)
    found = index_page(services, scope, name[:400], _year(year))
    listed = [] if found is None else found["indicators"]
    return page(
        request, services, "centre_index.html", scope, found=found, middles=_middles,
        zh={each["id"]: each["name_zh"] for each in listed},
        en={each["id"]: each["name_en"] or each["name_zh"] for each in listed},
    )  # fmt: skip


@router.get("/parks")
def parks(
    request: Request, services: ServicesDep, scope: Reader, park: str = "", year: str = "", by: By = "tax_per_mu"
) -> Response:
    """One park per mu."""
    scope.require(Permission.READ_PARKS)
    found = park_page(services, scope, park[:400], _year(year), by)
    return page(
        request,
        services,
        "centre_parks.html",
        scope,
        found=found,
        measures=list(MEASURES),
        grades=enumeration("park_grade"),
        by=by,
    )


@router.get("/data-centres")
def data_centres(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """PUE and WUE."""
    scope.require(Permission.READ_REPORT)
    rows = data_centre_list(services, scope)
    return page(request, services, "centre_dc.html", scope, rows=rows, curve=_curve)


@router.get("/data/{enterprise}")
def data_page(request: Request, enterprise: str, services: ServicesDep, scope: Reader, wanted: str = "") -> Response:
    """The data catalogue of an enterprise and what left of it."""
    scope.require(Permission.READ_REPORT)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        found = data_classes.catalogue_of(session, scope, enterprise)
        lines = egress.records(session, scope, enterprise=enterprise, limit=20)
    rows = [each for each in found if wanted in ("", each.data_class)]
    return page(
        request, services, "centre_data.html", scope, company=company, rows=rows[:_LINES], count=len(rows),
        summary=data_classes.summary(found), classes=enumeration("data_class"), wanted=wanted, lines=lines,
        ways=_ways(request, services),
    )  # fmt: skip


@router.get("/egress")
def egress_page(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """What left the installation."""
    with services.database.read() as session:
        lines = egress.records(session, scope, limit=_LINES)
    return page(
        request, services, "centre_egress.html", scope, lines=lines, classes=enumeration("data_class"),
        ways=_ways(request, services),
    )  # fmt: skip


def _ways(request: Request, services: Services) -> dict[str, str]:
    """What each way out is called, by the path that the record keeps."""
    language = words_of(request, services).language
    return {path: name_of(operation, language) for path, operation in recorded_operations().items()}


@functools.cache
def recorded_operations() -> Mapping[str, str]:
    """The operation of every path by which something leaves on record."""
    # late: the application takes these pages in
    from ovoo_cloud.api.app import ROUTERS
    from ovoo_cloud.console.site import ROUTERS as PAGES

    routes = [route for router in (*ROUTERS, *PAGES) for route in router.routes if isinstance(route, APIRoute)]
    return {each.path: each.unique_id for each in routes if each.path in RECORDED and "GET" in (each.methods or ())}


@public.get("/handles/{prefix}/{suffix}")
def handle_page(request: Request, prefix: str, suffix: str, services: ServicesDep) -> Response:
    """What a handle tells anybody; no one needs to sign in."""
    try:
        with services.database.read() as session:
            found: dict[str, Any] | None = resolve(session, f"{prefix}/{suffix}")
    except NotFound:
        found = None
    status = 404 if found is None else 200
    return page(request, services, "centre_handle.html", None, status, found=found, handle=f"{prefix}/{suffix}")


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 2000 <= int(text) <= 2100 else None


def _group_name(group: dict[str, Any], language: str, unknown: str) -> str:
    """The group in the reader's words; empty for all enterprises."""
    parts = []
    for name in ("sector", "size"):
        if group[name] is not None:
            label = enumeration(name).get(group[name])
            parts.append(group[name] if label is None else label.of(language))
    parts += [] if group["region"] is None else [group["region"]]
    return " · ".join(unknown if part == "-" else part for part in parts)


def _middles(course: list[dict[str, Any]]) -> list[float]:
    """The middle of each year's range, for a small line."""
    return [(float(each["low"]) + float(each["high"])) / 2 for each in course]


def _curve(months: list[dict[str, Any]]) -> list[float]:
    return [math.nan if each["pue"] is None else float(each["pue"]) for each in months]
