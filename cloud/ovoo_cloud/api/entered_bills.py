"""Bills of a site as people enter them, and baselines made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.energy_baselines import PeriodBody, baseline_view
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import entered_bills
from ovoo_cloud.catalogue.bill_tables import EnteredBill
from ovoo_cloud.energy.baseline_service import define_baseline
from ovoo_cloud.energy.bill_baseline import BillSpec

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy", tags=["energy baselines"], route_class=KeyedRoute
)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]
Amount = Annotated[str, Field(max_length=24, description="decimal text")]


class BillEntry(BaseModel):
    """One bill between two read dates."""

    start: str = Field(max_length=40, description="ISO 8601 with zone, included: the read before")
    end: str = Field(max_length=40, description="ISO 8601 with zone, excluded: the read of the bill")
    kwh: Amount
    kind: Literal["read", "estimated", "replaces", "adds"] = Field(
        "read", description="estimated: the end was not read; replaces, adds: a correction"
    )
    document: str = Field(min_length=1, max_length=400)
    amounts: dict[Annotated[str, Field(max_length=60)], Amount] = Field(
        default={}, max_length=6, description="what drove the energy in the period: tonnes, ..."
    )


class BillEntries(BaseModel):
    """Bills that are kept together, or not at all."""

    bills: list[BillEntry] = Field(min_length=1, max_length=240)


class BillBaselineBody(PeriodBody):
    """A baseline of the bills that lie wholly in a period."""

    name: str = Field(min_length=1, max_length=200)
    amounts: list[Annotated[str, Field(max_length=60)]] = Field(default=[], max_length=6)
    temperature: str = Field("", max_length=400, description="address of the outdoor temperature")
    heating_base: float | None = Field(None, description="degC; degree-days below it drive")
    cooling_base: float | None = Field(None, description="degC; degree-days above it drive")
    any_sign: bool = Field(False, description="accept energy that falls with a driver")


@router.get("/entered-bills")
def list_bills(enterprise: str, site: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The entered bills of a site by period."""
    with services.database.read() as session:
        rows = entered_bills.bills(session, scope, enterprise, site)
        return paged(rows, page, lambda row: row.id, _bill)


@router.post("/entered-bills", status_code=201)
def enter(enterprise: str, site: str, body: BillEntries, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Keeps bills, all or none."""
    given = [
        entered_bills.NewBill(
            from_iso(each.start, "start"), from_iso(each.end, "end"), each.kwh, each.kind, each.document, each.amounts
        )
        for each in body.bills
    ]
    with services.database.write() as session:
        rows = entered_bills.enter(session, scope, enterprise, site, given, services.clock())
        return {"items": [_bill(row) for row in rows]}


@router.delete("/entered-bills/{entered}", status_code=204)
def withdraw(enterprise: str, site: str, entered: str, services: ServicesDep, scope: Setter) -> Response:
    """Takes out a bill that was entered by mistake."""
    with services.database.write() as session:
        entered_bills.withdraw(session, scope, enterprise, site, entered, services.clock())
    return Response(status_code=204)


@router.post("/bill-baselines", status_code=201)
def define(enterprise: str, site: str, body: BillBaselineBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Defines a baseline of bills and fits it; it is signed, and savings are proven, like any baseline."""
    spec = BillSpec(tuple(body.amounts), body.temperature, body.heating_base, body.cooling_base, body.any_sign)
    start_ns, end_ns = body.bounds()
    owner, fit = define_baseline(
        services, scope, enterprise, site, name=body.name, asset="", spec=spec, start_ns=start_ns, end_ns=end_ns
    )
    return baseline_view(owner, [fit])


def _bill(row: EnteredBill) -> dict[str, Any]:
    return {
        "id": row.id,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "kwh": row.kwh,
        "kind": row.kind,
        "document": row.document,
        "amounts": dict(row.amounts),
        "entered_by": row.entered_by,
        "entered": to_iso(row.entered_ns),
    }
