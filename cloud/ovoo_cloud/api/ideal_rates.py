"""Ideal rates of machines: entered together or not at all, as values or as a table."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from ovoo_contract.errors import ConfigError
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.row_counts import count_rows
from ovoo_cloud.catalogue import ideal_rates, signals
from ovoo_cloud.catalogue.ideal_rate_sheet import read_sheet, write_sheet
from ovoo_cloud.catalogue.tables import AssetRecord

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/ideal-rates", tags=["sites"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_SITES))]
Editor = Annotated[Scope, Depends(require(Permission.EDIT_CASE))]


class RateEntry(BaseModel):
    """The ideal rate of one asset; both empty take it away."""

    asset: str = Field(max_length=400, description="enterprise/site/area/line/asset")
    ideal_rate_per_hour: str = Field("", max_length=32, description="decimal text, 0.001 to 1000000000")
    product_unit: str = Field("", max_length=32, description="unit of what is made: t, m3, count")


class RateEntries(BaseModel):
    """Rates that are kept together, or not at all."""

    rates: list[RateEntry] = Field(min_length=1, max_length=1000)


class RateFile(BaseModel):
    """A table to read in, whole or not at all."""

    name: str = Field(min_length=1, max_length=200)
    content: str = Field(max_length=4_000_000, description="the bytes of the CSV file, base64")


@router.post("")
def enter_rates(enterprise: str, body: RateEntries, services: ServicesDep, scope: Editor) -> dict[str, Any]:
    """Keeps ideal rates, all or none, and gives them as they stand now."""
    given = [ideal_rates.GivenRate(each.asset, each.ideal_rate_per_hour, each.product_unit) for each in body.rates]
    with services.database.write() as session:
        rows = ideal_rates.enter(session, scope, enterprise, given, services.clock())
        return {"items": [_rate(row) for row in rows]}


@router.get("/export", response_class=Response)
def export_rates(enterprise: str, services: ServicesDep, scope: Reader, request: Request) -> Response:
    """Every asset with its ideal rate as CSV, to be changed and imported again."""
    with services.database.read() as session:
        rows = signals.assets(session, scope, enterprise)
        body = write_sheet(rows)
    count_rows(request.state, len(rows))
    headers = {"Content-Disposition": 'attachment; filename="ideal-rates.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/import")
def import_rates(enterprise: str, body: RateFile, services: ServicesDep, scope: Editor) -> dict[str, Any]:
    """Reads a CSV table in: all of its rows, or none and every wrong cell named; an asset not in it keeps its rate."""
    try:
        raw = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError("not base64", offender="content", remedy="send the bytes of the file in base64") from error
    given = read_sheet(raw, body.name)
    with services.database.write() as session:
        rows = ideal_rates.enter(session, scope, enterprise, given, services.clock())
    return {"assets": len(rows)}


def _rate(row: AssetRecord) -> dict[str, Any]:
    return {
        "asset": row.path,
        "ideal_rate_per_hour": row.ideal_rate_per_hour,
        "product_unit": row.product_unit,
    }
