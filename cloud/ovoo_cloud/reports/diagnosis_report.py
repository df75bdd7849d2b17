"""The diagnosis report: its chapters, and how its snapshot is checked and measured again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any, Final, Protocol, runtime_checkable

from ovoo_cloud.diagnosis.as_issued import as_issued
from ovoo_cloud.diagnosis.assessments import comparison, rescored
from ovoo_cloud.diagnosis.carried_rules import carried_case, carried_shelf, disagreements
from ovoo_cloud.diagnosis.editions import edition_of
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.formulas import quantise
from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.leading import lead_figures
from ovoo_cloud.diagnosis.review import decisions, overridden, reviewed_parts
from ovoo_cloud.diagnosis.scoring import method_of, score_any, score_json
from ovoo_cloud.diagnosis.snapshot import Issue, content_id, freeze
from ovoo_cloud.reports.kinds import CENTRE_SECTIONS, Finding, ReportKind
from ovoo_cloud.reports.nodes import Block, Facts
from ovoo_cloud.reports.sections.actions import actions, roadmap
from ovoo_cloud.reports.sections.annex import annexes
from ovoo_cloud.reports.sections.declared_secrets import declared_secrets
from ovoo_cloud.reports.sections.energy import energy
from ovoo_cloud.reports.sections.equipment import equipment, security
from ovoo_cloud.reports.sections.frameworks import frameworks
from ovoo_cloud.reports.sections.front import cover, method, summary
from ovoo_cloud.reports.sections.matching import matching
from ovoo_cloud.reports.sections.maturity import maturity, quality
from ovoo_cloud.reports.sections.measured import model_cards, points_table
from ovoo_cloud.reports.sections.profile import profile
from ovoo_cloud.reports.sections.review import review
from ovoo_cloud.reports.sections.revisit import revisit
from ovoo_cloud.reports.sections.running import running
from ovoo_cloud.reports.sections.safety import safety
from ovoo_cloud.reports.sections.weak_points import weak_points

__all__ = ["KIND"]

_TERMS: Final = (
    *("tce", "calorific", "equivalent", "intensity", "norm_level", "correction", "networked", "good", "evidence"),
    *("snapshot", "tou", "shiftable", "load_factor", "oee", "range", "measured", "verified", "declared", "scene"),
)
"""The glossary of this kind of report."""


@runtime_checkable
class CentreSource(Protocol):
    """A source that makes the centre's sections of an issued snapshot again, beside the samples of the enterprise."""

    def centre_sections(self, snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
        """`matching` and `benchmark` as far as the snapshot pins what they were made from."""


def _check(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Scores follow from rules and answers, and the point figures from the scores."""
    again = score_json(score_any(snapshot["framework"], snapshot["answers"], snapshot["scenes"]))
    yield from _unlike("", again, snapshot["score"])
    yield from _check_confirmed(snapshot)
    yield from _check_review(snapshot)
    yield from _check_points(snapshot, "score", snapshot["score"])
    yield from _check_lead(snapshot)
    for name, why in disagreements(snapshot):
        yield "entry", name, why
    yield from _check_centre(snapshot)
    for each in snapshot.get("assessments", []):  # reports of one framework have none
        name = f"assessment.{each['rules']['id']}"
        yield from _unlike(f"{name}.", rescored(each["rules"], each["answers"], each["scenes"])["score"], each["score"])
        if "comparison" in each and each["comparison"] != comparison(each["rules"], snapshot["score"]):
            yield "score", f"{name}.comparison", "does not follow from the leading score"
        yield from _check_points(snapshot, name, each["score"])


def _check_confirmed(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """What was issued is the very content that was confirmed; snapshots of old do not say what was."""
    issue = snapshot["issue"]
    confirmed = issue.get("confirmed")
    if confirmed is None and issue.get("status") in ("confirmed", "issued"):
        yield "entry", "issue/status", "says that the enterprise confirmed, and not what"
    if confirmed is not None and confirmed.get("content") != content_id(snapshot):
        yield "entry", "issue/confirmed", "this is not the content that the enterprise confirmed"


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


def _check_lead(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Every figure of a leading method without a gate follows from rules, score and answers."""
    if method_of(snapshot["framework"]) == "points_gate":
        return  # its points are checked, and it has no figures of distance
    book = FigureBook()
    lead_figures(snapshot["framework"], snapshot["score"], snapshot["answers"], book)
    printed = {name for name in snapshot["figures"] if name.startswith("score.")}
    for name in sorted(printed | set(book.figures)):
        own = book.figures.get(name)
        if own is None or snapshot["figures"].get(name) != own.to_json():
            yield "figure", name, "does not follow from rules, score and answers"


def _check_review(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Every override of the review stands among the answers, and follows from what it says it replaced."""
    parts = {part.further: part for part in reviewed_parts(snapshot)}
    for row in snapshot.get("review", {}).get("items", ()):
        kind, _, named = str(row["subject"]).partition(":")
        of, _, name = named.rpartition("/")
        if of not in parts:
            yield "entry", f"review/{row['subject']}", "names a framework that the report does not have"
            continue
        standing = (parts[of].answers if kind == "item" else parts[of].scenes).get(name)
        wanted = overridden(row, row["found"]) if row["decision"] == "override" else row["found"]
        if standing != wanted:
            yield "entry", f"review/{row['subject']}", "does not follow from the reviewer's decision"


def _check_centre(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """What the centre added: the order of its matching, and no group that a benchmark may not show.

    The registers bring the whole database layer along, some 20 MB: only a report that has such a section loads them.
    """
    if "matching" in snapshot:
        for name in import_module("ovoo_cloud.centre.frozen_matching").disagreements(snapshot["matching"]):
            yield "entry", f"matching/{name}", "does not follow from need, offers and rules"
    if "benchmark" in snapshot:
        for name in import_module("ovoo_cloud.centre.sector_medians").faults_of(snapshot["benchmark"]):
            yield "entry", f"benchmark/{name}", "a group that is too small to be shown"


def _point_figures(prefix: str, result: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield f"{prefix}.total", result["total"]
    for each in result["dimensions"]:
        yield f"{prefix}.dimension.{each['id']}", each["points"]
    for each in result["items"]:
        yield f"{prefix}.item.{each['id']}", each["points"]


def _again(snapshot: Mapping[str, Any], source: EvidenceSource) -> Mapping[str, Any]:
    today = freeze(
        carried_case(snapshot),
        FrozenSource(snapshot["source"], source),
        Issue.from_json(snapshot["issue"]),
        carried_shelf(snapshot),
        review=decisions(snapshot),
        edition=edition_of(snapshot),
    ).data
    kept = {name: snapshot[name] for name in CENTRE_SECTIONS if name in snapshot}
    again = source.centre_sections(snapshot) if isinstance(source, CentreSource) else {}
    return as_issued(snapshot, {**today, **kept, **again})


def _annexes(facts: Facts) -> list[Block]:
    """The annexes of every report with measuring points, model cards and the restricted ones between them."""
    restricted = [*weak_points(facts), *declared_secrets(facts)]
    return annexes(facts, _TERMS, own=[*points_table(facts), *model_cards(facts), *restricted])


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
        _annexes,
    ),
    _check,
    _again,
)
