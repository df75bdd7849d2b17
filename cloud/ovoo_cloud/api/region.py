"""Figures of the region for the authority above the plants: counts per sector, never plant data."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from ovoo_cloud.access.roles import Permission, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.paging import EVERYTHING
from ovoo_cloud.catalogue import cases, enterprises, gateways
from ovoo_cloud.services import Services

__all__ = ["region_counts", "router"]

router = APIRouter(prefix="/api/v1", tags=["region"])
Reader = Annotated[Scope, Depends(require(Permission.READ_AGGREGATES))]


@router.get("/region")
def region(services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """Enterprises, sites, gateways and issued reports per sector, within the caller's scope."""
    return {"items": region_counts(services, scope)}


def region_counts(services: Services, scope: Scope) -> list[dict[str, Any]]:
    """One row per sector, by name."""
    scope.require(Permission.READ_AGGREGATES)
    # the rows behind the counts need more than the caller may read; only their numbers leave this function
    inner = Scope(scope.user, Role.CENTRE_ADMIN, scope.enterprises)
    with services.database.read() as session:
        sector = {row.id: row.sector or "other" for row in enterprises.enterprises(session, inner)}
        places = Counter(sector[row.enterprise] for row in enterprises.sites(session, inner))
        boxes = Counter(sector[row.enterprise] for row in gateways.gateways(session, inner))
        issued = Counter(sector[row.enterprise] for row in cases.reports(session, inner, limit=EVERYTHING))
    companies = Counter(sector.values())
    return [
        {
            "sector": name,
            "enterprises": companies[name],
            "sites": places[name],
            "gateways": boxes[name],
            "reports": issued[name],
        }
        for name in sorted(companies)
    ]
