"""Steps by name and plain fields: what a form of the console or a command line orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import freezing, issuing, opening, steps
from ovoo_cloud.casework.states import TRANSITIONS, Step
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.services import Services

__all__ = ["ORDERED", "order_step"]

Fields = Mapping[str, str]
_Work = Callable[[Session, Scope, CaseFile, Fields, int], object]


def _decide(accepted: bool) -> _Work:
    def work(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int) -> object:
        reason = fields.get("reason", "")
        return opening.decide(session, scope, row, accepted=accepted, reason=reason, now_ns=now_ns, seen=None)

    return work


def _rediagnose(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int) -> object:
    return opening.rediagnose(session, scope, row, _text(fields, "id"), _text(fields, "title"), now_ns, None)


def _visit(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int) -> object:
    date, words = _text(fields, "date"), _text(fields, "words")
    return issuing.visit(session, scope, row, date=date, words=words, documents=(), now_ns=now_ns, seen=None)


ORDERED: Final[Mapping[Step, _Work]] = {
    Step.ACCEPT: _decide(True),
    Step.DECLINE: _decide(False),
    Step.OPEN_INTAKE: lambda session, scope, row, fields, now_ns: opening.open_intake(
        session, scope, row, fields.get("framework") or "sme_2024", now_ns, None
    ),
    Step.SUBMIT: lambda session, scope, row, _fields, now_ns: opening.submit(session, scope, row, now_ns, None),
    Step.REOPEN: lambda session, scope, row, fields, now_ns: opening.reopen(
        session, scope, row, fields.get("reason", ""), now_ns, None
    ),
    Step.PROPOSE: lambda session, scope, row, _fields, now_ns: freezing.propose(session, scope, row, now_ns, None),
    Step.OBJECT: lambda session, scope, row, fields, now_ns: issuing.reject(
        session, scope, row, fields.get("reason", ""), now_ns, None
    ),
    Step.CONFIRM: lambda session, scope, row, fields, now_ns: issuing.confirm(
        session, scope, row, _text(fields, "snapshot"), now_ns, None
    ),
    Step.REVISE: lambda session, scope, row, fields, now_ns: issuing.revise(
        session, scope, row, fields.get("reason", ""), now_ns, None
    ),
    Step.VISIT: _visit,
    Step.REDIAGNOSE: _rediagnose,
    Step.CLOSE: lambda session, scope, row, fields, now_ns: opening.close(
        session, scope, row, fields.get("reason", ""), now_ns, None
    ),
}
"""What is done at once. Consent is a form of its own; measuring and issuing are background work."""


def order_step(services: Services, scope: Scope, enterprise: str, case_id: str, step: Step, fields: Fields) -> CaseFile:
    """Takes a step in the caller's name.

    Raises:
        ConfigError: the step is not ordered this way, or a field is missing. Otherwise as the step itself.
    """
    work, permission = ORDERED.get(step), TRANSITIONS[step].permission
    if work is None or permission is None:
        known = ", ".join(each.value for each in ORDERED)
        raise ConfigError(
            "not ordered this way",
            offender="step",
            value=step.value,
            remedy=f"one of {known}",
            code="case.not_ordered_here",
            slots={"known": known},
        )
    now_ns = services.clock()
    with services.database.write() as session:
        steps.settle(session, steps.opened(session, scope, enterprise, case_id, permission), now_ns)
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case_id, permission)
        work(session, scope, row, fields, now_ns)
        return row


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise ConfigError("missing", offender=name, remedy="name it", code="case.field_missing")
    return value
