"""From a submitted intake to content that an enterprise can confirm: measured, reviewed, compared with before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, Conflict, Stale, StoreError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import editions, parts, reviews
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.casework.steps import opened, settle, take
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseSnapshot, CaseStep
from ovoo_cloud.centre.report_sections import benchmark_section, matching_section
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.review import apply_review
from ovoo_cloud.diagnosis.scoring import score
from ovoo_cloud.diagnosis.snapshot import Issue, freeze, score_figures, score_json
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.naming import local_day
from ovoo_cloud.services import Services

__all__ = [
    "COMPARED",
    "content_id",
    "issued_before",
    "keep",
    "measure",
    "measured_id",
    "move_edition",
    "propose",
    "read",
]

COMPARED: Final = (
    "score.total",
    "equipment.networked_percent",
    "equipment.digitised_percent",
    "data.good_percent",
    "energy.daily_second",
    "load.factor_percent",
    "norm.intensity",
    "findings.total",
)
"""The figures that a re-diagnosis sets beside those of the case before."""
Progress = Callable[[float], None]


def content_id(data: Mapping[str, Any]) -> str:
    """The SHA-256 of a snapshot without number and date, which are given when it is issued."""
    return sha256_hex(canonical_json({key: value for key, value in data.items() if key != "issue"}))


def keep(session: Session, row: CaseFile, kind: str, data: Mapping[str, Any], user: str, now_ns: int) -> str:
    """Stores a snapshot under the id of its content and gives the id."""
    name = content_id(data)
    if session.get(CaseSnapshot, (row.case, name)) is None:
        kept = CaseSnapshot(case=row.case, id=name, kind=kind, content=canonical_json(data), made_by=user, at_ns=now_ns)
        session.add(kept)
        session.flush()
    return name


def read(session: Session, row: CaseFile, snapshot_id: str) -> dict[str, Any]:
    """A stored snapshot; StoreError when it is not what its id says."""
    found = session.get(CaseSnapshot, (row.case, snapshot_id))
    data: dict[str, Any] = {} if found is None else json.loads(found.content)
    if found is None or content_id(data) != snapshot_id:
        raise StoreError("the frozen snapshot is damaged", offender=snapshot_id, remedy="restore a backup")
    return data


def measured_id(session: Session, row: CaseFile) -> str:
    """The id of what was measured last, empty before."""
    query = select(CaseStep).where(CaseStep.case == row.case, CaseStep.step == Step.FREEZE.value)
    newest = session.scalars(query.order_by(CaseStep.seq.desc()).limit(1)).first()
    return "" if newest is None else str(newest.decision["snapshot"])


def measure(services: Services, scope: Scope, enterprise: str, case_id: str, progress: Progress) -> dict[str, Any]:
    """Measures the evidence of a submitted case and takes the step `freeze`.

    Raises:
        Conflict: the case does not wait for its evidence. Stale: it moved on while it was measured.
    """
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.RUN_REPORT)
        settle(session, row, services.clock())
    if row.state != State.EVIDENCE:
        raise Conflict("the case does not wait for its evidence", offender=case_id, value=row.state)
    with services.database.read() as session:
        case, seen = parts.whole_case(session, row), row.version
    progress(0.1)
    data = _frozen(services, scope, row, case)
    progress(0.8)
    data |= benchmark_section(services, scope, row.enterprise, data["framework"])
    progress(0.9)
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.RUN_REPORT)
        if row.version != seen:
            raise Stale("the case moved on while it was measured", offender=case_id, remedy="measure again")
        name = keep(session, row, "measured", data, scope.user, services.clock())
        decision = {"snapshot": name, "result": result_of(data)}
        take(session, scope, row, Step.FREEZE, decision, services.clock())
        row.snapshot = name
    return {"case": case_id, "snapshot": name, "result": result_of(data)}


def _frozen(services: Services, scope: Scope, row: CaseFile, case: Case) -> dict[str, Any]:
    with services.database.read() as session:
        framework = editions.pinned(session, row)
    inside = scope.under(Permission.RUN_REPORT)
    source = StoreEvidence(services, row.enterprise, inside, row.sites)
    issue = Issue("", "", 0, f"ovoo-cloud {version('ovoo-cloud')}")
    return dict(freeze(case, source, issue, framework=framework).data)


def result_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Total, level and gate of a snapshot, as a step records them."""
    scored = data["score"]
    rules = data["framework"]
    return {
        "framework": rules["id"],
        "version": rules["version"],
        "total": list(scored["total"]),
        "level": scored["level"],
        "level_range": [scored["level_low"], scored["level_high"]],
    }


def propose(session: Session, scope: Scope, row: CaseFile, now_ns: int, seen: int | None) -> CaseStep:
    """Applies the review and lays the result before the enterprise.

    Raises:
        ConfigErrors: an item or scene was not decided, or an override does not fit.
    """
    if row.state != State.REVIEW:
        return take(session, scope, row, Step.PROPOSE, {}, now_ns, seen_version=seen)  # says what may be done instead
    measured = read(session, row, measured_id(session, row))
    decided = reviews.complete(session, row, content_id(measured), measured["framework"])
    data = _reviewed(measured, decided)
    reason = _revision_reason(session, row)
    before = issued_before(session, row)
    if before is not None:
        data["changes"] = changes(before, data, reason)
    followed = session.get(CaseFile, row.previous) if row.previous else None
    earlier = None if followed is None else issued_before(session, followed)
    if earlier is not None:
        kept = {name: earlier["figures"][name] for name in COMPARED if name in earlier["figures"]}
        data["before"] = {"number": earlier["issue"]["number"], "date": earlier["issue"]["date"], "figures": kept}
    day = local_day(now_ns, ZoneInfo(data["window"]["timezone"]))
    data |= matching_section(session, scope, row.enterprise, data, key=row.case, day=day, now_ns=now_ns)
    name = keep(session, row, "reviewed", data, scope.user, now_ns)
    decision = {"snapshot": name, "measured": content_id(measured), "result": result_of(data)}
    step = take(session, scope, row, Step.PROPOSE, decision, now_ns, seen_version=seen)
    row.snapshot = name
    return step


def _reviewed(measured: Mapping[str, Any], decided: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The measured content with the review applied: scored anew, nothing measured anew."""
    answers, scenes, listed = apply_review(measured["answers"], measured["scenes"], decided)
    scored = score_json(score(measured["framework"], answers, scenes))
    book = FigureBook()
    score_figures(scored, answers, book)
    kept = {name: row for name, row in measured["figures"].items() if not name.startswith("score.")}
    points = {name: figure.to_json() for name, figure in book.figures.items()}
    return {
        **measured,
        "answers": answers,
        "scenes": scenes,
        "score": scored,
        "review": {"items": listed},
        "figures": dict(sorted({**kept, **points}.items())),
    }


def issued_before(session: Session, row: CaseFile) -> dict[str, Any] | None:
    """The snapshot that was issued last for a case, None before the first issue."""
    query = select(CaseSnapshot).where(CaseSnapshot.case == row.case, CaseSnapshot.kind == "issued")
    rows = [json.loads(each.content) for each in session.scalars(query)]
    return max(rows, key=lambda data: int(data["issue"]["revision"]), default=None)


def _revision_reason(session: Session, row: CaseFile) -> str:
    query = select(CaseStep).where(CaseStep.case == row.case, CaseStep.step == Step.REVISE.value)
    newest = session.scalars(query.order_by(CaseStep.seq.desc()).limit(1)).first()
    return "" if newest is None else str(newest.decision["reason"])


def changes(before: Mapping[str, Any], now: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The figures that differ between an issued snapshot and a new one, each old, new and why."""
    why = {
        f"score.item.{row['subject'].partition(':')[2]}": row["reason"]
        for row in now.get("review", {}).get("items", ())
        if row["decision"] == "override"
    }
    rows = []
    for name in sorted(set(before["figures"]) | set(now["figures"])):
        old, new = _short(before["figures"].get(name)), _short(now["figures"].get(name))
        if old != new:
            rows.append({"figure": name, "old": old, "new": new, "why": why.get(name, reason)})
    issue = before["issue"]
    return {
        "number": issue["number"],
        "revision": issue["revision"],
        "date": issue["date"],
        "reason": reason,
        "figures": rows,
    }


def _short(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else {key: row[key] for key in ("value", "low", "high", "unit")}


def move_edition(
    services: Services, scope: Scope, enterprise: str, case_id: str, framework: str, seen: int | None
) -> CaseStep:
    """Pins the installed edition of a framework in place of the old one, and records the result under both.

    The intake is open afterwards: answers that the new edition does not know are named and must be given anew.

    Raises:
        ConfigError: that very edition is pinned already. ConfigErrors: the intake cannot be read.
    """
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.REVIEW_CASE)
        settle(session, row, services.clock())
    with services.database.read() as session:
        old, case = editions.pinned(session, row), parts.whole_case(session, row)
    content = editions.installed(framework)
    if sha256_hex(content) == row.edition:
        raise ConfigError("this edition is pinned already", offender="framework", value=framework)
    results = {}
    dropped: list[str] = []
    source = StoreEvidence(services, enterprise, scope.under(Permission.RUN_REPORT), row.sites)
    for name, edition in (("old", old), ("new", editions.compiled(content))):
        fitting, left_out = editions.fitting(case, edition)
        results[name] = result_of(freeze(fitting, source, Issue("", "", 0, ""), framework=edition).data)
        dropped = left_out
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.REVIEW_CASE)
        decision = {**results, "from": row.edition, "to": sha256_hex(content), "dropped": dropped}
        step = take(session, scope, row, Step.MOVE_EDITION, decision, services.clock(), seen_version=seen)
        editions.pin(session, row, framework, content, services.clock())
        row.snapshot = ""
    return step
