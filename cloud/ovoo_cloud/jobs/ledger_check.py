"""Looks for spool rows that never arrived, and writes new gaps into the audit record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import select

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, gateways, ledger
from ovoo_cloud.catalogue.tables import AuditEntry
from ovoo_cloud.services import Services

__all__ = ["ledger_check"]

_SCOPE: Final = Scope.system("ledger_check")
_LISTED: Final = 50


def ledger_check(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Lists the gaps of every gateway (or of `gateway`); a list that changed is audited."""
    wanted = parameters.get("gateway")
    with services.database.read() as session:
        rows = [row for row in gateways.gateways(session, _SCOPE) if wanted in (None, row.id)]
    missing: dict[str, int] = {}
    for number, gateway in enumerate(rows):
        with services.database.write() as session:
            gaps = ledger.gaps(session, _SCOPE, gateway.id)
            detail = {"gaps": [[f"{gap.epoch:016x}", gap.first, gap.last] for gap in gaps[:_LISTED]]}
            last = session.scalars(
                select(AuditEntry)
                .where(AuditEntry.action == "ledger.gaps", AuditEntry.subject == gateway.id)
                .order_by(AuditEntry.seq.desc())
                .limit(1)
            ).first()
            if detail != (last.detail if last is not None else {"gaps": []}):
                audit.append(
                    session,
                    actor=_SCOPE.user,
                    action="ledger.gaps",
                    subject=gateway.id,
                    at_ns=services.clock(),
                    enterprise=gateway.enterprise,
                    detail=detail,
                )
        if gaps:
            missing[gateway.id] = sum(gap.count for gap in gaps)
        progress((number + 1) / len(rows))
    return {"gateways": len(rows), "missing": missing}
