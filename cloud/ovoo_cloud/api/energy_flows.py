"""Where a site's energy goes: meter tree and balance, idle ranking, measures, and the inputs of the case."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import energy_inputs, meter_trees
from ovoo_cloud.catalogue.energy_tables import EnergyInput, MeterTreeRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.documents import carrier_document, idle_document, measures_document
from ovoo_cloud.energy.idle_ranking import site_idle
from ovoo_cloud.energy.measure_list import site_measures
from ovoo_cloud.energy.meter_balance import site_balance

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy", tags=["energy"], route_class=KeyedRoute
)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]


class TreeBody(BaseModel):
    """A meter tree with the document it was read from."""

    document: str = Field(max_length=400, description="drawing, list or person that the tree comes from")
    meters: list[dict[str, Any]] = Field(
        max_length=200,
        description="rows: name, carrier (electricity, steam, water, air), signal (area/line/asset/signal), "
        "class_percent, parent, direction (use, feed), measured, name_zh, name_en",
    )


class InputBody(BaseModel):
    """A decision, price or plan field that no sample tells; an empty value takes it back."""

    asset: str = Field("", max_length=200, description="area/line/asset, empty for the site")
    name: str = Field(max_length=63, description="`restart_kwh` or measure.input, such as idle_switch_off.cost_low")
    value: str = Field(max_length=200)
    document: str = Field("", max_length=400, description="who decided it, or where it is written")


@router.get("/meter-tree")
def get_tree(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The newest version with its meters and who gave it; `version` is 0 where there is none. Earlier ones in short."""
    with services.database.read() as session:
        found = meter_trees.versions(session, scope, enterprise, site)
        newest = _tree(found[0]) if found else {"version": 0, "meters": []}
        return {**newest, "earlier": [_version(row) for row in found[1:]]}


@router.put("/meter-tree")
def put_tree(enterprise: str, site: str, body: TreeBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Keeps a new version; each fault is told with its row, and nothing is kept then."""
    with services.database.write() as session:
        row = meter_trees.save_tree(
            session, scope, enterprise, site, body.meters, source=body.document, now_ns=services.clock()
        )
        return _tree(row)


@router.get("/balance")
def balance(enterprise: str, site: str, services: ServicesDep, scope: Reader, bounds: BoundsDep) -> dict[str, Any]:
    """Flows, balances and suspects of each carrier over the whole quarter hours of the range; at most 32 days.

    `tree` is null where the site has no meter tree.
    """
    found = site_balance(services, scope, enterprise, site, *bounds)
    if found is None:
        return {"tree": None, "carriers": []}
    carriers = [carrier_document(each) for each in found.carriers]
    return {**_window(found.window), "tree": _version(found.tree), "carriers": carriers}


@router.get("/idle")
def idle(enterprise: str, site: str, services: ServicesDep, scope: Reader, bounds: BoundsDep) -> dict[str, Any]:
    """Machines by idle energy; `verdict` says where idling cannot be told. At most 32 days."""
    found = site_idle(services, scope, enterprise, site, *bounds)
    return {**_window(found.window), **idle_document(found)}


@router.get("/measures")
def measures(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    by: Annotated[Literal["energy", "yuan"], Query(description="what ranks: energy in heat value, or yuan a year")] = (
        "energy"
    ),
) -> dict[str, Any]:
    """Measures from the evidence of the range with their plan; what is missing is named. At most 32 days."""
    found = site_measures(services, scope, enterprise, site, *bounds, by=by)
    return {**_window(found.window), **measures_document(found)}


@router.get("/inputs")
def get_inputs(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """What is given now, with who gave it and the document."""
    with services.database.read() as session:
        found = energy_inputs.newest(session, scope, enterprise, site)
        return {"items": [_input(row) for _, row in sorted(found.items())]}


@router.put("/inputs")
def put_input(enterprise: str, site: str, body: InputBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Keeps one input in the caller's name."""
    with services.database.write() as session:
        row = energy_inputs.save(
            session,
            scope,
            enterprise,
            site,
            asset=f"{enterprise}/{site}/{body.asset}" if body.asset else "",
            name=body.name,
            value=body.value,
            source=body.document,
            now_ns=services.clock(),
        )
        return _input(row)


def _window(window: Window) -> dict[str, Any]:
    return {"start": to_iso(window.start_ns), "end": to_iso(window.end_ns)}


def _version(row: MeterTreeRecord) -> dict[str, Any]:
    return {"version": row.version, "document": row.source, "by": row.given_by, "at": to_iso(row.given_ns)}


def _tree(row: MeterTreeRecord) -> dict[str, Any]:
    return {**_version(row), "meters": row.content["meters"]}


def _input(row: EnergyInput) -> dict[str, Any]:
    return {
        "asset": row.asset.split("/", 2)[2] if row.asset else "",
        "name": row.name,
        "value": row.value,
        "document": row.source,
        "by": row.given_by,
        "at": to_iso(row.given_ns),
    }
