"""Gateways: registration, binding, state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from ovoo_contract.address import check_gateway_id
from ovoo_contract.delivery import GatewayState
from ovoo_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.clock_hours import note_clocks
from ovoo_cloud.catalogue.tables import Enterprise, Gateway, Site

__all__ = [
    "RESERVED",
    "SILENT_NS",
    "GatewayStatus",
    "gateway",
    "gateways",
    "is_online",
    "note_reported",
    "note_state",
    "register",
    "set_status",
    "silent",
    "tells_all",
    "told_gateway",
]

RESERVED: Final = frozenset({"ovoo-cloud"})
"""Names with rights of their own at the broker: whoever may enrol a gateway must not become the cloud."""
SILENT_NS: Final = 120_000_000_000
"""A gateway that was not heard for longer is told on the pages that live from its data."""
GatewayStatus = Literal["registered", "enrolled", "revoked"]


def gateways(session: Session, scope: Scope, enterprise_id: str | None = None) -> Sequence[Gateway]:
    """All gateways in the scope, or those of one enterprise."""
    scope.require(Permission.READ_GATEWAYS)
    query = select(Gateway).order_by(Gateway.id)
    if enterprise_id is not None:
        scope.require_enterprise(enterprise_id)
        query = query.where(Gateway.enterprise == enterprise_id)
    if scope.enterprises is not None:
        query = query.where(Gateway.enterprise.in_(scope.enterprises))
    return session.scalars(query).all()


def gateway(session: Session, scope: Scope, gateway_id: str) -> Gateway:
    """One gateway; NotFound when absent or foreign."""
    scope.require(Permission.READ_GATEWAYS)
    found = session.get(Gateway, gateway_id)
    if found is None or not scope.sees(found.enterprise):
        raise absent(gateway_id)
    return found


def is_online(row: Gateway, now_ns: int) -> bool:
    """Whether a gateway was heard within two minutes and did not take its leave."""
    heard = row.last_seen_ns is not None and now_ns - row.last_seen_ns <= SILENT_NS
    return heard and row.status != "revoked" and bool(row.state.get("online", True))


def tells_all(scope: Scope, row: Gateway) -> bool:
    """Whether the caller may know what a gateway tells of its plant: counters, times, errors, models, signals.

    Where consent is needed, the platform's own people see without it that a gateway is there, its version and whether
    it is online. A gateway tells of all its sites at once, so each of them must be open.
    """
    inside = scope.under(Permission.READ_SITES, Purpose.TELEMETRY)
    if inside.purpose is None:
        return inside.sees(row.enterprise)
    return bool(row.sites) and all(inside.sees_site(row.enterprise, site) for site in row.sites)


def told_gateway(session: Session, scope: Scope, gateway_id: str) -> Gateway:
    """One gateway with all that it tells; NotFound when absent, foreign, or closed for want of consent."""
    found = gateway(session, scope, gateway_id)
    if not tells_all(scope, found):
        raise absent(gateway_id)
    return found


def silent(session: Session, scope: Scope, since_ns: int, site: tuple[str, str] | None = None) -> Sequence[Gateway]:
    """Gateways in the scope that delivered once and were not heard since `since_ns`, longest silence first.

    Where consent is needed, those of plants that it opens.

    Args:
        site: enterprise and site that they serve; None for all of them.
    """
    scope.require(Permission.READ_SITES)
    query = select(Gateway).where(Gateway.last_seen_ns < since_ns, Gateway.status != "revoked")
    if scope.enterprises is not None:
        query = query.where(Gateway.enterprise.in_(scope.enterprises))
    if site is not None:
        query = query.where(Gateway.enterprise == site[0])
    rows = session.scalars(query.order_by(Gateway.last_seen_ns, Gateway.id))
    return [row for row in rows if (site is None or site[1] in row.sites) and tells_all(scope, row)]


def register(
    session: Session, scope: Scope, gateway_id: str, *, enterprise: str, sites: Sequence[str], now_ns: int
) -> Gateway:
    """Binds a gateway to one enterprise and its sites; both must exist. Known gateways get the new site list."""
    scope.require(Permission.MANAGE_GATEWAYS)
    scope.require_enterprise(enterprise)
    check_gateway_id(gateway_id)
    if gateway_id in RESERVED:
        raise ConfigError("this id is reserved", offender=gateway_id, remedy="choose another")
    if session.get(Enterprise, enterprise) is None:
        raise absent(enterprise)
    for site in sites:
        if session.get(Site, (enterprise, site)) is None:
            raise absent(f"{enterprise}/{site}")
    found = session.get(Gateway, gateway_id)
    if found is not None and found.enterprise != enterprise:
        raise ConfigError(
            "this gateway id is taken",
            offender=gateway_id,
            remedy="a gateway stays with its enterprise; choose another id",
        )
    if found is None:
        found = Gateway(
            id=gateway_id,
            enterprise=enterprise,
            status="registered",
            state={},
            reported={},
            created_ns=now_ns,
            sites=[],
        )
        session.add(found)
    found.sites = sorted(set(sites))
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="gateway.register",
        subject=gateway_id,
        at_ns=now_ns,
        enterprise=enterprise,
        detail={"sites": found.sites},
    )
    return found


def set_status(session: Session, scope: Scope, gateway_id: str, status: GatewayStatus, now_ns: int) -> Gateway:
    """Changes a gateway's status; a revoked gateway's messages are not taken."""
    scope.require(Permission.MANAGE_GATEWAYS)
    found = session.get(Gateway, gateway_id)
    if found is None or not scope.sees(found.enterprise):
        raise absent(gateway_id)
    found.status = status
    audit.append(
        session,
        actor=scope.user,
        action=f"gateway.{status}",
        subject=gateway_id,
        at_ns=now_ns,
        enterprise=found.enterprise,
    )
    return found


def note_state(session: Session, gateway_id: str, state: GatewayState, now_ns: int) -> None:
    """Keeps what a gateway says of itself; ingest only."""
    found = session.get(Gateway, gateway_id)
    if found is None:
        return
    document: dict[str, Any] = json.loads(state.to_json())
    note_clocks(session, gateway_id, state, found.state, now_ns)
    found.state = document
    if state.online:
        found.last_seen_ns = now_ns


def note_reported(session: Session, gateway_id: str, reported: Mapping[str, Any], now_ns: int) -> None:
    """Keeps the configuration a gateway reports; ingest only."""
    found = session.get(Gateway, gateway_id)
    if found is not None:
        found.reported = dict(reported)
        found.last_seen_ns = now_ns
