"""Issued reports of the region: aggregates for the authority above the plants, and the centre's order for one."""

from __future__ import annotations

import datetime
import pathlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.cases import job_view
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.reports import TYPES, archive, bundle_files
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import region_reports as rows
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.centre.sector_benchmark import ended_quarter
from ovoo_cloud.jobs.region_report import region_number

__all__ = ["RegionOrder", "router"]

router = APIRouter(prefix="/api/v1/region", tags=["region"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_AGGREGATES))]
Runner = Annotated[Scope, Depends(require(Permission.RUN_REPORT, plant_data=False))]


class RegionOrder(BaseModel):
    """What the centre decides of a report of the region."""

    quarter: str = Field("", max_length=7, description="YYYY-Qn, over; empty: the newest one that is")
    number: str = Field("", max_length=40, description="default: of the quarter; a repeated one is a new revision")
    issue_date: datetime.date | None = Field(None, description="default: today in the installation's time zone")
    languages: list[Literal["zh", "en"]] = Field(default=[], max_length=2, description="the first one leads")


@router.post("/reports", status_code=202)
def order(body: RegionOrder, response: Response, services: ServicesDep, scope: Runner) -> dict[str, Any]:
    """Queues the report; a quarter that is not over is told at once, the order tells how far it is."""
    quarter, _ = ended_quarter(services, body.quarter)
    wanted: dict[str, object] = {"quarter": quarter, "number": body.number or region_number(quarter)}
    if body.issue_date is not None:
        wanted["issue_date"] = body.issue_date.isoformat()
    if body.languages:
        wanted["languages"] = list(dict.fromkeys(body.languages))
    with services.database.write() as session:
        job = rows.order_region_report(session, scope, wanted, services.clock())
    response.headers["Location"] = f"/api/v1/region/orders/{job.id}"
    return job_view(job)


@router.get("/orders/{order}")
def get_order(order: str, services: ServicesDep, scope: Runner) -> dict[str, Any]:
    """An order: queued, running, done with the report's id, or failed with the reason."""
    with services.database.read() as session:
        return job_view(rows.region_order(session, scope, order))


@router.get("/reports")
def list_reports(services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The issued reports of the region, newest first."""
    with services.database.read() as session:
        found = rows.region_reports(session, scope)
    return paged(found, page, lambda row: row.id, _shown)


@router.get("/reports/{region_report}")
def get_report(region_report: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One report with its summary and the files of its bundle."""
    with services.database.read() as session:
        row = rows.region_report(session, scope, region_report)
    return _shown(row) | {"files": bundle_files(row)}


@router.get("/reports/{region_report}/files/{name}", response_class=FileResponse)
def get_file(region_report: str, name: str, services: ServicesDep, scope: Reader) -> Response:
    """One file of the bundle; only names that the manifest lists exist."""
    with services.database.read() as session:
        row = rows.region_report(session, scope, region_report)
    if name not in bundle_files(row):
        raise absent(f"{region_report}/{name}")
    path = pathlib.Path(row.folder) / name
    kind = TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=kind, filename=f"{row.id}-{name}")


@router.get("/reports/{region_report}/bundle", response_class=Response)
def get_bundle(region_report: str, services: ServicesDep, scope: Reader) -> Response:
    """The whole bundle as one archive, whose folder `ovoo-cloud verify` takes once it is unpacked."""
    with services.database.read() as session:
        row = rows.region_report(session, scope, region_report)
    names = bundle_files(row)
    if not names:
        raise absent(f"{region_report}/bundle")
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.zip"'}
    return Response(archive(row, names), media_type="application/zip", headers=headers)


def _shown(row: RegionReport) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "revision": row.revision,
        "quarter": row.quarter,
        "languages": row.language.split(","),
        "snapshot_sha256": row.snapshot_sha256,
        "summary": dict(row.summary),
        "created": to_iso(row.created_ns),
    }
