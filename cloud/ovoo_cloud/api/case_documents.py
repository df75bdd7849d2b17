"""Documents of a case: brought with their SHA-256, given back unchanged."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import DocumentReader, Editor
from ovoo_cloud.api.case_parts import FILE_BODY, RawBody
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework import documents, steps
from ovoo_cloud.casework.documents import DocumentFolder, Upload
from ovoo_cloud.catalogue.case_tables import CaseDocument

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}/documents", tags=["case workflow"], route_class=KeyedRoute
)
_MB = 1_000_000


@router.get("")
def list_documents(
    enterprise: str, case: str, services: ServicesDep, scope: DocumentReader, page: AskedDep
) -> dict[str, Any]:
    """The documents of a case, oldest first."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        rows = documents.documents(session, row)
    return paged(rows, page, lambda each: each.sha256, _view)


@router.post("", status_code=201, openapi_extra=FILE_BODY)
def add_document(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Editor,
    content: RawBody,
    name: Annotated[str, Query(min_length=1, max_length=200, description="file name with its ending")],
    sha256: Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="of the content")],
) -> dict[str, Any]:
    """Takes a document; refused when its content does not have the SHA-256 that it came with."""
    settings = services.settings
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        upload, folder = Upload(name, sha256, content), DocumentFolder(settings.documents)
        largest, now_ns = settings.document_max_mb * _MB, services.clock()
        return _view(documents.add(session, scope, row, upload, folder, largest, now_ns))


@router.get("/{document}", response_class=Response)
def get_document(enterprise: str, case: str, document: str, services: ServicesDep, scope: DocumentReader) -> Response:
    """The content of a document, checked against its SHA-256."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        found = documents.document(session, row, document)
    content = DocumentFolder(services.settings.documents).get(found.sha256)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}"}
    return Response(content, media_type=found.media_type, headers=headers)


def _view(row: CaseDocument) -> dict[str, Any]:
    return {
        "sha256": row.sha256,
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "uploaded_by": row.uploaded_by,
        "at": to_iso(row.at_ns),
    }
