"""The intake of a case: its parts with their versions, the questionnaire as a file, and what contradicts itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from ovoo_contract.errors import ConfigErrors
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import ContentReader, Editor, WrittenFrom, etag
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework import beside, editions, item_merge, opening, parts, questionnaire, sheet, steps
from ovoo_cloud.catalogue.case_tables import CasePart

__all__ = ["FILE_BODY", "raw_body", "router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}", tags=["case workflow"], route_class=KeyedRoute
)
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


class PartBody(BaseModel):
    """The content of a part, as the intake file (docs/guides/report.md) has its sections."""

    content: dict[str, Any] = Field(
        description="the sections of the part; that of `secrets` is `trade_secrets`: `groups` as a whole, then "
        "`documents`, `products`, `finance` and `figures` one by one, each with its `reason`"
    )


async def raw_body(request: Request) -> bytes:
    """The body as it came; read after the caller was let in."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]


@router.get("/parts")
def list_parts(enterprise: str, case: str, services: ServicesDep, scope: ContentReader) -> dict[str, Any]:
    """The parts of the intake, each in the version that stands."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        found = parts.newest_parts(session, row)
    return {"items": [_view(name, found.get(name)) for name in parts.asked(row)]}


@router.get("/parts/{part}")
def get_part(
    enterprise: str, case: str, part: str, response: Response, services: ServicesDep, scope: ContentReader
) -> dict[str, Any]:
    """One part; the ETag is its version, "0" while nobody wrote it."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        found = parts.newest(session, row, part)
    response.headers["ETag"] = etag(0 if found is None else found.version)
    return _view(part, found)


@router.put("/parts/{part}")
def put_part(
    enterprise: str,
    case: str,
    part: str,
    body: PartBody,
    made_from: WrittenFrom,
    response: Response,
    services: ServicesDep,
    scope: Editor,
) -> dict[str, Any]:
    """Writes the next version of a part; 412 with both versions when somebody wrote since.

    What both wrote for further frameworks (`assessments`) is joined where no item was changed by both; the answer holds
    the version of both.
    """
    now_ns = services.clock()
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        steps.settle(session, row, now_ns)
        written = item_merge.write_part(session, scope, row, part, body.content, made_from, now_ns)
    response.headers["ETag"] = etag(written.version)
    return _view(part, written)


@router.get("/parts/{part}/versions")
def list_versions(
    enterprise: str, case: str, part: str, services: ServicesDep, scope: ContentReader, page: AskedDep
) -> dict[str, Any]:
    """All versions of a part, the newest first."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        rows = parts.versions(session, row, part)
    return paged(rows, page, lambda each: str(each.version), lambda each: _view(part, each))


@router.get("/contradictions")
def list_contradictions(enterprise: str, case: str, services: ServicesDep, scope: ContentReader) -> dict[str, Any]:
    """What the intake says against itself, or why it cannot be read yet."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        if not row.edition:
            return {"readable": False, "items": []}
        try:
            found = opening.check_intake(session, row)
        except ConfigErrors as error:
            faults = [_fault("unreadable", each.offender, str(each), each.remedy) for each in error.errors]
            return {"readable": False, "items": faults}
    return {"readable": True, "items": [_fault(c.code, c.where, str(c.as_error()), c.remedy) for c in found]}


@router.get("/questionnaire", response_class=Response)
def get_questionnaire(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: ContentReader,
    kind: Annotated[Literal["xlsx", "csv"], Query(alias="format")] = "xlsx",
) -> Response:
    """The empty questionnaire of the pinned frameworks, or of the one that would lead while none is pinned."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        coming = None if row.edition else editions.available(session, scope, editions.leading(session, scope, row))
        framework = editions.pinned(session, row) if coming is None else editions.compiled(coming[1])
        further = beside.frameworks(session, row)
    content = sheet.write_xlsx(framework, further) if kind == "xlsx" else sheet.write_csv(framework, further)
    name = f"questionnaire-{framework.id}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_TYPES[kind], headers=headers)


@router.post("/questionnaire", openapi_extra=FILE_BODY)
def import_questionnaire(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Editor,
    content: RawBody,
    answers_version: Annotated[int, Query(ge=0, le=10**6, description="version of the part `answers` you read")],
    scenes_version: Annotated[int, Query(ge=0, le=10**6, description="version of the part `scenes` you read")],
    assessments_version: Annotated[
        int, Query(ge=0, le=10**6, description="version of the part `assessments` you read, where the case has it")
    ] = 0,
    kind: Annotated[Literal["xlsx", "csv"], Query(alias="format")] = "xlsx",
) -> dict[str, Any]:
    """Reads a filled questionnaire into the parts `answers` and `scenes`, and into `assessments` what it says of
    further frameworks; every mistake is named by its cell."""
    rows = sheet.read_xlsx(content) if kind == "xlsx" else sheet.read_csv(content)
    now_ns = services.clock()
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        steps.settle(session, row, now_ns)
        seen = {"answers": answers_version, "scenes": scenes_version, parts.FURTHER: assessments_version}
        written = questionnaire.take_rows(session, scope, row, rows, seen, now_ns)
        return {"items": [_view(each.part, each) for each in written]}


def _view(name: str, part: CasePart | None) -> dict[str, Any]:
    if part is None:
        return {"part": name, "version": 0, "content": None, "author": None, "at": None}
    return {
        "part": name,
        "version": part.version,
        "content": dict(part.content),
        "author": part.author,
        "at": to_iso(part.at_ns),
    }


def _fault(code: str, where: str, message: str, remedy: str) -> dict[str, str]:
    return {"code": code, "where": where, "message": message, "remedy": remedy}
