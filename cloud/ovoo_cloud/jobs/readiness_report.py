"""Issuing the data-readiness report of a site: measure, render, sign, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.jobs.report import Order, Subject, asked_by, issue_recorded, today
from ovoo_cloud.readiness.build import build_readiness_report, readiness_result
from ovoo_cloud.readiness.plan import ReadinessPlan
from ovoo_cloud.readiness.site_plan import plan_of_site
from ovoo_cloud.reports.build import ReportResult
from ovoo_cloud.services import Services

__all__ = ["issue_readiness", "readiness_number", "readiness_report"]

_OPERATION: Final = "job readiness_report"


def readiness_report(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Issues the readiness report of a site.

    Parameters: `enterprise`, `site`, `user` (who asked); `start_ns` and `end_ns` (text), `number`, `issue_date` and
    `languages` may be left out.
    """
    with asked_by(services, parameters, Read(_OPERATION, _text(parameters, "site"))) as scope:
        plan = _plan(services, scope, parameters)
        order = Order(
            number=parameters.get("number") or readiness_number(plan),
            issue_date=parameters.get("issue_date") or today(services),
            languages=parameters.get("languages") or [services.settings.language],
            progress=progress,
        )
        row, result = issue_readiness(services, scope, plan, order)
    return {"report": row.id, "folder": row.folder, **readiness_result(result.snapshot.data)}


def _plan(services: Services, scope: Scope, parameters: Mapping[str, Any]) -> ReadinessPlan:
    with services.database.read() as session:
        return plan_of_site(
            session,
            scope,
            _text(parameters, "enterprise"),
            _text(parameters, "site"),
            now_ns=services.clock(),
            start_ns=_instant(parameters, "start_ns"),
            end_ns=_instant(parameters, "end_ns"),
        )


def issue_readiness(services: Services, scope: Scope, plan: ReadinessPlan, order: Order) -> tuple[Report, ReportResult]:
    """Makes the bundle of a plan and records it."""
    title = {"zh": f"{plan.site_name.zh} 数据就绪度", "en": f"{plan.site_name.en} data readiness"}
    subject = Subject(plan.enterprise, plan.site, title, plan.start_ns, plan.end_ns, Read(_OPERATION, plan.site))
    evidence = StoreEvidence(services, plan.enterprise, scope)
    return issue_recorded(
        services,
        scope,
        subject,
        order,
        lambda made, out: build_readiness_report(plan, evidence, made, out),
        readiness_result,
    )


def readiness_number(plan: ReadinessPlan) -> str:
    """The number where nobody gives one, at most 40 characters: the local day of the window's end stands first."""
    moment = datetime.fromtimestamp((plan.end_ns - 1) // 1_000_000_000, UTC).astimezone(ZoneInfo(plan.timezone))
    return f"R-{moment:%Y-%m-%d}-{plan.site}-{plan.enterprise}"[:40].rstrip("-")


def _instant(parameters: Mapping[str, Any], name: str) -> int | None:
    value = parameters.get(name)
    return None if value is None else int(value)


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError("missing", offender=f"readiness_report.{name}", remedy="name it")
    return value
