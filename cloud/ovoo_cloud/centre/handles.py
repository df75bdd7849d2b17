"""Identifiers resolved: what a handle of a machine, report or row may tell anybody, and nothing more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import absent
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre.own_kinds import kinds_in

__all__ = ["resolve"]


def resolve(session: Session, handle: str) -> dict[str, Any]:
    """The public fields of a handle.

    A machine gives its public name; a report its number, revision, status and the hash of its snapshot; a case those
    of its newest report, and `pending` before the first; a row of a register the words of the register. Whose they
    are, where they stand and what they say stays inside. A withdrawn handle says only that it is, a replaced one by
    which handle.

    Raises:
        NotFound: nobody registered it.
    """
    row = _registered(session, handle)
    found: dict[str, Any] = {"handle": handle, "object": row.content["object"], "status": "withdrawn"}
    if after := row.content.get("replaced_by"):
        return found | {"status": "replaced", "replaced_by": after}
    if row.withdrawn:
        return found
    found |= {"name_zh": row.content.get("name_zh"), "name_en": row.content.get("name_en"), "version": row.version}
    kind, target = row.content["object"], row.content["target"]
    if kind == "asset":
        return found | {"status": "registered"}
    if kind == "entry":
        return found | _entry(session, target)
    report = session.get(Report, target) if kind == "report" else _newest_of_case(session, target)
    if report is None and kind == "case_report":
        return found | {"status": "pending"}
    if report is None:
        raise absent(handle)
    return found | _report(session, report)


def _registered(session: Session, handle: str) -> RegisterEntry:
    named = RegisterEntry.content["handle"].as_string() == handle
    row = session.scalars(select(RegisterEntry).where(RegisterEntry.kind == "handle", named)).first()
    if row is None:
        raise absent(handle)
    return row


def _newest_of_case(session: Session, case: str) -> Report | None:
    """The newest revision of the number that the case was last issued under."""
    query = select(Report).where(Report.case == case)
    return session.scalars(query.order_by(Report.created_ns.desc(), Report.revision.desc()).limit(1)).first()


def _report(session: Session, report: Report) -> dict[str, Any]:
    newest = session.scalar(select(func.max(Report.revision)).where(Report.number == report.number))
    return {
        "status": "issued" if newest == report.revision else "superseded",
        "number": report.number,
        "revision": report.revision,
        "newest_revision": newest,
        "snapshot_sha256": report.snapshot_sha256,
        "issued_ns": str(report.created_ns),
    }


def _entry(session: Session, target: str) -> dict[str, Any]:
    """The register of a row and whether the row is in force; what it says only its readers see."""
    register, _, name = target.partition("/")
    row, kind_of = session.get(RegisterEntry, (register, name)), kinds_in(session).get(register)
    if row is None or kind_of is None or row.withdrawn:
        return {"status": "withdrawn"}
    return {"status": "registered", "register_zh": kind_of.label.zh, "register_en": kind_of.label.en}
