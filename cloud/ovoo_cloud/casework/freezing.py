"""From a submitted intake to content that an enterprise can confirm: measured, reviewed, compared with before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import Conflict, Stale, StoreError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import editions, on_site, parts, reviews
from ovoo_cloud.casework.previous import case_before
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.casework.steps import opened, settle, take
from ovoo_cloud.catalogue import access_lines
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseSnapshot, CaseStep
from ovoo_cloud.centre.report_sections import benchmark_section, matching_section
from ovoo_cloud.diagnosis.assessments import reassess
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.leading import lead_figures
from ovoo_cloud.diagnosis.review import apply_review, figure_of
from ovoo_cloud.diagnosis.scoring import score_any, score_json
from ovoo_cloud.diagnosis.snapshot import Issue, content_id, freeze
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.naming import local_day
from ovoo_cloud.services import Services

__all__ = [
    "COMPARED",
    "compared",
    "content_id",
    "issued_before",
    "keep",
    "measure",
    "measured_id",
    "newest_measured",
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
        raise StoreError(
            "the frozen snapshot is damaged",
            offender=snapshot_id,
            remedy="restore a backup",
            code="case.snapshot_damaged",
        )
    return data


def measured_id(session: Session, row: CaseFile) -> str:
    """The id of what was measured last, empty before."""
    query = select(CaseStep).where(CaseStep.case == row.case, CaseStep.step == Step.FREEZE.value)
    newest = session.scalars(query.order_by(CaseStep.seq.desc()).limit(1)).first()
    return "" if newest is None else str(newest.decision["snapshot"])


def newest_measured(session: Session, row: CaseFile) -> tuple[str, dict[str, Any]]:
    """Id and content of what was measured last.

    Raises:
        Conflict: nothing was measured yet.
    """
    name = measured_id(session, row)
    if not name:
        raise Conflict("nothing was measured yet", offender=row.case, value=row.state, code="case.not_under_review")
    return name, read(session, row, name)


def measure(services: Services, scope: Scope, enterprise: str, case_id: str, progress: Progress) -> dict[str, Any]:
    """Measures the evidence of a submitted case and takes the step `freeze`.

    Raises:
        Conflict: the case does not wait for its evidence. Stale: it moved on while it was measured.
    """
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.RUN_REPORT)
        settle(session, row, services.clock())
    if row.state != State.EVIDENCE:
        raise Conflict(
            "the case does not wait for its evidence",
            offender=case_id,
            value=row.state,
            code="case.not_waiting_for_evidence",
        )
    with services.database.read() as session:
        case, seen = parts.whole_case(session, row), row.version
    progress(0.1)
    data = _frozen(services, scope, row, case)
    progress(0.8)
    data |= benchmark_section(services, scope, row.enterprise, data["framework"])
    progress(0.9)
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.RUN_REPORT)
        grants.require_live(session, scope.used, services.clock())
        if row.version != seen:
            raise Stale(
                "the case moved on while it was measured",
                offender=case_id,
                remedy="measure again",
                code="case.moved_while_measured",
            )
        name = keep(session, row, "measured", data, scope.user, services.clock())
        decision = {"snapshot": name, "result": result_of(data)}
        take(session, scope, row, Step.FREEZE, decision, services.clock())
        row.snapshot = name
        access_lines.note_all(session, scope, Read("job case_evidence", subject=case_id), services.clock())
    return {"case": case_id, "snapshot": name, "result": result_of(data)}


def _frozen(services: Services, scope: Scope, row: CaseFile, case: Case) -> dict[str, Any]:
    with services.database.read() as session:
        shelf = editions.pinned_shelf(session, row)
    inside = scope.under(Permission.RUN_REPORT)
    source = StoreEvidence(services, row.enterprise, inside, row.sites)
    issue = Issue("", "", 0, f"ovoo-cloud {version('ovoo-cloud')}")
    return dict(freeze(case, source, issue, shelf).data)


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
    _, measured = newest_measured(session, row)
    decided = reviews.complete(session, row, content_id(measured), measured)
    data = _reviewed(measured, decided)
    reason = _revision_reason(session, row)
    before = issued_before(session, row)
    if before is not None:
        data["changes"] = changes(before, data, reason)
    followed = case_before(session, row)
    earlier = None if followed is None else issued_before(session, followed)
    if earlier is not None:
        data["before"] = compared(earlier)
    signed = on_site.signed(session, row)
    if signed is not None:
        data["on_site"] = signed
    day = local_day(now_ns, ZoneInfo(data["window"]["timezone"]))
    data |= matching_section(session, scope, row.enterprise, data, key=row.case, day=day, now_ns=now_ns)
    name = keep(session, row, "reviewed", data, scope.user, now_ns)
    decision = {"snapshot": name, "measured": content_id(measured), "result": result_of(data)}
    step = take(session, scope, row, Step.PROPOSE, decision, now_ns, seen_version=seen)
    row.snapshot = name
    return step


def compared(earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What a re-diagnosis sets beside its own result: number, date, window, level under its framework, and figures."""
    issue, rules, scored = earlier["issue"], earlier["framework"], earlier["score"]
    return {
        "number": issue["number"],
        "date": issue["date"],
        "window": dict(earlier["window"]),
        "framework": {key: rules[key] for key in ("id", "version", "name")},
        "level_range": [scored["level_low"], scored["level_high"]],
        "figures": {name: earlier["figures"][name] for name in COMPARED if name in earlier["figures"]},
    }


def _reviewed(measured: Mapping[str, Any], decided: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The measured content with the review applied: scored anew, nothing measured anew."""
    answers, scenes, listed = apply_review(measured["answers"], measured["scenes"], decided)
    scored = score_json(score_any(measured["framework"], answers, scenes))
    book = FigureBook()
    lead_figures(measured["framework"], scored, answers, book)
    further: dict[str, Any] = {}
    if "assessments" in measured:
        further["assessments"], beside = reassess(measured["assessments"], scored, decided, book)
        listed += beside
    kept = {name: row for name, row in measured["figures"].items() if not name.startswith(("score.", "assessment."))}
    points = {name: figure.to_json() for name, figure in book.figures.items()}
    return {
        **measured,
        "answers": answers,
        "scenes": scenes,
        "score": scored,
        **further,
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
        figure_of(row["subject"]): row["reason"]
        for row in now.get("review", {}).get("items", ())
        if row["decision"] == "override"
    }
    rows = []
    for name in sorted(set(before["figures"]) | set(now["figures"])):
        old, new = _short(before["figures"].get(name)), _short(now["figures"].get(name))
        if old != new:
            rows.append({"figure": name, "old": old, "new": new, "why": why.get(name, reason)})
    _because(rows, "score", now["framework"])
    for each in now.get("assessments", ()):
        _because(rows, f"assessment.{each['rules']['id']}", each["rules"])
    issue = before["issue"]
    return {
        "number": issue["number"],
        "revision": issue["revision"],
        "date": issue["date"],
        "reason": reason,
        "figures": rows,
    }


def _because(rows: list[dict[str, Any]], stem: str, rules: Mapping[str, Any]) -> None:
    """Adds to every sum of points of a framework the items whose change it follows from."""
    changed = [row["figure"] for row in rows if row["figure"].startswith(f"{stem}.item.")]
    parts = {
        f"{stem}.dimension.{part['id']}": {f"{stem}.item.{item['id']}" for item in part["items"]}
        for part in rules.get("dimensions", ())
    }
    everything = set().union(*parts.values())
    for row in rows:
        within = everything if row["figure"] == f"{stem}.total" else parts.get(row["figure"], set())
        if because := [name for name in changed if name in within]:
            row["because"] = because


def _short(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else {key: row[key] for key in ("value", "low", "high", "unit")}
