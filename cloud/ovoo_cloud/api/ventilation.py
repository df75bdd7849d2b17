"""The ventilation network of a mine site: every version with its document, solved, and what could be saved."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import ventilation_networks
from ovoo_cloud.catalogue.energy_tables import VentilationNetwork
from ovoo_cloud.energy.ventilation import Price, site_ventilation

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy/ventilation", tags=["energy"], route_class=KeyedRoute
)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]


class NetworkBody(BaseModel):
    """A network as a table of airways (docs/guides/mine-ventilation.md), with the document that it comes from."""

    csv: str = Field(max_length=ventilation_networks.LONGEST_CSV, description="one row an airway, with a header")
    document: str = Field(min_length=1, max_length=400, description="the survey or plan that it comes from")
    hours_per_year: float | None = Field(None, gt=0, le=8784, description="hours in which the fans run")


@router.get("")
def ventilation(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    version: Annotated[int | None, Query(ge=1, description="a version; without it the newest")] = None,
) -> dict[str, Any]:
    """The network solved: flows, friction power, fans, moves by saving, and what is measured beside it.

    `version` is null where nobody gave a network. What is not known is null, never zero.
    """
    found = site_ventilation(services, scope, enterprise, site, version)
    if found is None:
        return {**_version(None), "csv": None, "price": None, "result": None}
    return {**_version(found.row), "csv": found.row.csv, "price": _price(found.price), "result": found.to_dict()}


@router.get("/versions")
def ventilation_versions(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The newest hundred versions, newest first."""
    with services.database.read() as session:
        rows = ventilation_networks.versions(session, scope, enterprise, site)
        return {"items": [_version(row) for row in rows]}


@router.put("")
def put_ventilation(
    enterprise: str, site: str, body: NetworkBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Adds a version of the network; what is wrong with the table is told by line."""
    with services.database.write() as session:
        row = ventilation_networks.save_network(
            session,
            scope,
            enterprise,
            site,
            csv=body.csv,
            document=body.document.strip(),
            hours_per_year=body.hours_per_year,
            now_ns=services.clock(),
        )
        return _version(row)


def _version(row: VentilationNetwork | None) -> dict[str, Any]:
    if row is None:
        empty = ("version", "sha256", "document", "hours_per_year", "made_by", "made")
        return dict.fromkeys(empty)
    return {
        "version": row.version,
        "sha256": row.sha256,
        "document": row.document,
        "hours_per_year": row.hours_per_year,
        "made_by": row.made_by,
        "made": to_iso(row.made_ns),
    }


def _price(price: Price | None) -> dict[str, Any] | None:
    if price is None:
        return None
    return {name: getattr(price, name) for name in Price.__slots__}
