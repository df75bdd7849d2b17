"""Standard coal and carbon dioxide of a window; by another edition of the factors both results stay."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.energy_contract import SITE_ENERGY, Document, Name, Reader, Setter
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import energy_contracts
from ovoo_cloud.catalogue.energy_tables import EnergyStatement
from ovoo_cloud.energy.carbon_statement import grid_rows, make_carbon, remake_carbon

__all__ = ["router"]

router = APIRouter(prefix=SITE_ENERGY + "/carbon", tags=["energy"], route_class=KeyedRoute)
Quantity = Annotated[float, Field(ge=0, le=1e12)]


class Choice(BaseModel):
    """Which factor rows count: the grid factor of a region with the newest data year up to `year`, or `grid_id`."""

    year: int = Field(ge=2000, le=2100)
    region: str = Field("inner_mongolia", max_length=63)
    electricity: Literal["calorific", "equivalent"] = "calorific"
    grid_id: str = Field("", max_length=63)


class OtherEnergy(BaseModel):
    """What else was used: heat, steam or a fuel of the factor table, with the document that says so."""

    name: Name
    carrier: Name
    value: Quantity
    unit: str = Field(max_length=24)
    document: Document
    heating_value_mj: Quantity | None = None
    enthalpy_kj_kg: Quantity | None = None


class CarbonBody(BaseModel):
    """The window, the factors, and the carriers beside metered electricity."""

    start: str = Field(max_length=40, description="ISO 8601 with zone, included")
    end: str = Field(max_length=40, description="excluded")
    choice: Choice
    amounts: list[OtherEnergy] = Field(default_factory=list, max_length=40)


@router.get("")
def list_carbon(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """All figures, the newest window first, and the grid factors one may choose."""
    with services.database.read() as session:
        rows = energy_contracts.statements(session, scope, enterprise, site, "carbon")
        return {"items": [_view(row) for row in rows], "grid_factors": grid_rows()}


@router.post("", status_code=201)
def post_carbon(enterprise: str, site: str, body: CarbonBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Counts a window of at most 32 days and keeps the figure."""
    window = (from_iso(body.start, "start"), from_iso(body.end, "end"))
    amounts = [each.model_dump(mode="json") for each in body.amounts]
    choice = body.choice.model_dump(mode="json")
    return _view(make_carbon(services, scope, enterprise, site, window, choice, amounts))


@router.post("/{statement}/remake", status_code=201)
def post_remake(
    enterprise: str, site: str, statement: str, body: Choice, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """The same amounts by other factors: `result` beside `earlier`, which stays as it was."""
    with services.database.read() as session:
        earlier = energy_contracts.statement(session, scope, enterprise, site, statement, "carbon")
    made = remake_carbon(services, scope, earlier, body.model_dump(mode="json"))
    return {**_view(made), "earlier": _view(earlier)}


def _view(row: EnergyStatement) -> dict[str, Any]:
    return {
        "id": row.id,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "choice": row.inputs["choice"],
        "meter": row.inputs["meter"],
        "amounts": row.inputs["amounts"],
        "follows": row.follows,
        "record_id": row.record_id,
        "result": row.result,
        "created_by": row.created_by,
        "created": to_iso(row.created_ns),
    }
