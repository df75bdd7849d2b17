"""Enterprises, sites, assets and signals."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.catalogue import enterprises as enterprise_rows
from ovoo_cloud.catalogue import signals as signal_rows
from ovoo_cloud.catalogue.tables import AssetRecord, Enterprise, SignalRecord, Site

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["sites"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_SITES))]
Manager = Annotated[Scope, Depends(require(Permission.MANAGE_ENTERPRISES))]


class EnterpriseBody(BaseModel):
    """An enterprise as it is created or renamed."""

    id: str = Field(max_length=63)
    name_zh: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    sector: str = Field(max_length=63)


class SiteBody(BaseModel):
    """A site as it is created or renamed."""

    id: str = Field(max_length=63)
    name_zh: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    timezone: str = "Asia/Shanghai"


@router.get("/enterprises")
def list_enterprises(services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """All enterprises in the caller's scope."""
    with services.database.read() as session:
        rows = enterprise_rows.enterprises(session, scope)
    return paged(rows, page, lambda row: row.id, _enterprise)


@router.post("/enterprises", status_code=201)
def save_enterprise(body: EnterpriseBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Creates an enterprise with its database, or renames it."""
    scope.require_enterprise(body.id)
    with services.database.write() as session:
        row = enterprise_rows.save_enterprise(
            session,
            scope,
            body.id,
            name_zh=body.name_zh,
            name_en=body.name_en,
            sector=body.sector,
        )
        services.store.ensure_enterprise(body.id)
        return _enterprise(row)


@router.get("/enterprises/{enterprise}")
def get_enterprise(enterprise: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One enterprise with its sites."""
    with services.database.read() as session:
        row = enterprise_rows.enterprise(session, scope, enterprise)
        return _enterprise(row) | {"sites": [_site(site) for site in enterprise_rows.sites(session, scope, enterprise)]}


@router.post("/enterprises/{enterprise}/sites", status_code=201)
def save_site(enterprise: str, body: SiteBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Creates a site, or renames it."""
    scope.require_enterprise(enterprise)
    with services.database.write() as session:
        row = enterprise_rows.save_site(
            session,
            scope,
            enterprise,
            body.id,
            name_zh=body.name_zh,
            name_en=body.name_en,
            timezone=body.timezone,
        )
        return _site(row)


@router.get("/enterprises/{enterprise}/assets")
def list_assets(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    site: Annotated[str | None, Query()] = None,
) -> dict[str, Any]:
    """The assets of an enterprise or one of its sites."""
    with services.database.read() as session:
        rows = signal_rows.assets(session, scope, enterprise, site)
    return paged(rows, page, lambda row: row.path, _asset)


@router.get("/enterprises/{enterprise}/signals")
def list_signals(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    page: AskedDep,
    site: Annotated[str | None, Query()] = None,
    asset: Annotated[str | None, Query(description="area/line/asset; needs site")] = None,
    measurement: Annotated[str | None, Query()] = None,
) -> dict[str, Any]:
    """The signals of an enterprise, a site or an asset."""
    path = f"{enterprise}/{site}/{asset}" if asset and site else None
    with services.database.read() as session:
        rows = signal_rows.signals(session, scope, enterprise, site=site, asset=path, measurement=measurement)
    return paged(rows, page, lambda row: row.address, signal_view)


def _enterprise(row: Enterprise) -> dict[str, Any]:
    return {"id": row.id, "name_zh": row.name_zh, "name_en": row.name_en, "sector": row.sector}


def _site(row: Site) -> dict[str, Any]:
    return {
        "enterprise": row.enterprise,
        "id": row.id,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "timezone": row.timezone,
    }


def _asset(row: AssetRecord) -> dict[str, Any]:
    return {
        "path": row.path,
        "site": row.site,
        "pack": row.pack,
        "template": row.template,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "ideal_rate_per_hour": row.ideal_rate_per_hour,
        "product_unit": row.product_unit,
    }


def signal_view(row: SignalRecord) -> dict[str, Any]:
    """A signal as the API shows it."""
    return {
        "address": row.address,
        "unit": row.unit,
        "type": row.type,
        "low": row.low,
        "high": row.high,
        "data_class": row.data_class,
        "uplink": row.uplink,
        "period_s": row.period_s,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "measurement": row.measurement,
        "model": row.model,
    }
