"""Gateways: registration, health, delivery gaps."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import desired, ledger
from ovoo_cloud.catalogue import gateways as gateway_rows
from ovoo_cloud.catalogue.tables import Gateway

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["gateways"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_GATEWAYS))]
Promoter = Annotated[Scope, Depends(require(Permission.PROMOTE_MODEL))]
Manager = Annotated[Scope, Depends(require(Permission.MANAGE_GATEWAYS))]


class GatewayBody(BaseModel):
    """A gateway as it is registered."""

    id: str = Field(max_length=63)
    enterprise: str = Field(max_length=63)
    sites: list[str] = Field(min_length=1)


class Promotion(BaseModel):
    """Which challenger is to be champion."""

    asset: str = Field(max_length=400, description="enterprise/site/area/line/asset")
    model: str = Field(pattern="^[0-9a-f]{16}$", description="fingerprint, as the gateway reports it")


@router.get("/gateways")
def list_gateways(services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """All gateways in the caller's scope."""
    with services.database.read() as session:
        rows = gateway_rows.gateways(session, scope)
    return paged(rows, page, lambda row: row.id, lambda row: _gateway(scope, row, services.clock()))


@router.post("/gateways", status_code=201)
def register(body: GatewayBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Registers a gateway, or changes its list of sites."""
    with services.database.write() as session:
        row = gateway_rows.register(
            session, scope, body.id, enterprise=body.enterprise, sites=body.sites, now_ns=services.clock()
        )
        return _gateway(scope, row, services.clock())


@router.get("/gateways/{gateway}")
def get_gateway(gateway: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One gateway with what it says of itself, and what it is to run beside what it runs.

    Without consent of the enterprise, where it is needed, only that it is there, its version and whether it is online.
    """
    with services.database.read() as session:
        row = gateway_rows.gateway(session, scope, gateway)
        shown = _gateway(scope, row, services.clock())
        return {**shown, "config": _config(desired.status(session, row)) if shown["told"] else None}


@router.post("/gateways/{gateway}/revoke")
def revoke(gateway: str, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Withdraws a gateway: its messages are not taken any more."""
    with services.database.write() as session:
        row = gateway_rows.set_status(session, scope, gateway, "revoked", services.clock())
        return _gateway(scope, row, services.clock())


@router.post("/gateways/{gateway}/promotions")
def promote(gateway: str, body: Promotion, services: ServicesDep, scope: Promoter) -> dict[str, Any]:
    """Asks a gateway to make a challenger that it reports the champion; the answer is where that stands."""
    with services.database.write() as session:
        return _config(desired.promote(session, scope, gateway, body.asset, body.model, services.clock()))


@router.delete("/gateways/{gateway}/promotions")
def withdraw_promotion(
    gateway: str, services: ServicesDep, scope: Promoter, asset: Annotated[str, Query(max_length=400)]
) -> dict[str, Any]:
    """Takes a promotion back that the gateway has not done."""
    with services.database.write() as session:
        return _config(desired.withdraw_promotion(session, scope, gateway, asset, services.clock()))


@router.get("/gateways/{gateway}/gaps")
def gaps(gateway: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """Spool rows that never arrived although later ones did, and rows that were refused."""
    with services.database.read() as session:
        missing = ledger.gaps(session, scope, gateway)
        refused = ledger.rejections(session, scope, gateway)
    return {
        "gaps": [
            {"epoch": f"{gap.epoch:016x}", "first": gap.first, "last": gap.last, "rows": gap.count} for gap in missing
        ],
        "rejections": [
            {
                "epoch": f"{row.epoch:016x}",
                "seq": row.seq,
                "code": row.code,
                "detail": row.detail,
                "at": to_iso(row.at_ns),
            }
            for row in refused
        ],
    }


@router.get("/gateways/{gateway}/completeness")
def completeness(gateway: str, services: ServicesDep, scope: Reader, bounds: BoundsDep) -> dict[str, Any]:
    """What the gateway delivered, per hour of arrival."""
    with services.database.read() as session:
        rows = ledger.completeness(session, scope, gateway, *bounds)
    return {
        "items": [
            {
                "hour": to_iso(row.hour_ns),
                "deliveries": row.deliveries,
                "stored": row.stored,
                "duplicates": row.duplicates,
                "shifted": row.shifted,
                "refused": row.refused,
                "late": row.late,
            }
            for row in rows
        ]
    }


def _gateway(scope: Scope, row: Gateway, now_ns: int) -> dict[str, Any]:
    told = gateway_rows.tells_all(scope, row)
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "sites": list(row.sites),
        "status": row.status,
        "online": gateway_rows.is_online(row, now_ns),
        "version": str(row.state.get("version") or ""),
        "told": told,
        "epoch": None if row.epoch is None or not told else f"{row.epoch:016x}",
        "catalogue": row.catalogue_id if told else None,
        "last_seen": to_iso(row.last_seen_ns) if told else None,
        "state": dict(row.state) if told else {},
    }


def _config(status: desired.ConfigStatus) -> dict[str, Any]:
    wanted, told = status.desired, status.reported
    return {
        "state": status.state,
        "desired": None
        if wanted is None
        else {
            "version": str(wanted.version),
            "hash": wanted.hash,
            "at": to_iso(wanted.made_ns),
            "promote": dict(wanted.promote),
        },
        "reported": None
        if told is None
        else {
            "version": str(told.version),
            "hash": told.hash,
            "refused": told.refused,
            "unused": list(told.unused),
            "models": dict(told.models),
            "challengers": dict(told.challengers),
        },
    }
