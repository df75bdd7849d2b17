"""Steps as they are taken: checked against the law, chained by hashes, written into the audit record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import Conflict, Forbidden, Stale, VerifyError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import SPOKEN, Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.casework.states import STANDS_ON_CONSENT, State, Step, Transition, transition
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseStep
from ovoo_cloud.catalogue.database import WRITES
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.tables import Case

__all__ = ["check_chain", "file", "files", "opened", "settle", "settle_grant", "state_now", "steps", "take"]

_START: Final = "0" * 64
_INSTALLATION: Final = "installation"


def file(session: Session, scope: Scope, enterprise: str, case_id: str) -> CaseFile:
    """Where a case stands: what a centre sees without a grant; NotFound when absent or foreign."""
    scope.require(Permission.READ_CASES)
    scope.require_enterprise(enterprise, case_id)
    found = session.get(CaseFile, case_id)
    if found is None or found.enterprise != enterprise:
        raise absent(case_id)
    return found


def opened(session: Session, scope: Scope, enterprise: str, case_id: str, permission: Permission) -> CaseFile:
    """A case whose content is read or changed by a permission: all its sites must be inside the scope.

    In a writing session no other one changes a case until the transaction ends.
    """
    scope = scope.under(permission)
    scope.require_enterprise(enterprise, case_id)
    if session.info.get(WRITES):
        audit.hold(session)
    found = session.get(CaseFile, case_id)
    if found is None or found.enterprise != enterprise:
        raise absent(case_id)
    for site in found.sites:
        scope.require_site(enterprise, site, case_id)
    if permission in SPOKEN:
        scope.require_voice(enterprise)
    return found


def files(session: Session, scope: Scope, state: State | None = None) -> Sequence[CaseFile]:
    """All cases in the scope, by id."""
    scope.require(Permission.READ_CASES)
    query = select(CaseFile).order_by(CaseFile.case)
    if scope.enterprises is not None:
        query = query.where(CaseFile.enterprise.in_(scope.enterprises))
    if state is not None:
        query = query.where(CaseFile.state == state.value)
    return session.scalars(query).all()


def state_now(row: CaseFile, grant: Grant | None, now_ns: int) -> State:
    """The state of a case at a moment: suspended as soon as its grant is not live, whoever wrote it last."""
    state = State(row.state)
    if state in STANDS_ON_CONSENT and not _live(grant, now_ns):
        return State.SUSPENDED
    return state


def settle(session: Session, row: CaseFile, now_ns: int) -> State:
    """Writes down that a case is suspended, when its grant ended since the last step."""
    grant = session.get(Grant, row.grant) if row.grant else None
    state = state_now(row, grant, now_ns)
    if state is State.SUSPENDED and row.state != state.value:
        line = transition(State(row.state), Step.SUSPEND)
        ended = "absent" if grant is None else grants.state_of(grant, now_ns)
        decision = {"grant": row.grant, "grant_state": ended, "frozen": row.snapshot}
        row.resume_state = row.state
        _append(session, row, line, State.SUSPENDED, (_INSTALLATION, _INSTALLATION), decision, now_ns)
    return state


def settle_grant(session: Session, grant: Grant, now_ns: int) -> None:
    """Suspends the cases that stand on a grant which ended."""
    for row in session.scalars(select(CaseFile).where(CaseFile.grant == grant.id)):
        settle(session, row, now_ns)


def take(
    session: Session,
    scope: Scope,
    row: CaseFile,
    step: Step,
    decision: Mapping[str, Any],
    now_ns: int,
    *,
    seen_version: int | None = None,
) -> CaseStep:
    """Takes a step of a case in the caller's name.

    Args:
        decision: what the step decided; plain JSON, figures as texts.
        seen_version: the version of the case that the caller decided on; None does not ask.

    Raises:
        Forbidden: the role does not take this step.
        Conflict: the step does not begin in the state of the case, or the case is suspended.
        Stale: the case moved on since `seen_version`.
    """
    line = transition(State(row.state) if row.version else None, step)
    if line.permission is None:
        raise Forbidden(
            "nobody orders this step",
            offender=f"step {step.value}",
            remedy="withdraw the grant instead",
            code="case.nobody_orders",
        )
    scope.require(line.permission)
    if seen_version is not None and seen_version != row.version:
        raise Stale(
            "the case moved on",
            offender=row.case,
            value=seen_version,
            remedy=f"it is at version {row.version}",
            code="case.moved_on",
            slots={"version": row.version},
        )
    if line.needs_consent and not _live(session.get(Grant, row.grant) if row.grant else None, now_ns):
        raise Conflict(
            "the consent has ended",
            offender=row.case,
            remedy="the enterprise gives a new grant (resume)",
            code="case.consent_ended",
        )
    after = line.after or (State(row.resume_state) if row.state == State.SUSPENDED else State(row.state))
    return _append(session, row, line, after, (scope.user, scope.role.value), decision, now_ns)


def _append(
    session: Session,
    row: CaseFile,
    line: Transition,
    after: State,
    by: tuple[str, str],
    decision: Mapping[str, Any],
    now_ns: int,
) -> CaseStep:
    newest = session.get(CaseStep, (row.case, row.version)) if row.version else None
    step = CaseStep(
        case=row.case,
        seq=row.version + 1,
        step=line.step.value,
        before=row.state if row.version else "",
        after=after.value,
        actor=by[0],
        role=by[1],
        at_ns=now_ns,
        decision=dict(decision),
        previous=_START if newest is None else newest.hash,
    )
    step.hash = _hash(step)
    session.add(step)
    row.version, row.state = step.seq, after.value
    case = session.get(Case, row.case)
    if case is not None:
        case.status, case.updated_ns = after.value, now_ns
    session.flush()
    detail = {"seq": step.seq, "before": step.before, "after": step.after, "hash": step.hash}
    audit.append(
        session,
        actor=step.actor,
        action=f"case.{step.step}",
        subject=row.case,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail=detail,
    )
    return step


def steps(session: Session, row: CaseFile) -> Sequence[CaseStep]:
    """The steps of a case in their order."""
    return session.scalars(select(CaseStep).where(CaseStep.case == row.case).order_by(CaseStep.seq)).all()


def check_chain(taken: Iterable[CaseStep]) -> State:
    """The state that recorded steps lead to, after recomputing every hash and holding each against the law.

    Raises:
        VerifyError: naming the first step that was changed, left out or is against the law.
    """
    previous, state, resume = _START, None, ""
    for number, step in enumerate(taken, 1):
        where = f"step {number}"
        if step.seq != number or step.previous != previous or step.hash != _hash(step):
            raise VerifyError(
                "the record of steps was changed",
                offender=where,
                remedy="ask for the case again",
                code="case.record_changed",
            )
        try:
            line = transition(state, Step(step.step))
            after = line.after or State(resume if state is State.SUSPENDED else step.before)
            fits = step.before == (state or "") and step.after == after.value
        except (Conflict, ValueError) as error:
            raise VerifyError(
                str(error), offender=where, remedy="ask for the case again", code="case.step_leads_elsewhere"
            ) from error
        if not fits:
            raise VerifyError(
                "this step does not lead there", offender=where, value=step.after, code="case.step_leads_elsewhere"
            )
        if line.step is Step.SUSPEND:
            resume = step.before
        previous, state = step.hash, State(step.after)
    if state is None:
        raise VerifyError("no step at all", offender="steps", remedy="ask for the case again", code="case.no_step")
    return state


def _hash(step: CaseStep) -> str:
    content = [
        step.case,
        step.seq,
        step.step,
        step.before,
        step.after,
        step.actor,
        step.role,
        str(step.at_ns),
        step.decision,
        step.previous,
    ]
    return sha256_hex(canonical_json(content))


def _live(grant: Grant | None, now_ns: int) -> bool:
    return grant is not None and grants.state_of(grant, now_ns) == "live"
