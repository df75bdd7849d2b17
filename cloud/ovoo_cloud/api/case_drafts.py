"""The report of a case before it is issued, to be read by those who review and confirm it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import ContentReader
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.casework import drafting, steps
from ovoo_cloud.reports.build import Format, render_files
from ovoo_cloud.reports.resolve import Language

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}", tags=["case workflow"], route_class=KeyedRoute
)
_TYPES: Final[dict[Format, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {each: {"schema": {"type": "string", "format": "binary"}} for each in _TYPES.values()}}
}


@router.get("/draft", response_class=Response, responses=_FILE)
def get_draft(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: ContentReader,
    kind: Annotated[Format, Query(alias="format")] = "pdf",
    language: Annotated[Language, Query()] = "zh",
) -> Response:
    """The content under review or confirmation as a report with its status and without a number."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        snapshot = drafting.draft(session, row, services.settings.zone)
    files = render_files(snapshot, [language], [kind])
    headers = {"Content-Disposition": f'attachment; filename="draft.{language}.{kind}"', "Cache-Control": "no-store"}
    return Response(files[f"report.{kind}"], media_type=_TYPES[kind], headers=headers)
