"""The data catalogue with classes, and the record of what left the installation."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.centre_kpis import table_response
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.centre import data_classes, egress
from ovoo_cloud.stores.base import check_bounds

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["centre"])
Reader = Annotated[Scope, Depends(require(Permission.READ_SITES, Purpose.TELEMETRY))]
Auditor = Annotated[Scope, Depends(require(Permission.READ_AUDIT))]
Owner = Annotated[Scope, Depends(require(Permission.READ_REPORT))]
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=0, lt=2**31, description="`next` of the page before")]
_MOST: Final = 100_000
_COLUMNS: Final = (
    "address", "name_zh", "name_en", "unit", "measurement", "class", "class_of_gateway", "category", "rule",
    "rule_version", "reason", "lowered",
)  # fmt: skip


@router.get("/enterprises/{enterprise}/data-catalogue")
def data_catalogue(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    wanted: Annotated[Literal["general", "important", "core"] | None, Query(alias="class")] = None,
) -> dict[str, Any]:
    """Every signal with category, class and the rule that gave it; `summary` counts them all."""
    with services.database.read() as session:
        found = data_classes.catalogue_of(session, scope, enterprise)
    rows = [each for each in found if wanted in (None, each.data_class)]
    listed = paged(rows, page, lambda each: each.address, lambda each: dict(data_classes.as_row(each)))
    return {**listed, "summary": data_classes.summary(found)}


@router.get("/enterprises/{enterprise}/data-catalogue/export", response_class=Response)
def export_catalogue(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    file: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "csv",
) -> Response:
    """The same as a table."""
    with services.database.read() as session:
        found = data_classes.catalogue_of(session, scope, enterprise)
    rows = [data_classes.as_row(each) for each in found]
    table = [list(_COLUMNS), *([_text(row[name]) for name in _COLUMNS] for row in rows)]
    return table_response(table, f"data-catalogue-{enterprise}", file)


@router.get("/egress")
def list_egress(services: ServicesDep, scope: Auditor, limit: Limit = 100, cursor: Before = None) -> dict[str, Any]:
    """What left the installation, newest first."""
    with services.database.read() as session:
        found = egress.records(session, scope, before=cursor, limit=limit)
    return {"items": [_line(scope, row) for row in found], "next": found[-1].id if len(found) == limit else None}


@router.get("/egress/export", response_class=Response)
def export_egress(
    services: ServicesDep,
    scope: Auditor,
    bounds: BoundsDep,
    file: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "csv",
) -> Response:
    """The lines of a period as a table, at most 100,000 of them, newest first."""
    check_bounds(*bounds)
    with services.database.read() as session:
        found = egress.records(session, scope, start_ns=bounds[0], end_ns=bounds[1], limit=_MOST)
    return table_response(egress.egress_rows(scope, found, services.settings.zone), "egress", file)


@router.get("/enterprises/{enterprise}/egress")
def enterprise_egress(
    enterprise: str, services: ServicesDep, scope: Owner, limit: Limit = 100, cursor: Before = None
) -> dict[str, Any]:
    """What left of one enterprise, newest first; the enterprise itself sees it too."""
    with services.database.read() as session:
        found = egress.records(session, scope, enterprise=enterprise, before=cursor, limit=limit)
    return {"items": [_line(scope, row) for row in found], "next": found[-1].id if len(found) == limit else None}


def _line(scope: Scope, row: EgressRecord) -> dict[str, Any]:
    return {
        "number": row.id,
        "at": to_iso(row.at_ns),
        "who": row.actor,
        "role": row.role,
        "enterprise": row.enterprise,
        "what": row.route,
        "subject": egress.subject_of(scope, row),
        "class": row.data_class,
        "rows": row.row_count,
        "bytes": row.byte_count,
        "complete": row.complete,
        "grants": row.grant.split(),
        "sealed_by": row.sealed,
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
