"""What people say of findings, and what that comes to for the models of an asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ovoo_contract.errors import ConfigError, QueryError
from ovoo_models.episodes import TIMES_LIMIT
from ovoo_models.feedback import Adjustments, Opinion, Verdict
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, findings
from ovoo_cloud.catalogue.tables import FindingRecord, VerdictRecord

__all__ = ["Said", "adjustments", "give", "is_muted", "of_finding", "standing", "withdraw"]


@dataclass(frozen=True, slots=True)
class Said:
    """An opinion as a person gives it; `until_ns` with `known` only, else 0."""

    opinion: Opinion
    comment: str
    until_ns: int = 0


def give(session: Session, scope: Scope, finding_id: str, said: Said, now_ns: int) -> VerdictRecord:
    """Keeps an opinion on a finding in the caller's name; the one before on the same finding is taken back.

    Raises:
        QueryError: a date in the past, `known` without one, or an alarm limit that cannot be talked away.
    """
    scope = scope.under(Permission.JUDGE_FINDING)
    found = findings.finding(session, scope, finding_id)
    if said.opinion == "known" and said.until_ns <= now_ns:
        raise QueryError("known needs a date to come", offender="until", value=said.until_ns, remedy="a later day")
    try:
        Verdict(said.opinion, found.asset, found.code, found.model, found.start_ns, found.end_ns, said.until_ns)
    except ConfigError as error:
        raise QueryError(error.message, offender=error.offender, value=error.value, remedy=error.remedy) from error
    for earlier in of_finding(session, scope, finding_id):
        withdraw(session, scope, finding_id, earlier.id, now_ns)
    record = _record(found, said, scope.user, now_ns)
    session.add(record)
    session.flush()
    _audit(session, scope, record, "finding.judge", now_ns, {"opinion": said.opinion, "comment": said.comment})
    return record


def withdraw(session: Session, scope: Scope, finding_id: str, verdict_id: int, now_ns: int) -> VerdictRecord:
    """Takes an opinion back; a second time changes nothing."""
    scope = scope.under(Permission.JUDGE_FINDING)
    record = session.get(VerdictRecord, verdict_id, with_for_update=True)
    if record is None or record.finding != finding_id or not scope.sees_site(*record.asset.split("/")[:2]):
        raise absent(f"verdict {verdict_id}")
    if record.withdrawn_ns is None:
        record.withdrawn_ns, record.withdrawn_by = now_ns, scope.user
        _audit(session, scope, record, "finding.judge.withdraw", now_ns, {"verdict": verdict_id})
        session.flush()
    return record


def of_finding(session: Session, scope: Scope, finding_id: str) -> Sequence[VerdictRecord]:
    """The opinions on a finding that stand."""
    findings.finding(session, scope, finding_id)
    query = select(VerdictRecord).where(VerdictRecord.finding == finding_id, VerdictRecord.withdrawn_ns.is_(None))
    return session.scalars(query.order_by(VerdictRecord.id)).all()


def adjustments(session: Session, scope: Scope, asset: str) -> Adjustments:
    """What the standing opinions on an asset (its full address) come to: the document for gateway and training."""
    scope = scope.under(Permission.READ_FINDINGS)
    enterprise, site = asset.split("/")[:2]
    scope.require_site(enterprise, site, asset)
    return Adjustments.of(_verdict(row) for row in _standing(session, asset))


def standing(session: Session) -> dict[str, Adjustments]:
    """What the standing opinions on every asset come to, by full address; for the process that tells gateways."""
    query = select(VerdictRecord).where(VerdictRecord.withdrawn_ns.is_(None)).order_by(VerdictRecord.id)
    found: dict[str, list[Verdict]] = {}
    for row in session.scalars(query):
        found.setdefault(row.asset, []).append(_verdict(row))
    return {asset: Adjustments.of(said) for asset, said in found.items()}


def is_muted(session: Session, finding: FindingRecord) -> bool:
    """Whether people know of such findings on that asset already, or have relieved the model beyond this one."""
    said = Adjustments.of(_verdict(row) for row in _standing(session, finding.asset))
    if said.mutes(finding.code, finding.start_ns):
        return True
    relief = said.relief.get(finding.model, 1.0)
    value = findings.finding_of(finding).value
    # the figure of such a finding is its score over the limit
    return finding.code in TIMES_LIMIT and value is not None and value < relief


def _standing(session: Session, asset: str) -> Sequence[VerdictRecord]:
    query = select(VerdictRecord).where(VerdictRecord.asset == asset, VerdictRecord.withdrawn_ns.is_(None))
    return session.scalars(query.order_by(VerdictRecord.id)).all()


def _verdict(row: VerdictRecord) -> Verdict:
    opinion = cast("Opinion", row.opinion)
    return Verdict(opinion, row.asset, row.code, row.model, row.start_ns, row.end_ns, row.until_ns)


def _record(found: FindingRecord, said: Said, user: str, now_ns: int) -> VerdictRecord:
    return VerdictRecord(
        finding=found.id,
        enterprise=found.enterprise,
        asset=found.asset,
        code=found.code,
        model=found.model,
        start_ns=found.start_ns,
        end_ns=found.end_ns,
        opinion=said.opinion,
        until_ns=said.until_ns,
        comment=said.comment,
        given_by=user,
        given_ns=now_ns,
        withdrawn_by="",
    )


def _audit(
    session: Session, scope: Scope, record: VerdictRecord, action: str, now_ns: int, detail: dict[str, str | int]
) -> None:
    audit.append(
        session,
        actor=scope.user,
        action=action,
        subject=record.finding,
        at_ns=now_ns,
        enterprise=record.enterprise,
        detail=detail,
    )
