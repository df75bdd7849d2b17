"""The page of the region's reports: order one, see how far it is, download it, verify it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_contract.errors import ConfigError, QueryError

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.region_reports import RegionOrder, check_region, order_region
from ovoo_cloud.api.reports import bundle_files
from ovoo_cloud.catalogue import jobs
from ovoo_cloud.catalogue import region_reports as rows
from ovoo_cloud.centre.sector_benchmark import last_quarter
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.console.report_files import shown_files
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/centre/region")
_REPORTS: Final = 40
_QUARTERS: Final = 8
_RUNS: Final = 5


@router.get("")
def region_page(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """The issued reports, the runs that make them, and the form that orders one."""
    return _page(request, services, scope)


@router.post("")
def order(
    request: Request,
    services: ServicesDep,
    scope: Reader,
    quarter: Annotated[str, Form(max_length=7)],
    languages: Annotated[Literal["zh", "en", "zh,en"], Form()],
    number: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Queues one; a quarter that is not over comes back with the page."""
    wanted = RegionOrder.model_validate(
        {"quarter": quarter, "number": number.strip(), "issue_date": None, "languages": languages.split(",")}
    )
    try:
        order_region(services, scope, wanted)
    except QueryError as error:
        fault = ConfigError(error.message, offender=error.offender, value=error.value, remedy=error.remedy)
        return _page(request, services, scope, [fault])
    return RedirectResponse("/centre/region#runs", 303)


@router.get("/{name}/check")
def check_part(request: Request, name: str, services: ServicesDep, scope: Reader) -> Response:
    """What verifying the bundle says: for the centre from the issued reports as well."""
    with services.database.read() as session:
        row = rows.region_report(session, scope, name)
    found = check_region(services, scope, row, deep=scope.allows(Permission.RUN_REPORT) and scope.enterprises is None)
    return page(request, services, "report_check.html", scope, found=found)


def _page(request: Request, services: Services, scope: Scope, faults: list[ConfigError] | None = None) -> Response:
    orders = _orders(scope)
    with services.database.read() as session:
        issued = rows.region_reports(session, scope)[:_REPORTS]
        runs = [row for row in jobs.jobs(session, scope) if row.kind == rows.KIND][:_RUNS] if orders else []
    return page(
        request, services, "centre_region.html", scope, 422 if faults else 200, issued=issued, runs=runs, orders=orders,
        files={row.id: shown_files(bundle_files(row)) for row in issued}, quarters=_quarters(services),
        faults=faults or [], busy=any(row.state in ("queued", "running") for row in runs),
    )  # fmt: skip


def _orders(scope: Scope) -> bool:
    return scope.allows(Permission.RUN_REPORT)


def _quarters(services: Services) -> list[str]:
    """The newest quarters that are over, newest first."""
    year, number = last_quarter(services.clock(), services.settings.zone).split("-Q")
    count = 4 * int(year) + int(number) - 1
    return [f"{each // 4}-Q{each % 4 + 1}" for each in range(count, count - _QUARTERS, -1)]
