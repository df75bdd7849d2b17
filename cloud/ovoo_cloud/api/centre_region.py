"""Figures that registers give: indices of regions, parks per mu, data centres."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from ovoo_packs import load_norms

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.centre.data_centres import data_centre_figures
from ovoo_cloud.centre.entries import entries
from ovoo_cloud.centre.facts import Row
from ovoo_cloud.centre.parks import park_benefit, parks_of
from ovoo_cloud.centre.regional_index import index_of, indices_of
from ovoo_cloud.services import Services

__all__ = ["data_centre_list", "index_page", "park_page", "router"]

router = APIRouter(prefix="/api/v1/centre", tags=["centre"])
Reader = Annotated[Scope, Depends(require(Permission.READ_REGISTERS))]
ParkReader = Annotated[Scope, Depends(require(Permission.READ_PARKS))]
Owner = Annotated[Scope, Depends(require(Permission.READ_REPORT, plant_data=False))]
By = Literal["tax_per_mu", "value_added_per_mu", "revenue_per_mu", "value_added_per_tce", "value_added_per_head"]
Year = Annotated[int | None, Query(ge=2000, le=2100, description="empty: the newest")]
Name = Annotated[str, Query(max_length=400)]


@router.get("/indices")
def indices(services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The indices with the years that there are values for."""
    found = indices_of(_rows(services, scope, "indicator"), _rows(services, scope, "indicator_value"))
    return {"items": [{"index": name, "years": years} for name, years in found.items()]}


@router.get("/index")
def index(services: ServicesDep, scope: Reader, name: Name = "", year: Year = None) -> dict[str, Any]:
    """One index of one year: regions with points, places as ranges, parts, trend; null where there is none."""
    return {"index": index_page(services, scope, name, year)}


def index_page(services: Services, scope: Scope, name: str, year: int | None) -> dict[str, Any] | None:
    """The index asked for, the first one without a name; None where there is none at all."""
    indicators, values = (_rows(services, scope, kind) for kind in ("indicator", "indicator_value"))
    found = indices_of(indicators, values)
    if name and name not in found:
        raise absent(f"index {name}")
    chosen = name or next(iter(found), "")
    if not chosen or not found[chosen]:
        return None
    return index_of(indicators, values, chosen, year or found[chosen][0])


@router.get("/parks")
def parks(
    services: ServicesDep, scope: ParkReader, park: Name = "", year: Year = None, by: By = "tax_per_mu"
) -> dict[str, Any]:
    """One park in one year, best by one quotient first; `parks` lists all of them with their years."""
    return park_page(services, scope, park, year, by)


def park_page(services: Services, scope: Scope, park: str, year: int | None, by: By) -> dict[str, Any]:
    """The list of parks and the one that is asked for, the first one without a name."""
    rows = _rows(services, scope, "park")
    found = parks_of(rows)
    if park and park not in found:
        raise absent(f"park {park}")
    chosen = park or next(iter(found), "")
    shown = (
        None
        if not chosen
        else park_benefit(rows, chosen, year or found[chosen][0], by, _rows(services, scope, "park_class"))
    )
    return {"parks": [{"park": name, "years": years} for name, years in found.items()], "shown": shown}


@router.get("/data-centres")
def data_centres(services: ServicesDep, scope: Owner) -> dict[str, Any]:
    """Every data centre that the caller may see: annual PUE and WUE, months, metering, grade."""
    return {"items": data_centre_list(services, scope)}


def data_centre_list(services: Services, scope: Scope) -> list[dict[str, Any]]:
    """By id."""
    months = _rows(services, scope, "data_centre_month")
    norm = load_norms().rows["pue"]
    return [data_centre_figures(row, months, norm) for row in _rows(services, scope, "data_centre")]


def _rows(services: Services, scope: Scope, kind: str) -> list[Row]:
    with services.database.read() as session:
        return [Row(row.kind, row.id, row.version, row.content) for row in entries(session, scope, kind)]
