"""Issued reports of the region: aggregates for the authority above the plants, and the centre's order for one."""

from __future__ import annotations

import datetime
import pathlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
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
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.centre.sector_benchmark import ended_quarter
from ovoo_cloud.jobs.region_report import issued_reports, region_number
from ovoo_cloud.reports.own_keys import key_of
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_cloud.services import Services

__all__ = ["RegionOrder", "check_region", "order_region", "router"]

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
    job = order_region(services, scope, body)
    response.headers["Location"] = f"/api/v1/region/orders/{job.id}"
    return job_view(job)


def order_region(services: Services, scope: Scope, body: RegionOrder) -> Job:
    """The queued work of an order.

    Raises:
        QueryError: no quarter, or one that is not over.
    """
    rows.require_issuer(scope)
    quarter, _ = ended_quarter(services, body.quarter)
    wanted: dict[str, object] = {"quarter": quarter, "number": body.number or region_number(quarter)}
    if body.issue_date is not None:
        wanted["issue_date"] = body.issue_date.isoformat()
    if body.languages:
        wanted["languages"] = list(dict.fromkeys(body.languages))
    with services.database.write() as session:
        return rows.order_region_report(session, scope, wanted, services.clock())


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


@router.get("/reports/{region_report}/verification")
def verify_report(
    region_report: str,
    services: ServicesDep,
    scope: Reader,
    deep: Annotated[bool, Query(description="computes all figures again from the issued reports; centre only")] = False,
) -> dict[str, Any]:
    """Checks files, signature and figures of the bundle on this server, with the key of this installation."""
    with services.database.read() as session:
        row = rows.region_report(session, scope, region_report)
    found = check_region(services, scope, row, deep=deep)
    return {
        "ok": found.ok,
        "level": found.level,
        "files": found.files,
        "figures": found.figures,
        "mismatches": [{"kind": each.kind, "name": each.name, "detail": each.detail} for each in found.mismatches],
    }


def check_region(services: Services, scope: Scope, row: RegionReport, *, deep: bool) -> Verification:
    """Verifies an issued bundle where it lies; from the issued reports for the centre only.

    Raises:
        Forbidden: `deep` for whoever may not issue one: what differs would tell figures that were not issued.
        NotFound: the bundle is gone.
    """
    if deep:
        rows.require_issuer(scope)
    if not bundle_files(row):
        raise absent(f"{row.id}/bundle")
    folder = pathlib.Path(row.folder)
    source = issued_reports(services) if deep else None
    return verify_bundle(folder, trust=key_of(folder, services.settings.own_keys), deep=source)


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
