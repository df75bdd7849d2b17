"""The case that another one follows: only ever one of the same enterprise."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.case_tables import CaseFile

__all__ = ["case_before"]


def case_before(session: Session, row: CaseFile) -> CaseFile | None:
    """The case that this one follows, None where it follows none.

    A case that came from another centre names the one before by its id there: a case of another enterprise that has
    that id here is not it, and nothing of it is read.
    """
    found = session.get(CaseFile, row.previous) if row.previous else None
    return found if found is not None and found.enterprise == row.enterprise else None
