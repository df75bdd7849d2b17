"""Energy of sites and machines over a bounded window, and the tariff a site chose."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import energy_settings
from ovoo_cloud.catalogue.tables import EnergySetting
from ovoo_cloud.energy.summary import EnergySummary, site_energy

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/sites/{site}", tags=["energy"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]


class TariffBody(BaseModel):
    """The tariff a site pays by; an empty id takes the choice back."""

    tariff: str = Field(max_length=63, description="id of a tariff of the packs")
    flat_price_yuan: float | None = Field(None, gt=0, lt=100, description="yuan per kWh of the flat band")
    source: str = Field("", max_length=400, description="the document that the price comes from")


@router.get("/energy")
def energy(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    asset: Annotated[str | None, Query(max_length=200, description="area/line/asset: this machine only")] = None,
) -> dict[str, Any]:
    """The site first (`asset` empty), then its machines; at most 32 days.

    `energy_kwh` is null where less than 60 % of the window is covered by samples: not known is not zero.
    """
    path = None if asset is None else f"{enterprise}/{site}/{asset}"
    found = site_energy(services, scope, enterprise, site, *bounds, asset=path)
    return {"items": [_summary(each) for each in found]}


@router.get("/tariff")
def get_tariff(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The chosen tariff with its price and document; `tariff` is empty where nobody chose one."""
    with services.database.read() as session:
        return _tariff(energy_settings.chosen_tariff(session, scope, enterprise, site))


@router.put("/tariff")
def put_tariff(enterprise: str, site: str, body: TariffBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Chooses the tariff; a price needs the document it comes from."""
    with services.database.write() as session:
        row = energy_settings.choose_tariff(
            session,
            scope,
            enterprise,
            site,
            tariff=body.tariff,
            source=body.source,
            flat_price_yuan=body.flat_price_yuan,
            now_ns=services.clock(),
        )
        return _tariff(row)


def _summary(summary: EnergySummary) -> dict[str, Any]:
    plain = summary.to_dict()
    return {"start": to_iso(plain.pop("start_ns")), "end": to_iso(plain.pop("end_ns")), **plain}


def _tariff(row: EnergySetting | None) -> dict[str, Any]:
    if row is None:
        return {"tariff": "", "flat_price_yuan": None, "source": "", "updated_by": "", "updated": None}
    return {
        "tariff": row.tariff,
        "flat_price_yuan": row.flat_price_yuan,
        "source": row.source,
        "updated_by": row.updated_by,
        "updated": to_iso(row.updated_ns),
    }
