"""The page of completeness."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.console.completeness import completeness_view
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/completeness/{enterprise}/{site}")
def completeness_page(
    request: Request,
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    asset: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """One site: every machine or signal by hour, and what was lost."""
    scope = scope.under(Permission.READ_TELEMETRY)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
    view = completeness_view(services, scope, place, asset, words_of(request, services).language)
    return page(request, services, "completeness.html", scope, company=company, place=place, asset=asset, view=view)
