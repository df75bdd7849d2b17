"""A case that goes over to another edition of one of its frameworks: the result under both first, then the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import beside, editions, parts
from ovoo_cloud.casework.freezing import result_of
from ovoo_cloud.casework.states import Step
from ovoo_cloud.casework.steps import opened, settle, take
from ovoo_cloud.catalogue.case_tables import CaseStep
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.one_look import measured_steadily
from ovoo_cloud.diagnosis.shelf import Shelf, split_reference
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.diagnosis.told import as_leading
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.services import Services

__all__ = ["Comparison", "compare_editions", "move_edition"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results of one case under the pinned edition and the one at hand, `framework` and `score` each: of the
    leading framework, or of the further one that is moved.

    `dropped` are answers that the edition at hand cannot read, `pinned` and `offered` the SHA-256 of both, `name` and
    `content` the id and the compiled rules of the one at hand.
    """

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    dropped: tuple[str, ...]
    pinned: str
    offered: str
    name: str
    content: bytes


def compare_editions(services: Services, scope: Scope, enterprise: str, case_id: str, framework: str) -> Comparison:
    """Measures a case under both editions; nothing of it is changed.

    Args:
        framework: one of the case's own moves to another edition, any other takes the place of the leading one; empty
            for the leading one itself.

    Raises:
        ConfigError: that very edition is pinned already. ConfigErrors: the intake cannot be read.
    """
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.REVIEW_CASE)
        settle(session, row, services.clock())
    with services.database.read() as session:
        case, name = parts.whole_case(session, row), split_reference(framework)[0] or row.framework
        moved = name if name in beside.names(row) else row.framework
        old = beside.edition_of(row, moved)
        kept = editions.kept_content(session, row, old)
        name, content = editions.available(session, scope, framework or row.framework)
        shelves = [editions.pinned_shelf(session, row, {moved: each}) for each in (kept, content)]
    if sha256_hex(content) == old:
        raise ConfigError(
            "this edition is pinned already", offender="framework", value=framework, code="case.edition_pinned"
        )
    source = StoreEvidence(services, enterprise, scope.under(Permission.RUN_REPORT), row.sites)
    cases = [_fitting(case, moved, shelf) for shelf in shelves]

    def both(steady: EvidenceSource) -> list[Mapping[str, Any]]:
        """By the same samples: what arrives in between is no difference of the editions."""
        issue = Issue("", "", 0, "")
        return [freeze(each, steady, issue, shelf).data for (each, _), shelf in zip(cases, shelves, strict=True)]

    before, after = (_result(each, moved) for each in measured_steadily(source, both))
    return Comparison(before, after, tuple(cases[-1][1]), old, sha256_hex(content), name, content)


def _fitting(case: Case, moved: str, shelf: Shelf) -> tuple[Case, list[str]]:
    """The case with what its frameworks on a shelf can read, and what was left out for the one that is moved."""
    fitting, left_out = editions.fitting(case, shelf.framework(case.framework))
    dropped = left_out if moved == case.framework else []
    told = []
    for each in case.assessments:
        own, left_out = editions.fitting(as_leading(case, each.framework), shelf.framework(each.framework))
        if each.framework == moved:
            dropped = [f"assessments.{moved}.{name}" for name in left_out]
        told.append(
            replace(each, answers=own.answers, scenes=own.scenes, graded=own.graded, machines=own.part_machines)
        )
    return replace(fitting, assessments=tuple(told)), dropped


def _result(data: Mapping[str, Any], moved: str) -> Mapping[str, Any]:
    """The framework that is moved, as the leading one stands in a snapshot."""
    found = next((each for each in data.get("assessments", ()) if each["rules"]["id"] == moved), None)
    return data if found is None else {"framework": found["rules"], "score": found["score"]}


def move_edition(
    services: Services, scope: Scope, enterprise: str, case_id: str, framework: str, seen: int | None
) -> CaseStep:
    """Pins the edition at hand of a framework in place of the old one, and records the result under both.

    A further framework of the case stays a further one.

    The intake is open afterwards: answers that the new edition does not know are named and must be given anew.

    Raises:
        As `compare_editions`. Stale: the case moved on since `seen`.
    """
    found = compare_editions(services, scope, enterprise, case_id, framework)
    results = {"old": result_of(found.old), "new": result_of(found.new)}
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.REVIEW_CASE)
        decision = {**results, "from": found.pinned, "to": found.offered, "dropped": list(found.dropped)}
        step = take(session, scope, row, Step.MOVE_EDITION, decision, services.clock(), seen_version=seen)
        if found.name in beside.names(row):
            beside.repin(session, row, found.name, found.content, services.clock())
        else:
            editions.pin(session, row, found.name, found.content, services.clock())
        row.snapshot = ""
    return step
