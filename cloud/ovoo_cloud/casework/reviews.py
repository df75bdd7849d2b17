"""The review item by item: a named expert accepts what was found, or overrides it with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ovoo_contract.errors import ConfigError, ConfigErrors, Conflict, EvidenceError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.casework.characters import check_characters
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseDocument, CaseFile, CaseReview
from ovoo_cloud.diagnosis.review import overridden, reviewed_parts, subjects
from ovoo_cloud.diagnosis.scoring import method_of, score_any

__all__ = ["Decision", "Ruling", "check_value", "complete", "decide", "standing"]

Decision = Literal["accept", "override"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an expert decides of one subject; `value` only for an override.

    A subject is `item:<id>` or `scene:<id>`, of a further framework `item:<framework>/<id>`.
    """

    subject: str
    decision: Decision
    reason: str = ""
    value: Mapping[str, Any] | None = None
    on_site: bool = False
    document: str = ""


def standing(session: Session, row: CaseFile, snapshot_id: str) -> dict[str, CaseReview]:
    """The decision that stands for each subject of a measured snapshot."""
    query = select(CaseReview).where(CaseReview.case == row.case, CaseReview.snapshot == snapshot_id)
    return {each.subject: each for each in session.scalars(query.order_by(CaseReview.seq))}


def decide(
    session: Session,
    scope: Scope,
    row: CaseFile,
    measured: Mapping[str, Any],
    snapshot_id: str,
    ruling: Ruling,
    now_ns: int,
) -> CaseReview:
    """Keeps a decision in the caller's name; a later one on the same subject stands, all stay on record.

    Raises:
        Conflict: the case is not under review. NotFound: no such item or scene.
        ConfigError: an override without reason, with a value that does not fit or a document that is not there.
    """
    scope.require(Permission.REVIEW_CASE)
    if row.state != State.REVIEW:
        raise Conflict("the case is not under review", offender=row.case, value=row.state, code="case.not_under_review")
    if ruling.subject not in subjects(measured):
        raise absent(ruling.subject)
    if ruling.decision == "override":
        _check_override(session, row, measured, ruling)
    elif ruling.value is not None:
        raise ConfigError(
            "an accepted entry has no other value",
            offender="value",
            remedy="override it, or leave it",
            code="case.accepted_has_value",
        )
    check_characters("reason", ruling.reason)
    last = session.scalar(select(func.max(CaseReview.seq)).where(CaseReview.case == row.case)) or 0
    kept = CaseReview(
        case=row.case,
        seq=last + 1,
        snapshot=snapshot_id,
        subject=ruling.subject,
        decision=ruling.decision,
        value=dict(ruling.value or {}),
        reason=ruling.reason.strip(),
        on_site=ruling.on_site,
        document=ruling.document,
        reviewer=scope.user,
        at_ns=now_ns,
    )
    session.add(kept)
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="case.review",
        subject=row.case,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail={"seq": kept.seq, "subject": kept.subject, "decision": kept.decision},
    )
    return kept


def _check_override(session: Session, row: CaseFile, measured: Mapping[str, Any], ruling: Ruling) -> None:
    if not ruling.reason.strip():
        raise ConfigError(
            "an override needs its reason",
            offender="reason",
            remedy="say what was seen or read",
            code="case.override_reason",
        )
    if ruling.document:
        query = select(CaseDocument).where(CaseDocument.case == row.case, CaseDocument.name == ruling.document)
        if session.scalars(query).first() is None:
            raise ConfigError(
                "no such document in the case",
                offender="document",
                value=ruling.document,
                remedy="upload it",
                code="case.no_such_document",
            )
    check_value(measured, {**_plain(ruling), "value": ruling.value or {}})


def check_value(measured: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Whether an override can stand in the place of what was measured.

    Args:
        row: `subject`, which is one of the snapshot's, `value`, `on_site` and `document` of the override.

    Raises:
        ConfigError: the value does not fit the subject.
    """
    kind, _, named = row["subject"].partition(":")
    further, _, name = named.rpartition("/")
    part = next(each for each in reviewed_parts(measured) if each.further == further)
    if kind == "item":
        _check_value(part.rules, name, row["value"])
    overridden(row, (part.answers if kind == "item" else part.scenes).get(name))


def _check_value(rules: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> None:
    """The form and the options of the item's kind."""
    item = next(each for part in rules["dimensions"] for each in part["items"] if each["id"] == name)
    if method_of(rules) != "points_gate":
        _check_graded(rules, name, value)
        return
    wanted = "ratio" if item["kind"] == "ratio" else "options"
    if set(value) != {wanted}:
        raise ConfigError(
            "wrong form of answer",
            offender=name,
            value=sorted(value),
            remedy=f"give {wanted}",
            code="intake.wrong_form_of_answer",
            slots={"wanted": wanted},
        )
    if wanted == "ratio":
        return
    chosen, known = value["options"], {option["id"] for option in item["options"]}
    strange = [each for each in chosen if each not in known] if isinstance(chosen, list) else [str(chosen)]
    if strange:
        raise ConfigError(
            "no such option",
            offender=name,
            value=strange,
            remedy=f"of {', '.join(sorted(known))}",
            code="case.no_such_option",
            slots={"known": ", ".join(sorted(known))},
        )
    if item["kind"] in ("single", "direction") and len(chosen) != 1:
        raise ConfigError(
            "one option is needed", offender=name, value=chosen, remedy="name one", code="intake.one_option"
        )


def _check_graded(rules: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> None:
    """Whether the method can read the answer; it says itself what is wrong."""
    row = {"subject": f"item:{name}", "on_site": False, "document": "", "value": value}
    try:
        score_any(rules, {name: overridden(row, {"class": "declared"})})
    except EvidenceError as error:
        raise ConfigError(error.message, offender=error.offender, value=error.value, remedy=error.remedy) from error
    except (KeyError, TypeError, AttributeError) as error:
        forms = {"yes_no": 'options: ["yes"] or ["no"]', "grades": "grades by level"}
        kind = next(each["kind"] for part in rules["dimensions"] for each in part["items"] if each["id"] == name)
        remedy = f"give {forms.get(kind, 'low and high')}"
        raise ConfigError(
            "wrong form of answer", offender=name, value=str(value)[:80], remedy=remedy, code="case.wrong_form_graded"
        ) from error


def _plain(ruling: Ruling) -> dict[str, Any]:
    return {"subject": ruling.subject, "on_site": ruling.on_site, "document": ruling.document}


def complete(session: Session, row: CaseFile, snapshot_id: str, measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All decisions on a measured snapshot as the snapshot of the report lists them, in the framework's order.

    Raises:
        ConfigErrors: naming every item and scene that nobody decided.
    """
    found = standing(session, row, snapshot_id)
    wanted = subjects(measured)
    missing = [each for each in wanted if each not in found]
    if missing:
        raise ConfigErrors(
            [
                ConfigError(
                    "nobody decided this", offender=each, remedy="accept it or override it", code="case.undecided"
                )
                for each in missing
            ]
        )
    return [_row(found[each]) for each in wanted]


def _row(kept: CaseReview) -> dict[str, Any]:
    return {
        "subject": kept.subject,
        "decision": kept.decision,
        "value": dict(kept.value),
        "reason": kept.reason,
        "reviewer": kept.reviewer,
        "at_ns": str(kept.at_ns),
        "on_site": kept.on_site,
        "document": kept.document,
    }
