"""A whole case as one file: out of this installation, and into it."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from ovoo_contract.errors import VerifyError

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.case_access import Issuer, file_view
from ovoo_cloud.api.case_parts import FILE_BODY, RawBody
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.casework import archive, exchange, steps
from ovoo_cloud.reports.seal import seal_of
from ovoo_cloud.reports.signing import sign

__all__ = ["SEAL_HEADER", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}", tags=["case workflow"], route_class=KeyedRoute)
SEAL_HEADER = "Ovoo-Seal"
Taker = Annotated[Scope, Depends(require(Permission.MANAGE_ENTERPRISES))]


@router.get("/cases/{case}/export", response_class=Response)
def export(enterprise: str, case: str, services: ServicesDep, scope: Issuer) -> Response:
    """The whole case as a zip file; its seal stands in the header `Ovoo-Seal`."""
    settings = services.settings
    inside = scope.under(Permission.READ_REPORT, Purpose.DOCUMENTS)
    with services.database.read() as session:
        row = steps.opened(session, inside, enterprise, case, Permission.ISSUE_CASE)
        content = exchange.export_case(session, row, settings)
    seal = sign(seal_of(settings.seal_command, settings.seal_public_key, settings.signing_key), content)
    headers = {
        SEAL_HEADER: seal.decode().strip(),
        "Content-Disposition": f'attachment; filename="{row.case}.ovoo-case.zip"',
    }
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/case-imports", status_code=201, openapi_extra=FILE_BODY)
def take(
    enterprise: str,
    services: ServicesDep,
    scope: Taker,
    content: RawBody,
    seal: Annotated[str, Query(max_length=200, description="the seal that came with the file, base64")],
) -> dict[str, Any]:
    """Takes a case that a trusted centre exported; its grants come as record and open nothing here."""
    scope.require_enterprise(enterprise)
    settings = services.settings
    trusted = archive.trusted_keys(settings.trusted_dir, settings.own_keys)
    files = archive.unpack(content, _seal(seal), trusted)
    now_ns = services.clock()
    with services.database.write() as session:
        row = exchange.import_case(session, scope, files, settings, now_ns, enterprise)
        return file_view(session, scope, row, now_ns)


def _seal(text: str) -> bytes:
    try:
        return base64.b64encode(base64.b64decode(text.replace(" ", "+"), validate=True)) + b"\n"
    except ValueError as error:
        raise VerifyError("not base64", offender="seal", remedy="send the header Ovoo-Seal of the export") from error
