"""The diagnosis report: its chapters, and how its snapshot is checked and measured again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ovoo_cloud.centre.frozen_matching import disagreements
from ovoo_cloud.centre.sector_medians import faults_of
from ovoo_cloud.diagnosis.as_issued import as_issued
from ovoo_cloud.diagnosis.assessments import comparison, rescored
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.editions import edition_of
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure
from ovoo_cloud.diagnosis.formulas import quantise
from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.review import decisions, overridden
from ovoo_cloud.diagnosis.scoring import score_any, score_json
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.kinds import Finding, ReportKind
from ovoo_cloud.reports.sections.actions import actions, roadmap
from ovoo_cloud.reports.sections.annex import annexes
from ovoo_cloud.reports.sections.energy import energy
from ovoo_cloud.reports.sections.equipment import equipment, security
from ovoo_cloud.reports.sections.frameworks import frameworks
from ovoo_cloud.reports.sections.front import cover, method, summary
from ovoo_cloud.reports.sections.matching import matching
from ovoo_cloud.reports.sections.maturity import maturity, quality
from ovoo_cloud.reports.sections.profile import profile
from ovoo_cloud.reports.sections.review import review
from ovoo_cloud.reports.sections.revisit import revisit
from ovoo_cloud.reports.sections.running import running
from ovoo_cloud.reports.sections.safety import safety

__all__ = ["KIND"]

_ADDED: Final = ("matching", "benchmark")
"""Sections of the centre's, frozen with all they were made from: no sample of the enterprise gives them again."""


def _check(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Scores follow from rules and answers, and the point figures from the scores."""
    again = score_json(score_any(snapshot["framework"], snapshot["answers"], snapshot["scenes"]))
    yield from _unlike("", again, snapshot["score"])
    yield from _check_review(snapshot)
    yield from _check_points(snapshot, "score", snapshot["score"])
    yield from _check_centre(snapshot)
    for each in snapshot.get("assessments", []):  # reports of one framework have none
        name = f"assessment.{each['rules']['id']}"
        yield from _unlike(f"{name}.", rescored(each["rules"], each["answers"], each["scenes"])["score"], each["score"])
        if "comparison" in each and each["comparison"] != comparison(each["rules"], snapshot["score"]):
            yield "score", f"{name}.comparison", "does not follow from the leading score"
        yield from _check_points(snapshot, name, each["score"])


def _unlike(prefix: str, again: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(set(again) | set(stored)):
        if again.get(name) != stored.get(name):
            yield "score", prefix + name, "does not follow from rules and answers"


def _check_points(snapshot: Mapping[str, Any], prefix: str, result: Mapping[str, Any]) -> Iterator[Finding]:
    for name, ends in _point_figures(prefix, result):
        row = snapshot["figures"].get(name)
        interval = None if row is None else Figure.from_json(name, row).interval()
        if interval is None or [quantise(end, 3) for end in interval] != [quantise(Decimal(end), 3) for end in ends]:
            yield "figure", name, "does not follow from the score"


def _check_review(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Every override of the review stands among the answers, and follows from what it says it replaced."""
    for row in snapshot.get("review", {}).get("items", ()):
        kind, _, name = str(row["subject"]).partition(":")
        standing = snapshot["answers" if kind == "item" else "scenes"].get(name)
        wanted = overridden(row, row["found"]) if row["decision"] == "override" else row["found"]
        if standing != wanted:
            yield "entry", f"review/{row['subject']}", "does not follow from the reviewer's decision"


def _check_centre(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """What the centre added: the order of its matching, and no group that a benchmark may not show."""
    if "matching" in snapshot:
        for name in disagreements(snapshot["matching"]):
            yield "entry", f"matching/{name}", "does not follow from need, offers and rules"
    if "benchmark" in snapshot:
        for name in faults_of(snapshot["benchmark"]):
            yield "entry", f"benchmark/{name}", "a group that is too small to be shown"


def _point_figures(prefix: str, result: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield f"{prefix}.total", result["total"]
    for each in result["dimensions"]:
        yield f"{prefix}.dimension.{each['id']}", each["points"]
    for each in result["items"]:
        yield f"{prefix}.item.{each['id']}", each["points"]


def _again(snapshot: Mapping[str, Any], source: EvidenceSource) -> Mapping[str, Any]:
    today = freeze(
        parse_case(snapshot["case"], "snapshot.json"),
        FrozenSource(snapshot["source"], source),
        Issue.from_json(snapshot["issue"]),
        Shelf(snapshot.get("own_frameworks", {})),
        review=decisions(snapshot),
        edition=edition_of(snapshot),
    ).data
    return as_issued(snapshot, {**today, **{name: snapshot[name] for name in _ADDED if name in snapshot}})


KIND: Final = ReportKind(
    cover,
    (
        summary,
        method,
        profile,
        quality,
        maturity,
        frameworks,
        review,
        running,
        energy,
        equipment,
        safety,
        security,
        actions,
        roadmap,
        matching,
        revisit,
        annexes,
    ),
    _check,
    _again,
)
