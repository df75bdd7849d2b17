"""The pages of the centre's own figures and of its selection, evaluation and assessment."""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, Forbidden, OvooError, QueryError, Stale

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.centre import assessments
from ovoo_cloud.centre.kinds import enumeration
from ovoo_cloud.centre.kpi_sources import centre_kpis
from ovoo_cloud.console.centre_pages import faults_of, form_values
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/centre")
_VERDICTS: Final[tuple[assessments.Verdict, ...]] = ("passed", "conditional", "failed")
_PROCEDURES: Final = ("selection", "evaluation", "assessment")


@router.get("/kpis")
def kpi_page(request: Request, services: ServicesDep, scope: Reader, start: str = "", end: str = "") -> Response:
    """The figures of a period, the running year without one."""
    first, last = _days(services, start, end)
    bounds = _bounds(services, first, last)
    found = centre_kpis(services, scope, *bounds)
    query = f"start={quote(to_iso(bounds[0]) or '')}&end={quote(to_iso(bounds[1]) or '')}"
    return page(
        request, services, "centre_kpis.html", scope, found=found, first=first, last=last, query=query,
        sectors=enumeration("sector"),
    )  # fmt: skip


@router.get("/assessments")
def assessment_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """All of them, and the form to open one."""
    return _list(request, services, scope, [])


@router.post("/assessments")
def open_page(
    request: Request,
    services: ServicesDep,
    scope: Reader,
    name: Annotated[str, Form(alias="id", max_length=63)],
    procedure: Annotated[assessments.Procedure, Form()],
    subject: Annotated[str, Form(min_length=1, max_length=200)],
    start: Annotated[str, Form(max_length=10)],
    end: Annotated[str, Form(max_length=10)],
    of: Annotated[Literal["own", "other"], Form()] = "own",
) -> Response:
    """Opens one."""
    scope.require(Permission.MANAGE_REGISTERS)
    try:
        bounds = _bounds(services, *_days(services, start, end))
        found = centre_kpis(services, scope, *bounds) if of == "own" else assessments.NO_FIGURES
        with services.database.write() as session:
            assessments.open_assessment(
                session, scope, name.strip(), procedure=procedure, subject=subject.strip(), start_ns=bounds[0],
                end_ns=bounds[1], kpis=found, now_ns=services.clock(),
            )  # fmt: skip
    except ConfigError as error:
        return _list(request, services, scope, faults_of(error))
    except OvooError as error:
        if error.offender not in ("assessment", "start", "end"):
            raise
        wrong = ConfigError(error.message, offender=error.offender, value=error.value, remedy=error.remedy)
        return _list(request, services, scope, [wrong])
    return RedirectResponse(f"/centre/assessments/{quote(name.strip())}", 303)


@router.get("/assessments/{name}")
def assessment_page(request: Request, name: str, services: ServicesDep, scope: Reader) -> Response:
    """One with criteria, figures, what was said, and the form that is next."""
    return _one(request, services, scope, name, [])


@router.post("/assessments/{name}")
def write_page(
    request: Request,
    name: str,
    services: ServicesDep,
    scope: Reader,
    given: Annotated[dict[str, str], Depends(form_values)],
) -> Response:
    """Writes the self-assessment, or decides."""
    read = int(given["version"]) if given.get("version", "").isdigit() else 0
    try:
        answers = _answers(given)
        with services.database.write() as session:
            if given.get("part") == "decision":
                verdict = next((each for each in _VERDICTS if each == given.get("verdict")), None)
                if verdict is None:
                    raise ConfigError("no decision", offender="verdict", remedy=", ".join(_VERDICTS))
                reason = given.get("reason", "").strip()[:4000]
                assessments.decide(session, scope, name, answers, verdict, reason, read=read, now_ns=services.clock())
            else:
                assessments.self_assess(session, scope, name, answers, read=read, now_ns=services.clock())
    except (ConfigError, Stale) as error:
        return _one(request, services, scope, name, faults_of(error))
    except Forbidden as error:
        if error.offender != "reviewer":
            raise
        wrong = ConfigError(error.message, offender=error.offender, value=error.value, remedy=error.remedy)
        return _one(request, services, scope, name, [wrong])
    return RedirectResponse(f"/centre/assessments/{quote(name)}", 303)


def _answers(given: dict[str, str]) -> list[assessments.Answer]:
    """`score:ID`, `said:ID` and `link:ID` of the form; a criterion of which nothing is said is left out."""
    names = [key.removeprefix("score:") for key in given if key.startswith("score:")]
    answers = []
    for name in names:
        score, said, links = (given.get(f"{part}:{name}", "").strip() for part in ("score", "said", "link"))
        if score or said or links:
            answers.append(assessments.Answer(name, _score(name, score), said[:4000], tuple(links.split())))
    return answers


def _score(name: str, text: str) -> Decimal | None:
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(text) > 10:
        raise ConfigError("not a number", offender=name, value=text, remedy="0 to 100")
    return number


def _list(request: Request, services: Services, scope: Scope, faults: list[ConfigError]) -> Response:
    with services.database.read() as session:
        rows = assessments.assessments(session, scope)
    first, last = _days(services, "", "")
    return page(
        request, services, "centre_assessments.html", scope, 422 if faults else 200, rows=rows, faults=faults,
        procedures=_PROCEDURES, first=first, last=last, result=assessments.result_of,
    )  # fmt: skip


def _one(request: Request, services: Services, scope: Scope, name: str, faults: list[ConfigError]) -> Response:
    with services.database.read() as session:
        row = assessments.assessment(session, scope, name)
    totals = {
        "self": assessments.result_of(row.content, "answers"),
        "review": assessments.result_of(row.content, "scores"),
    }
    return page(
        request, services, "centre_assessment.html", scope, 422 if faults else 200, row=row, content=row.content,
        faults=faults, verdicts=_VERDICTS, totals=totals,
    )  # fmt: skip


def _days(services: Services, start: str, end: str) -> tuple[datetime.date, datetime.date]:
    """First and last day; without them the running year until today."""
    today = datetime.datetime.fromtimestamp(services.clock() // 10**9, services.settings.zone).date()
    try:
        first = datetime.date.fromisoformat(start) if start else today.replace(month=1, day=1)
        last = datetime.date.fromisoformat(end) if end else today
    except ValueError as error:
        raise QueryError("not a date", offender="start", value=f"{start} {end}", remedy="YYYY-MM-DD") from error
    if first > last or last.year > 2100 or first.year < 1971:
        raise QueryError("the period ends before it starts", offender="end", value=end, remedy="swap the days")
    return first, last


def _bounds(services: Services, first: datetime.date, last: datetime.date) -> tuple[int, int]:
    zone = services.settings.zone
    days = (first, last + datetime.timedelta(days=1))
    moments = [datetime.datetime.combine(day, datetime.time(), zone).timestamp() for day in days]
    return int(moments[0]) * 10**9, int(moments[1]) * 10**9
