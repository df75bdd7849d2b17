"""The newest readiness report of a site, read back from its bundle."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases
from ovoo_cloud.catalogue.tables import Report

__all__ = ["IssuedReadiness", "newest_readiness"]


@dataclass(frozen=True, slots=True)
class IssuedReadiness:
    """A report of the list with its snapshot; `data` is None where its folder is gone."""

    report: Report
    data: Mapping[str, Any] | None


def newest_readiness(session: Session, scope: Scope, enterprise: str, site: str) -> IssuedReadiness | None:
    """The report whose window ends last, of those the one issued last; None before the first."""
    rows = [row for row in cases.reports(session, scope, enterprise, site) if row.summary.get("kind") == "readiness"]
    if not rows:
        return None
    row = max(rows, key=lambda each: (each.end_ns, each.created_ns, each.revision))
    path = pathlib.Path(row.folder) / "snapshot.json"
    try:
        return IssuedReadiness(row, json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return IssuedReadiness(row, None)
