"""Issuing a diagnosis report: measure, render, sign, record."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ovoo_contract.errors import ConfigError, Stale, Unauthenticated
from sqlalchemy.orm import Session

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.access.tokens import scope_of
from ovoo_cloud.casework import numbers
from ovoo_cloud.catalogue import access_lines, audit, cases, frameworks
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.tables import Report, User
from ovoo_cloud.centre.report_sections import benchmark_section, matching_section
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.standing import WORKING
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.build import FORMATS, Format, ReportResult, ReportSettings, build_report, summary
from ovoo_cloud.reports.naming import local_day, slug
from ovoo_cloud.reports.resolve import Language
from ovoo_cloud.reports.seal import seal_of
from ovoo_cloud.reports.staging import publish, staged
from ovoo_cloud.services import Services

__all__ = [
    "Order",
    "Subject",
    "asked_by",
    "asker",
    "check_order",
    "issue_recorded",
    "issue_report",
    "noted",
    "report",
    "today",
]

_OPERATION: Final = "job report"
_LANGUAGES: Final = ("zh", "en")
_INTERNAL: Final = frozenset({"system", "scheduler", "cli"})


def report(services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Issues the report of a stored case.

    Parameters: `case` (id), `number`, `user` (who asked); `issue_date` (ISO, default today in site time) and
    `languages` (default the installation's) may be left out, so may `centre_copy` (default no).
    """
    with asked_by(services, parameters, Read(_OPERATION, subject=_text(parameters, "case"))) as scope:
        with services.database.read() as session:
            stored = cases.case(session, scope, _text(parameters, "case"))
        row, result = issue_report(
            services,
            scope,
            parse_case(stored.intake, stored.id),
            number=_text(parameters, "number"),
            issue_date=parameters.get("issue_date") or today(services),
            languages=parameters.get("languages") or [services.settings.language],
            case_id=stored.id,
            progress=progress,
            centre_copy=bool(parameters.get("centre_copy", False)),
        )
    return {"report": row.id, "folder": row.folder, **summary(result.snapshot.data)}


def today(services: Services) -> str:
    """The local date of the installation, ISO."""
    return local_day(services.clock(), services.settings.zone)


def issue_report(
    services: Services,
    scope: Scope,
    case: Case,
    *,
    number: str,
    issue_date: str,
    languages: Sequence[Language],
    case_id: str | None = None,
    folder: pathlib.Path | None = None,
    progress: Callable[[float], None] = lambda share: None,
    centre_copy: bool = False,
    read: Read | None = None,
) -> tuple[Report, ReportResult]:
    """Makes a working report of an intake that goes by no steps, and records it; nobody issues it.

    Its number has a prefix that no number of the register has; a repeated one makes the next revision.

    Args:
        folder: where to; None is a folder of its own under `reports_dir`.
        centre_copy: whether there is a second set of documents without the enterprise's trade secrets.
        read: how the enterprise finds it listed; None as the job of the case.
    """
    scope = scope.under(Permission.RUN_REPORT)
    subject = Subject(
        enterprise=case.enterprise,
        site=case.sites[0].id if case.sites else "",
        title={"zh": case.profile.name.zh, "en": case.profile.name.en},
        start_ns=case.start_ns,
        end_ns=case.end_ns,
        case_id=case_id,
        read=read or Read(_OPERATION, subject=case_id or ""),
    )
    evidence = StoreEvidence(services, case.enterprise, scope)
    number = numbers.working(number)
    order = Order(number, issue_date, languages, folder, progress, centre_copy=centre_copy, status=WORKING)
    with services.database.read() as session:
        shelf = frameworks.shelf(session, scope, case.frameworks)

    def centre(data: Mapping[str, Any]) -> Mapping[str, Any]:
        with services.database.read() as session:
            key = case_id or number
            matched = matching_section(
                session, scope, case.enterprise, data, key=key, day=issue_date, now_ns=services.clock()
            )
        return {**matched, **benchmark_section(services, scope, case.enterprise, data["framework"])}

    return issue_recorded(
        services,
        scope,
        subject,
        order,
        lambda made, out: build_report(case, evidence, made, out, shelf, centre),
        summary,
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about, as the list of reports keeps it, and as what the enterprise finds the access listed."""

    enterprise: str
    site: str
    title: Mapping[str, str]
    start_ns: int
    end_ns: int
    read: Read
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What the issuing office decides; `folder` None is one of its own under `reports_dir`.

    centre_copy: a second set of documents, without the enterprise's trade secrets.
    status: that of `Issue`.
    """

    number: str
    issue_date: str
    languages: Sequence[Language]
    folder: pathlib.Path | None = None
    progress: Callable[[float], None] = lambda share: None
    centre_copy: bool = False
    formats: Sequence[Format] = FORMATS
    status: str = ""


def issue_recorded(
    services: Services,
    scope: Scope,
    subject: Subject,
    order: Order,
    build: Callable[[ReportSettings, pathlib.Path], ReportResult],
    summarise: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> tuple[Report, ReportResult]:
    """Makes a bundle by `build` and records it; the next revision when the number was issued before."""
    scope = scope.under(Permission.RUN_REPORT)
    scope.require_enterprise(subject.enterprise)
    check_order(order)
    key = seal_of(services.settings.seal_command, services.settings.seal_public_key, services.settings.signing_key)
    with services.database.read() as session:
        numbers.check_free(session, order.number, subject.case_id or "")
        revision = cases.next_revision(session, order.number)
    name = f"{slug(order.number)}-r{revision}"
    order.progress(0.1)
    made = ReportSettings(
        order.number,
        order.issue_date,
        key,
        revision=revision,
        languages=order.languages,
        formats=order.formats,
        verify_url=services.settings.verify_url,
        centre_copy=order.centre_copy,
        status=order.status,
    )
    if order.folder is not None:
        result = build(made, order.folder)
        order.progress(0.9)
        with services.database.write() as session:
            return _kept(services, session, scope, subject, order, name, result, summarise), result
    place = services.settings.reports_dir / subject.enterprise / name
    with staged(place.parent) as making:
        result = replace(build(made, making), folder=place)
        order.progress(0.9)
        with services.database.write() as session:
            row = _kept(services, session, scope, subject, order, name, result, summarise)
            publish(making, place)  # last: what is not recorded was never issued
    return row, result


def _kept(
    services: Services,
    session: Session,
    scope: Scope,
    subject: Subject,
    order: Order,
    name: str,
    result: ReportResult,
    summarise: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Report:
    """Records a bundle, unless somebody issued the same revision while it was made."""
    audit.hold(session)
    grants.require_live(session, scope.used, services.clock())
    issue = result.snapshot.data["issue"]
    if cases.next_revision(session, order.number) != issue["revision"]:
        raise Stale("another revision was issued meanwhile", offender=order.number, remedy="issue again")
    row = Report(
        id=name,
        case=subject.case_id,
        enterprise=subject.enterprise,
        site=subject.site,
        number=order.number,
        revision=issue["revision"],
        title=subject.title["zh" if order.languages[0] == "zh" else "en"],
        language=",".join(order.languages),
        folder=str(result.folder),
        snapshot_sha256=result.snapshot_sha256,
        summary=summarise(result.snapshot.data),
        start_ns=subject.start_ns,
        end_ns=subject.end_ns,
        created_by=scope.user,
        created_ns=services.clock(),
    )
    saved = cases.save_report(session, scope, row)
    access_lines.note_all(session, scope, subject.read, services.clock())
    return saved


def check_order(order: Order) -> None:
    """Refuses languages and formats that no report is made in.

    Raises:
        ConfigError: naming them.
    """
    unknown = [language for language in order.languages if language not in _LANGUAGES]
    if unknown or not order.languages:
        raise ConfigError("not a language", offender="languages", value=unknown, remedy="zh, en or both")
    strange = [each for each in order.formats if each not in FORMATS]
    if strange:
        raise ConfigError("not a format", offender="formats", value=strange, remedy=f"of {', '.join(FORMATS)}")


def asker(services: Services, session: Session, name: str) -> Scope:
    """What the person who asked may see now; the installation itself may see everything."""
    user = session.get(User, name)
    if user is not None and not user.disabled:
        return grants.bound(session, scope_of(user), services.settings.access_consent, services.clock())
    if user is None and name in _INTERNAL:
        return Scope.system(name)
    raise Unauthenticated("no such user any more", offender=name, remedy="ask again in your own name")


@contextlib.contextmanager
def asked_by(services: Services, parameters: Mapping[str, Any], read: Read) -> Iterator[Scope]:
    """The scope of whoever asked for a run; what it reads under grants is noted for the enterprise.

    A run that keeps something notes that itself, with the first of what it keeps (`access_lines.note_all`): a process
    that dies later leaves no result without its line. What is left is noted when the run ends, before the worker keeps
    its result. A run whose consent ends meanwhile fails, and what it made is not kept (`grants.require_live` where it
    is saved).
    """
    with services.database.read() as session:
        scope = asker(services, session, str(parameters.get("user", "")))
    with noted(services, scope, read):
        yield scope


@contextlib.contextmanager
def noted(services: Services, scope: Scope, read: Read) -> Iterator[None]:
    """Notes for the enterprise what is read under grants meanwhile; a run whose consent ends by then fails."""
    try:
        yield
        with services.database.read() as session:
            grants.require_live(session, scope.used, services.clock())
    finally:
        if scope.used:
            with services.database.write() as session:
                access_lines.note(session, scope, scope.used, read, services.clock())


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError("missing", offender=f"report.{name}", remedy="name it")
    return value
