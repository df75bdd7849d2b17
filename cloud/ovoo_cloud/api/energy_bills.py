"""Bills of months: made, kept, made again, and compared with the invoice that came."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.energy_contract import SITE_ENERGY, Document, Reader, Setter
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import energy_contracts
from ovoo_cloud.catalogue.energy_tables import EnergyStatement
from ovoo_cloud.energy.bills import basis_choices, check_bill, make_bill, site_contract
from ovoo_cloud.stores.base import check_bounds

__all__ = ["BillBody", "router"]

router = APIRouter(prefix=SITE_ENERGY + "/bills", tags=["energy"], route_class=KeyedRoute)
Amount = Annotated[str, Field(max_length=24, description="decimal text")]
Text = Annotated[str, Field(max_length=63)]
Kwh = Annotated[float, Field(ge=-1e12, le=1e12)]


class Registers(BaseModel):
    """Register differences of the month: kWh drawn and fed back, kvarh drawn and fed back."""

    active_import: Amount
    active_export: Amount = "0"
    reactive_import: Amount
    reactive_export: Amount = "0"


class InvoiceLine(BaseModel):
    """One line of the invoice that came, named as ours is."""

    name: Text
    season: Text = ""
    band: Text = ""
    yuan: Amount


class InvoiceBody(BaseModel):
    """The invoice that came."""

    document: Document
    total_yuan: Amount
    lines: list[InvoiceLine] = Field(default_factory=list, max_length=60)


class Readings(BaseModel):
    """Readings of the supplier's meter, billed in place of the site's own: [start, kWh of the interval]."""

    document: Document
    step_s: int = Field(ge=60, le=3600)
    rows: list[tuple[Annotated[str, Field(max_length=40)], Kwh | None]] = Field(min_length=1, max_length=12_000)


class BillBody(BaseModel):
    """The month to bill, and what is known of it beside the site's meter."""

    month: str = Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="of the tariff's calendar, 2026-05")
    accept_holes: bool = Field(False, description="bill what is measured where readings are missing, and say so")
    register_kwh: Amount | None = None
    reactive: Registers | None = Field(
        None, description="registers that were read; without them the meters' own counters of reactive energy count"
    )
    invoice: InvoiceBody | None = None
    readings: Readings | None = None


@router.get("")
def list_bills(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The kept bills, the newest month first; `choices` compares demand with capacity over the billed months."""
    contract = site_contract(services, scope, enterprise, site)
    with services.database.read() as session:
        rows = energy_contracts.statements(session, scope, enterprise, site, "bill")
        choices = basis_choices(contract, rows)
        items = [_short(row) for row in rows]
    plain = [{key: str(value) if key.endswith("_yuan") else value for key, value in asdict(c).items()} for c in choices]
    return {"items": items, "choices": plain}


@router.post("", status_code=201)
def post_bill(enterprise: str, site: str, body: BillBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Bills a month; what is wrong with its readings is named, and nothing is billed that cannot stand."""
    order = body.model_dump(mode="json")
    if body.readings is not None:
        order["readings"]["rows"] = [[str(_moment(start)), kwh] for start, kwh in body.readings.rows]
    return _whole(make_bill(services, scope, enterprise, site, order))


@router.get("/{bill}")
def get_bill(enterprise: str, site: str, bill: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One bill with its lines, defects, record and comparison."""
    with services.database.read() as session:
        return _whole(energy_contracts.statement(session, scope, enterprise, site, bill, "bill"))


@router.get("/{bill}/check")
def get_check(enterprise: str, site: str, bill: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The bill made again from what it was made from: `equal` where every digit is the same."""
    with services.database.read() as session:
        kept = energy_contracts.statement(session, scope, enterprise, site, bill, "bill")
    return asdict(check_bill(services, scope, kept))


def _moment(text: str) -> int:
    time_ns = from_iso(text, "readings")
    check_bounds(time_ns, time_ns)
    return time_ns


def _short(row: EnergyStatement) -> dict[str, Any]:
    result = row.result
    return {
        "id": row.id,
        "month": row.period,
        "state": result["state"],
        "total_kwh": result["total_kwh"],
        "total_yuan": result["total_yuan"],
        "peak_kw": None if result["peak"] is None else result["peak"]["kw"],
        "defect_count": result["defect_count"],
        "record_id": row.record_id,
        "created_by": row.created_by,
        "created": to_iso(row.created_ns),
    }


def _whole(row: EnergyStatement) -> dict[str, Any]:
    return {**_short(row), "start": to_iso(row.start_ns), "end": to_iso(row.end_ns), "result": row.result}
