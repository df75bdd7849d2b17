"""The document of a snapshot: sections in order, no word of any language in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.reports.nodes import Block, Facts
from ovoo_cloud.reports.sections.actions import actions, roadmap
from ovoo_cloud.reports.sections.annex import annexes
from ovoo_cloud.reports.sections.energy import energy
from ovoo_cloud.reports.sections.equipment import equipment, security
from ovoo_cloud.reports.sections.front import cover, method, profile, summary
from ovoo_cloud.reports.sections.maturity import maturity, quality
from ovoo_cloud.reports.sections.revisit import revisit
from ovoo_cloud.reports.sections.running import running
from ovoo_cloud.reports.sections.safety import safety

__all__ = ["FORMAT", "build_tree"]

FORMAT = "ovoo.report/1"
_SECTIONS = (
    summary,
    method,
    profile,
    quality,
    maturity,
    running,
    energy,
    equipment,
    safety,
    security,
    actions,
    roadmap,
    revisit,
    annexes,
)


def build_tree(snapshot: Mapping[str, Any], snapshot_sha256: str) -> dict[str, Any]:
    """The locale-neutral document of a snapshot (plain data, the content of report.json)."""
    facts = Facts(snapshot)
    blocks: list[Block] = [block for section in _SECTIONS for block in section(facts)]
    return {
        "format": FORMAT,
        "snapshot_sha256": snapshot_sha256,
        "cover": cover(facts),
        "blocks": blocks,
    }
