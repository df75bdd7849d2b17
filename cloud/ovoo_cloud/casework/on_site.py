"""The on-site rating of a case: signed by its assessors, with the signed record among the documents of the case."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework.states import Step
from ovoo_cloud.casework.steps import take
from ovoo_cloud.catalogue.case_tables import CaseDocument, CaseFile, CaseStep

__all__ = ["sign", "signed"]

_MOST: Final = 20


def sign(
    session: Session,
    scope: Scope,
    row: CaseFile,
    *,
    date: str,
    assessors: Sequence[str],
    document: str,
    now_ns: int,
    seen: int | None,
) -> CaseStep:
    """Records that the rating on site took place and was signed.

    Args:
        date: the day of the signature, ISO.
        assessors: names as they stand under the record.
        document: name of the signed record among the documents of the case.

    Raises:
        ConfigError: no date, nobody who signed, or a record that the case does not have.
    """
    try:
        datetime.date.fromisoformat(date)
    except ValueError as error:
        raise ConfigError(
            "not a date", offender="date", value=date, remedy="e.g. 2026-12-01", code="case.not_date"
        ) from error
    names = [each.strip() for each in assessors if each.strip()]
    if not names or len(names) > _MOST:
        raise ConfigError(
            "nobody signed it",
            offender="assessors",
            value=len(names),
            remedy=f"1 to {_MOST} names",
            code="case.nobody_signed",
            slots={"most": _MOST},
        )
    query = select(CaseDocument).where(CaseDocument.case == row.case, CaseDocument.name == document)
    kept = session.scalars(query).first()
    if kept is None:
        raise ConfigError(
            "no such document in the case",
            offender="document",
            value=document,
            remedy="upload it",
            code="case.no_such_document",
        )
    decision = {"date": date, "assessors": names, "document": kept.name, "sha256": kept.sha256}
    return take(session, scope, row, Step.ON_SITE, decision, now_ns, seen_version=seen)


def signed(session: Session, row: CaseFile) -> dict[str, Any] | None:
    """What was signed since the evidence was measured last, None where nobody signed: what is measured anew is rated
    anew."""
    query = select(CaseStep).where(
        CaseStep.case == row.case, CaseStep.step.in_([Step.FREEZE.value, Step.ON_SITE.value])
    )
    newest = session.scalars(query.order_by(CaseStep.seq.desc()).limit(1)).first()
    return dict(newest.decision) if newest is not None and newest.step == Step.ON_SITE.value else None
