"""The end of a diagnosis: confirmed by the enterprise, issued by the centre, revised, visited again."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ovoo_contract.errors import ConfigError, Stale
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import drafting, freezing, numbers
from ovoo_cloud.casework.characters import check_characters
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.casework.steps import opened, settle, take
from ovoo_cloud.catalogue import access_lines, cases
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.case_tables import CaseDocument, CaseFile, CaseSnapshot, CaseStep
from ovoo_cloud.catalogue.tables import Case, Report
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.reports.build import ReportResult, ReportSettings, issue_bundle, summary
from ovoo_cloud.reports.naming import local_day, slug
from ovoo_cloud.reports.resolve import Language
from ovoo_cloud.reports.seal import seal_of
from ovoo_cloud.reports.staging import publish, staged
from ovoo_cloud.services import Services

__all__ = ["Order", "confirm", "issue", "reject", "revise", "visit"]


@dataclass(frozen=True, slots=True)
class Order:
    """What the centre decides of a report: its number, date (ISO), languages, and which content it means.

    centre_copy: a second set of documents, without the enterprise's trade secrets.
    """

    number: str
    snapshot: str
    issue_date: str = ""
    languages: Sequence[Language] = ()
    centre_copy: bool = False


def confirm(session: Session, scope: Scope, row: CaseFile, snapshot: str, now_ns: int, seen: int | None) -> CaseStep:
    """The enterprise confirms the content with this id.

    Raises:
        Stale: another content lies before it by now.
    """
    _same(row, snapshot)
    return take(session, scope, row, Step.CONFIRM, {"snapshot": snapshot}, now_ns, seen_version=seen)


def reject(session: Session, scope: Scope, row: CaseFile, reason: str, now_ns: int, seen: int | None) -> CaseStep:
    """The enterprise objects, and the review goes on."""
    if not reason.strip():
        raise ConfigError(
            "an objection needs its reason", offender="reason", remedy="say what is wrong", code="case.objection_reason"
        )
    decision = {"snapshot": row.snapshot, "reason": reason.strip()}
    step = take(session, scope, row, Step.OBJECT, decision, now_ns, seen_version=seen)
    row.snapshot = freezing.measured_id(session, row)
    return step


def issue(
    services: Services,
    scope: Scope,
    enterprise: str,
    case_id: str,
    order: Order,
    progress: Callable[[float], None] = lambda share: None,
) -> Report:
    """Renders, seals and records the confirmed content under a number of the register.

    Raises:
        Conflict: the case is not confirmed, the number is another's, or the date lies before the last one.
        Stale: the order means another content than the confirmed one.
    """
    today = local_day(services.clock(), services.settings.zone)
    issue_date = order.issue_date or today
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.ISSUE_CASE)
        settle(session, row, services.clock())
    with services.database.write() as session:
        row = opened(session, scope, enterprise, case_id, Permission.ISSUE_CASE)
        data, revision = _ready(session, scope, row, order, issue_date, today, services.clock())
        confirmed = drafting.confirmation(session, row, services.settings.zone)
    progress(0.2)
    name = f"{slug(order.number)}-r{revision}"
    folder = services.settings.reports_dir / enterprise / name
    settings = services.settings
    made = ReportSettings(
        order.number,
        issue_date,
        seal_of(settings.seal_command, settings.seal_public_key, settings.signing_key),
        revision=revision,
        languages=list(order.languages) or [settings.language],
        verify_url=settings.verify_url,
        centre_copy=order.centre_copy,
        status=State.ISSUED.value,
        confirmed=confirmed,
    )
    with staged(folder.parent) as making:
        result = issue_bundle(lambda given: Snapshot({**data, "issue": given.to_json()}), made, making)
        progress(0.9)
        with services.database.write() as session:
            kept = replace(result, folder=folder)
            report = _record(services, session, scope, row, order, issue_date, today, kept)
            access_lines.note_all(session, scope, Read("job case_issue", subject=case_id), services.clock())
            publish(making, folder)  # last, under the lock of the register: what is not recorded was never issued
    return report


def _ready(
    session: Session, scope: Scope, row: CaseFile, order: Order, issue_date: str, today: str, now_ns: int
) -> tuple[dict[str, Any], int]:
    """The confirmed content and the revision it gets; everything that can be refused is refused before rendering."""
    if row.state != State.CONFIRMED:
        take(session, scope, row, Step.ISSUE, {}, now_ns)  # raises, and says what may be done instead
    _same(row, order.snapshot)
    if row.number and row.number != order.number:
        raise ConfigError(
            "a revision keeps its number",
            offender="number",
            value=order.number,
            remedy=f"use {row.number}",
            code="case.revision_keeps_number",
            slots={"number": row.number},
        )
    numbers.check_date(session, issue_date, today)
    return freezing.read(session, row, row.snapshot), numbers.next_revision(session, order.number, row.case)


def _record(
    services: Services,
    session: Session,
    scope: Scope,
    seen: CaseFile,
    order: Order,
    issue_date: str,
    today: str,
    result: ReportResult,
) -> Report:
    now_ns = services.clock()
    row = opened(session, scope, seen.enterprise, seen.case, Permission.ISSUE_CASE)
    revision = numbers.claim(session, order.number, row.case, issue_date, today, now_ns)
    data = result.snapshot.data
    if revision != data["issue"]["revision"]:
        raise Stale(
            "another revision was issued meanwhile",
            offender=order.number,
            remedy="issue again",
            code="case.revised_meanwhile",
        )
    decision = {
        "number": order.number,
        "revision": revision,
        "date": issue_date,
        "snapshot": row.snapshot,
        "snapshot_sha256": result.snapshot_sha256,
        "manifest_sha256": result.files["manifest.json"],
    }
    take(session, scope, row, Step.ISSUE, decision, now_ns, seen_version=seen.version)
    row.number = order.number
    _keep_issued(session, row, result, scope.user, now_ns)
    return cases.save_report(session, scope, _report(services, session, scope, row, result, now_ns))


def _keep_issued(session: Session, row: CaseFile, result: ReportResult, user: str, now_ns: int) -> None:
    content = result.snapshot.to_bytes()
    session.add(
        CaseSnapshot(
            case=row.case, id=result.snapshot_sha256, kind="issued", content=content, made_by=user, at_ns=now_ns
        )
    )
    session.flush()


def _report(
    services: Services, session: Session, scope: Scope, row: CaseFile, result: ReportResult, now_ns: int
) -> Report:
    data = result.snapshot.data
    case = parse_case(data["case"], row.case)
    stored = session.get(Case, row.case)
    languages = [name for name in ("zh", "en") if f"report.{name}.pdf" in result.files]
    return Report(
        id=result.folder.name,
        case=row.case,
        enterprise=row.enterprise,
        site=row.sites[0],
        number=data["issue"]["number"],
        revision=data["issue"]["revision"],
        title=case.profile.name.zh if stored is None else stored.title,
        language=",".join([services.settings.language, *languages]),
        folder=str(result.folder),
        snapshot_sha256=result.snapshot_sha256,
        summary=summary(data),
        start_ns=case.start_ns,
        end_ns=case.end_ns,
        created_by=scope.user,
        created_ns=now_ns,
    )


def revise(session: Session, scope: Scope, row: CaseFile, reason: str, now_ns: int, seen: int | None) -> CaseStep:
    """Opens an issued report for correction: the review goes on, and the next issue is a revision with its changes."""
    if not reason.strip():
        raise ConfigError(
            "a revision needs its reason",
            offender="reason",
            remedy="say what has to be corrected",
            code="case.revision_reason",
        )
    check_characters("reason", reason)
    decision = {"number": row.number, "reason": reason.strip()}
    step = take(session, scope, row, Step.REVISE, decision, now_ns, seen_version=seen)
    row.snapshot = freezing.measured_id(session, row)
    return step


def visit(
    session: Session,
    scope: Scope,
    row: CaseFile,
    *,
    date: str,
    words: str,
    documents: Sequence[str],
    now_ns: int,
    seen: int | None,
) -> CaseStep:
    """Records a follow-up visit: the day, what was seen in the visitor's own words, and its documents.

    Raises:
        ConfigError: no date, no words, or a document that the case does not have.
    """
    try:
        datetime.date.fromisoformat(date)
    except ValueError as error:
        raise ConfigError(
            "not a date", offender="date", value=date, remedy="e.g. 2026-12-01", code="case.not_date"
        ) from error
    if not words.strip():
        raise ConfigError(
            "a visit needs its record", offender="words", remedy="say what was seen", code="case.visit_record"
        )
    check_characters("words", words)
    for code in documents:
        if session.get(CaseDocument, (row.case, code)) is None:
            raise ConfigError(
                "no such document in the case",
                offender="documents",
                value=code,
                remedy="upload it",
                code="case.no_such_document",
            )
    decision = {"date": date, "words": words.strip(), "documents": list(documents)}
    return take(session, scope, row, Step.VISIT, decision, now_ns, seen_version=seen)


def _same(row: CaseFile, snapshot: str) -> None:
    if row.state in (State.CONFIRMATION, State.CONFIRMED) and snapshot != row.snapshot:
        raise Stale(
            "another content lies here by now",
            offender="snapshot",
            value=snapshot,
            remedy="look at it again",
            versions={"yours": snapshot, "theirs": row.snapshot},
            code="case.content_changed",
        )
