"""Whether the cloud is well: for load balancers and people; says nothing about plants."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response
from ovoo_contract.errors import OvooError
from sqlalchemy import text

from ovoo_cloud.api.access import ServicesDep

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/health", response_class=Response)
def health(services: ServicesDep) -> Response:
    """200 when database and store answer, else 503 with the part that does not."""
    store = services.store.health()
    parts: dict[str, Any] = {"store": {"state": store.state, "kind": store.kind, "version": store.version}}
    try:
        with services.database.read() as session:
            session.execute(text("select 1"))
        parts["database"] = {"state": "ok"}
    except OvooError as error:
        parts["database"] = {"state": "down", "detail": error.message}
    well = all(part["state"] == "ok" for part in parts.values())
    body = orjson.dumps({"state": "ok" if well else "down", "parts": parts})
    return Response(body, 200 if well else 503, media_type="application/json")
