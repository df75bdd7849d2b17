"""Whether a report was issued here, asked by anybody who holds it: number, revision and snapshot hash must all fit."""

from __future__ import annotations

import hmac
import pathlib
from dataclasses import dataclass

from sqlalchemy import func, null, select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.case_tables import CaseStep
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.diagnosis.standing import is_working

__all__ = ["IssuedReport", "issued_report"]


@dataclass(frozen=True, slots=True)
class IssuedReport:
    """What is told of an issued report: nothing of the enterprise. `newest` is the newest revision of its number.

    `elsewhere`: another centre issued it, and it came here with its case; that centre's key signed it.
    `folder` is for the house itself. `working`: it was made here, outside the steps of a case, and nobody issued it.
    """

    number: str
    revision: int
    newest: int
    snapshot_sha256: str
    issued_ns: int
    folder: pathlib.Path
    elsewhere: bool = False
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
    case = Report.case if table is Report else null()
    facts = select(table.snapshot_sha256, table.created_ns, case, table.summary, table.folder)
    row = session.execute(facts.where(table.number == number, table.revision == revision)).one_or_none()
    if row is None or not hmac.compare_digest(row[0].encode(), code.lower().encode()):
        return None
    newest = session.scalar(select(func.max(table.revision)).where(table.number == number)) or revision
    elsewhere = row[2] is not None and _elsewhere(session, row[2], number, revision)
    folder = pathlib.Path(row[4])
    return IssuedReport(number, revision, newest, row[0], row[1], folder, elsewhere, is_working(row[3]))


def _elsewhere(session: Session, case: str, number: str, revision: int) -> bool:
    """Whether the case stood on a consent that came along from another centre when the report was issued.

    Such a consent opens nothing here: what was issued under it was issued there.
    """
    kept = session.execute(select(Grant.id, Grant.origin).where(Grant.case == case))
    origins = {name: origin for name, origin in kept}  # noqa: C416  # rows, not pairs, to the type checker
    taken = select(CaseStep.step, CaseStep.decision).where(CaseStep.case == case).order_by(CaseStep.seq)
    origin = ""
    for step, decision in session.execute(taken):
        if step in ("consent", "resume"):
            origin = origins.get(decision["grant"], "")
        if step == "issue" and (decision["number"], decision["revision"]) == (number, revision):
            return origin != ""
    return False
