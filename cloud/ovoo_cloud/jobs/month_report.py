"""Issuing the monthly energy report of a site: measure, render, sign, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.energy_report.build import build_month_report, month_summary
from ovoo_cloud.energy_report.plan import MonthPlan, month_window
from ovoo_cloud.energy_report.site_plan import plan_of_site
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.jobs.report import Order, Subject, asked_by, issue_recorded, today
from ovoo_cloud.reports.build import FORMATS, ReportResult
from ovoo_cloud.services import Services

__all__ = ["default_number", "issue_month_report", "month_report"]

_OPERATION: Final = "job energy_report"


def month_report(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Issues the report of a site and month.

    Parameters: `enterprise`, `site`, `month` (2026-10), `user` (who asked); `number`, `issue_date`, `languages`,
    `formats` and `inputs` (see `plan_of_site`) may be left out.
    """
    enterprise, site, month = (_text(parameters, name) for name in ("enterprise", "site", "month"))
    order = Order(
        number=parameters.get("number") or default_number(enterprise, site, month),
        issue_date=parameters.get("issue_date") or today(services),
        languages=parameters.get("languages") or [services.settings.language],
        progress=progress,
        formats=parameters.get("formats") or FORMATS,
    )
    with asked_by(services, parameters, Read(_OPERATION, site)) as scope:
        row, result = issue_month_report(services, scope, enterprise, site, month, order, parameters.get("inputs"))
    return {"report": row.id, "folder": row.folder, **month_summary(result.snapshot.data)}


def issue_month_report(
    services: Services,
    scope: Scope,
    enterprise: str,
    site: str,
    month: str,
    order: Order,
    inputs: Mapping[str, Any] | None = None,
) -> tuple[Report, ReportResult]:
    """Makes the bundle of a month and records it. A month that runs still is reported as far as it has come.

    Raises:
        NotReady: the month has not begun.
    """
    scope = scope.under(Permission.RUN_REPORT)
    with services.database.read() as session:
        plan = plan_of_site(session, scope, enterprise, site, month, inputs)
    _check_begun(plan, services)
    title = {
        "zh": f"{plan.case.sites[0].name.zh} {month} 能源月报",
        "en": f"{plan.case.sites[0].name.en} {month} energy",
    }
    subject = Subject(enterprise, site, title, plan.case.start_ns, plan.case.end_ns, Read(_OPERATION, site))
    evidence = StoreEvidence(services, enterprise, scope)
    return issue_recorded(
        services, scope, subject, order, lambda made, out: build_month_report(plan, evidence, made, out), month_summary
    )


def default_number(enterprise: str, site: str, month: str) -> str:
    """The number of a month's report where nobody gives one; at most 40 characters. The month stands first."""
    month_window(month, "UTC")
    return f"E-{month}-{site}-{enterprise}"[:40].rstrip("-")


def _check_begun(plan: MonthPlan, services: Services) -> None:
    if plan.case.start_ns >= services.clock():
        raise NotReady("the month has not begun", offender="month", value=plan.month, remedy="name a past month")


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError("missing", offender=f"energy_report.{name}", remedy="name it")
    return value
