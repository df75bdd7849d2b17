"""The pages of overview, site, machine and signal."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from ovoo_contract.address import Address

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.region import region_counts
from ovoo_cloud.catalogue import enterprises, findings, signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.console import view
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Windows

__all__ = ["RANGES", "router"]

router = APIRouter(include_in_schema=False)
RANGES: Final = {"1h": 3600, "6h": 21_600, "1d": 86_400, "7d": 604_800, "35d": 3_024_000}
_SPARK_POINTS: Final = 60
_SPARK_NS: Final = 3 * 3600 * 10**9


@router.get("/")
def overview(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """All sites at a glance."""
    if not scope.allows(Permission.READ_SITES):
        return page(request, services, "region.html", scope, rows=region_counts(services, scope))
    return page(
        request,
        services,
        "overview.html",
        scope,
        sites=view.site_views(services, scope.under(Permission.READ_SITES, Purpose.TELEMETRY)),
    )


@router.get("/sites/{enterprise}/{site}")
def site(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """One site: its machines and what is wrong."""
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
    assets = view.asset_views(services, scope, enterprise, site)
    return page(request, services, "site.html", scope, company=company, place=place, assets=assets)


@router.get("/machines/{enterprise}/{site}/{area}/{line}/{asset}")
def machine(
    request: Request,
    enterprise: str,
    site: str,
    area: str,
    line: str,
    asset: str,
    services: ServicesDep,
    scope: Reader,
) -> Response:
    """One machine: its signals, scores and findings."""
    path = f"{enterprise}/{site}/{area}/{line}/{asset}"
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        row = signals.asset(session, scope, path)
        listed = signals.signals(session, scope, enterprise, site=site, asset=path)
        found = (
            findings.findings(session, scope, enterprise=enterprise, asset=path, limit=20)
            if scope.allows(Permission.READ_FINDINGS)
            else ()
        )
    seen = view.signal_views(services, scope, listed)
    telemetry = [item for item in seen if item.row.measurement == "telemetry"]
    scores = [item for item in seen if item.row.measurement == "score" and item.row.field == "score"]
    return page(
        request,
        services,
        "asset.html",
        scope,
        company=company,
        place=place,
        row=row,
        signals=telemetry,
        scores=scores,
        sparks=_sparks(services, scope, telemetry),
        findings=[findings.finding_of(item) for item in found],
    )


@router.get("/signals/{enterprise}/{site}/{area}/{line}/{asset}/{signal}")
def signal_page(
    request: Request,
    enterprise: str,
    site: str,
    area: str,
    line: str,
    asset: str,
    signal: str,
    services: ServicesDep,
    scope: Reader,
    span: Annotated[str, Query(alias="range", pattern="^(1h|6h|1d|7d|35d)$")] = "1d",
) -> Response:
    """One signal over time."""
    with services.database.read() as session:
        row = signals.signal(session, scope, f"{enterprise}/{site}/{area}/{line}/{asset}/{signal}")
        machine_row = signals.asset(session, scope, row.asset)
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
    seen = view.signal_views(services, scope, [row])[0]
    facts = _facts(services, scope, row, RANGES[span])
    return page(
        request,
        services,
        "signal.html",
        scope,
        row=row,
        asset=machine_row,
        company=company,
        place=place,
        seen=seen,
        span=span,
        ranges=list(RANGES),
        facts=facts,
        minutes=signals.minute_figure(row, "mean") is not None,
    )


def _facts(services: Services, scope: Scope, row: SignalRecord, seconds: int) -> dict[str, Any] | None:
    """Count, good share and extremes of the shown range; None where there is nothing or nothing may be read."""
    if not scope.allows(Permission.READ_TELEMETRY):
        return None
    end_ns = services.clock() + 1
    start_ns = end_ns - seconds * 10**9
    if signals.minute_figure(row, "count"):
        return _facts_of_minutes(services, scope, row, start_ns, end_ns)
    whole = _whole(services, scope, row.address, start_ns, end_ns)
    count = int(whole.count[0])
    if count == 0:
        return None
    return {
        "count": count,
        "good": int(whole.good[0]) / count,
        "min": float(whole.min[0]),
        "max": float(whole.max[0]),
        "mean": float(whole.mean[0]),
    }


def _facts_of_minutes(
    services: Services, scope: Scope, row: SignalRecord, start_ns: int, end_ns: int
) -> dict[str, Any] | None:
    """As `_facts`, from one-minute figures: every minute weighs the same in the mean."""
    figures = ("count", "good", "min", "max", "mean")
    found = {name: _whole(services, scope, f"{row.address}_1m_{name}", start_ns, end_ns) for name in figures}
    minutes = int(found["count"].count[0])
    if minutes == 0:
        return None
    count = round(float(found["count"].mean[0]) * minutes)
    return {
        "count": count,
        "good": float(found["good"].mean[0]) * int(found["good"].count[0]) / count,
        "min": float(found["min"].min[0]),
        "max": float(found["max"].max[0]),
        "mean": float(found["mean"].mean[0]),
    }


def _whole(services: Services, scope: Scope, address: str, start_ns: int, end_ns: int) -> Windows:
    """The range as one window."""
    return services.telemetry(scope).windows(Address.parse(address), start_ns, end_ns, step_ns=end_ns - start_ns)


def _sparks(services: Services, scope: Scope, seen: list[view.SignalView]) -> dict[str, list[float]]:
    """The last three hours up to the newest sample, sixty means a signal."""
    if not scope.allows(Permission.READ_TELEMETRY):
        return {}
    newest = max((item.latest.time_ns for item in seen if item.latest), default=None)
    if newest is None:
        return {}
    sparks = {}
    for item in seen:
        drawn = signals.minute_figure(item.row, "mean") or item.row.address
        windows = services.telemetry(scope).windows(
            Address.parse(drawn), newest - _SPARK_NS, newest, step_ns=_SPARK_NS // _SPARK_POINTS
        )
        values = [float(value) for value in windows.mean]
        if not all(math.isnan(value) for value in values):
            sparks[item.row.address] = values
    return sparks
