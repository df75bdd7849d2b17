"""The report before it is issued: the content that lies before the enterprise, with its status and no number."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import Conflict
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.casework import freezing
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseStep
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot
from ovoo_cloud.reports.naming import local_day

__all__ = ["confirmation", "draft"]

_READABLE: Final = frozenset({State.REVIEW, State.CONFIRMATION, State.CONFIRMED})


def draft(session: Session, row: CaseFile, zone: ZoneInfo) -> Snapshot:
    """What review and confirmation speak of, as a report would print it; the same bytes while the case stands.

    Raises:
        Conflict: nothing was measured yet, or the report is issued.
    """
    if row.state not in _READABLE or not row.snapshot:
        raise Conflict(
            "there is no draft to read",
            offender=row.case,
            value=row.state,
            remedy="measure first; of an issued case read the report",
            code="case.no_draft",
        )
    confirmed = confirmation(session, row, zone) if row.state == State.CONFIRMED else None
    status = "draft" if confirmed is None else "confirmed"
    newest = _newest(session, row, *Step)
    day = "" if newest is None else local_day(newest.at_ns, zone)
    issue = Issue("", day, 0, f"ovoo-cloud {version('ovoo-cloud')}", status=status, confirmed=confirmed)
    return Snapshot({**freezing.read(session, row, row.snapshot), "issue": issue.to_json()})


def confirmation(session: Session, row: CaseFile, zone: ZoneInfo) -> dict[str, str] | None:
    """Which content the enterprise confirmed, who did, and on which day."""
    step = _newest(session, row, Step.CONFIRM)
    if step is None:
        return None
    decision: dict[str, Any] = step.decision
    return {"content": decision["snapshot"], "by": step.actor, "date": local_day(step.at_ns, zone)}


def _newest(session: Session, row: CaseFile, *wanted: Step) -> CaseStep | None:
    query = select(CaseStep).where(CaseStep.case == row.case, CaseStep.step.in_([each.value for each in wanted]))
    return session.scalars(query.order_by(CaseStep.seq.desc()).limit(1)).first()
