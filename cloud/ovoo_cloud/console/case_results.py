"""What a case page shows of results: what was confirmed, what a revision changed, the reports and the work in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.reports import bundle_files
from ovoo_cloud.casework import freezing, parts, questionnaire, sheet, steps
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue import cases, jobs
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.tables import Job, Report
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.report_files import CENTRE, reading_order
from ovoo_cloud.diagnosis.review import Reviewed, reviewed_parts
from ovoo_cloud.reports.nodes import Facts
from ovoo_cloud.reports.resolve import Language, Locale
from ovoo_cloud.reports.sections.figure_names import figure_name

__all__ = ["results", "router"]

router = APIRouter(include_in_schema=False)
_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
_MEASURED: Final = frozenset({State.REVIEW, State.CONFIRMATION, State.CONFIRMED, State.ISSUED, State.FOLLOW_UP})
_WORK: Final = ("case_evidence", "case_issue")
_READABLE: Final = (".pdf", ".docx", ".xlsx", ".html")
_ALL: Final = 10_000


def results(session: Session, scope: Scope, row: CaseFile) -> dict[str, Any]:
    """The result that lies in the case, its issued reports newest first, and background work that is not done."""
    found = cases.reports(session, scope, row.enterprise, limit=_ALL)
    issued = [report for report in found if report.case == row.case]
    return {
        "result": _result(session, row),
        "reports": [(report, *_readable(report)) for report in issued],
        "work": _work(session, scope, row),
    }


def _readable(report: Report) -> tuple[list[str], list[str]]:
    """The files of the enterprise's copy, and those of the centre's."""
    names = reading_order(name for name in bundle_files(report) if name.endswith(_READABLE))
    return [name for name in names if CENTRE not in name], [name for name in names if CENTRE in name]


def _result(session: Session, row: CaseFile) -> dict[str, Any] | None:
    """Points, level and figures that changed, as the content with the shown hash has them."""
    if not row.snapshot or row.state not in _MEASURED:
        return None
    data = freezing.read(session, row, row.snapshot)
    leading, *further = (_outcome(each) for each in reviewed_parts(data))
    overridden = [each for each in data.get("review", {}).get("items", ()) if each["decision"] == "override"]
    return {
        **leading,
        "further": further,
        "overridden": len(overridden),
        "on_site": data.get("on_site"),
        "changes": data.get("changes"),
        "names": _names(data),
    }


def _outcome(part: Reviewed) -> dict[str, Any]:
    """What one framework found."""
    return {
        "framework": part.rules["name"],
        "total": part.score["total"],
        "level": part.score["level"],
        "level_range": (part.score["level_low"], part.score["level_high"]),
        "levels": {each["level"]: each["name"] for each in part.rules.get("levels", [])},
    }


def _names(data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What the figures of the change table are called, by language."""
    facts, rows = Facts(data), data.get("changes", {}).get("figures", ())
    named = {each for row in rows for each in (row["figure"], *row.get("because", ()))}
    return {
        figure: {language: Locale(language).inline(figure_name(facts, figure)) for language in _LANGUAGES}
        for figure in named
    }


def _work(session: Session, scope: Scope, row: CaseFile) -> Sequence[Job]:
    """Queued and running work; a failed run while nothing came after it."""
    listed = jobs.jobs(session, scope, enterprise=row.enterprise, limit=_ALL)
    own = [job for job in listed if job.kind in _WORK and job.parameters.get("case") == row.case]
    busy = [job for job in own if job.state in ("queued", "running")]
    return busy or [job for job in own[:1] if job.state == "failed"]


@router.post("/cases/{enterprise}/{case}/questionnaire")
def fill(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Reader,
    file: Annotated[UploadFile, File()],
    answers: Annotated[int, Form(ge=0, le=10**6)],
    scenes: Annotated[int, Form(ge=0, le=10**6)],
    assessments: Annotated[int, Form(ge=0, le=10**6)] = 0,
) -> Response:
    """Reads a filled questionnaire, as the versions of its parts stood on the page."""
    content, name, now_ns = file.file.read(), (file.filename or "").lower(), services.clock()
    if not name.endswith((".xlsx", ".csv")):
        raise ConfigError(
            "not a questionnaire",
            offender="file",
            value=name,
            remedy="the form as .xlsx or .csv",
            code="case.not_questionnaire_file",
        )
    rows = sheet.read_xlsx(content) if name.endswith(".xlsx") else sheet.read_csv(content)
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.EDIT_CASE)
        seen = {"answers": answers, "scenes": scenes, parts.FURTHER: assessments}
        questionnaire.take_rows(session, scope, row, rows, seen, now_ns)
    return RedirectResponse(f"/cases/{enterprise}/{case}", 303)
