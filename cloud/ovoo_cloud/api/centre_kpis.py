"""The centre's own figures, and its selection, evaluation and assessment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.matching_version import ReadVersion, etag
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import BoundsDep, from_iso, to_iso
from ovoo_cloud.catalogue.centre_tables import CentreAssessment
from ovoo_cloud.centre import assessments
from ovoo_cloud.centre.figure_table import as_csv, as_workbook, assessment_rows, kpi_rows
from ovoo_cloud.centre.kpi_sources import centre_kpis
from ovoo_cloud.stores.base import check_bounds

__all__ = ["AnswerBody", "answers_of", "router", "table_response"]

router = APIRouter(prefix="/api/v1/centre", tags=["centre"], route_class=KeyedRoute)
Keeper = Annotated[Scope, Depends(require(Permission.MANAGE_REGISTERS))]
Assessor = Annotated[Scope, Depends(require(Permission.ASSESS_CENTRE))]
Format = Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")]
_PARTS: Final[Mapping[str, Literal["answers", "scores"]]] = {"self": "answers", "review": "scores"}
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AssessmentBody(BaseModel):
    """What is assessed, over which period."""

    id: str = Field(max_length=63)
    procedure: Literal["selection", "evaluation", "assessment"]
    subject: str = Field(min_length=1, max_length=200)
    start: str = Field(max_length=40)
    end: str = Field(max_length=40)
    own: bool = Field(default=True, description="of this centre; false freezes no figures of this installation")


class AnswerBody(BaseModel):
    """What is said of one criterion."""

    criterion: str = Field(max_length=63)
    score: Decimal | None = Field(default=None, ge=0, le=100, max_digits=6, decimal_places=2)
    statement: str = Field(default="", max_length=4000)
    evidence: list[str] = Field(default=[], max_length=50)


class SelfBody(BaseModel):
    """A self-assessment."""

    answers: list[AnswerBody] = Field(max_length=200)


class DecisionBody(BaseModel):
    """A reviewer's scores and decision."""

    scores: list[AnswerBody] = Field(max_length=200)
    verdict: assessments.Verdict
    reason: str = Field(min_length=1, max_length=4000)


@router.get("/kpis")
def kpis(services: ServicesDep, scope: Keeper, bounds: BoundsDep) -> dict[str, Any]:
    """The figures of the period, each with the id of its evidence; `evidence` says what it was computed from."""
    check_bounds(*bounds)
    return centre_kpis(services, scope, *bounds)


@router.get("/kpis/export", response_class=Response)
def export_kpis(services: ServicesDep, scope: Keeper, bounds: BoundsDep, file: Format = "csv") -> Response:
    """The figures as a table."""
    check_bounds(*bounds)
    return table_response(kpi_rows(centre_kpis(services, scope, *bounds)), "kpis", file)


@router.get("/assessments")
def list_assessments(services: ServicesDep, scope: Keeper, page: AskedDep) -> dict[str, Any]:
    """All selections, evaluations and assessments, newest period first."""
    with services.database.read() as session:
        rows = assessments.assessments(session, scope)
    return paged(rows, page, lambda row: row.id, _summary)


@router.post("/assessments", status_code=201)
def open_assessment(body: AssessmentBody, services: ServicesDep, scope: Keeper, response: Response) -> dict[str, Any]:
    """Opens one: the criteria of the procedure and the figures of the period are frozen in it."""
    start_ns, end_ns = from_iso(body.start, "start"), from_iso(body.end, "end")
    check_bounds(start_ns, end_ns)
    found = centre_kpis(services, scope, start_ns, end_ns) if body.own else assessments.NO_FIGURES
    with services.database.write() as session:
        row = assessments.open_assessment(
            session, scope, body.id, procedure=body.procedure, subject=body.subject, start_ns=start_ns,
            end_ns=end_ns, kpis=found, now_ns=services.clock(),
        )  # fmt: skip
        response.headers.update(etag(row.version))
        return _whole(scope, row)


@router.get("/assessments/{assessment}")
def get_assessment(assessment: str, services: ServicesDep, scope: Keeper, response: Response) -> dict[str, Any]:
    """One with criteria, figures, self-assessment, scores and decision."""
    with services.database.read() as session:
        row = assessments.assessment(session, scope, assessment)
    response.headers.update(etag(row.version))
    return _whole(scope, row)


@router.get("/assessments/{assessment}/export", response_class=Response)
def export_assessment(assessment: str, services: ServicesDep, scope: Keeper, file: Format = "csv") -> Response:
    """The same as a table."""
    with services.database.read() as session:
        row = assessments.assessment(session, scope, assessment)
    return table_response(assessment_rows(row), assessment, file)


@router.put("/assessments/{assessment}/self")
def put_self(
    assessment: str, body: SelfBody, read: ReadVersion, services: ServicesDep, scope: Keeper, response: Response
) -> dict[str, Any]:
    """Writes the self-assessment; again and again until the decision."""
    with services.database.write() as session:
        row = assessments.self_assess(
            session, scope, assessment, answers_of(body.answers), read=read, now_ns=services.clock()
        )
        response.headers.update(etag(row.version))
        return _whole(scope, row)


@router.put("/assessments/{assessment}/decision")
def put_decision(
    assessment: str, body: DecisionBody, read: ReadVersion, services: ServicesDep, scope: Assessor, response: Response
) -> dict[str, Any]:
    """Decides, once, by another person than who wrote the self-assessment."""
    with services.database.write() as session:
        row = assessments.decide(
            session, scope, assessment, answers_of(body.scores), body.verdict, body.reason.strip(), read=read,
            now_ns=services.clock(),
        )  # fmt: skip
        response.headers.update(etag(row.version))
        return _whole(scope, row)


def answers_of(bodies: list[AnswerBody]) -> list[assessments.Answer]:
    """The answers of a request."""
    return [assessments.Answer(e.criterion, e.score, e.statement.strip(), tuple(e.evidence)) for e in bodies]


def table_response(rows: list[list[str]], name: str, file: str) -> Response:
    """A table to download."""
    body = as_csv(rows) if file == "csv" else as_workbook(rows, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file}"'}
    return Response(body, media_type="text/csv; charset=utf-8" if file == "csv" else _XLSX, headers=headers)


def _summary(row: CentreAssessment) -> dict[str, Any]:
    return {
        "id": row.id,
        "procedure": row.procedure,
        "subject": row.subject,
        "start": to_iso(row.start_ns),
        "end": to_iso(row.end_ns),
        "state": row.state,
        "version": row.version,
        "updated_by": row.updated_by,
        "updated": to_iso(row.updated_ns),
        "totals": {name: assessments.result_of(row.content, part) for name, part in _PARTS.items()},
        "verdict": (row.content["decision"] or {}).get("verdict"),
    }


def _whole(scope: Scope, row: CentreAssessment) -> dict[str, Any]:
    content = dict(row.content)
    if scope.enterprises is not None:  # the rows behind a figure may be of enterprises that this reader does not see
        content["evidence"] = {name: {**each, "rows": []} for name, each in content["evidence"].items()}
    return content | _summary(row)
