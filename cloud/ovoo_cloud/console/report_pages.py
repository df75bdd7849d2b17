"""The pages of cases and reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import QueryError

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.cases import ReportOrder, order_report
from ovoo_cloud.api.energy_reports import MonthOrder, order_month_report
from ovoo_cloud.api.reports import bundle_files, check_issued
from ovoo_cloud.catalogue import cases, enterprises, jobs
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.console.report_files import shown_files
from ovoo_cloud.reports.build import FORMATS, Format
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_RUNS: Final = 10
_ISSUING: Final = ("report", "energy_report", "readiness_report")


@router.get("/reports")
def report_list(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """Reports, the runs that make them, and the cases they come from."""
    scope = scope.under(Permission.READ_REPORT)
    with services.database.read() as session:
        companies = {row.id: row for row in enterprises.enterprises(session, scope)}
        issued = cases.reports(session, scope)
        opened = cases.cases(session, scope)
        places = enterprises.sites(session, scope) if scope.allows(Permission.RUN_REPORT) else ()
        runs = [row for row in jobs.jobs(session, scope) if row.kind in _ISSUING][:_RUNS]
    files = {row.id: shown_files(bundle_files(row)) for row in issued}
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
        places=places,
        formats=FORMATS,
        month=_month_before(services),
        busy=any(row.state in ("queued", "running") for row in runs),
    )


@router.post("/reports/month")
def issue_month(
    services: ServicesDep,
    scope: Reader,
    place: Annotated[str, Form(pattern="^[a-z0-9_-]+/[a-z0-9_-]+$", max_length=130)],
    month: Annotated[str, Form(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")],
    languages: Annotated[str, Form(pattern="^(zh|en|zh,en)$")],
    formats: Annotated[list[Format] | None, Form(max_length=4)] = None,
) -> Response:
    """Queues the energy report of a month; its mistakes are told at once."""
    scope.require(Permission.RUN_REPORT)
    enterprise, _, site = place.partition("/")
    if not formats:
        raise QueryError("no format is chosen", offender="formats", value="", remedy="choose one at least")
    order = MonthOrder.model_validate({"month": month, "languages": languages.split(","), "formats": formats})
    order_month_report(services, scope, enterprise, site, order)
    return RedirectResponse("/reports#jobs", 303)


@router.get("/reports/{enterprise}/{report}/check")
def check_part(request: Request, enterprise: str, report: str, services: ServicesDep, scope: Reader) -> Response:
    """What verifying the bundle says, from the store as well."""
    scope.require(Permission.READ_REPORT)
    scope.require_enterprise(enterprise, report)
    with services.database.read() as session:
        row = cases.report(session, scope, report)
    return page(request, services, "report_check.html", scope, found=check_issued(services, scope, row, deep=True))


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


def _month_before(services: Services) -> str:
    """The last whole month at the installation's clock, as a month field takes it."""
    today = datetime.fromtimestamp(services.clock() // 1_000_000_000, services.settings.zone).date()
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
