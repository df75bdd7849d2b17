"""Gathers what the centre's figures are computed from, within the caller's scope."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import OvooError, VerifyError
from ovoo_packs import load_factors
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases, enterprises
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergySaving
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre.facts import CentreFacts, ReportFact, Row, SavingFact
from ovoo_cloud.centre.issued import Issued, issued_of, measured_percent, newest_revisions, read_snapshot
from ovoo_cloud.centre.kpis import compute
from ovoo_cloud.centre.requests import request_statistics
from ovoo_cloud.services import Services

__all__ = ["centre_kpis", "gather"]

_REPORTS: Final = 100_000
_VERIFIED: Final = 200
"""Most bundles that one question verifies; the newest are taken, and the figure's evidence names them."""
_FACTOR: Final = "coal_electricity"
_KINDS: Final = ("project", "attendance", "feedback")


def centre_kpis(services: Services, scope: Scope, start_ns: int, end_ns: int) -> dict[str, Any]:
    """The figures of the period with their evidence."""
    with services.database.read() as session:
        facts = gather(services, session, scope, start_ns, end_ns)
    return {"start_ns": str(start_ns), "end_ns": str(end_ns), **compute(facts)}


def gather(services: Services, session: Session, scope: Scope, start_ns: int, end_ns: int) -> CentreFacts:
    """Reads reports, registers, savings and requests."""
    scope.require(Permission.MANAGE_REGISTERS)
    days = [_day(services, at) for at in (start_ns, end_ns - 1)]
    sectors = {row.id: row.sector for row in enterprises.enterprises(session, scope)}
    reports = newest_revisions(
        issued_of(row) for row in cases.reports(session, scope, limit=_REPORTS) if "level" in row.summary
    )
    return CentreFacts(
        start_ns,
        end_ns,
        days[0],
        days[1],
        tuple(_report_facts(services, reports, sectors, start_ns, end_ns)),
        tuple(_rows(session, scope)),
        tuple(_savings(session, scope, start_ns, end_ns)),
        request_statistics(session, scope, start_ns, end_ns),
        _factor(days[1]),
    )


def _day(services: Services, time_ns: int) -> str:
    return datetime.datetime.fromtimestamp(time_ns // 10**9, services.settings.zone).date().isoformat()


def _report_facts(
    services: Services, reports: list[Issued], sectors: dict[str, str], start_ns: int, end_ns: int
) -> Iterable[ReportFact]:
    inside = [each for each in reports if start_ns <= each.created_ns < end_ns]
    tried = {each.id for each in inside[-_VERIFIED:]}
    for each in reports:
        measured = _measured(each) if start_ns <= each.created_ns < end_ns else None
        yield ReportFact(
            each.id, each.sha256, each.enterprise, sectors.get(each.enterprise, ""), each.created_ns, each.level,
            measured, _verifies(services, each) if each.id in tried else None,
        )  # fmt: skip


def _measured(report: Issued) -> Decimal | None:
    try:
        return measured_percent(read_snapshot(report))
    except VerifyError:
        return None


def _verifies(services: Services, report: Issued) -> bool:
    """Level 1 of `ovoo-cloud verify`, with the installation's own public key."""
    from ovoo_cloud.reports.verify import verify_bundle  # late: fonts and renderers load with it

    trust = services.settings.signing_key.with_suffix(".pub.pem")
    try:
        return verify_bundle(pathlib.Path(report.folder), trust=trust).ok
    except OvooError:
        return False


def _rows(session: Session, scope: Scope) -> Iterable[Row]:
    query = select(RegisterEntry).where(RegisterEntry.kind.in_(_KINDS), RegisterEntry.withdrawn.is_(False))
    for row in session.scalars(query.order_by(RegisterEntry.kind, RegisterEntry.id)):
        if not row.enterprise or scope.sees(row.enterprise):
            yield Row(row.kind, row.id, row.version, row.content)


def _savings(session: Session, scope: Scope, start_ns: int, end_ns: int) -> Iterable[SavingFact]:
    """Of each baseline the newest provable record whose reporting period ends within [start_ns, end_ns)."""
    scope = scope.under(Permission.READ_ENERGY)
    query = (
        select(EnergySaving, EnergyBaseline.enterprise, EnergyBaseline.site)
        .join(EnergyBaseline, EnergyBaseline.id == EnergySaving.baseline)
        .where(EnergySaving.end_ns > start_ns, EnergySaving.end_ns <= end_ns, EnergySaving.start_ns >= start_ns)
        .order_by(EnergySaving.end_ns, EnergySaving.made_ns, EnergySaving.id)
    )
    newest: dict[str, EnergySaving] = {}
    for row, owner, site in session.execute(query).all():
        if scope.sees_site(owner, site) and row.record.get("results", {}).get("verdict") == "provable":
            newest[row.baseline] = row
    for baseline in sorted(newest):
        row = newest[baseline]
        if row.course.get("unit", "kWh") == "kWh":
            found = row.record["results"]
            yield SavingFact(row.id, *(Decimal(found[name]) for name in ("avoided", "low", "high")))


def _factor(day: str) -> tuple[Decimal, str, bool] | None:
    factor = load_factors().rows.get(_FACTOR)
    if factor is None or factor.value is None or not factor.source.in_force(day):
        return None
    return Decimal(str(factor.value)) / 1000, factor.id, factor.reference_only
