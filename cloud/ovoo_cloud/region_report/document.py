"""The report of a region: its chapters, and how its snapshot is checked and computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import VerifyError

from ovoo_cloud.centre.benchmark import LEAST_GROUP
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.snapshot import Issue
from ovoo_cloud.region_report.chapters import back, cover, groups, levels, method, summary
from ovoo_cloud.region_report.names import PARTS
from ovoo_cloud.region_report.snapshot import QUANTILES, freeze_region
from ovoo_cloud.region_report.source import IssuedReports
from ovoo_cloud.reports.kinds import Finding, ReportKind

__all__ = ["KIND"]

_SMALL: Final = "gives away a group below the minimum"


def _check(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """No group is too small, none can be worked out from others, and quantiles rise."""
    minimum = snapshot["plan"]["minimum"]
    if minimum < LEAST_GROUP:
        yield "entry", "plan/minimum", "below the least that an installation may set"
    yield from _check_levels(snapshot, minimum)
    members: dict[str, dict[tuple[str, ...], int]] = {}
    for path, group in snapshot["groups"].items():
        node = tuple(group[part]["id"] for part in PARTS if group[part] is not None)
        for name, row in group["figures"].items():
            members.setdefault(name, {})[node] = _count(snapshot, row["n"])
            values = [Decimal(snapshot["figures"][row[each]]["value"]) for each in QUANTILES if each in row]
            if values != sorted(values):
                yield "entry", f"groups/{path}", f"quantiles of {name} do not rise"
    for name, counts in members.items():
        for node in sorted(counts):
            if _gives_away(node, counts, minimum):
                yield "entry", f"groups/{'/'.join(node) or 'all'}", f"{name} {_SMALL}"


def _gives_away(node: tuple[str, ...], counts: Mapping[tuple[str, ...], int], minimum: int) -> bool:
    """Whether a group, or what is left of it beside its shown children, is smaller than the minimum."""
    children = [each for each in counts if each[:-1] == node and each]
    rest = counts[node] - sum(counts[each] for each in children)
    orphan = bool(node) and node[:-1] not in counts
    return orphan or counts[node] < minimum or (bool(children) and rest != 0 and rest < minimum)


def _check_levels(snapshot: Mapping[str, Any], minimum: int) -> Iterator[Finding]:
    counts = {name: _count(snapshot, figure) for name, figure in snapshot["levels"].items()}
    if sum(counts.values()) != _count(snapshot, "region.reports"):
        yield "entry", "levels", "do not add up to the reports"
    for name, count in counts.items():
        if count < minimum:
            yield "entry", f"levels/{name}", _SMALL


def _count(snapshot: Mapping[str, Any], figure: str) -> int:
    return int(snapshot["figures"][figure]["value"])


def _again(snapshot: Mapping[str, Any], source: EvidenceSource) -> Mapping[str, Any]:
    """The aggregates once more, from the issued reports of the quarter, grouped as they were when it was issued.

    Reports from before places were pinned are grouped as enterprises stand today.
    """
    if not isinstance(source, IssuedReports):
        raise VerifyError(
            "the report of a region is computed from issued reports", offender="source", remedy="name the installation"
        )
    plan = snapshot["plan"]
    inputs = replace(source.inputs(plan["quarter"], plan.get("places_sha256", "")), minimum=plan["minimum"])
    return freeze_region(inputs, Issue.from_json(snapshot["issue"])).data


KIND: Final = ReportKind(cover, (summary, levels, groups, method, back), _check, _again)
