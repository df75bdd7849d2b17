"""Alarms in the catalogue: raised by fresh findings, acknowledged by people, returned when the condition ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.alarms.machine import AlarmEvent, AlarmState, advance
from ovoo_cloud.catalogue import audit, findings, verdicts
from ovoo_cloud.catalogue.tables import AlarmRecord, FindingRecord
from ovoo_cloud.catalogue.visible import visible

__all__ = ["FRESH_NS", "acknowledge", "alarm", "alarms", "follow"]

FRESH_NS: Final = 300_000_000_000
"""A finding that ended longer ago than this when it arrives is history and raises nothing."""
_ALARMING: Final = frozenset({"warning", "critical"})


def follow(session: Session, finding: FindingRecord, now_ns: int) -> AlarmRecord | None:
    """Raises or returns the alarm of a finding that has just been stored; gives the alarm if there is one.

    History never raises an alarm, but it may still return one that was raised live. What people know already raises
    none, nor does a further finding of an incident whose alarm is active; alarm limits and critical ones always do.
    """
    record = session.scalars(select(AlarmRecord).where(AlarmRecord.finding == finding.id).with_for_update()).first()
    fresh = now_ns - finding.end_ns <= FRESH_NS
    if record is None:
        if not fresh or finding.severity not in _ALARMING:
            return None
        if _is_told(session, finding) or verdicts.is_muted(session, finding):
            return None
        record = _raise(session, finding, now_ns)
    if finding.open and fresh:
        _apply(record, AlarmEvent.RAISE, now_ns)
    elif not finding.open:
        _apply(record, AlarmEvent.RETURN, now_ns)
    record.severity = finding.severity
    session.flush()
    return record


def _is_told(session: Session, finding: FindingRecord) -> bool:
    """Whether the alarm of another finding of the same incident stands for this one."""
    first = findings.finding_of(finding).detail.get("group", finding.id)
    if first == finding.id or finding.severity == "critical" or finding.code.startswith("limit."):
        return False
    told = session.scalars(select(AlarmRecord).where(AlarmRecord.finding == first)).first()
    return told is not None and AlarmState(told.state).active


def _raise(session: Session, finding: FindingRecord, now_ns: int) -> AlarmRecord:
    record = AlarmRecord(
        finding=finding.id,
        enterprise=finding.enterprise,
        site=finding.site,
        asset=finding.asset,
        code=finding.code,
        severity=finding.severity,
        state=AlarmState.ACTIVE_UNACKNOWLEDGED.value,
        raised_ns=now_ns,
        acknowledged_by="",
        comment="",
    )
    session.add(record)
    return record


def _apply(record: AlarmRecord, event: AlarmEvent, now_ns: int) -> None:
    before = AlarmState(record.state)
    after = advance(before, event)
    if after is None or after is before:
        return
    record.state = after.value
    if event is AlarmEvent.RAISE:
        record.raised_ns, record.returned_ns = now_ns, None
        record.acknowledged_ns, record.acknowledged_by, record.comment = None, "", ""
    elif event is AlarmEvent.RETURN:
        record.returned_ns = now_ns
    else:
        record.acknowledged_ns = now_ns


def acknowledge(session: Session, scope: Scope, alarm_id: int, comment: str, now_ns: int) -> AlarmRecord:
    """Acknowledges an alarm in the caller's name; a second time changes nothing."""
    scope = scope.under(Permission.ACK_ALARM)
    record = session.get(AlarmRecord, alarm_id, with_for_update=True)
    if record is None or not scope.sees_site(record.enterprise, record.site):
        raise absent(f"alarm {alarm_id}")
    if AlarmState(record.state).acknowledged:
        return record
    _apply(record, AlarmEvent.ACKNOWLEDGE, now_ns)
    record.acknowledged_by, record.comment = scope.user, comment
    audit.append(
        session,
        actor=scope.user,
        action="alarm.acknowledge",
        subject=f"alarm {alarm_id}",
        at_ns=now_ns,
        enterprise=record.enterprise,
        detail={"finding": record.finding, "comment": comment},
    )
    return record


def alarm(session: Session, scope: Scope, alarm_id: int) -> AlarmRecord:
    """One alarm; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_FINDINGS)
    record = session.get(AlarmRecord, alarm_id)
    if record is None or not scope.sees_site(record.enterprise, record.site):
        raise absent(f"alarm {alarm_id}")
    return record


def alarms(
    session: Session,
    scope: Scope,
    *,
    enterprise: str | None = None,
    site: str | None = None,
    states: Sequence[AlarmState] | None = None,
    limit: int = 200,
    before_id: int | None = None,
) -> Sequence[AlarmRecord]:
    """Alarms in the scope, newest first; `states` e.g. all but CLOSED; `before_id` continues a page."""
    scope = scope.under(Permission.READ_FINDINGS)
    query = select(AlarmRecord).order_by(AlarmRecord.id.desc()).limit(limit)
    if enterprise is not None:
        scope.require_enterprise(enterprise)
        query = query.where(AlarmRecord.enterprise == enterprise)
    query = query.where(visible(scope, AlarmRecord.enterprise, AlarmRecord.site, enterprise))
    if site is not None:
        query = query.where(AlarmRecord.site == site)
    if states is not None:
        query = query.where(AlarmRecord.state.in_([state.value for state in states]))
    if before_id is not None:
        query = query.where(AlarmRecord.id < before_id)
    return session.scalars(query).all()
