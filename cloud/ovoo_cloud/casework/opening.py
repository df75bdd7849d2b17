"""The steps of a case around its intake: application, decision, consent, opening, submission, suspension, end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.address import check_segment
from ovoo_contract.errors import ConfigError, ConfigErrors, Conflict
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access import grants
from ovoo_cloud.access.grants import Terms
from ovoo_cloud.access.roles import Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import beside, documents, editions, parts
from ovoo_cloud.casework.contradictions import Contradiction, contradictions, further_contradictions
from ovoo_cloud.casework.previous import case_before
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.casework.steps import take
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.case_tables import CaseFile, CasePart, CaseStep
from ovoo_cloud.catalogue.tables import Case

__all__ = [
    "NEEDED",
    "apply",
    "check_intake",
    "close",
    "consent",
    "decide",
    "open_intake",
    "rediagnose",
    "reopen",
    "resume",
    "submit",
]

NEEDED: Final = frozenset({Purpose.REPORT, Purpose.DOCUMENTS})
"""What the consent of a case must allow at least: a report measures what it needs, and documents are its evidence."""


def apply(
    session: Session,
    scope: Scope,
    enterprise: str,
    case_id: str,
    *,
    title: str,
    sites: Sequence[str],
    reason: str,
    now_ns: int,
    previous: str = "",
) -> CaseFile:
    """Opens a case as an application of the enterprise.

    Raises:
        NotFound: no such enterprise or site. Conflict: the id is taken.
    """
    check_segment(case_id, "case")
    enterprises.enterprise(session, scope, enterprise)
    for site in sites:
        enterprises.site(session, scope, enterprise, site)
    if not sites:
        raise ConfigError(
            "a case needs a site", offender="sites", remedy="name the sites that are diagnosed", code="case.site_needed"
        )
    if session.get(Case, case_id) is not None:
        raise Conflict(
            "this id is taken", offender=case_id, remedy="choose another, e.g. with the year", code="case.id_taken"
        )
    session.add(
        Case(
            id=case_id,
            enterprise=enterprise,
            site=sorted(sites)[0],
            title=title,
            intake={},
            status=State.APPLIED.value,
            created_by=scope.user,
            created_ns=now_ns,
            updated_ns=now_ns,
        )
    )
    session.flush()
    row = CaseFile(
        case=case_id,
        enterprise=enterprise,
        sites=sorted(set(sites)),
        reason=reason.strip(),
        state="",
        resume_state="",
        version=0,
        grant="",
        framework="",
        edition="",
        further=None,
        snapshot="",
        number="",
        previous=previous,
    )
    session.add(row)
    session.flush()
    decision = {"title": title, "sites": row.sites, "reason": row.reason, "previous": previous}
    take(session, scope, row, Step.APPLY, decision, now_ns)
    return row


def decide(
    session: Session, scope: Scope, row: CaseFile, *, accepted: bool, reason: str, now_ns: int, seen: int | None
) -> CaseStep:
    """The centre takes the application or declines it; declining needs a reason."""
    if not accepted and not reason.strip():
        raise ConfigError("a refusal needs its reason", offender="reason", remedy="say why", code="case.refusal_reason")
    step = Step.ACCEPT if accepted else Step.DECLINE
    return take(session, scope, row, step, {"reason": reason.strip()}, now_ns, seen_version=seen)


def consent(session: Session, scope: Scope, row: CaseFile, terms: Terms, now_ns: int, seen: int | None) -> CaseStep:
    """The enterprise consents to the diagnosis: its grant covers the sites of the case.

    Raises:
        ConfigError: a purpose or site of the case is missing in the terms, or they do not begin now.
    """
    grant_id = _grant(session, scope, row, terms, now_ns)
    step = take(session, scope, row, Step.CONSENT, {"grant": grant_id}, now_ns, seen_version=seen)
    row.grant = grant_id
    return step


def resume(session: Session, scope: Scope, row: CaseFile, terms: Terms, now_ns: int, seen: int | None) -> CaseStep:
    """A new grant lets a suspended case go on where it stood, and an issued one be followed up."""
    grant_id = _grant(session, scope, row, terms, now_ns)
    step = take(session, scope, row, Step.RESUME, {"grant": grant_id}, now_ns, seen_version=seen)
    row.grant, row.resume_state = grant_id, ""
    return step


def _grant(session: Session, scope: Scope, row: CaseFile, terms: Terms, now_ns: int) -> str:
    missing = sorted(each.value for each in NEEDED - set(terms.purposes))
    if missing:
        raise ConfigError(
            "a diagnosis needs these too",
            offender="purposes",
            value=missing,
            remedy="add them",
            code="case.purposes_missing",
            slots={"missing": ", ".join(missing)},
        )
    uncovered = [site for site in row.sites if terms.sites and site not in terms.sites]
    if uncovered:
        raise ConfigError(
            "a site of the case is missing",
            offender="sites",
            value=uncovered,
            remedy="add it",
            code="case.site_not_covered",
            slots={"missing": ", ".join(uncovered)},
        )
    if terms.from_ns > now_ns:
        raise ConfigError(
            "the consent of a case begins now",
            offender="start",
            remedy="leave the start out",
            code="case.consent_begins_now",
        )
    return grants.give(session, scope, row.enterprise, terms, now_ns).id


def open_intake(
    session: Session,
    scope: Scope,
    row: CaseFile,
    framework: str,
    now_ns: int,
    seen: int | None,
    further: Sequence[str] | None = None,
) -> CaseStep:
    """Pins the frameworks and opens the parts; a re-diagnosis begins with the parts of the case before.

    Args:
        framework: leads the report; empty for that of the case before, or of the enterprise's sector.
        further: stand beside it; None for those of the case before.

    Raises:
        ConfigError: a framework is not at hand, or the further ones do not fit.
    """
    name, content = editions.available(session, scope, framework or editions.leading(session, scope, row))
    listed = beside.usual(session, row, name) if further is None else further
    found = beside.chosen(session, scope, listed, name)
    pinned = editions.pin(session, row, name, content, now_ns)
    decision: dict[str, Any] = {"framework": name, "sha256": pinned.sha256, "copied": row.previous}
    if found:
        decision["further"] = beside.pin(session, row, found, now_ns)
    step = take(session, scope, row, Step.OPEN_INTAKE, decision, now_ns, seen_version=seen)
    before = case_before(session, row)
    if before is not None:
        _copy_parts(session, scope, row, before, now_ns)
    session.flush()
    return step


def _copy_parts(session: Session, scope: Scope, row: CaseFile, before: CaseFile, now_ns: int) -> None:
    """The parts of the case before as first versions; of further frameworks those that this case has."""
    for name, each in parts.newest_parts(session, before).items():
        content = dict(each.content)
        if name == parts.FURTHER:
            told = {one: beside.told(content, one) for one in beside.names(row)}
            content = {parts.FURTHER: {one: dict(section) for one, section in told.items() if section}}
            if not content[parts.FURTHER]:
                continue
        session.add(CasePart(case=row.case, part=name, version=1, content=content, author=scope.user, at_ns=now_ns))


def check_intake(session: Session, row: CaseFile) -> list[Contradiction]:
    """What the intake says against itself; ConfigErrors when it cannot be read at all."""
    scenes = parts.newest(session, row, "scenes")
    told: Mapping[str, Any] = {} if scenes is None else scenes.content.get("scenes") or {}
    case, known = parts.whole_case(session, row), {each.name for each in documents.documents(session, row)}
    found = contradictions(case, told, editions.pinned(session, row), row.sites, known)
    written = parts.newest(session, row, parts.FURTHER)
    for framework in beside.frameworks(session, row):
        own = beside.told({} if written is None else written.content, framework.id)
        found += further_contradictions(case, own.get("scenes") or {}, framework, known)
    return found


def submit(session: Session, scope: Scope, row: CaseFile, now_ns: int, seen: int | None) -> CaseStep:
    """Closes the intake, so that evidence can be measured.

    Raises:
        ConfigErrors: it is not complete, or contradicts itself; every point is named.
    """
    if row.state == State.INTAKE:
        found = check_intake(session, row)
        if found:
            raise ConfigErrors([each.as_error() for each in found])
    versions = {part: each.version for part, each in parts.newest_parts(session, row).items()}
    listed = [each.sha256 for each in documents.documents(session, row)]
    decision = {"parts": versions, "documents": sorted(listed)}
    return take(session, scope, row, Step.SUBMIT, decision, now_ns, seen_version=seen)


def reopen(session: Session, scope: Scope, row: CaseFile, reason: str, now_ns: int, seen: int | None) -> CaseStep:
    """Opens the intake again; what was measured has to be measured anew."""
    if not reason.strip():
        raise ConfigError(
            "opening it again needs a reason",
            offender="reason",
            remedy="say what is to be corrected",
            code="case.reopen_reason",
        )
    return take(session, scope, row, Step.REOPEN, {"reason": reason.strip()}, now_ns, seen_version=seen)


def rediagnose(
    session: Session, scope: Scope, row: CaseFile, case_id: str, title: str, now_ns: int, seen: int | None
) -> CaseFile:
    """Opens a case that follows this one; it goes through every step, and its report compares both."""
    following = select(CaseFile).where(CaseFile.previous == row.case, CaseFile.enterprise == row.enterprise)
    follows = session.scalars(following).first()
    if follows is not None:
        raise Conflict(
            "a case follows this one already", offender=row.case, value=follows.case, code="case.followed_already"
        )
    take(session, scope, row, Step.REDIAGNOSE, {"case": case_id}, now_ns, seen_version=seen)
    reason = f"follows {row.case}"
    return apply(
        session,
        scope,
        row.enterprise,
        case_id,
        title=title,
        sites=row.sites,
        reason=reason,
        now_ns=now_ns,
        previous=row.case,
    )


def close(session: Session, scope: Scope, row: CaseFile, reason: str, now_ns: int, seen: int | None) -> CaseStep:
    """Ends a case; a suspended one ends without a report, for a stated reason."""
    if row.state == State.SUSPENDED and not reason.strip():
        raise ConfigError(
            "ending it without a report needs a reason", offender="reason", remedy="say why", code="case.close_reason"
        )
    return take(session, scope, row, Step.CLOSE, {"reason": reason.strip()}, now_ns, seen_version=seen)
