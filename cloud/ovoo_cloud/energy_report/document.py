"""The monthly energy report as a kind of report: its chapters, its own checks, and how it is measured again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.snapshot import Issue
from ovoo_cloud.energy_report.baseline_terms import approved_hash
from ovoo_cloud.energy_report.bill_terms import prices_hash
from ovoo_cloud.energy_report.plan import parse_plan
from ovoo_cloud.energy_report.records_check import check_records
from ovoo_cloud.energy_report.sections.back import back, carbon, method, quality
from ovoo_cloud.energy_report.sections.bill import bill
from ovoo_cloud.energy_report.sections.energy import demand, energy, load
from ovoo_cloud.energy_report.sections.front import cover, summary
from ovoo_cloud.energy_report.sections.idle import idle, measures
from ovoo_cloud.energy_report.sections.saving import saving
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.reports.kinds import Finding, ReportKind

__all__ = ["KIND"]


def _check(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Records hold together, and what is printed of prices and baseline is what they are."""
    yield from check_records(snapshot)
    yield from _check_told(snapshot)


def _check_told(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """The hashes that the report prints are those of the prices and of the baseline that it was made from."""
    told = (snapshot["plan"].get("bill") or {}).get("market") or {}
    shown = (snapshot["bill"].get("market") or {}).get("uploads", [])
    for upload, row in zip(told.get("uploads") or [], shown, strict=False):
        if prices_hash(upload["prices"].split()) != row["sha256"]:
            yield "evidence", upload["document"], "the prices are not those of the printed hash"
    approved = (snapshot["plan"].get("baseline") or {}).get("approved")
    printed = (snapshot["saving"] or {}).get("approved")
    if approved is not None and (printed is None or approved_hash(approved) != printed["sha256"]):
        yield "evidence", approved["id"], "the baseline is not that of the printed hash"


def _again(snapshot: Mapping[str, Any], source: EvidenceSource) -> Mapping[str, Any]:
    return freeze_month(
        parse_plan(snapshot["plan"], "snapshot.json"),
        FrozenSource(snapshot["source"], source),
        Issue.from_json(snapshot["issue"]),
    ).data


KIND: Final = ReportKind(
    cover,
    (summary, energy, load, demand, bill, carbon, idle, saving, measures, quality, method, back),
    _check,
    _again,
)
