"""The registers of a centre: kinds, rows with versions, files in and out."""

from __future__ import annotations

import base64
import binascii
import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from ovoo_contract.errors import ConfigError
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.matching_version import ReadVersion, etag
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.row_counts import count_rows
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre import entries, exchange
from ovoo_cloud.centre.expiry import Ending, endings
from ovoo_cloud.centre.kinds import Kind
from ovoo_cloud.centre.own_kinds import kind_in
from ovoo_cloud.services import Services

__all__ = ["import_bytes", "router"]

router = APIRouter(prefix="/api/v1/centre", tags=["centre"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_REGISTERS))]
Keeper = Annotated[Scope, Depends(require(Permission.MANAGE_REGISTERS))]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class EntryBody(BaseModel):
    """A row of a register."""

    fields: dict[str, Any] = Field(description="values by field id; see GET /api/v1/centre/kinds", max_length=100)
    withdrawn: bool = Field(False, description="true takes the row out of every list without losing it")


class FileBody(BaseModel):
    """A table to read in, whole or not at all."""

    name: str = Field(min_length=1, max_length=200)
    content: str = Field(max_length=4_000_000, description="the bytes of the CSV or xlsx file, base64")
    check_only: bool = Field(False, description="only say what the file would do")


@router.get("/registers/{register}")
def list_entries(
    register: str,
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    q: Annotated[str, Query(max_length=200, description="must stand in a value")] = "",
    withdrawn: Annotated[bool, Query(description="with withdrawn rows")] = False,
) -> dict[str, Any]:
    """The rows of a register that the caller may see, by id."""
    with services.database.read() as session:
        rows = entries.entries(session, scope, register, withdrawn=withdrawn, text=q)
        kind_of = kind_in(session, register)
    return paged(rows, page, lambda row: row.id, lambda row: _entry(scope, kind_of, row))


@router.get("/expiring")
def list_expiring(
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    days: Annotated[int, Query(ge=0, le=3660, description="ends within so many days, or has ended")] = 60,
) -> dict[str, Any]:
    """Rows whose validity ends soon or has ended: policies, certificates, tables of classes, own registers."""
    today = datetime.datetime.fromtimestamp(services.clock() // 10**9, services.settings.zone).date()
    with services.database.read() as session:
        found = endings(session, scope, today, days)
    return paged(found, page, lambda each: f"{each.kind.id}/{each.row.id}", _ending)


def _ending(each: Ending) -> dict[str, Any]:
    return {
        "kind": each.kind.id,
        "id": each.row.id,
        "version": each.row.version,
        "valid_until": each.until,
        "days": each.days,
        "ended": each.days < 0,
    }


@router.get("/registers/{register}/export", response_class=Response)
def export_register(
    register: str,
    services: ServicesDep,
    scope: Reader,
    request: Request,
    file: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "csv",
    language: Annotated[str, Query(pattern="^(zh|en)$")] = "zh",
) -> Response:
    """The register as a file that can be changed and imported again."""
    with services.database.read() as session:
        if file == "csv":
            body, rows = exchange.export_csv(session, scope, register)
        else:
            body, rows = exchange.export_workbook(session, scope, register, language)
    count_rows(request.state, rows)
    headers = {"Content-Disposition": f'attachment; filename="{register}.{file}"'}
    return Response(body, media_type="text/csv; charset=utf-8" if file == "csv" else XLSX, headers=headers)


@router.post("/registers/{register}/import")
def import_register(register: str, body: FileBody, services: ServicesDep, scope: Keeper) -> dict[str, Any]:
    """Reads a CSV or xlsx file in: all of its rows, or none and every wrong cell named."""
    try:
        raw = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError("not base64", offender="content", remedy="send the bytes of the file in base64") from error
    return import_bytes(services, scope, register, raw, body.name, check_only=body.check_only)


def import_bytes(
    services: Services, scope: Scope, register: str, raw: bytes, name: str, *, check_only: bool = False
) -> dict[str, Any]:
    """Imports in one transaction; `check_only` takes everything back again."""
    with services.database.write() as session:
        done = exchange.import_file(session, scope, register, raw, name, services.clock())
        if check_only:
            session.rollback()
    return {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "sha256": done.sha256}


@router.get("/registers/{register}/entries/{entry}")
def get_entry(register: str, entry: str, services: ServicesDep, scope: Reader, response: Response) -> dict[str, Any]:
    """One row; its ETag is its version."""
    with services.database.read() as session:
        row = entries.entry(session, scope, register, entry)
        kind_of = kind_in(session, register)
    response.headers.update(etag(row.version))
    return _entry(scope, kind_of, row)


@router.put("/registers/{register}/entries/{entry}")
def put_entry(
    register: str,
    entry: str,
    body: EntryBody,
    read: ReadVersion,
    services: ServicesDep,
    scope: Keeper,
    response: Response,
) -> dict[str, Any]:
    """Adds a row, or changes the one whose version If-Match names."""
    with services.database.write() as session:
        row, _ = entries.save(
            session, scope, register, entry, body.fields, read=read, now_ns=services.clock(), withdrawn=body.withdrawn
        )
        response.headers.update(etag(row.version))
        return _entry(scope, kind_in(session, register), row)


@router.get("/registers/{register}/entries/{entry}/versions")
def entry_versions(register: str, entry: str, services: ServicesDep, scope: Keeper) -> dict[str, Any]:
    """Every version of a row, newest first."""
    with services.database.read() as session:
        rows = entries.versions(session, scope, register, entry)
        kind_of = kind_in(session, register)
    return {
        "items": [
            {
                "version": row.version,
                "fields": entries.shown(scope, kind_of, row.content),
                "withdrawn": row.withdrawn,
                "made_by": row.made_by,
                "made": to_iso(row.made_ns),
            }
            for row in rows
        ]
    }


def _entry(scope: Scope, kind_of: Kind, row: RegisterEntry) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "id": row.id,
        "version": row.version,
        "fields": entries.shown(scope, kind_of, row.content),
        "withdrawn": row.withdrawn,
        "updated_by": row.updated_by,
        "updated": to_iso(row.updated_ns),
    }
