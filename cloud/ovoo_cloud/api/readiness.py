"""Data readiness of a site: the newest score with its causes, signal by signal, and the order for a new report."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.cases import job_view
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue import jobs as job_rows
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.jobs.readiness_report import readiness_number
from ovoo_cloud.readiness.limits import PARTS
from ovoo_cloud.readiness.newest import newest_readiness
from ovoo_cloud.readiness.site_plan import plan_of_site
from ovoo_cloud.services import Services

__all__ = ["ReadinessOrder", "order_readiness", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/sites/{site}", tags=["readiness"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_REPORT))]
Runner = Annotated[Scope, Depends(require(Permission.RUN_REPORT))]


class ReadinessOrder(BaseModel):
    """What the issuing office decides of a readiness report."""

    start: str | None = Field(None, max_length=40, description="ISO 8601 with zone, included; default 30 days ago")
    end: str | None = Field(None, max_length=40, description="ISO 8601 with zone, excluded; default now")
    number: str = Field("", max_length=40, description="default: of day and site; a repeated one is a new revision")
    issue_date: datetime.date | None = Field(None, description="default: today in the installation's time zone")
    languages: list[Literal["zh", "en"]] = Field(default=[], max_length=2, description="the first one leads")


@router.get("/readiness")
def readiness(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The newest readiness report: score, parts, machines, and what to mend; `report` is null before the first."""
    data, head = _newest(services, scope, enterprise, site)
    if data is None:
        return {**head, "score": None, "parts": {}, "machines": [], "todo": []}
    figures = data["figures"]
    return {
        **head,
        "score": _figure(figures, "readiness.site.score"),
        "parts": {part: _figure(figures, f"readiness.site.{part}") for part in PARTS},
        "machines": [
            {
                "asset": row["asset"],
                "name": row["name"],
                "template": row["template"],
                "signals": len(row["signals"]),
                "score": _figure(figures, row["score"]),
                "parts": {part: _figure(figures, row["parts"][part]) for part in PARTS},
            }
            for row in data["machines"]
        ],
        "todo": [
            {
                "asset": row["asset"],
                "part": row["part"],
                "causes": row["causes"],
                "signals": row["signals"],
                "more": row["more"],
                "gain": _figure(figures, row["figure"]),
            }
            for row in data["todo"]
        ],
    }


@router.get("/readiness/signals")
def readiness_signals(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    asset: Annotated[str | None, Query(max_length=200, description="area/line/asset")] = None,
) -> dict[str, Any]:
    """The signals of the newest readiness report with points, counts and faults."""
    data, head = _newest(services, scope, enterprise, site)
    wanted = None if asset is None else f"{enterprise}/{site}/{asset}"
    machines = [] if data is None else [row for row in data["machines"] if wanted in (None, row["asset"])]
    rows = [signal for machine in machines for signal in machine["signals"]]
    figures: Mapping[str, Any] = {} if data is None else data["figures"]
    return {
        **head,
        **paged(
            rows, page, lambda row: str(row["signal"]), lambda row: {**row, "score": _figure(figures, row["score"])}
        ),
    }


@router.post("/readiness-reports", status_code=202)
def issue(
    enterprise: str, site: str, body: ReadinessOrder, response: Response, services: ServicesDep, scope: Runner
) -> dict[str, Any]:
    """Queues the report; a wrong window is told at once, the job tells how far it is."""
    job = order_readiness(services, scope, enterprise, site, body)
    response.headers["Location"] = f"/api/v1/enterprises/{enterprise}/jobs/{job.id}"
    return job_view(job)


def order_readiness(services: Services, scope: Scope, enterprise: str, site: str, order: ReadinessOrder) -> Job:
    """Queues the readiness report of a site."""
    start_ns = None if order.start is None else from_iso(order.start, "start")
    end_ns = None if order.end is None else from_iso(order.end, "end")
    now_ns = services.clock()
    with services.database.write() as session:
        plan = plan_of_site(session, scope, enterprise, site, now_ns=now_ns, start_ns=start_ns, end_ns=end_ns)
        wanted: dict[str, Any] = {
            "enterprise": enterprise,
            "site": site,
            "start_ns": str(plan.start_ns),
            "end_ns": str(plan.end_ns),
            "number": order.number or readiness_number(plan),
        }
        if order.issue_date is not None:
            wanted["issue_date"] = order.issue_date.isoformat()
        if order.languages:
            wanted["languages"] = list(dict.fromkeys(order.languages))
        return job_rows.enqueue(session, scope, "readiness_report", wanted, enterprise=enterprise, now_ns=now_ns)


def _newest(
    services: Services, scope: Scope, enterprise: str, site: str
) -> tuple[Mapping[str, Any] | None, dict[str, Any]]:
    """The snapshot, None where there is none, and what both answers begin with."""
    with services.database.read() as session:
        enterprises.site(session, scope, enterprise, site)
        found = newest_readiness(session, scope, enterprise, site)
    if found is None:
        return None, {"report": None, "start": None, "end": None}
    row = found.report
    return found.data, {"report": row.id, "start": to_iso(row.start_ns), "end": to_iso(row.end_ns)}


def _figure(figures: Mapping[str, Any], name: str | None) -> dict[str, Any] | None:
    """Value or range in points; None where it does not apply."""
    row = None if name is None else figures.get(name)
    return None if row is None else {key: row[key] for key in ("value", "low", "high", "unit")}
