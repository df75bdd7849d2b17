"""The pages of gateways: how they are, what is at risk, what is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from ovoo_contract.delivery import GatewayState
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import desired, gateways, ledger
from ovoo_cloud.catalogue.ledger import Gap
from ovoo_cloud.catalogue.tables import Gateway, RejectionRecord
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import SILENT_NS, page

__all__ = ["GatewayView", "router"]

router = APIRouter(include_in_schema=False)
_AT_RISK_S: Final = 10.0
"""Samples are on disk a commit interval after they came; older ones mean that the spool takes nothing."""
_HOURS_NS: Final = 24 * 3_600_000_000_000
Health = Literal["online", "at_risk", "incomplete", "offline", "never", "revoked"]


@dataclass(frozen=True, slots=True)
class GatewayView:
    """One gateway: what it says of itself and what the ledger says of it."""

    row: Gateway
    state: GatewayState | None
    gaps: Sequence[Gap]
    rejections: Sequence[RejectionRecord]
    now_ns: int
    told: bool = True
    """False where the enterprise's consent is needed and there is none: existence, version and health stand alone."""

    @property
    def missing(self) -> int:
        """Spool rows that never arrived although later ones did."""
        return sum(gap.count for gap in self.gaps)

    @property
    def health(self) -> Health:
        """What people must know first."""
        if self.row.status == "revoked":
            return "revoked"
        if self.row.last_seen_ns is None:
            return "never"
        silent = self.now_ns - self.row.last_seen_ns > SILENT_NS
        if silent or (self.state is not None and not self.state.online):
            return "offline"
        if self.told and self.state is not None and (self.state.at_risk_s or 0.0) > _AT_RISK_S:
            return "at_risk"
        return "incomplete" if self.gaps or self.rejections else "online"

    @property
    def abnormal(self) -> bool:
        """True when somebody should look."""
        return self.health in ("offline", "at_risk", "incomplete")


@router.get("/gateways")
def gateway_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """All gateways."""
    scope.require(Permission.READ_GATEWAYS)
    with services.database.read() as session:
        rows = gateways.gateways(session, scope)
        views = [_view(session, scope, row, services.clock()) for row in rows]
    return page(request, services, "gateways.html", scope, gateways=views)


@router.get("/gateways/{gateway}")
def gateway_page(request: Request, gateway: str, services: ServicesDep, scope: Reader) -> Response:
    """One gateway: state, gaps, refusals, deliveries of the last day."""
    now_ns = services.clock()
    with services.database.read() as session:
        row = gateways.gateway(session, scope, gateway)
        view = _view(session, scope, row, now_ns)
        if not view.told:
            return page(request, services, "gateway_closed.html", scope, view=view)
        config = desired.status(session, row)
        hours = ledger.completeness(session, scope, gateway, now_ns - _HOURS_NS, now_ns + 1)
    return page(request, services, "gateway.html", scope, view=view, hours=list(reversed(hours)), config=config)


def _view(session: Session, scope: Scope, row: Gateway, now_ns: int) -> GatewayView:
    state = GatewayState.from_json(json.dumps(row.state).encode()) if row.state else None
    if not gateways.tells_all(scope, row):
        return GatewayView(row, state, (), (), now_ns, told=False)
    return GatewayView(
        row, state, ledger.gaps(session, scope, row.id), ledger.rejections(session, scope, row.id), now_ns
    )
