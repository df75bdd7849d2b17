"""Selection, evaluation and assessment: criteria frozen with the figures of the period, self-assessment, decision.

Who decides is another person than who wrote the self-assessment as it stands. No score of a criterion gives a range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, Literal

from ovoo_contract.address import check_segment
from ovoo_contract.errors import ConfigError, ConfigErrors, Forbidden
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.centre_tables import CentreAssessment, RegisterEntry
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre.entries import ANY, entries, stale

__all__ = [
    "NO_FIGURES",
    "Answer",
    "Verdict",
    "assessment",
    "assessments",
    "decide",
    "open_assessment",
    "result_of",
    "self_assess",
]

Procedure = Literal["selection", "evaluation", "assessment"]
Verdict = Literal["passed", "conditional", "failed"]
NO_FIGURES: Final[Mapping[str, Any]] = {"figures": [], "evidence": {}}
"""As figures of an assessment of another centre: those of this installation say nothing of it."""
_MOST_SCORE: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one criterion: a score from 0 to 100 or none, in words, with links to evidence.

    A link is `report:ID`, `register:KIND/ID` or the evidence id of a frozen figure (`ev_...`).
    """

    criterion: str
    score: Decimal | None
    statement: str
    evidence: tuple[str, ...] = ()


def open_assessment(
    session: Session,
    scope: Scope,
    name: str,
    *,
    procedure: Procedure,
    subject: str,
    start_ns: int,
    end_ns: int,
    kpis: Mapping[str, Any],
    now_ns: int,
) -> CentreAssessment:
    """Freezes the criteria of the procedure and the figures of the period.

    Raises:
        ConfigError: the name is taken, or the procedure has no criteria.
    """
    scope.require(Permission.MANAGE_REGISTERS)
    check_segment(name, "assessment")
    rows = [row for row in entries(session, scope, "criterion") if row.content["procedure"] == procedure]
    if not rows:
        raise ConfigError("no criteria", offender="procedure", value=procedure, remedy="add them to register criterion")
    if session.get(CentreAssessment, name) is not None:
        raise ConfigError("there is one of that name", offender="id", value=name, remedy="take another name")
    figures = {each["id"]: each for each in kpis["figures"]}
    content = {
        "criteria": [_frozen(row, figures) for row in rows],
        "evidence": dict(kpis["evidence"]),
        "answers": {},
        "scores": {},
        "assessor": "",
        "decision": None,
        "history": [_line(scope, "open", 1, now_ns)],
    }
    made = CentreAssessment(
        id=name, procedure=procedure, subject=subject, start_ns=start_ns, end_ns=end_ns, state="opened", version=1,
        content=content, made_by=scope.user, updated_by=scope.user, updated_ns=now_ns,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _audit(session, scope, made, "open", now_ns)
    return made


def _frozen(row: RegisterEntry, figures: Mapping[str, Any]) -> dict[str, Any]:
    figure = figures.get(row.content.get("kpi") or "")
    return {
        "id": row.id,
        "version": row.version,
        **{name: row.content.get(name) for name in (
            "name_zh", "name_en", "weight", "kpi", "target", "direction", "source", "edition", "mark",
        )},
        "figure": figure,
        "reached": _reached(row.content, figure),
    }  # fmt: skip


def _reached(content: Mapping[str, Any], figure: Mapping[str, Any] | None) -> bool | None:
    """Whether the figure reaches the target; None where either is not known."""
    if figure is None or figure["value"] is None or content.get("target") is None:
        return None
    value, target = Decimal(figure["value"]), Decimal(content["target"])
    return value <= target if content.get("direction") == "down" else value >= target


def assessments(session: Session, scope: Scope) -> Sequence[CentreAssessment]:
    """All of them, newest period first."""
    scope.require(Permission.MANAGE_REGISTERS)
    query = select(CentreAssessment).order_by(CentreAssessment.end_ns.desc(), CentreAssessment.id)
    return session.scalars(query).all()


def assessment(session: Session, scope: Scope, name: str) -> CentreAssessment:
    """One of them."""
    scope.require(Permission.MANAGE_REGISTERS)
    found = session.get(CentreAssessment, name)
    if found is None:
        raise absent(name)
    return found


def self_assess(
    session: Session, scope: Scope, name: str, answers: Sequence[Answer], *, read: int, now_ns: int
) -> CentreAssessment:
    """Writes the self-assessment; it may be written again until the decision.

    Raises:
        Stale: somebody else wrote since it was read.
        ConfigErrors: unknown criteria, scores out of range, links that lead nowhere.
    """
    row = _writable(session, scope, name, read)
    _check_answers(session, scope, row.content, answers)
    row.content = {**row.content, "answers": _plain(answers), "assessor": scope.user}
    return _advance(session, scope, row, "self_assessed", now_ns)


def decide(
    session: Session,
    scope: Scope,
    name: str,
    scores: Sequence[Answer],
    verdict: Verdict,
    reason: str,
    *,
    read: int,
    now_ns: int,
) -> CentreAssessment:
    """Writes the reviewer's scores and decision; nothing is written after it.

    Raises:
        Forbidden: the reviewer wrote the self-assessment.
        ConfigError: there is no self-assessment yet, or the decision has no reason.
    """
    scope.require(Permission.ASSESS_CENTRE)
    row = _writable(session, scope, name, read)
    if row.state != "self_assessed":
        raise ConfigError("no self-assessment yet", offender=name, value=row.state, remedy="write it first")
    if row.content["assessor"] == scope.user:
        remedy = "let another person decide"
        raise Forbidden("nobody reviews their own words", offender="reviewer", value=scope.user, remedy=remedy)
    if not reason:
        raise ConfigError("a decision without a reason", offender="reason", remedy="say why")
    _check_answers(session, scope, row.content, scores)
    decision = {"verdict": verdict, "reason": reason, "reviewer": scope.user, "at_ns": str(now_ns)}
    row.content = {**row.content, "scores": _plain(scores), "decision": decision}
    return _advance(session, scope, row, "decided", now_ns)


def result_of(content: Mapping[str, Any], part: Literal["answers", "scores"]) -> dict[str, str | None]:
    """The weighted score from 0 to 100 of self-assessment or review, as a range where criteria have no score."""
    weights = {each["id"]: Decimal(each["weight"]) for each in content["criteria"]}
    whole = sum(weights.values(), Decimal(0))
    if not whole:
        return {"value": None, "low": None, "high": None}
    given = {name: Decimal(each["score"]) for name, each in content[part].items() if each["score"] is not None}
    low = sum((weights[name] * score for name, score in given.items()), Decimal(0)) / whole
    open_weight = sum((weight for name, weight in weights.items() if name not in given), Decimal(0))
    high = low + open_weight * _MOST_SCORE / whole
    texts = [str(each.quantize(Decimal("0.1"), ROUND_HALF_EVEN)) for each in (low, high)]
    return {"value": None if open_weight else texts[0], "low": texts[0], "high": texts[1]}


def _writable(session: Session, scope: Scope, name: str, read: int) -> CentreAssessment:
    row = assessment(session, scope, name)
    session.refresh(row, with_for_update=True)
    if read not in (ANY, row.version):
        raise stale(name, read, row.version, theirs={"state": row.state})
    if row.state == "decided":
        raise ConfigError("it is decided", offender=name, value=row.state, remedy="open a new one")
    return row


def _advance(session: Session, scope: Scope, row: CentreAssessment, state: str, now_ns: int) -> CentreAssessment:
    row.state, row.version, row.updated_by, row.updated_ns = state, row.version + 1, scope.user, now_ns
    part: Literal["answers", "scores"] = "scores" if state == "decided" else "answers"
    line = _line(scope, state, row.version, now_ns) | {"total": result_of(row.content, part), part: row.content[part]}
    row.content = {**row.content, "history": [*row.content.get("history", ()), line]}
    session.flush()
    _audit(session, scope, row, state, now_ns)
    return row


def _line(scope: Scope, action: str, version: int, now_ns: int) -> dict[str, Any]:
    return {"action": action, "version": version, "by": scope.user, "at_ns": str(now_ns)}


def _audit(session: Session, scope: Scope, row: CentreAssessment, action: str, now_ns: int) -> None:
    audit.append(
        session, actor=scope.user, action=f"assessment.{action}", subject=row.id, at_ns=now_ns,
        detail={"version": row.version, "procedure": row.procedure},
    )  # fmt: skip


def _check_answers(session: Session, scope: Scope, content: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    known = {each["id"] for each in content["criteria"]}
    faults = []
    for each in answers:
        if each.criterion not in known:
            faults.append(ConfigError("no such criterion", offender=each.criterion, remedy=", ".join(sorted(known))))
        if each.score is not None and not 0 <= each.score <= _MOST_SCORE:
            faults.append(
                ConfigError("no such score", offender=each.criterion, value=str(each.score), remedy="0 to 100")
            )
        faults += [
            ConfigError(
                "evidence leads nowhere", offender=each.criterion, value=link, remedy="report:ID, register:KIND/ID"
            )
            for link in each.evidence
            if not _leads(session, scope, content, link)
        ]
    if faults:
        raise ConfigErrors(faults)


def _leads(session: Session, scope: Scope, content: Mapping[str, Any], link: str) -> bool:
    if link in content["evidence"]:
        return True
    kind, _, name = link.partition(":")
    if kind == "report":
        report = session.get(Report, name)
        return report is not None and scope.sees(report.enterprise)
    if kind != "register":
        return False
    register, _, entry = name.partition("/")
    row = session.get(RegisterEntry, (register, entry))
    return row is not None and (not row.enterprise or scope.sees(row.enterprise))


def _plain(answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        each.criterion: {
            "score": None if each.score is None else str(each.score),
            "statement": each.statement,
            "evidence": list(each.evidence),
        }
        for each in answers
    }
