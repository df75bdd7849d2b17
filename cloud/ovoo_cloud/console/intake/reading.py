"""What the pages of a part read: its groups, its versions, and what contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ovoo_contract.errors import ConfigError, ConfigErrors
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.casework import beside, editions, freezing, opening, parts
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue.case_tables import CaseFile, CasePart
from ovoo_cloud.console.intake.fields import PART_GROUPS, Group
from ovoo_cloud.console.intake.questions import Known, further_groups, question_groups
from ovoo_cloud.diagnosis.case import Case

__all__ = ["contradicting", "object_of", "part_groups", "version_content"]


def part_groups(session: Session, row: CaseFile, part: str) -> Sequence[Group]:
    """The groups of a part; the questionnaire's by the pinned framework, or by the installed one before."""
    parts.newest(session, row, part)  # NotFound for a name that is no part
    if part in PART_GROUPS:
        return PART_GROUPS[part]
    measured = freezing.measured_id(session, row)
    data = freezing.read(session, row, measured) if measured else {}
    try:
        case = parts.whole_case(session, row)
    except ConfigErrors:
        case = None
    if part == parts.FURTHER:
        return tuple(_further_groups(session, row, data, case))
    framework = editions.pinned(session, row) if row.edition else editions.compiled(editions.installed("sme_2024"))
    return question_groups(part, framework, Known(data.get("answers", {}), data.get("scenes", {}), case))


def _further_groups(session: Session, row: CaseFile, measured: Mapping[str, Any], case: Case | None) -> Iterator[Group]:
    """The questions of every further framework in turn."""
    found = {each["rules"]["id"]: each for each in measured.get("assessments", ())}
    for framework in beside.frameworks(session, row):
        own = found.get(framework.id, {})
        yield from further_groups(framework, Known(own.get("answers", {}), own.get("scenes", {}), case))


def version_content(session: Session, row: CaseFile, part: str, version: int) -> Mapping[str, Any]:
    """A version of a part as it is kept, empty where there is none."""
    query = select(CasePart).where(CasePart.case == row.case, CasePart.part == part, CasePart.version == version)
    found = session.scalars(query).first()
    return {} if found is None else found.content


def contradicting(session: Session, row: CaseFile) -> Sequence[ConfigError]:
    """What an open intake says against itself; nothing while it cannot be read as a whole."""
    if row.state != State.INTAKE or not row.edition:
        return ()
    try:
        return [each.as_error() for each in opening.check_intake(session, row)]
    except ConfigErrors:
        return ()


def object_of(text: str) -> dict[str, Any]:
    """The section that a text is.

    Raises:
        ConfigError: it is no JSON object.
    """
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # half a character, which JSON can escape, is no text to keep
    except (ValueError, RecursionError) as error:
        raise ConfigError("not JSON", code="case.not_json", offender="text", value=str(error)[:100]) from error
    if not isinstance(found, dict):
        raise ConfigError("not a section", code="case.not_section", offender="text")
    return found
