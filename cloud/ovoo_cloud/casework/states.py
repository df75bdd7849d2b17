"""The law of a case: which step leads from which state to which, who may take it, and whether consent must be live."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ovoo_contract.errors import Conflict

from ovoo_cloud.access.roles import Permission

__all__ = [
    "ENDED",
    "RAIL",
    "STANDS_ON_CONSENT",
    "TRANSITIONS",
    "State",
    "Step",
    "Transition",
    "steps_from",
    "transition",
]


class State(enum.StrEnum):
    """Where a case stands."""

    APPLIED = "applied"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    CONSENTED = "consented"
    INTAKE = "intake"
    EVIDENCE = "evidence"
    REVIEW = "review"
    CONFIRMATION = "confirmation"
    CONFIRMED = "confirmed"
    ISSUED = "issued"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    SUSPENDED = "suspended"


class Step(enum.StrEnum):
    """What is done to a case."""

    APPLY = "apply"
    ACCEPT = "accept"
    DECLINE = "decline"
    CONSENT = "consent"
    OPEN_INTAKE = "open_intake"
    ADD_FRAMEWORK = "add_framework"
    REMOVE_FRAMEWORK = "remove_framework"
    SUBMIT = "submit"
    FREEZE = "freeze"
    REOPEN = "reopen"
    MOVE_EDITION = "move_edition"
    ON_SITE = "on_site"
    PROPOSE = "propose"
    OBJECT = "object"
    CONFIRM = "confirm"
    ISSUE = "issue"
    REVISE = "revise"
    VISIT = "visit"
    REDIAGNOSE = "rediagnose"
    CLOSE = "close"
    SUSPEND = "suspend"
    RESUME = "resume"


S = State
STANDS_ON_CONSENT: Final = frozenset(
    {S.CONSENTED, S.INTAKE, S.EVIDENCE, S.REVIEW, S.CONFIRMATION, S.CONFIRMED, S.FOLLOW_UP}
)
"""States in which the end of the grant suspends a case: what was frozen stays, nothing more is read."""
ENDED: Final = frozenset({S.DECLINED, S.CLOSED})
RAIL: Final = (
    S.APPLIED,
    S.ACCEPTED,
    S.CONSENTED,
    S.INTAKE,
    S.EVIDENCE,
    S.REVIEW,
    S.CONFIRMATION,
    S.CONFIRMED,
    S.ISSUED,
    S.FOLLOW_UP,
    S.CLOSED,
)
"""The states in the order in which a case goes through them, as pages show it."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the law; `after` None is the state that the case was suspended in.

    `permission` None: the installation itself takes the step, no person orders it.
    """

    step: Step
    before: frozenset[State]
    after: State | None
    permission: Permission | None
    needs_consent: bool = False


def _law(*lines: Transition) -> Mapping[Step, Transition]:
    return MappingProxyType({line.step: line for line in lines})


P = Permission
TRANSITIONS: Final = _law(
    Transition(Step.APPLY, frozenset(), S.APPLIED, P.APPLY_CASE),
    Transition(Step.ACCEPT, frozenset({S.APPLIED}), S.ACCEPTED, P.DECIDE_CASE),
    Transition(Step.DECLINE, frozenset({S.APPLIED}), S.DECLINED, P.DECIDE_CASE),
    Transition(Step.CONSENT, frozenset({S.ACCEPTED}), S.CONSENTED, P.GIVE_CONSENT),
    Transition(Step.OPEN_INTAKE, frozenset({S.CONSENTED}), S.INTAKE, P.EDIT_CASE, needs_consent=True),
    Transition(Step.SUBMIT, frozenset({S.INTAKE}), S.EVIDENCE, P.EDIT_CASE, needs_consent=True),
    Transition(Step.FREEZE, frozenset({S.EVIDENCE}), S.REVIEW, P.RUN_REPORT, needs_consent=True),
    Transition(Step.REOPEN, frozenset({S.EVIDENCE, S.REVIEW}), S.INTAKE, P.REVIEW_CASE, needs_consent=True),
    Transition(Step.MOVE_EDITION, frozenset({S.INTAKE, S.REVIEW}), S.INTAKE, P.REVIEW_CASE, needs_consent=True),
    Transition(Step.ADD_FRAMEWORK, frozenset({S.INTAKE}), S.INTAKE, P.EDIT_CASE, needs_consent=True),
    Transition(Step.REMOVE_FRAMEWORK, frozenset({S.INTAKE}), S.INTAKE, P.EDIT_CASE, needs_consent=True),
    Transition(Step.ON_SITE, frozenset({S.REVIEW}), S.REVIEW, P.REVIEW_CASE, needs_consent=True),
    Transition(Step.PROPOSE, frozenset({S.REVIEW}), S.CONFIRMATION, P.REVIEW_CASE, needs_consent=True),
    Transition(Step.OBJECT, frozenset({S.CONFIRMATION}), S.REVIEW, P.CONFIRM_CASE, needs_consent=True),
    Transition(Step.CONFIRM, frozenset({S.CONFIRMATION}), S.CONFIRMED, P.CONFIRM_CASE, needs_consent=True),
    Transition(Step.ISSUE, frozenset({S.CONFIRMED}), S.ISSUED, P.ISSUE_CASE, needs_consent=True),
    Transition(Step.REVISE, frozenset({S.ISSUED, S.FOLLOW_UP}), S.REVIEW, P.REVIEW_CASE, needs_consent=True),
    Transition(Step.VISIT, frozenset({S.ISSUED, S.FOLLOW_UP}), S.FOLLOW_UP, P.REVIEW_CASE, needs_consent=True),
    Transition(Step.REDIAGNOSE, frozenset({S.FOLLOW_UP}), S.FOLLOW_UP, P.DECIDE_CASE, needs_consent=True),
    Transition(Step.CLOSE, frozenset({S.ISSUED, S.FOLLOW_UP, S.SUSPENDED}), S.CLOSED, P.DECIDE_CASE),
    Transition(Step.SUSPEND, STANDS_ON_CONSENT, S.SUSPENDED, None),
    Transition(Step.RESUME, frozenset({S.SUSPENDED, S.ISSUED}), None, P.GIVE_CONSENT),
)


def transition(state: State | None, step: Step) -> Transition:
    """The line of the law for a step out of a state; None is a case that is not there yet.

    Raises:
        Conflict: the step does not lead out of this state.
    """
    line = TRANSITIONS[step]
    if state in line.before or (state is None and not line.before):
        return line
    allowed = ", ".join(each.value for each in steps_from(state)) or "none"
    raise Conflict(
        "the case does not stand where this step begins",
        offender=f"step {step.value}",
        value=None if state is None else state.value,
        remedy=f"steps from here: {allowed}",
        code="case.step_out_of_order",
        slots={"allowed": allowed},
    )


def steps_from(state: State | None) -> tuple[Step, ...]:
    """The steps that people can order in a state, in the order of the law."""
    return tuple(
        line.step
        for line in TRANSITIONS.values()
        if line.permission is not None and (state in line.before or (state is None and not line.before))
    )
