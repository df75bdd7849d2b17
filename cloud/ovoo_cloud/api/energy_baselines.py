"""Baselines of a site: defined, fitted, signed; and what people decide on their non-routine events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import energy_baselines, energy_savings
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyEvent, EnergyFit
from ovoo_cloud.energy.baseline_service import decide_event, define_baseline, fit_baseline
from ovoo_cloud.energy.baseline_spec import spec_from_data

__all__ = ["PeriodBody", "baseline_view", "router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy/baselines",
    tags=["energy baselines"],
    route_class=KeyedRoute,
)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]


class DriverBody(BaseModel):
    """A signal that may drive the energy."""

    name: str = Field(min_length=1, max_length=60)
    address: str = Field(max_length=400, description="full address of the signal")
    role: Literal["temperature", "production", "load", "calendar"] = "temperature"
    take: Literal["mean", "integral", "increase"] = Field("mean", description="integral: t of t/h; increase: counter")
    sign: Literal[-1, 0, 1] = Field(0, description="of its effect on energy; 0 for any")
    low: float | None = Field(None, description="least it can be, in the unit of its column")
    high: float | None = Field(None, description="most it can be, in the unit of its column")


class PeriodBody(BaseModel):
    """A period of whole intervals of the site's clock."""

    start: str = Field(max_length=40, description="ISO 8601 with zone, included")
    end: str = Field(max_length=40, description="ISO 8601 with zone, excluded")

    def bounds(self) -> tuple[int, int]:
        """Both ends in ns UTC."""
        return from_iso(self.start, "start"), from_iso(self.end, "end")


class BaselineBody(PeriodBody):
    """A baseline as it is defined; the settings left out have the method's defaults."""

    name: str = Field(min_length=1, max_length=200)
    asset: str = Field("", max_length=200, description="area/line/asset; empty for the whole site")
    energy: list[str] = Field(min_length=1, max_length=20, description="addresses of kWh counters or power signals")
    drivers: list[DriverBody] = Field(min_length=1, max_length=12)
    step: Literal["day", "hour"] = "day"
    settings: dict[str, Any] = Field(default={}, description="covered_min, days_min, rows_min, least, splits, ...")


class SignatureBody(BaseModel):
    """What a person signs with."""

    document: str = Field(min_length=1, max_length=400, description="the plan or minutes that agree to this baseline")


class DecisionBody(BaseModel):
    """What a person says of a non-routine event."""

    accepted: bool
    reason: str = Field(min_length=1, max_length=1000)


@router.get("")
def list_baselines(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The baselines of a site with their champions."""
    with services.database.read() as session:
        rows = energy_baselines.baselines(session, scope, enterprise, site)
        return {"items": [baseline_view(row, energy_baselines.fits(session, scope, row)) for row in rows]}


@router.post("", status_code=201)
def define(enterprise: str, site: str, body: BaselineBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Defines a baseline and fits it; a fit that is refused is kept with its reason."""
    given = {"energy": body.energy, "drivers": [each.model_dump() for each in body.drivers], "step": body.step}
    asset = f"{enterprise}/{site}/{body.asset}" if body.asset else ""
    start_ns, end_ns = body.bounds()
    owner, fit = define_baseline(
        services, scope, enterprise, site, name=body.name, asset=asset,
        spec=spec_from_data({**body.settings, **given}), start_ns=start_ns, end_ns=end_ns,
    )  # fmt: skip
    return baseline_view(owner, [fit])


@router.get("/{baseline}")
def get_baseline(enterprise: str, site: str, baseline: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One baseline with all its fits: champion, challenger, draft and former ones."""
    with services.database.read() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
        return baseline_view(row, energy_baselines.fits(session, scope, row))


@router.post("/{baseline}/fits", status_code=201)
def fit_again(
    enterprise: str, site: str, baseline: str, body: PeriodBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Fits the baseline over a period, as a draft; the champion stays until somebody signs another."""
    with services.database.read() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
    return _fit(fit_baseline(services, scope, row, *body.bounds()))


@router.post("/{baseline}/fits/{fit}/signature")
def sign(
    enterprise: str, site: str, baseline: str, fit: str, body: SignatureBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Freezes a fit in the caller's name and makes it the champion; signed again it gets the newer document."""
    with services.database.write() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
        signed = energy_baselines.sign(session, scope, row, fit, document=body.document, now_ns=services.clock())
        return _fit(signed)


@router.get("/{baseline}/events")
def list_events(enterprise: str, site: str, baseline: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The non-routine events of a baseline, proposed and decided."""
    with services.database.read() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
        return {"items": [_event(each) for each in energy_savings.events(session, scope, row)]}


@router.post("/{baseline}/events/{event}/decision")
def decide(
    enterprise: str, site: str, baseline: str, event: str, body: DecisionBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Accepts or rejects an event in the caller's name; savings keep both results."""
    with services.database.read() as session:
        row = energy_baselines.baseline(session, scope, enterprise, site, baseline)
    return _event(decide_event(services, scope, row, event, accepted=body.accepted, reason=body.reason))


def baseline_view(row: EnergyBaseline, fits: Any) -> dict[str, Any]:
    """A baseline with its fits, JSON-ready."""
    return {
        "id": row.id,
        "name": row.name,
        "enterprise": row.enterprise,
        "site": row.site,
        "asset": row.asset,
        "spec": dict(row.spec),
        "champion": next((each.id for each in fits if each.role == "champion"), None),
        "fits": [_fit(each) for each in fits],
        "created_by": row.created_by,
        "created": to_iso(row.created_ns),
    }


def _fit(row: EnergyFit) -> dict[str, Any]:
    outcome = {key: value for key, value in row.outcome.items() if key != "scatter"}
    return {
        "id": row.id,
        "role": row.role,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "outcome": outcome,
        "made_by": row.made_by,
        "made": to_iso(row.made_ns),
        "signed_by": row.signed_by,
        "signed": to_iso(row.signed_ns),
        "document": row.document,
    }


def _event(row: EnergyEvent) -> dict[str, Any]:
    return {
        "id": row.id,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "size": row.size,
        "energy": row.energy,
        "statistic": row.statistic,
        "state": row.state,
        "found_by": row.found_by,
        "found": to_iso(row.found_ns),
        "decided_by": row.decided_by,
        "decided": to_iso(row.decided_ns),
        "reason": row.reason,
    }
