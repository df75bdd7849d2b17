"""Issuing a diagnosis report: measure, render, sign, record."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ovoo_contract.errors import ConfigError, Unauthenticated
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.access.tokens import scope_of
from ovoo_cloud.catalogue import cases
from ovoo_cloud.catalogue.tables import Report, User
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.build import ReportResult, ReportSettings, build_report, summary
from ovoo_cloud.reports.resolve import Language
from ovoo_cloud.reports.signing import load_signing_key
from ovoo_cloud.services import Services

__all__ = ["asker", "issue_report", "report", "today"]

_LANGUAGES: Final = ("zh", "en")
_INTERNAL: Final = frozenset({"system", "scheduler", "cli"})


def report(services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Issues the report of a stored case.

    Parameters: `case` (id), `number`, `user` (who asked); `issue_date` (ISO, default today in site time) and
    `languages` (default the installation's) may be left out.
    """
    with services.database.read() as session:
        scope = asker(session, str(parameters.get("user", "")))
        stored = cases.case(session, scope, _text(parameters, "case"))
    languages = parameters.get("languages") or [services.settings.language]
    row, result = issue_report(
        services,
        scope,
        parse_case(stored.intake, stored.id),
        number=_text(parameters, "number"),
        issue_date=parameters.get("issue_date") or today(services),
        languages=languages,
        case_id=stored.id,
        progress=progress,
    )
    return {"report": row.id, "folder": row.folder, **summary(result.snapshot.data)}


def today(services: Services) -> str:
    """The local date of the installation, ISO."""
    moment = datetime.fromtimestamp(services.clock() // 1_000_000_000, UTC)
    return moment.astimezone(services.settings.zone).date().isoformat()


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
) -> tuple[Report, ReportResult]:
    """Makes the bundle of a case and records it; the next revision when the number was issued before.

    Args:
        folder: where to; None is a folder of its own under `reports_dir`.
    """
    scope.require(Permission.RUN_REPORT)
    scope.require_enterprise(case.enterprise)
    unknown = [language for language in languages if language not in _LANGUAGES]
    if unknown or not languages:
        raise ConfigError("not a language", offender="languages", value=unknown, remedy="zh, en or both")
    key = load_signing_key(services.settings.signing_key)
    with services.database.read() as session:
        revision = cases.next_revision(session, number)
    report_id = f"{_slug(number)}-r{revision}"
    target = folder if folder is not None else services.settings.reports_dir / case.enterprise / report_id
    progress(0.1)
    settings = ReportSettings(number, issue_date, key, revision=revision, languages=languages)
    result = build_report(case, StoreEvidence(services, case.enterprise, scope), settings, target)
    progress(0.9)
    row = Report(
        id=report_id,
        case=case_id,
        enterprise=case.enterprise,
        site=case.sites[0].id if case.sites else "",
        number=number,
        revision=revision,
        title=case.profile.name.zh if languages[0] == "zh" else case.profile.name.en,
        language=",".join(languages),
        folder=str(target),
        snapshot_sha256=result.snapshot_sha256,
        summary=summary(result.snapshot.data),
        start_ns=case.start_ns,
        end_ns=case.end_ns,
        created_by=scope.user,
        created_ns=services.clock(),
    )
    with services.database.write() as session:
        cases.save_report(session, scope, row)
    return row, result


def asker(session: Session, name: str) -> Scope:
    """What the person who asked may see now; the installation itself may see everything."""
    user = session.get(User, name)
    if user is not None and not user.disabled:
        return scope_of(user)
    if user is None and name in _INTERNAL:
        return Scope.system(name)
    raise Unauthenticated("no such user any more", offender=name, remedy="ask again in your own name")


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError("missing", offender=f"report.{name}", remedy="name it")
    return value


def _slug(number: str) -> str:
    """A report number as part of a path: letters and digits stay, anything else becomes a hyphen."""
    slug = "".join(char if char.isascii() and char.isalnum() else "-" for char in number).strip("-").lower()[:40]
    if not slug:
        raise ConfigError("no letter or digit in it", offender="number", value=number, remedy="e.g. HS-2026-001")
    return slug
