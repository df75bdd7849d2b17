"""What the routes of cases share: who may, which version was read, and the views of a case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header
from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import require
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework.states import RAIL, TRANSITIONS, State, steps_from
from ovoo_cloud.casework.steps import state_now
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseStep
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.tables import Case

__all__ = [
    "Applicant",
    "ContentReader",
    "DocumentReader",
    "Editor",
    "Issuer",
    "Measurer",
    "Reviewer",
    "SeenVersion",
    "Viewer",
    "WrittenFrom",
    "etag",
    "file_view",
    "step_view",
]

Viewer = Annotated[Scope, Depends(require(Permission.READ_CASES))]
Applicant = Annotated[Scope, Depends(require(Permission.APPLY_CASE))]
ContentReader = Annotated[Scope, Depends(require(Permission.READ_REPORT))]
DocumentReader = Annotated[Scope, Depends(require(Permission.READ_REPORT, Purpose.DOCUMENTS))]
Editor = Annotated[Scope, Depends(require(Permission.EDIT_CASE))]
Measurer = Annotated[Scope, Depends(require(Permission.RUN_REPORT))]
Reviewer = Annotated[Scope, Depends(require(Permission.REVIEW_CASE))]
Issuer = Annotated[Scope, Depends(require(Permission.ISSUE_CASE))]

_ETAG: Final = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def _version(text: str) -> int:
    found = _ETAG.fullmatch(text.strip())
    if found is None:
        raise ConfigError("not a version", offender="If-Match", value=text[:40], remedy='the ETag you read, e.g. "3"')
    return int(found.group(1))


def seen_version(
    if_match: Annotated[
        str | None, Header(max_length=40, description="the ETag of the case; a later one is refused with 412")
    ] = None,
) -> int | None:
    """The version of the case that the caller decided on, None when it does not say."""
    return None if if_match is None else _version(if_match)


def written_from(
    if_match: Annotated[
        str | None, Header(max_length=40, description='the ETag of the part that was read, "0" for the first')
    ] = None,
) -> int:
    """The version of the part that the write was made from.

    Raises:
        ConfigError: it is not named.
    """
    if if_match is None:
        raise ConfigError("name the version you read", offender="If-Match", remedy='its ETag, "0" for the first')
    return _version(if_match)


SeenVersion = Annotated[int | None, Depends(seen_version)]
WrittenFrom = Annotated[int, Depends(written_from)]


def file_view(session: Session, scope: Scope, row: CaseFile, now_ns: int) -> dict[str, Any]:
    """Where a case stands, and which steps this caller's role may take from here."""
    case = session.get(Case, row.case)
    grant = session.get(Grant, row.grant) if row.grant else None
    state = state_now(row, grant, now_ns)
    return {
        "id": row.case,
        "enterprise": row.enterprise,
        "sites": list(row.sites),
        "title": "" if case is None else case.title,
        "reason": row.reason,
        "state": state.value,
        "stood": (row.resume_state or row.state) if state is State.SUSPENDED else None,
        "version": row.version,
        "rail": [each.value for each in RAIL],
        "steps": _steps(scope, state),
        "grant": row.grant or None,
        "framework": {"id": row.framework, "sha256": row.edition} if row.edition else None,
        "further": [{"id": each["framework"], "sha256": each["edition"]} for each in row.further or ()],
        "snapshot": row.snapshot or None,
        "number": row.number or None,
        "previous": row.previous or None,
        "elsewhere": grants.came_along(session, row.case),
        "created_by": "" if case is None else case.created_by,
        "created": None if case is None else to_iso(case.created_ns),
        "updated": None if case is None else to_iso(case.updated_ns),
    }


def _steps(scope: Scope, state: State) -> list[str]:
    return [
        step.value
        for step in steps_from(state)
        if (wanted := TRANSITIONS[step].permission) is not None and scope.allows(wanted)
    ]


def step_view(row: CaseStep) -> dict[str, Any]:
    """A step as the API shows it."""
    decision: Mapping[str, Any] = row.decision
    return {
        "seq": row.seq,
        "step": row.step,
        "before": row.before,
        "after": row.after,
        "actor": row.actor,
        "role": row.role,
        "at": to_iso(row.at_ns),
        "decision": dict(decision),
        "hash": row.hash,
    }
