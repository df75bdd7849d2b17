"""A further framework that joins an open intake, or leaves it again: each a step with its own line in the record."""

from __future__ import annotations

from typing import Any

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import beside, editions, parts
from ovoo_cloud.casework.states import State, Step, transition
from ovoo_cloud.casework.steps import take
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseStep
from ovoo_cloud.diagnosis.shelf import split_reference

__all__ = ["add", "remove"]


def add(session: Session, scope: Scope, row: CaseFile, reference: str, now_ns: int, seen: int | None) -> CaseStep:
    """Sets one more framework beside the leading one, pinned to the edition that is at hand now.

    Args:
        reference: `id` or `id@version`.

    Raises:
        Conflict: the intake is not open.
        ConfigError: the case has this framework already, has as many as it may, or there is none of this name.
    """
    transition(State(row.state), Step.ADD_FRAMEWORK)
    name = split_reference(reference)[0]
    if name in beside.names(row):
        raise ConfigError(
            "this framework stands beside the leading one already",
            offender="framework",
            value=reference,
            remedy="move it to another edition, or take it off first",
            code="case.further_there",
            slots={"name": name},
        )
    beside.check_count(len(beside.names(row)) + 1)
    found = beside.chosen(session, scope, [reference], row.framework)
    pinned = beside.pin_more(session, row, found, now_ns)
    return take(session, scope, row, Step.ADD_FRAMEWORK, pinned, now_ns, seen_version=seen)


def remove(
    session: Session, scope: Scope, row: CaseFile, name: str, reason: str, now_ns: int, seen: int | None
) -> CaseStep:
    """Takes a further framework off; what was answered for it stays in the earlier versions of the part.

    Args:
        name: id of the framework, with or without a version.

    Raises:
        Conflict: the intake is not open.
        ConfigError: no reason, the framework leads, or it does not stand beside the one that does.
    """
    transition(State(row.state), Step.REMOVE_FRAMEWORK)
    name = split_reference(name)[0]
    _check_removal(row, name, reason)
    decision: dict[str, Any] = {
        "framework": name,
        "edition": beside.edition_of(row, name),
        "version": editions.compiled(editions.kept_content(session, row, beside.edition_of(row, name))).version,
        "reason": reason.strip(),
        "answers": _answered(session, row, name),
    }
    beside.drop(session, row, name)
    if decision["answers"]:
        _without(session, scope, row, name, now_ns)
    return take(session, scope, row, Step.REMOVE_FRAMEWORK, decision, now_ns, seen_version=seen)


def _check_removal(row: CaseFile, name: str, reason: str) -> None:
    if not reason.strip():
        raise ConfigError(
            "taking a framework off needs a reason", offender="reason", remedy="say why", code="case.removal_reason"
        )
    if name == row.framework:
        raise ConfigError(
            "the leading framework stays",
            offender="framework",
            value=name,
            remedy="let another one lead first (move_edition)",
            code="case.leading_stays",
            slots={"name": name},
        )
    if name not in beside.names(row):
        listed = ", ".join(beside.names(row)) or "none"
        raise ConfigError(
            "no further framework of the case",
            offender="framework",
            value=name,
            remedy=f"of these: {listed}",
            code="case.not_beside",
            slots={"name": name},
        )


def _answered(session: Session, row: CaseFile, name: str) -> int:
    """The version of the part that holds what was told for a framework, 0 where nothing was."""
    written = parts.newest(session, row, parts.FURTHER)
    return written.version if written is not None and beside.told(written.content, name) else 0


def _without(session: Session, scope: Scope, row: CaseFile, name: str, now_ns: int) -> None:
    """The next version of the part, without one framework; the versions before it stay as they are."""
    written = parts.newest(session, row, parts.FURTHER)
    if written is None:
        return
    told = {each: section for each, section in written.content[parts.FURTHER].items() if each != name}
    parts.put_part(session, scope, row, parts.FURTHER, {parts.FURTHER: told}, written.version, now_ns)
