"""Cases of a centre: the list by state, the application, where one stands, and the steps it took."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import Applicant, ContentReader, Viewer, etag, file_view, step_view
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.casework import opening, steps
from ovoo_cloud.casework.states import State

__all__ = ["listing", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/cases", tags=["case workflow"], route_class=KeyedRoute)
listing = APIRouter(prefix="/api/v1/case-files", tags=["case workflow"], route_class=KeyedRoute)


class Application(BaseModel):
    """A case as an enterprise applies for it."""

    id: str = Field(max_length=63, description="a name of a-z 0-9 _ -, for ever")
    title: str = Field(min_length=1, max_length=200)
    sites: list[str] = Field(min_length=1, max_length=200)
    reason: str = Field("", max_length=2000)


@listing.get("")
def list_files(
    services: ServicesDep,
    scope: Viewer,
    page: AskedDep,
    state: Annotated[State | None, Query(description="only cases that stand here")] = None,
) -> dict[str, Any]:
    """All cases in the caller's scope and where they stand; their content needs a grant."""
    now_ns = services.clock()
    with services.database.read() as session:
        rows = [file_view(session, scope, row, now_ns) for row in steps.files(session, scope)]
    kept = [row for row in rows if state is None or row["state"] == state.value]
    return paged(kept, page, lambda row: str(row["id"]), dict)


@router.post("", status_code=201)
def apply(
    enterprise: str, body: Application, response: Response, services: ServicesDep, scope: Applicant
) -> dict[str, Any]:
    """Applies for a diagnosis."""
    now_ns = services.clock()
    with services.database.write() as session:
        row = opening.apply(
            session,
            scope,
            enterprise,
            body.id,
            title=body.title,
            sites=body.sites,
            reason=body.reason,
            now_ns=now_ns,
        )
        response.headers["ETag"] = etag(row.version)
        return file_view(session, scope, row, now_ns)


@router.get("/{case}/file")
def get_file(enterprise: str, case: str, response: Response, services: ServicesDep, scope: Viewer) -> dict[str, Any]:
    """Where a case stands; the ETag is its version."""
    with services.database.read() as session:
        row = steps.file(session, scope, enterprise, case)
        response.headers["ETag"] = etag(row.version)
        return file_view(session, scope, row, services.clock())


@router.get("/{case}/steps")
def list_steps(
    enterprise: str, case: str, services: ServicesDep, scope: ContentReader, page: AskedDep
) -> dict[str, Any]:
    """Every step that was taken, in order, chained by hashes."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        rows = steps.steps(session, row)
    return paged(rows, page, lambda each: str(each.seq), step_view)
