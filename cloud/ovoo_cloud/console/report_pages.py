"""The pages of cases and reports."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.cases import ReportOrder, order_report
from ovoo_cloud.api.reports import bundle_files
from ovoo_cloud.catalogue import cases, enterprises, jobs
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_ORDER: Final = (".pdf", ".docx", ".xlsx", ".json")
_RUNS: Final = 10


@router.get("/reports")
def report_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """Reports, the runs that make them, and the cases they come from."""
    scope = scope.under(Permission.READ_REPORT)
    with services.database.read() as session:
        companies = {row.id: row for row in enterprises.enterprises(session, scope)}
        issued = cases.reports(session, scope)
        opened = cases.cases(session, scope)
        runs = [row for row in jobs.jobs(session, scope) if row.kind in ("report", "energy_report")][:_RUNS]
    files = {row.id: _shown(bundle_files(row)) for row in issued}
    return page(
        request,
        services,
        "reports.html",
        scope,
        reports=issued,
        files=files,
        cases=opened,
        runs=runs,
        companies=companies,
        busy=any(row.state in ("queued", "running") for row in runs),
    )


@router.post("/reports/{enterprise}/{case}")
def issue(
    enterprise: str,
    case: str,
    services: ServicesDep,
    scope: Reader,
    number: Annotated[str, Form(min_length=1, max_length=40, pattern="[A-Za-z0-9]")],
) -> Response:
    """Queues the report of a case in the languages of the installation."""
    scope = scope.under(Permission.RUN_REPORT)
    order_report(services, scope, enterprise, case, ReportOrder(number=number, issue_date=None))
    return RedirectResponse("/reports", 303)


def _shown(names: list[str]) -> list[str]:
    """What people read, the PDF first; the rest of the bundle is there for `verify`, through the API."""
    read = [name for name in names if name.startswith("report.") and name.endswith(_ORDER)]
    return sorted(read, key=lambda name: (_ORDER.index(name[name.rindex(".") :]), name))
