"""The resolver of identifiers: open to everybody, with public fields only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.centre.handles import resolve

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["centre"])
Part = Annotated[str, Path(max_length=120)]


@router.get("/handles/{prefix}/{suffix}")
def resolve_handle(request: Request, prefix: Part, suffix: Part, services: ServicesDep) -> dict[str, Any]:
    """What a handle leads to; a report gives number, hash, status and the page that shows them."""
    with services.database.read() as session:
        found = resolve(session, f"{prefix}/{suffix}")
    issued = found.pop("issued_ns", None)
    home = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    page = {"page": f"{home}/handles/{prefix}/{suffix}"}
    return found | page | ({} if issued is None else {"issued": to_iso(int(issued))})
