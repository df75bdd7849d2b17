"""Identifiers resolved: what a handle of a machine or report may tell anybody, and nothing more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import absent
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import Report

__all__ = ["resolve"]


def resolve(session: Session, handle: str) -> dict[str, Any]:
    """The public fields of a handle.

    A machine gives its public name, a report its number, revision, status and the hash of its snapshot; whose they
    are, where they stand and what they say stays inside. A withdrawn handle says only that it is.

    Raises:
        NotFound: nobody registered it.
    """
    named = RegisterEntry.content["handle"].as_string() == handle
    row = session.scalars(select(RegisterEntry).where(RegisterEntry.kind == "handle", named)).first()
    if row is None:
        raise absent(handle)
    found: dict[str, Any] = {"handle": handle, "object": row.content["object"], "status": "withdrawn"}
    if row.withdrawn:
        return found
    found |= {"name_zh": row.content.get("name_zh"), "name_en": row.content.get("name_en"), "version": row.version}
    if row.content["object"] == "asset":
        return found | {"status": "registered"}
    report = session.get(Report, row.content["target"])
    if report is None:
        raise absent(handle)
    newest = session.scalar(select(func.max(Report.revision)).where(Report.number == report.number))
    return found | {
        "status": "issued" if newest == report.revision else "superseded",
        "number": report.number,
        "revision": report.revision,
        "newest_revision": newest,
        "snapshot_sha256": report.snapshot_sha256,
        "issued_ns": str(report.created_ns),
    }
