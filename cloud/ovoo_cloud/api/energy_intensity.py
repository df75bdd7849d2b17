"""Specific consumption of a site's products by month against norms."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import energy_intensities
from ovoo_cloud.catalogue.baseline_tables import EnergyIntensity
from ovoo_cloud.energy.intensity import IntensitySpec, define_intensity

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy/intensities",
    tags=["energy intensity"],
    route_class=KeyedRoute,
)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]


class IntensityBody(BaseModel):
    """A specific consumption; corrections of the norm are inputs with the document that gives them."""

    name: str = Field(min_length=1, max_length=200)
    energy: list[str] = Field(min_length=1, max_length=20, description="addresses of kWh counters or power signals")
    product: str = Field(max_length=400, description="address of the product's rate or counter")
    take: Literal["integral", "increase"] = "integral"
    norm: str = Field(max_length=63, description="id of a norm of the packs")
    months: int = Field(12, ge=1, le=24)
    uncertainty_percent: float = Field(0.0, ge=0, le=50, description="standard uncertainty of the consumption")
    complete: bool = Field(False, description="the signals are all the energy that the norm counts")
    correction_document: str = Field("", max_length=400)
    correction_total: float | None = Field(None, gt=0, lt=100)
    corrections: dict[str, float] = {}

    def spec(self) -> IntensitySpec:
        """What the service takes."""
        given = self.model_dump(exclude={"name", "energy"})
        return IntensitySpec(energy=tuple(self.energy), **given)


@router.get("")
def list_intensities(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The intensities of a site with their months as last computed."""
    with services.database.read() as session:
        rows = energy_intensities.intensities(session, scope, enterprise, site)
    return {"items": [_intensity(row) for row in rows]}


@router.post("", status_code=201)
def define(enterprise: str, site: str, body: IntensityBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Defines an intensity and computes its months."""
    return _intensity(define_intensity(services, scope, enterprise, site, body.spec(), name=body.name))


@router.get("/{intensity}")
def get_intensity(enterprise: str, site: str, intensity: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One intensity."""
    with services.database.read() as session:
        return _intensity(energy_intensities.intensity(session, scope, enterprise, site, intensity))


@router.put("/{intensity}")
def change(
    enterprise: str, site: str, intensity: str, body: IntensityBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Changes an intensity and computes its months again."""
    with services.database.read() as session:
        energy_intensities.intensity(session, scope, enterprise, site, intensity)
    row = define_intensity(services, scope, enterprise, site, body.spec(), name=body.name, intensity_id=intensity)
    return _intensity(row)


def _intensity(row: EnergyIntensity) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "spec": dict(row.spec),
        "norm": row.results.get("norm"),
        "months": row.results.get("items", []),
        "computed": to_iso(row.computed_ns),
        "updated_by": row.updated_by,
        "updated": to_iso(row.updated_ns),
    }
