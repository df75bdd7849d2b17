"""The usage of one enterprise as the cloud's own records tell it: alarms, links, simulations, forecasts."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.completeness import HourReport
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import gateways, signals
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergySaving
from ovoo_cloud.catalogue.clock_hours import clocks_of, own_clock
from ovoo_cloud.catalogue.tables import AlarmRecord, Completeness, Gateway, HourReportRecord, Job
from ovoo_cloud.diagnosis.usage import AlarmLife, AssetRate, LinkFacts, Usage

__all__ = ["usage_of"]

_MS_NS = 1_000_000


def usage_of(session: Session, scope: Scope, enterprise: str, start_ns: int, end_ns: int) -> Usage:
    """Usage in [start, end); a foreign enterprise is absent (NotFound)."""
    scope.require_enterprise(enterprise)
    rows = gateways.gateways(session, scope, enterprise)
    return Usage(
        alarms=_alarms(session, enterprise, start_ns, end_ns),
        links=tuple(_link(session, row, start_ns, end_ns) for row in rows if row.status != "revoked"),
        simulations=_simulations(session, enterprise, start_ns, end_ns),
        forecasts=_forecasts(session, enterprise, start_ns, end_ns),
        rates=tuple(
            AssetRate(row.path, row.ideal_rate_per_hour, row.product_unit)
            for row in signals.assets(session, scope, enterprise)
            if row.ideal_rate_per_hour is not None and row.product_unit is not None
        ),
    )


def _alarms(session: Session, enterprise: str, start_ns: int, end_ns: int) -> tuple[AlarmLife, ...]:
    """Alarms raised in the window; what happened to them after its end is not told of a closed window."""
    query = select(AlarmRecord).where(
        AlarmRecord.enterprise == enterprise, AlarmRecord.raised_ns >= start_ns, AlarmRecord.raised_ns < end_ns
    )
    found = session.scalars(query.order_by(AlarmRecord.asset, AlarmRecord.raised_ns, AlarmRecord.finding))
    return tuple(
        AlarmLife(
            finding=row.finding,
            asset=row.asset,
            code=row.code,
            severity=row.severity,
            raised_ns=row.raised_ns,
            acknowledged_ns=_inside(row.acknowledged_ns, end_ns),
            returned_ns=_inside(row.returned_ns, end_ns),
            acknowledged_by="" if _inside(row.acknowledged_ns, end_ns) is None else _person(enterprise, row),
        )
        for row in found
    )


def _person(enterprise: str, row: AlarmRecord) -> str:
    """Tells people of one enterprise apart; a report names none of them."""
    return sha256_hex(f"{enterprise}/{row.acknowledged_by}".encode())[:8]


def _inside(at_ns: int | None, end_ns: int) -> int | None:
    return at_ns if at_ns is not None and at_ns < end_ns else None


def _link(session: Session, row: Gateway, start_ns: int, end_ns: int) -> LinkFacts:
    names = ("deliveries", "late", "stored", "duplicates", "shifted")
    sums = session.execute(
        select(*(func.sum(getattr(Completeness, name)) for name in names)).where(
            Completeness.gateway == row.id, Completeness.hour_ns >= start_ns, Completeness.hour_ns < end_ns
        )
    ).one()
    return LinkFacts(
        gateway=row.id,
        sites=tuple(sorted(row.sites)),
        certificate=bool(row.certificate_serial),
        **{name: None if value is None else int(value) for name, value in zip(names, sums, strict=True)},
        **_account(session, row, start_ns, end_ns),
        offset_ms=_offset(row),
        clocks=clocks_of(session, row.id, start_ns, end_ns),
        own=own_clock(session, row.id, start_ns, end_ns),
        posture=_posture(row),
    )


def _posture(row: Gateway) -> Mapping[str, Any] | None:
    """What the gateway saw of its own network when it connected last; None where it is not of a kind that looks."""
    told = (row.reported or {}).get("posture")
    return told if isinstance(told, dict) and told else None


def _offset(row: Gateway) -> int | None:
    told = (row.state or {}).get("offset_ms")
    return round(told) if isinstance(told, (int, float)) else None


def _account(session: Session, row: Gateway, start_ns: int, end_ns: int) -> dict[str, int | None]:
    """Sums of the gateway's accounts, read one by one, and the median of the time they were under way."""
    query = select(HourReportRecord).where(
        HourReportRecord.gateway == row.id, HourReportRecord.hour_ns >= start_ns, HourReportRecord.hour_ns < end_ns
    )
    expected = lost = 0
    delays: list[int] = []
    for record in session.scalars(query.execution_options(yield_per=200)):
        report = HourReport.from_bytes(record.content)
        expected += sum(each.expected for each in report.signals)
        lost += sum(each.lost for each in report.signals)
        delays.append(record.received_ns - record.made_ns)
    if not delays:
        return {"expected": None, "lost": None, "delay_ms": None}
    return {"expected": expected, "lost": lost, "delay_ms": _median(delays) // _MS_NS}


def _median(values: Sequence[int]) -> int:
    return int(statistics.median_low(values))


def _simulations(session: Session, enterprise: str, start_ns: int, end_ns: int) -> int:
    """Runs that differ in what they ran: the same one started again shows nothing new."""
    found = session.scalars(
        select(Job).where(
            Job.enterprise == enterprise,
            Job.kind == "rescore",
            Job.state == "done",
            Job.finished_ns >= start_ns,
            Job.finished_ns < end_ns,
        )
    )
    return len({canonical_json(row.parameters) for row in found})


def _forecasts(session: Session, enterprise: str, start_ns: int, end_ns: int) -> int:
    """Savings whose period lies in the window: each holds a baseline's prediction against measured energy."""
    return _count(
        session,
        select(func.count())
        .select_from(EnergySaving)
        .join(EnergyBaseline, EnergyBaseline.id == EnergySaving.baseline)
        .where(
            EnergyBaseline.enterprise == enterprise, EnergySaving.start_ns >= start_ns, EnergySaving.end_ns <= end_ns
        ),
    )


def _count(session: Session, query: Any) -> int:
    return int(session.execute(query).scalar_one())
