"""A case that goes over to another edition of its framework: the result under both first, then the step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import editions, parts
from ovoo_cloud.casework.freezing import result_of
from ovoo_cloud.casework.states import Step
from ovoo_cloud.casework.steps import opened, settle, take
from ovoo_cloud.catalogue.case_tables import CaseStep
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.one_look import measured_steadily
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.services import Services

__all__ = ["Comparison", "compare_editions", "move_edition"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The snapshots of one case under the pinned edition and the one at hand.

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
    """Measures a case under both editions; nothing of it is changed. An empty `framework` is the one that it has.

    Raises:
        ConfigError: that very edition is pinned already. ConfigErrors: the intake cannot be read.
    """
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.REVIEW_CASE)
        settle(session, row, services.clock())
    with services.database.read() as session:
        pinned, case = editions.pinned(session, row), parts.whole_case(session, row)
        shelf = editions.pinned_shelf(session, row)
        name, content = editions.available(session, scope, framework or row.framework)
    if sha256_hex(content) == row.edition:
        raise ConfigError(
            "this edition is pinned already", offender="framework", value=framework, code="case.edition_pinned"
        )
    source = StoreEvidence(services, enterprise, scope.under(Permission.RUN_REPORT), row.sites)
    offered = Shelf({case.framework: json.loads(content)})
    before, _ = editions.fitting(case, pinned)
    after, dropped = editions.fitting(case, editions.compiled(content))

    def both(steady: EvidenceSource) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """By the same samples: what arrives in between is no difference of the editions."""
        issue = Issue("", "", 0, "")
        return freeze(before, steady, issue, shelf).data, freeze(after, steady, issue, offered).data

    old, new = measured_steadily(source, both)
    return Comparison(old, new, tuple(dropped), row.edition, sha256_hex(content), name, content)


def move_edition(
    services: Services, scope: Scope, enterprise: str, case_id: str, framework: str, seen: int | None
) -> CaseStep:
    """Pins the edition at hand of a framework in place of the old one, and records the result under both.

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
        editions.pin(session, row, found.name, found.content, services.clock())
        row.snapshot = ""
    return step
