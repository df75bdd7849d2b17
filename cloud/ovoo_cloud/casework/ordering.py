"""Steps by name and plain fields: what a route, a form of the console or a command line orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import freezing, issuing, joining, on_site, opening, steps
from ovoo_cloud.casework.states import TRANSITIONS, Step
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.services import Services

__all__ = ["ORDERED", "Fields", "StepWork", "order_step", "take_step"]

Fields = Mapping[str, Any]
StepWork = Callable[[Session, Scope, CaseFile, Fields, int, int | None], object]
"""Takes a step with its fields, now, from the version of the case that was decided on (None: whichever stands)."""


def _decide(accepted: bool) -> StepWork:
    def work(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None) -> object:
        reason = fields.get("reason", "")
        return opening.decide(session, scope, row, accepted=accepted, reason=reason, now_ns=now_ns, seen=seen)

    return work


def _reasoned(take: Callable[[Session, Scope, CaseFile, str, int, int | None], object]) -> StepWork:
    """A step that takes a reason and nothing else."""
    return lambda session, scope, row, fields, now_ns, seen: take(
        session, scope, row, fields.get("reason", ""), now_ns, seen
    )


def _plain(take: Callable[[Session, Scope, CaseFile, int, int | None], object]) -> StepWork:
    """A step without a field."""
    return lambda session, scope, row, _fields, now_ns, seen: take(session, scope, row, now_ns, seen)


def _open_intake(
    session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None
) -> object:
    name, further = fields.get("framework", ""), fields.get("further")
    return opening.open_intake(session, scope, row, name, now_ns, seen, further)


def _add_framework(
    session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None
) -> object:
    return joining.add(session, scope, row, _text(fields, "framework"), now_ns, seen)


def _remove_framework(
    session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None
) -> object:
    return joining.remove(session, scope, row, _text(fields, "framework"), fields.get("reason", ""), now_ns, seen)


def _confirm(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None) -> object:
    return issuing.confirm(session, scope, row, _text(fields, "snapshot"), now_ns, seen)


def _rediagnose(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None) -> object:
    return opening.rediagnose(session, scope, row, _text(fields, "id"), _text(fields, "title"), now_ns, seen)


def _visit(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None) -> object:
    date, words, listed = _text(fields, "date"), _text(fields, "words"), tuple(fields.get("documents") or ())
    return issuing.visit(session, scope, row, date=date, words=words, documents=listed, now_ns=now_ns, seen=seen)


def _on_site(session: Session, scope: Scope, row: CaseFile, fields: Fields, now_ns: int, seen: int | None) -> object:
    told: Any = fields.get("assessors") or ()
    names = [told] if isinstance(told, str) else list(told)
    date, document = _text(fields, "date"), _text(fields, "document")
    signers = [each for name in names for each in name.replace("；", ";").replace("、", ";").split(";")]
    return on_site.sign(session, scope, row, date=date, assessors=signers, document=document, now_ns=now_ns, seen=seen)


ORDERED: Final[Mapping[Step, StepWork]] = {
    Step.ACCEPT: _decide(True),
    Step.DECLINE: _decide(False),
    Step.OPEN_INTAKE: _open_intake,
    Step.ADD_FRAMEWORK: _add_framework,
    Step.REMOVE_FRAMEWORK: _remove_framework,
    Step.SUBMIT: _plain(opening.submit),
    Step.REOPEN: _reasoned(opening.reopen),
    Step.ON_SITE: _on_site,
    Step.PROPOSE: _plain(freezing.propose),
    Step.OBJECT: _reasoned(issuing.reject),
    Step.CONFIRM: _confirm,
    Step.REVISE: _reasoned(issuing.revise),
    Step.VISIT: _visit,
    Step.REDIAGNOSE: _rediagnose,
    Step.CLOSE: _reasoned(opening.close),
}
"""What is done at once. Consent is a form of its own; measuring and issuing are background work."""


def order_step(services: Services, scope: Scope, enterprise: str, case_id: str, step: Step, fields: Fields) -> CaseFile:
    """Takes a step in the caller's name.

    Raises:
        ConfigError: the step is not ordered this way, or a field is missing. Otherwise as the step itself.
    """
    work = ORDERED.get(step)
    if work is None:
        known = ", ".join(each.value for each in ORDERED)
        raise ConfigError(
            "not ordered this way",
            offender="step",
            value=step.value,
            remedy=f"one of {known}",
            code="case.not_ordered_here",
            slots={"known": known},
        )
    return take_step(
        services, scope, (enterprise, case_id), step, lambda s, r, now: work(s, scope, r, fields, now, None)
    )


def take_step(
    services: Services,
    scope: Scope,
    where: tuple[str, str],
    step: Step,
    work: Callable[[Session, CaseFile, int], object],
) -> CaseFile:
    """Suspends the case first where its grant ended, so that the record says so whatever becomes of the step."""
    now_ns, permission = services.clock(), TRANSITIONS[step].permission
    assert permission is not None  # nobody orders a suspension
    with services.database.write() as session:
        steps.settle(session, steps.opened(session, scope, *where, permission), now_ns)
    with services.database.write() as session:
        row = steps.opened(session, scope, *where, permission)
        work(session, row, now_ns)
        return row


def _text(fields: Fields, name: str) -> str:
    value = str(fields.get(name) or "").strip()
    if not value:
        raise ConfigError("missing", offender=name, remedy="name it", code="case.field_missing")
    return value
