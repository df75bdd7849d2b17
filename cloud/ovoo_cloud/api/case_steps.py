"""The steps of a case, a route each, out of one table: the law in `casework.states` says who may take them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.case_access import Measurer, Reviewer, SeenVersion, etag, file_view
from ovoo_cloud.api.cases import job_view
from ovoo_cloud.api.grants import GrantBody, terms_of
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.casework import moving, opening, steps
from ovoo_cloud.casework.ordering import ORDERED, take_step
from ovoo_cloud.casework.states import TRANSITIONS, Step
from ovoo_cloud.catalogue import jobs
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.services import Services

__all__ = ["BodyWork", "ReasonBody", "StepRoute", "queue_step", "queued", "register", "router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}/steps", tags=["case workflow"], route_class=KeyedRoute
)
_WORK: Final = {Step.FREEZE: "case_evidence", Step.ISSUE: "case_issue"}
BodyWork = Callable[[Session, Scope, CaseFile, Any, int, int | None], object]
"""Takes a step with the body of its request."""


class ReasonBody(BaseModel):
    """Why a step is taken."""

    reason: str = Field("", max_length=2000)


class EditionBody(BaseModel):
    """Which framework moves to another edition."""

    framework: str = Field(
        "",
        max_length=104,
        description="id or id@version; empty for the one that leads. A further framework of the case stays one, any "
        "other takes the place of the leading one",
    )


class IntakeBody(BaseModel):
    """Which frameworks the case is pinned to."""

    framework: str = Field(
        "",
        max_length=104,
        description="leads the report: id or id@version; empty: that of the case before it or of the enterprise's "
        "sector",
    )
    further: list[Annotated[str, Field(min_length=1, max_length=104)]] | None = Field(
        None,
        max_length=20,
        description="frameworks beside the leading one, id or id@version each, at most four; left out: those of the "
        "case before it",
    )


class JoiningBody(BaseModel):
    """Which framework joins the case."""

    framework: str = Field(min_length=1, max_length=104, description="id or id@version")


class LeavingBody(BaseModel):
    """Which further framework leaves the case, and why."""

    framework: str = Field(min_length=1, max_length=104, description="id of one that stands beside the leading one")
    reason: str = Field(min_length=1, max_length=2000, description="stands in the record")


class OnSiteBody(BaseModel):
    """Who signed the rating on site."""

    date: datetime.date = Field(description="of the signature")
    assessors: list[str] = Field(min_length=1, max_length=20, description="names as they stand under the record")
    document: str = Field(min_length=1, max_length=200, description="name of the signed record among the documents")


@dataclass(frozen=True, slots=True)
class StepRoute:
    """A route that takes a step at once: the role comes from the law, the rest stands here.

    Attributes:
        words: what the step does, the route's description.
        body: the model of the request, None for a step without fields.
        work: takes the step; without one it is done as `ordering.ORDERED` says, with the body's fields.
        status: of a success.
        name: of the operation, where it is not the step's.
    """

    step: Step
    words: str
    body: type[BaseModel] | None = ReasonBody
    work: BodyWork | None = None
    status: int = 200
    name: str = ""


def register(router: APIRouter, routes: Sequence[StepRoute]) -> None:
    """Adds a route for each line of a table."""
    for route in routes:
        router.post(f"/{route.step.value}", status_code=route.status)(_endpoint(route))


def _endpoint(route: StepRoute) -> Callable[..., dict[str, Any]]:
    """The function of a route, with the types that its OpenAPI description is made from."""
    permission = TRANSITIONS[route.step].permission
    assert permission is not None  # nobody orders a suspension

    def with_body(
        enterprise: str, case: str, body: Any, seen: SeenVersion, out: Response, services: ServicesDep, scope: Any
    ) -> dict[str, Any]:
        return _taken(services, scope, (enterprise, case), route, body, seen, out)

    def without_body(
        enterprise: str, case: str, seen: SeenVersion, out: Response, services: ServicesDep, scope: Any
    ) -> dict[str, Any]:
        return _taken(services, scope, (enterprise, case), route, None, seen, out)

    made: Callable[..., dict[str, Any]] = without_body if route.body is None else with_body
    given = {} if route.body is None else {"body": route.body}
    made.__annotations__ |= {"scope": Annotated[Scope, Depends(require(permission))], **given}
    made.__name__, made.__doc__ = route.name or route.step.value, route.words
    return made


def _taken(
    services: Services,
    scope: Scope,
    where: tuple[str, str],
    route: StepRoute,
    body: BaseModel | None,
    seen: int | None,
    out: Response,
) -> dict[str, Any]:
    fields = {} if body is None else body.model_dump(mode="json")
    view: dict[str, Any] = {}

    def work(session: Session, row: CaseFile, now_ns: int) -> None:
        if route.work is not None:
            route.work(session, scope, row, body, now_ns, seen)
        else:
            ORDERED[route.step](session, scope, row, fields, now_ns, seen)
        out.headers["ETag"] = etag(row.version)
        view.update(file_view(session, scope, row, now_ns))

    take_step(services, scope, where, route.step, work)
    return view


def _consent(session: Session, scope: Scope, row: CaseFile, body: GrantBody, now_ns: int, seen: int | None) -> object:
    return opening.consent(session, scope, row, terms_of(body, now_ns, row.case), now_ns, seen)


def _resume(session: Session, scope: Scope, row: CaseFile, body: GrantBody, now_ns: int, seen: int | None) -> object:
    return opening.resume(session, scope, row, terms_of(body, now_ns, row.case), now_ns, seen)


register(
    router,
    (
        StepRoute(Step.ACCEPT, "The centre takes the application."),
        StepRoute(Step.DECLINE, "The centre declines the application, with a reason."),
        StepRoute(Step.CONSENT, "The enterprise consents: the grant of the case begins.", GrantBody, _consent),
        StepRoute(
            Step.RESUME,
            "The enterprise consents anew: a suspended case goes on where it stood.",
            GrantBody,
            _resume,
        ),
        StepRoute(Step.OPEN_INTAKE, "Pins the frameworks and opens the parts of the intake.", IntakeBody),
        StepRoute(
            Step.ADD_FRAMEWORK,
            "Sets one more framework beside the leading one, pinned to the edition that is at hand now.",
            JoiningBody,
        ),
        StepRoute(
            Step.REMOVE_FRAMEWORK,
            "Takes a further framework off; what was answered for it stays in the versions of the part.",
            LeavingBody,
        ),
        StepRoute(
            Step.SUBMIT, "Closes the intake; what is missing or contradicts itself is told point by point.", None
        ),
        StepRoute(Step.REOPEN, "Opens the intake again; the evidence is measured anew afterwards."),
        StepRoute(
            Step.ON_SITE,
            "Records that the rating on site was signed: without it every report says that it is a pre-assessment.",
            OnSiteBody,
        ),
        StepRoute(Step.PROPOSE, "Lays the reviewed result before the enterprise.", None),
    ),
)


@router.post("/freeze", status_code=202)
def freeze(enterprise: str, case: str, out: Response, services: ServicesDep, scope: Measurer) -> dict[str, Any]:
    """Queues the measuring of the evidence; the job takes the step when it is done."""
    return queued(services, scope, (enterprise, case), Step.FREEZE, {}, out)


@router.post("/move_edition")
def move_edition(
    enterprise: str,
    case: str,
    body: EditionBody,
    seen: SeenVersion,
    out: Response,
    services: ServicesDep,
    scope: Reviewer,
) -> dict[str, Any]:
    """Pins the installed edition of a framework; the step shows the result under the old and the new one."""
    moving.move_edition(services, scope, enterprise, case, body.framework, seen)
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.REVIEW_CASE)
        out.headers["ETag"] = etag(row.version)
        return file_view(session, scope, row, services.clock())


def queue_step(
    services: Services, scope: Scope, enterprise: str, case: str, step: Step, wanted: Mapping[str, Any]
) -> Job:
    """Queues the work that ends with a step: `freeze` or `issue`."""
    permission = TRANSITIONS[step].permission
    assert permission is not None
    with services.database.write() as session:
        steps.opened(session, scope, enterprise, case, permission)
        order = {"enterprise": enterprise, "case": case, **wanted}
        return jobs.enqueue(
            session,
            scope,
            _WORK[step],
            order,
            enterprise=enterprise,
            now_ns=services.clock(),
            permission=permission,
        )


def queued(
    services: Services,
    scope: Scope,
    where: tuple[str, str],
    step: Step,
    wanted: Mapping[str, Any],
    response: Response,
) -> dict[str, Any]:
    """The job of a queued step, with its address in the answer."""
    job = queue_step(services, scope, *where, step, wanted)
    response.headers["Location"] = f"/api/v1/enterprises/{where[0]}/jobs/{job.id}"
    return job_view(job)
