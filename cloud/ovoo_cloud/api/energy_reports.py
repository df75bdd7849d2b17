"""The order to issue the monthly energy report of a site; its files come like those of every report."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.cases import job_view
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.catalogue import jobs as job_rows
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.energy_report.site_plan import plan_of_site
from ovoo_cloud.jobs.month_report import default_number
from ovoo_cloud.reports.build import Format
from ovoo_cloud.services import Services

__all__ = ["MonthOrder", "order_month_report", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/sites/{site}", tags=["energy"], route_class=KeyedRoute)
Runner = Annotated[Scope, Depends(require(Permission.RUN_REPORT))]


class MonthOrder(BaseModel):
    """What the issuing office decides of a month's report."""

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="local month of the site, e.g. 2026-10")
    number: str = Field("", max_length=40, description="default: of month and site; a repeated one is a new revision")
    issue_date: datetime.date | None = Field(None, description="default: today in the installation's time zone")
    languages: list[Literal["zh", "en"]] = Field(default=[], max_length=2, description="the first one leads")
    formats: list[Format] = Field(
        default=[], max_length=4, description="default: all; JSON, manifest and signature are in every bundle"
    )
    inputs: dict[str, Any] = Field(
        default={}, description="what the settings do not hold (docs/guides/energy-report.md): bill, baseline, ..."
    )


@router.post("/energy-reports", status_code=202)
def issue(
    enterprise: str, site: str, body: MonthOrder, response: Response, services: ServicesDep, scope: Runner
) -> dict[str, Any]:
    """Queues the report; mistakes of the inputs are told at once, the job tells how far it is."""
    job = order_month_report(services, scope, enterprise, site, body)
    response.headers["Location"] = f"/api/v1/enterprises/{enterprise}/jobs/{job.id}"
    return job_view(job)


def order_month_report(services: Services, scope: Scope, enterprise: str, site: str, order: MonthOrder) -> Job:
    """Queues the report of a site and month."""
    wanted: dict[str, Any] = {
        "enterprise": enterprise,
        "site": site,
        "month": order.month,
        "number": order.number or default_number(enterprise, site, order.month),
    }
    if order.issue_date is not None:
        wanted["issue_date"] = order.issue_date.isoformat()
    if order.languages:
        wanted["languages"] = list(dict.fromkeys(order.languages))
    if order.formats:
        wanted["formats"] = list(dict.fromkeys(order.formats))
    if order.inputs:
        wanted["inputs"] = order.inputs
    with services.database.write() as session:
        plan_of_site(session, scope, enterprise, site, order.month, order.inputs)
        return job_rows.enqueue(session, scope, "energy_report", wanted, enterprise=enterprise, now_ns=services.clock())
