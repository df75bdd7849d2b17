"""The document of a snapshot: sections in order, no word of any language in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_cloud.reports.kinds import kind_of
from ovoo_cloud.reports.nodes import Block, Facts

__all__ = ["FORMAT", "build_tree"]

FORMAT = "ovoo.report/1"


def build_tree(snapshot: Mapping[str, Any], snapshot_sha256: str) -> dict[str, Any]:
    """The locale-neutral document of a snapshot (plain data, the content of report.json).

    Raises:
        ReportError: no report is made from snapshots of this format.
    """
    kind, facts = kind_of(snapshot), Facts(snapshot)
    blocks: list[Block] = [block for section in kind.sections for block in section(facts)]
    return {
        "format": FORMAT,
        "snapshot_sha256": snapshot_sha256,
        "cover": kind.cover(facts),
        "blocks": blocks,
    }
