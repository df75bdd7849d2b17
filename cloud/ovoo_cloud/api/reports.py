"""Issued reports and the files of their bundles."""

from __future__ import annotations

import io
import json
import pathlib
import zipfile
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse, Response
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.paging import EVERYTHING, AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework.editions import kept_rules
from ovoo_cloud.catalogue import cases as case_rows
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.diagnosis.standing import is_working
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.bundle import MANIFEST, SIGNATURE
from ovoo_cloud.reports.own_keys import key_of
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_cloud.services import Services

__all__ = ["TYPES", "archive", "bundle_files", "check_issued", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/reports", tags=["reports"])
Reader = Annotated[Scope, Depends(require(Permission.READ_REPORT))]
TYPES: Final = {
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".sig": "application/octet-stream",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("")
def list_reports(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    site: Annotated[str | None, Query(max_length=63)] = None,
) -> dict[str, Any]:
    """The issued reports of an enterprise, newest first."""
    with services.database.read() as session:
        rows = case_rows.reports(session, scope, enterprise, site, EVERYTHING)
    return paged(rows, page, lambda row: row.id, _report)


@router.get("/{report}")
def get_report(enterprise: str, report: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One report with its summary and the files of its bundle."""
    with services.database.read() as session:
        row = _own(session, scope, enterprise, report)
    return _report(row) | {"summary": dict(row.summary), "files": bundle_files(row)}


@router.get("/{report}/files/{name}", response_class=FileResponse)
def get_file(enterprise: str, report: str, name: str, services: ServicesDep, scope: Reader) -> Response:
    """One file of the bundle; only names that the manifest lists exist."""
    with services.database.read() as session:
        row = _own(session, scope, enterprise, report)
    if name not in bundle_files(row):
        raise absent(f"{report}/{name}")
    path = pathlib.Path(row.folder) / name
    kind = TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=kind, filename=f"{row.id}-{name}")


@router.get("/{report}/bundle", response_class=Response)
def get_bundle(enterprise: str, report: str, services: ServicesDep, scope: Reader) -> Response:
    """The whole bundle as one archive, whose folder `ovoo-cloud verify` takes once it is unpacked."""
    with services.database.read() as session:
        row = _own(session, scope, enterprise, report)
    names = bundle_files(row)
    if not names:
        raise absent(f"{report}/bundle")
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.zip"'}
    return Response(archive(row, names), media_type="application/zip", headers=headers)


@router.get("/{report}/verification")
def verify_report(
    enterprise: str,
    report: str,
    services: ServicesDep,
    scope: Reader,
    deep: Annotated[bool, Query(description="computes every figure again from the stored samples")] = False,
) -> dict[str, Any]:
    """Checks files, signature and figures of the bundle on this server, with the key of this installation."""
    with services.database.read() as session:
        row = _own(session, scope, enterprise, report)
    found = check_issued(services, scope, row, deep=deep)
    return {
        "ok": found.ok,
        "intact": found.intact,
        "moved": list(found.moved),
        "status": found.status,
        "level": found.level,
        "files": found.files,
        "figures": found.figures,
        "evidence": found.evidence,
        "not_measured": list(found.not_measured),
        "not_available": list(found.not_available),
        "mismatches": [{"kind": each.kind, "name": each.name, "detail": each.detail} for each in found.mismatches],
    }


def check_issued(services: Services, scope: Scope, row: Report, *, deep: bool) -> Verification:
    """Verifies an issued bundle where it lies; a bundle that is gone is absent."""
    if not bundle_files(row):
        raise absent(f"{row.id}/bundle")
    source = StoreEvidence(services, row.enterprise, scope) if deep else None
    folder = pathlib.Path(row.folder)
    trust = key_of(folder, services.settings.own_keys)
    return verify_bundle(folder, trust=trust, deep=source, kept=kept_rules(services.database))


def archive(row: Report | RegionReport, names: list[str]) -> bytes:
    """Members in order, one date, stored: the same bytes for the same bundle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            member = zipfile.ZipInfo(f"{row.id}/{name}", (1980, 1, 1, 0, 0, 0))
            archive.writestr(member, (pathlib.Path(row.folder) / name).read_bytes())
    return buffer.getvalue()


def bundle_files(row: Report | RegionReport) -> list[str]:
    """The names in the bundle that are there; empty when the folder is gone."""
    folder = pathlib.Path(row.folder)
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())["files"]
    except FileNotFoundError:
        return []
    names = [name for name in listed if pathlib.PurePath(name).name == name]
    return sorted(name for name in [*names, MANIFEST, SIGNATURE] if (folder / name).is_file())


def _own(session: Session, scope: Scope, enterprise: str, report: str) -> Report:
    scope.require_enterprise(enterprise, report)
    row = case_rows.report(session, scope, report)
    if row.enterprise != enterprise:
        raise absent(report)
    return row


def _report(row: Report) -> dict[str, Any]:
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "site": row.site,
        "case": row.case,
        "number": row.number,
        "revision": row.revision,
        "working": is_working(row.summary),
        "title": row.title,
        "languages": row.language.split(","),
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "snapshot_sha256": row.snapshot_sha256,
        "created_by": row.created_by,
        "created": to_iso(row.created_ns),
    }
