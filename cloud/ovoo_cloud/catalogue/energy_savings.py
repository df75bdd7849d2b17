"""Savings with their records, and the non-routine events that people decide on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.savings.non_routine import Proposal
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyEvent, EnergySaving

__all__ = [
    "by_record",
    "decide",
    "event",
    "events",
    "keep",
    "keep_adjusted",
    "keep_proposals",
    "note_of",
    "of_baseline",
    "saving",
]


def keep(
    session: Session, scope: Scope, owner: EnergyBaseline, fit_id: str, *, record_id: str, start_ns: int, end_ns: int,
    record: Mapping[str, Any], course: Mapping[str, Any], nightly: bool, now_ns: int,
) -> EnergySaving:  # fmt: skip
    """Stores a saving under the id of its record; the running one of the night replaces that of the night before."""
    scope = scope.under(Permission.SET_ENERGY)
    if nightly:
        old = select(EnergySaving).where(EnergySaving.baseline == owner.id, EnergySaving.nightly)
        for row in session.scalars(old):
            if row.id != record_id:
                session.delete(row)
    found = session.get(EnergySaving, record_id)
    if found is None:
        found = EnergySaving(id=record_id, baseline=owner.id, nightly=nightly, adjusted={}, note="")
        session.add(found)
    found.nightly = found.nightly and nightly  # what a person ordered once stays
    found.fit, found.start_ns, found.end_ns = fit_id, start_ns, end_ns
    found.record, found.course = dict(record), dict(course)
    found.made_by, found.made_ns = scope.user, now_ns
    session.flush()
    if not nightly:
        _audit(session, scope, owner, "energy.saving", now_ns, {"record": record_id, "results": record["results"]})
    return found


def keep_adjusted(session: Session, row: EnergySaving, adjusted: Mapping[str, Any], note: str) -> None:
    """Sets the result without accepted events beside the measured one, or why there is none."""
    row.adjusted, row.note = dict(adjusted), note
    session.flush()


def note_of(row: EnergySaving) -> dict[str, Any]:
    """Why there is no adjusted result, with code and slots; notes of before have their text alone."""
    try:
        found: dict[str, Any] = json.loads(row.note)
    except ValueError:
        found = {"what": row.note, "offender": "", "value": "", "remedy": ""}
    return found


def of_baseline(session: Session, scope: Scope, owner: EnergyBaseline) -> Sequence[EnergySaving]:
    """The savings of a baseline, newest first."""
    scope = scope.under(Permission.READ_ENERGY)
    scope.require_site(owner.enterprise, owner.site)
    query = select(EnergySaving).where(EnergySaving.baseline == owner.id)
    return session.scalars(query.order_by(EnergySaving.made_ns.desc(), EnergySaving.id)).all()


def saving(
    session: Session, scope: Scope, enterprise: str, site: str, record_id: str
) -> tuple[EnergySaving, EnergyBaseline]:
    """One saving of the site with its baseline; NotFound when absent or foreign."""
    scope.require_enterprise(enterprise, record_id)
    enterprises.site(session, scope, enterprise, site)
    row, owner = by_record(session, scope, record_id)
    if (owner.enterprise, owner.site) != (enterprise, site):
        raise absent(f"record {record_id}")
    return row, owner


def by_record(session: Session, scope: Scope, record_id: str) -> tuple[EnergySaving, EnergyBaseline]:
    """A saving by the id of its record, wherever it is in the scope."""
    scope = scope.under(Permission.READ_ENERGY)
    row = session.get(EnergySaving, record_id)
    owner = None if row is None else session.get(EnergyBaseline, row.baseline)
    if row is None or owner is None or not scope.sees_site(owner.enterprise, owner.site):
        raise absent(f"record {record_id}")
    return row, owner


def keep_proposals(
    session: Session, scope: Scope, owner: EnergyBaseline, window: tuple[int, int], found: Sequence[Proposal],
    now_ns: int,
) -> int:  # fmt: skip
    """Stores what a scan of the window proposes; gives the number of new ones.

    A decided event stays as it is, and what lies by more than half in one is not proposed again. Undecided events of
    the window that the scan does not find any more go.
    """
    scope = scope.under(Permission.SET_ENERGY)
    known = events(session, scope, owner)
    decided = [row for row in known if row.state != "proposed"]
    fresh = {each.id: each for each in found if not any(_covers(row, each) for row in decided)}
    for row in known:
        inside = window[0] <= row.start_ns and row.end_ns <= window[1]
        if row.state == "proposed" and inside and row.id not in fresh:
            session.delete(row)
    present = {row.id for row in known}
    new = [each for each in fresh.values() if each.id not in present]
    for each in new:
        session.add(
            EnergyEvent(
                baseline=owner.id, id=each.id, start_ns=each.start_ns, end_ns=each.end_ns, size=each.size,
                energy=each.energy, statistic=each.statistic, state="proposed", found_by=scope.user, found_ns=now_ns,
                decided_by="", decided_ns=None, reason="",
            )
        )  # fmt: skip
    session.flush()
    return len(new)


def events(session: Session, scope: Scope, owner: EnergyBaseline) -> Sequence[EnergyEvent]:
    """The non-routine events of a baseline, by time."""
    scope = scope.under(Permission.READ_ENERGY)
    scope.require_site(owner.enterprise, owner.site)
    query = select(EnergyEvent).where(EnergyEvent.baseline == owner.id)
    return session.scalars(query.order_by(EnergyEvent.start_ns, EnergyEvent.id)).all()


def event(session: Session, scope: Scope, owner: EnergyBaseline, event_id: str) -> EnergyEvent:
    """One event of the baseline; NotFound when it is not one of its own."""
    scope = scope.under(Permission.READ_ENERGY)
    found = session.get(EnergyEvent, (owner.id, event_id))
    if found is None:
        raise absent(f"event {event_id}")
    return found


def decide(
    session: Session, scope: Scope, owner: EnergyBaseline, event_id: str, *, accepted: bool, reason: str, now_ns: int
) -> EnergyEvent:
    """Accepts or rejects an event in the caller's name; a later decision replaces it, the audit keeps both."""
    scope = scope.under(Permission.SET_ENERGY)
    row = event(session, scope, owner, event_id)
    if not reason.strip():
        raise ConfigError(
            "a decision needs its reason", code="saving.decision_needs_its_reason", offender="reason", value=reason,
            remedy="say what happened",
        )  # fmt: skip
    row.state = "accepted" if accepted else "rejected"
    row.decided_by, row.decided_ns, row.reason = scope.user, now_ns, reason.strip()
    session.flush()
    _audit(session, scope, owner, "energy.event", now_ns, {"event": row.id, "state": row.state, "reason": row.reason})
    return row


def _covers(row: EnergyEvent, proposal: Proposal) -> bool:
    shared = min(row.end_ns, proposal.end_ns) - max(row.start_ns, proposal.start_ns)
    return 2 * shared > proposal.end_ns - proposal.start_ns


def _audit(
    session: Session, scope: Scope, row: EnergyBaseline, action: str, now_ns: int, detail: Mapping[str, Any]
) -> None:
    audit.append(
        session, actor=scope.user, action=action, subject=row.id, at_ns=now_ns, enterprise=row.enterprise, detail=detail
    )
