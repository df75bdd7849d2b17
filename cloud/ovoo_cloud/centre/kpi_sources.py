"""Gathers what the centre's figures are computed from: the centre's own record, whole.

Cases opened, reports issued, courses held and requests answered are what the centre did: they stay its record when a
consent ends. Figures from plant data are read from issued reports only, which were measured under a grant that was
live; nothing is measured here.
"""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import OvooError, VerifyError
from ovoo_packs import load_factors
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases, enterprises
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseStep
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre.facts import CaseFact, CentreFacts, ReportFact, Row, SavingFact
from ovoo_cloud.centre.issued import (
    Issued,
    issued_of,
    measured_percent,
    newest_revisions,
    proven_saving,
    read_snapshot,
)
from ovoo_cloud.centre.kpis import CASE_STEPS, compute
from ovoo_cloud.centre.requests import request_statistics
from ovoo_cloud.diagnosis.standing import is_working
from ovoo_cloud.services import Services

__all__ = ["centre_kpis", "gather", "own_record"]

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


def own_record(scope: Scope) -> Scope:
    """The scope of the centre's own record: consent opens plant data, not what the centre itself did.

    The enterprises that a person is bound to stay the bound.
    """
    scope.require(Permission.MANAGE_REGISTERS)
    return replace(scope, consents=None, purpose=None)


def gather(services: Services, session: Session, scope: Scope, start_ns: int, end_ns: int) -> CentreFacts:
    """Reads cases, reports, registers and requests."""
    scope = own_record(scope)
    days = [_day(services, at) for at in (start_ns, end_ns - 1)]
    sectors = {row.id: row.sector for row in enterprises.enterprises(session, scope)}
    issued = [row for row in cases.reports(session, scope, limit=_REPORTS) if not is_working(row.summary)]
    reports = newest_revisions(issued_of(row) for row in issued if "level" in row.summary)
    return CentreFacts(
        start_ns,
        end_ns,
        days[0],
        days[1],
        tuple(_report_facts(services, reports, sectors, start_ns, end_ns)),
        tuple(_rows(session, scope)),
        tuple(_savings(issued, start_ns, end_ns)),
        request_statistics(session, scope, start_ns, end_ns),
        _factor(days[1]),
        tuple(_steps(session, scope, start_ns, end_ns)),
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
    from ovoo_cloud.reports.own_keys import key_of
    from ovoo_cloud.reports.verify import verify_bundle  # late: fonts and renderers load with it

    folder = pathlib.Path(report.folder)
    try:
        return verify_bundle(folder, trust=key_of(folder, services.settings.own_keys)).ok
    except OvooError:
        return False


def _rows(session: Session, scope: Scope) -> Iterable[Row]:
    query = select(RegisterEntry).where(RegisterEntry.kind.in_(_KINDS), RegisterEntry.withdrawn.is_(False))
    for row in session.scalars(query.order_by(RegisterEntry.kind, RegisterEntry.id)):
        if not row.enterprise or scope.sees(row.enterprise):
            yield Row(row.kind, row.id, row.version, row.content)


def _savings(rows: Sequence[Report], start_ns: int, end_ns: int) -> Iterable[SavingFact]:
    """Proven savings of issued reports whose window lies within [start_ns, end_ns); of a site no day counts twice."""
    inside = {row.id: row for row in rows if start_ns <= row.start_ns and row.end_ns <= end_ns}
    kept: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for each in reversed(newest_revisions(issued_of(row) for row in rows)):
        row = inside.get(each.id)
        if row is None or (found := proven_saving(each)) is None:
            continue
        windows = kept.setdefault((row.enterprise, row.site), [])
        if not any(row.start_ns < end and start < row.end_ns for start, end in windows):
            windows.append((row.start_ns, row.end_ns))
            yield found


def _steps(session: Session, scope: Scope, start_ns: int, end_ns: int) -> Iterable[CaseFact]:
    """The steps of the period with which a case was opened, diagnosed or visited again."""
    query = (
        select(CaseStep, CaseFile.enterprise)
        .join(CaseFile, CaseFile.case == CaseStep.case)
        .where(CaseStep.step.in_(CASE_STEPS), CaseStep.at_ns >= start_ns, CaseStep.at_ns < end_ns)
        .order_by(CaseStep.case, CaseStep.seq)
    )
    for row, owner in session.execute(query).all():
        if scope.sees(owner):
            yield CaseFact(row.case, row.seq, row.step)


def _factor(day: str) -> tuple[Decimal, str, bool] | None:
    factor = load_factors().rows.get(_FACTOR)
    if factor is None or factor.value is None or not factor.source.in_force(day):
        return None
    return Decimal(str(factor.value)) / 1000, factor.id, factor.reference_only
