"""The readiness report: its chapters, and how its snapshot is checked and measured again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ovoo_packs import load_methods

from ovoo_cloud.diagnosis.editions import edition_of
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure
from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.snapshot import Issue
from ovoo_cloud.readiness.chapters import back, machines, method, signals, todo
from ovoo_cloud.readiness.front import cover, summary
from ovoo_cloud.readiness.limits import PARTS, Limits
from ovoo_cloud.readiness.plan import parse_plan
from ovoo_cloud.readiness.score import Parts, Span, machine_parts, weighted
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_cloud.reports.kinds import Finding, ReportKind

__all__ = ["KIND"]

_CLOSE: Final = Decimal("0.051")
"""Points of the snapshot are printed to four digits, scores to one."""


def _check(snapshot: Mapping[str, Any]) -> Iterator[Finding]:
    """Scores of signals follow from their points, points of machines from those of their signals."""
    limits = _limits(snapshot)
    for machine in snapshot["machines"]:
        found = [_parts(signal["parts"]) for signal in machine["signals"]]
        for signal, parts in zip(machine["signals"], found, strict=True):
            yield from _compare(snapshot, signal["score"], weighted(parts, limits))
        for part, span in machine_parts(found).items():
            name = machine["parts"][part]
            if (span is None) != (name is None):
                yield "entry", f"machines.{machine['asset']}.{part}", "does not follow from the points of its signals"
            elif span is not None:
                yield from _compare(snapshot, name, span)


def _limits(snapshot: Mapping[str, Any]) -> Limits:
    """The weights that the snapshot itself names."""
    values = {row["id"]: Decimal(row["value"]) for row in snapshot["limits"]}
    base = Limits.of(load_methods())
    weights = {part: values[f"readiness_weight_{part}"] for part in PARTS}
    return Limits(weights, base.gap_min, base.clock_ms, base.flat_ns, base.on_change_hold_s, base.rows)


def _parts(points: Mapping[str, list[str] | None]) -> Parts:
    return {
        part: None if (ends := points[part]) is None else Span(Fraction(ends[0]), Fraction(ends[1])) for part in PARTS
    }


def _compare(snapshot: Mapping[str, Any], name: str, span: Span) -> Iterator[Finding]:
    row = snapshot["figures"].get(name)
    ends = None if row is None else Figure.from_json(name, row).interval()
    if ends is None or any(abs(a - b) > _CLOSE for a, b in zip(ends, span.decimals(), strict=True)):
        yield "figure", name, "does not follow from the points of its parts"


def _again(snapshot: Mapping[str, Any], source: EvidenceSource) -> Mapping[str, Any]:
    return freeze_readiness(
        parse_plan(snapshot["plan"], "snapshot.json"),
        FrozenSource(snapshot["source"], source),
        Issue.from_json(snapshot["issue"]),
        edition=edition_of(snapshot),
    ).data


KIND: Final = ReportKind(cover, (summary, todo, machines, signals, method, back), _check, _again)
