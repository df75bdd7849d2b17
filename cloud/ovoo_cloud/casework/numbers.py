"""The register of report numbers: one number belongs to one case for ever, and its dates never go back."""

from __future__ import annotations

import datetime
from typing import Final

from ovoo_contract.errors import ConfigError, Conflict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.case_tables import ReportNumber
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.reports.naming import slug

__all__ = ["check_date", "check_free", "claim", "next_revision", "working"]

_WORKING: Final = "W-"


def working(number: str) -> str:
    """The number of a working report, which the register never gives: `W-` and what was asked for.

    >>> working("HS-1"), working("w-hs-1")
    ('W-HS-1', 'W-hs-1')
    """
    return _WORKING + (number[len(_WORKING) :] if _is_working(number) else number)


def _is_working(number: str) -> bool:
    return number[: len(_WORKING)].upper() == _WORKING


def check_free(session: Session, number: str, case_id: str) -> None:
    """Refuses a number that another case or a report of the region has, or that reads like another one's in a path.

    Raises:
        Conflict: naming the number.
    """
    if session.scalars(select(RegionReport.id).where(RegionReport.number == number).limit(1)).first() is not None:
        raise Conflict(
            "a report of the region has this number",
            offender="number",
            value=number,
            remedy="take a new one",
            code="case.number_of_region",
        )
    held = session.get(ReportNumber, number)
    if held is not None and held.case != case_id:
        raise Conflict(
            "this number belongs to another case",
            offender="number",
            value=number,
            remedy="take a new one",
            code="case.number_of_another_case",
        )
    alike = _alike(session, number)
    if alike:
        raise Conflict(
            "another number differs from this one in signs or capitals only",
            offender="number",
            value=number,
            remedy=f"take one with other letters or digits than {alike}",
            code="case.number_alike",
            slots={"other": alike},
        )


def _alike(session: Session, number: str) -> str:
    """A number of another report whose files would have the same names, empty where there is none."""
    name = slug(number)
    query = select(Report.id, Report.number).where(Report.id.startswith(f"{name}-r"), Report.number != number)
    return next((other for _, other in session.execute(query) if slug(other) == name), "")


def next_revision(session: Session, number: str, case_id: str) -> int:
    """1 for a number nobody had, else one more than its newest revision.

    Raises:
        Conflict: another case has the number, or a report outside the register.
    """
    check_free(session, number, case_id)
    held = session.get(ReportNumber, number)
    if held is not None:
        return held.revision + 1
    stray = session.scalars(select(Report).where(Report.number == number).limit(1)).first()
    if stray is not None:
        raise Conflict(
            "a report has this number already",
            offender="number",
            value=number,
            remedy="take a new one",
            code="case.number_taken",
        )
    return 1


def check_date(session: Session, issue_date: str, today: str) -> None:
    """Refuses a date of issue that is no date, is still to come, or lies before the last one of the register.

    A clock that was set back shows here: then even today lies before the last report.

    Raises:
        ConfigError: not a date, or one to come. Conflict: before the last one.
    """
    try:
        datetime.date.fromisoformat(issue_date)
    except ValueError as error:
        raise ConfigError(
            "not a date", offender="issue_date", value=issue_date, remedy="e.g. 2026-06-08", code="case.not_date"
        ) from error
    last = session.scalar(select(func.max(ReportNumber.issue_date))) or ""
    if issue_date < last:
        raise Conflict(
            "before the last report of the register",
            offender="issue_date",
            value=issue_date,
            remedy=f"{last} or later; if today is earlier, the clock of the server was set back",
            code="case.date_before_last",
            slots={"last": last},
        )
    if issue_date > today:
        raise ConfigError(
            "a day to come",
            offender="issue_date",
            value=issue_date,
            remedy=f"today is {today}",
            code="case.day_to_come",
            slots={"today": today},
        )


def claim(session: Session, number: str, case_id: str, issue_date: str, today: str, now_ns: int) -> int:
    """Takes a number, or the next revision of one's own, and gives the revision.

    Raises:
        See `next_revision` and `check_date`.
    """
    check_date(session, issue_date, today)
    revision = next_revision(session, number, case_id)
    held = session.get(ReportNumber, number)
    if held is None and _is_working(number):
        raise ConfigError(
            "numbers that begin like this are those of working reports",
            offender="number",
            value=number,
            remedy=f"take one that does not begin with {_WORKING}",
            code="case.number_of_working",
            slots={"prefix": _WORKING},
        )
    if held is None:
        held = ReportNumber(number=number, case=case_id, revision=0, issue_date="", taken_ns=now_ns)
        session.add(held)
    held.revision, held.issue_date = revision, issue_date
    session.flush()
    return revision
