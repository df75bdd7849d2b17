"""The append-only record of who did what."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.tables import AuditEntry

__all__ = ["router"]

_OF_GATEWAYS: Final = ("gateway.invite", "gateway.enrol", "gateway.register", "gateway.revoke")
"""Without `gateway.config`: what a gateway was told names the things of a plant."""

_OWN_BUSINESS: Final = ("grant.", "case.", "user.", "enterprise.", *_OF_GATEWAYS)
"""What a centre did itself: no figure of a plant stands in these lines."""

router = APIRouter(prefix="/api/v1", tags=["audit"])
Reader = Annotated[Scope, Depends(require(Permission.READ_AUDIT))]


@router.get("/audit")
def list_audit(
    services: ServicesDep,
    scope: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[int | None, Query(ge=0, le=2**53, description="`next` of the page before")] = None,
) -> dict[str, Any]:
    """The newest lines; each hash covers its line and the hash before it."""
    with services.database.read() as session:
        rows = audit.listing(session, scope, limit=limit, before_seq=cursor)
    items = [
        {
            "seq": row.seq,
            "withheld": _withheld(scope, row),
            "at": to_iso(row.at_ns),
            "actor": row.actor,
            "action": row.action,
            "subject": _subject(scope, row),
            "enterprise": row.enterprise,
            "detail": {} if _withheld(scope, row) else dict(row.detail),
            "hash": row.hash,
        }
        for row in rows
    ]
    return {"items": items, "next": rows[-1].seq if len(rows) == limit else None}


def _withheld(scope: Scope, row: AuditEntry) -> bool:
    """Whether a line tells of a plant that the caller may read only under a grant, and none is live."""
    if scope.consents is None or not row.enterprise or row.action.startswith(_OWN_BUSINESS):
        return False
    return not any(each.enterprise == row.enterprise and Purpose.REPORT in each.purposes for each in scope.consents)


def _subject(scope: Scope, row: AuditEntry) -> str:
    """What the line is about; a line says no site, so a consent for some sites alone does not open it."""
    named = row.action.startswith(_OWN_BUSINESS) or scope.may_name_things_of(row.enterprise)
    return row.subject if named else ""
