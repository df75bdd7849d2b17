"""Issued reports as the centre's services read them: the frozen snapshot, only where its hash is the registered one."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import VerifyError

from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre.facts import SavingFact
from ovoo_cloud.diagnosis.scoring import method_of
from ovoo_cloud.diagnosis.secrecy import withheld

__all__ = [
    "GATED",
    "Issued",
    "gated_score",
    "issued_of",
    "measured_percent",
    "newest_revisions",
    "proven_saving",
    "proves_saving",
    "read_snapshot",
]

_FILE: Final = "snapshot.json"
GATED: Final = "points_gate"
"""The method whose levels are levels of digitalisation; those of the others say something else."""


@dataclass(frozen=True, slots=True)
class Issued:
    """Where a report lies and what its snapshot must hash to; times in ns UTC."""

    id: str
    enterprise: str
    case: str
    number: str
    revision: int
    created_ns: int
    folder: str
    sha256: str
    level: int | None


def issued_of(row: Report) -> Issued:
    """The facts of a stored report."""
    level = row.summary.get("level")
    digital = row.summary.get("method", GATED) == GATED  # another method's level is no digital level
    known = level if isinstance(level, int) and digital else None
    return Issued(
        row.id, row.enterprise, row.case or "", row.number, row.revision, row.created_ns, row.folder,
        row.snapshot_sha256, known,
    )  # fmt: skip


def newest_revisions(reports: Iterable[Issued]) -> list[Issued]:
    """Of each number only the newest revision, oldest number first."""
    newest: dict[str, Issued] = {}
    for each in reports:
        if each.number not in newest or newest[each.number].revision < each.revision:
            newest[each.number] = each
    return sorted(newest.values(), key=lambda each: (each.created_ns, each.id))


def read_snapshot(report: Issued) -> Mapping[str, Any]:
    """The frozen snapshot of a report.

    Raises:
        VerifyError: the file is gone, changed or no snapshot.
    """
    path = pathlib.Path(report.folder) / _FILE
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise VerifyError("the snapshot is gone", offender=report.id, remedy="restore the bundle") from error
    if sha256_hex(raw) != report.sha256:
        raise VerifyError("the snapshot was changed", offender=report.id, remedy="restore the bundle")
    try:
        found = orjson.loads(raw)
    except ValueError as error:
        raise VerifyError("not a snapshot", offender=report.id, remedy="restore the bundle") from error
    if not isinstance(found, dict) or not isinstance(found.get("figures"), dict):
        raise VerifyError("not a snapshot", offender=report.id, remedy="restore the bundle")
    return found


def proves_saving(report: Issued) -> bool:
    """Whether the report verifies and its snapshot holds a saving that was provable."""
    try:
        saving = read_snapshot(report).get("saving")
    except VerifyError:
        return False
    return isinstance(saving, dict) and saving.get("reason") == ""


def proven_saving(report: Issued) -> SavingFact | None:
    """The saving that an issued report proves, in kWh; None where it proves none, or does not verify."""
    try:
        snapshot = read_snapshot(report)
    except VerifyError:
        return None
    saving, figures = snapshot.get("saving"), snapshot["figures"]
    if not isinstance(saving, dict) or saving.get("reason") != "":
        return None
    if withheld(snapshot).figures & {"saving.avoided", "saving.low", "saving.high"}:
        return None  # the enterprise declared it secret: it is in no sum of the centre
    values = [figures.get(f"saving.{name}", {}).get("value") for name in ("avoided", "low", "high")]
    if any(value is None for value in values):
        return None
    avoided, low, high = (Decimal(value) for value in values)
    return SavingFact(f"{report.id}@{report.sha256[:16]}", avoided, low, high)


_CLASSES: Final[Sequence[str]] = ("measured", "verified", "declared", "insufficient")


def gated_score(snapshot: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The score of the points with a gate, which alone is a digital level: that of the leading framework, else of a
    further one; None where the report judges by other methods only."""
    judged = [
        {"rules": snapshot.get("framework", {}), "score": snapshot.get("score")},
        *snapshot.get("assessments", []),
    ]
    return next((each["score"] for each in judged if each["score"] and method_of(each["rules"]) == GATED), None)


def measured_percent(snapshot: Mapping[str, Any]) -> Decimal | None:
    """Points whose evidence was measured, in percent of all points; None where the report scores nothing, or where its
    enterprise declared it secret."""
    if any(name.startswith("score.class.") for name in withheld(snapshot).figures):
        return None
    points = {name: snapshot["figures"].get(f"score.class.{name}", {}).get("value") for name in _CLASSES}
    total = sum((Decimal(value) for value in points.values() if value is not None), Decimal(0))
    return None if not total or points["measured"] is None else 100 * Decimal(points["measured"]) / total
