"""What a site pays its electricity by, a day against it, and the demand of now."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from ovoo_contract.errors import EvidenceError, QueryError
from ovoo_models.efficiency.tariff.prices import MarketSeries
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import energy_contracts
from ovoo_cloud.catalogue.energy_tables import EnergyContract, MarketPrices
from ovoo_cloud.energy.bills import site_contract
from ovoo_cloud.energy.contract import Contract
from ovoo_cloud.energy.demand_gauge import DemandNow, MonthDemand, demand_now, month_demand
from ovoo_cloud.energy.tariff_day import ShiftResult, TariffDay, tariff_day
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import check_bounds

__all__ = ["SITE_ENERGY", "ContractBody", "Reader", "Setter", "router"]

SITE_ENERGY: Final = "/api/v1/enterprises/{enterprise}/sites/{site}/energy"
router = APIRouter(prefix=SITE_ENERGY, tags=["energy"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Setter = Annotated[Scope, Depends(require(Permission.SET_ENERGY))]
Price = Annotated[str, Field(max_length=24, description="decimal text as in the document, in yuan")]
Document = Annotated[str, Field(min_length=1, max_length=400, description="the document that it was read from")]
Name = Annotated[str, Field(min_length=1, max_length=63)]
_LONGEST_SERIES: Final = 3200


class EnergyPrice(BaseModel):
    """One item per kWh: exactly one of `bands`, `ratio` (the flat price, times the tariff's ratios) and `flat`."""

    name: Name
    document: Document
    bands: dict[str, Price] | None = Field(None, max_length=5)
    ratio: Price | None = None
    flat: Price | None = None
    adjustable: bool = Field(True, description="whether the power-factor adjustment counts it; funds usually not")


class DemandPrice(BaseModel):
    """Yuan per kW of demand and month."""

    price: Price
    document: Document
    contract_kw: Price | None = None
    free_share: Price = "1"
    over_factor: Price = "1"
    floor_kw: Price = "0"


class CapacityPrice(BaseModel):
    """Yuan per kVA of transformer capacity and month."""

    price: Price
    document: Document


class FactorTable(BaseModel):
    """Adjustment by power factor: rows of (power factor from, percent of the adjustable amount), rising."""

    document: Document
    target: Price
    steps: list[tuple[Price, Price]] = Field(min_length=1, max_length=200)
    rule: Literal["import_only", "absolute_sum", "net"] = "absolute_sum"


class ShiftableMachine(BaseModel):
    """A machine whose load may run at other hours of its day; the document says so."""

    asset: str = Field(pattern=r"^[a-z0-9_-]+/[a-z0-9_-]+/[a-z0-9_-]+$", max_length=200, description="area/line/asset")
    rated_kw: float = Field(gt=0, le=1e6)
    hours: list[Annotated[int, Field(ge=0, le=23)]] | None = Field(None, max_length=24)
    site_limit_kw: float | None = Field(None, gt=0, le=1e9)
    share: float = Field(1.0, gt=0, le=1, description="of its energy that may move; the rest stays where it is")
    document: Document


class ContractBody(BaseModel):
    """The terms of a site; what is not given is not billed."""

    tariff: Name = Field(description="id of a tariff of the packs")
    energy: list[EnergyPrice] = Field(default_factory=list, max_length=20)
    market: str = Field("", max_length=63, description="name of the uploaded series that the energy is paid by")
    basis: Literal["none", "demand", "capacity"] = "none"
    demand: DemandPrice | None = None
    capacity: CapacityPrice | None = None
    capacity_kva: Price | None = Field(None, description="transformer capacity in service")
    held_months: int = Field(1, ge=1, le=24, description="how long a choice of basis must be kept")
    power_factor: FactorTable | None = None
    target_kw: float | None = Field(None, gt=0, le=1e9, description="the demand that the site wants to stay below")
    shiftable: list[ShiftableMachine] = Field(default_factory=list, max_length=20)
    fictitious: bool = Field(False, description="prices of a demonstration, marked wherever they show")


class SeriesBody(BaseModel):
    """Market prices in yuan/kWh, one each `step_s` from `start` on."""

    name: Name
    document: Document
    start: str = Field(max_length=40, description="ISO 8601 with zone")
    step_s: int = Field(ge=60, le=86_400)
    prices: list[Price] = Field(min_length=1, max_length=_LONGEST_SERIES)
    may_be_negative: bool = False


@router.get("/contract")
def get_contract(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The terms of the site; `terms` is null where nobody entered them."""
    with services.database.read() as session:
        return _contract(energy_contracts.contract_of(session, scope, enterprise, site))


@router.put("/contract")
def put_contract(
    enterprise: str, site: str, body: ContractBody, services: ServicesDep, scope: Setter
) -> dict[str, Any]:
    """Enters the terms; what cannot be a price, or has no document, is refused by name."""
    terms = body.model_dump(mode="json")
    Contract.of(terms)
    with services.database.write() as session:
        return _contract(energy_contracts.save_contract(session, scope, enterprise, site, terms, services.clock()))


@router.get("/market-prices")
def list_prices(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The uploaded series, without their prices."""
    with services.database.read() as session:
        rows = energy_contracts.price_series(session, scope, enterprise, site)
        return {"items": [_prices(row) for row in rows]}


@router.put("/market-prices")
def put_prices(enterprise: str, site: str, body: SeriesBody, services: ServicesDep, scope: Setter) -> dict[str, Any]:
    """Uploads a series; one of the same name and start is replaced."""
    start_ns, step_ns = from_iso(body.start, "start"), body.step_s * 1_000_000_000
    check_bounds(start_ns, start_ns + step_ns * len(body.prices))
    series = MarketSeries.read(
        body.name, body.document, start_ns, step_ns, body.prices, may_be_negative=body.may_be_negative
    )
    with services.database.write() as session:
        return _prices(energy_contracts.keep_prices(session, scope, enterprise, site, series, services.clock()))


@router.get("/tariff-day")
def get_tariff_day(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    day: Annotated[str, Query(pattern=r"^20\d\d-\d\d-\d\d$", description="local day, 2026-06-04")],
) -> dict[str, Any]:
    """The day's quarter hours against the bands, the cost of each, and what each shiftable load would save."""
    try:
        asked = datetime.date.fromisoformat(day)
    except ValueError as error:
        raise QueryError(
            "not a day", code="contract.not_day", offender="day", value=day, remedy="2026-06-04"
        ) from error
    contract = _needed(services, scope, enterprise, site)
    return _day(tariff_day(services, scope, enterprise, site, contract, asked))


@router.get("/demand")
def get_demand(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The running quarter hour with its projected end, what to shed now, and the month's peak so far."""
    contract = site_contract(services, scope, enterprise, site)
    target = None if contract is None else contract.agreed_kw
    now = demand_now(services, scope, enterprise, site, target)
    return {**_demand(now), "month": _month(month_demand(services, scope, enterprise, site))}


def _needed(services: Services, scope: Scope, enterprise: str, site: str) -> Contract:
    contract = site_contract(services, scope, enterprise, site)
    if contract is None:
        remedy = "enter the tariff and, as far as known, the prices with their documents"
        raise EvidenceError(
            "no contract", code="contract.no_contract", offender=f"{enterprise}/{site}", value=None, remedy=remedy
        )
    return contract


def _contract(row: EnergyContract | None) -> dict[str, Any]:
    if row is None:
        return {"terms": None, "updated_by": "", "updated": None}
    return {"terms": row.terms, "updated_by": row.updated_by, "updated": to_iso(row.updated_ns)}


def _prices(row: MarketPrices) -> dict[str, Any]:
    count = len(row.prices["yuan_kwh"])
    return {
        "name": row.name,
        "document": row.document,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.start_ns + row.step_ns * count),
        "step_s": row.step_ns // 1_000_000_000,
        "rows": count,
        "updated_by": row.updated_by,
        "updated": to_iso(row.updated_ns),
    }


def _day(found: TariffDay) -> dict[str, Any]:
    return {
        "day": found.day,
        "start": to_iso(found.start_ns),
        "end": to_iso(found.end_ns),
        "tariff": found.tariff,
        "known": found.known,
        "slots": [
            {"start": to_iso(each.start_ns), "kwh": each.kwh, "band": each.band, "price_yuan": _text(each.price_yuan)}
            for each in found.slots
        ],
        "bands": [
            {"season": each.season, "band": each.band, "kwh": str(each.kwh), "yuan": _text(each.yuan)}
            for each in found.bands
        ],
        "total_yuan": _text(found.total_yuan),
        "shifts": [_shift(each) for each in found.shifts],
        "signals": list(found.signals),
        "reason": found.reason,
        "reference_only": found.reference_only,
        "fictitious": found.fictitious,
    }


def _shift(found: ShiftResult) -> dict[str, Any]:
    shift = found.shift
    return {
        "asset": found.asset,
        "document": found.document,
        "before_yuan": None if shift is None else str(shift.before_yuan),
        "after_yuan": None if shift is None else str(shift.after_yuan),
        "saving_yuan": None if shift is None else str(shift.saving_yuan),
        "moved_kwh": None if shift is None else str(shift.moved_kwh),
        "planned_kwh": None if shift is None else list(shift.planned.kwh),
        "reason": found.reason,
    }


def _demand(found: DemandNow) -> dict[str, Any]:
    ahead = found.projection
    return {
        "now": to_iso(found.now_ns),
        "newest": to_iso(found.newest_ns),
        "power_kw": found.power_kw,
        "window_start": to_iso(found.window_start_ns),
        "so_far_kw": found.so_far_kw,
        "window_end": None if ahead is None else to_iso(ahead.end_ns),
        "projected_kw": None if ahead is None else ahead.kw,
        "known": None if ahead is None else ahead.known,
        "target_kw": found.target_kw,
        "shed_kw": None if ahead is None or found.target_kw is None else ahead.shed_kw,
        "reachable": None if ahead is None or found.target_kw is None else ahead.reachable,
        "signals": list(found.signals),
    }


def _month(found: MonthDemand) -> dict[str, Any]:
    return {
        "peak_kw": found.peak_kw,
        "peak_start": to_iso(found.peak_start_ns),
        "windows": found.windows,
        "unknown": found.unknown,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
