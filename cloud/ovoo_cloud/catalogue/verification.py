"""Whether a report was issued here, asked by anybody who holds it: number, revision and snapshot hash must all fit."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.diagnosis.standing import is_working

__all__ = ["IssuedReport", "issued_report"]


@dataclass(frozen=True, slots=True)
class IssuedReport:
    """What is told of an issued report: nothing of the enterprise. `newest` is the newest revision of its number.

    `working`: it was made here, outside the steps of a case, and nobody issued it.
    """

    number: str
    revision: int
    newest: int
    snapshot_sha256: str
    issued_ns: int
    working: bool = False

    @property
    def current(self) -> bool:
        """Whether no later revision corrects it."""
        return self.revision == self.newest


def issued_report(session: Session, number: str, revision: int, code: str) -> IssuedReport | None:
    """The report with this snapshot hash; None where any of the three does not fit, without saying which.

    No scope is asked: who knows the 256-bit hash holds the report.
    """
    return _issued(session, Report, number, revision, code) or _issued(session, RegionReport, number, revision, code)


def _issued(
    session: Session, table: type[Report] | type[RegionReport], number: str, revision: int, code: str
) -> IssuedReport | None:
    facts = select(table.snapshot_sha256, table.created_ns, table.summary)
    row = session.execute(facts.where(table.number == number, table.revision == revision)).one_or_none()
    if row is None or not hmac.compare_digest(row[0].encode(), code.lower().encode()):
        return None
    newest = session.scalar(select(func.max(table.revision)).where(table.number == number)) or revision
    return IssuedReport(number, revision, newest, row[0], row[1], is_working(row[2]))
