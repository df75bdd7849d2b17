"""From the readings of issued reports to a signed bundle, and the few figures that lists show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ovoo_cloud.region_report.snapshot import RegionInputs, freeze_region
from ovoo_cloud.reports.build import ReportResult, ReportSettings, issue_bundle

__all__ = ["build_region_report", "region_result"]


def build_region_report(inputs: RegionInputs, settings: ReportSettings, out_dir: Path) -> ReportResult:
    """Freeze, render and sign the aggregates of a region into `out_dir`.

    Raises:
        ReportError: too few reports, the folder is not empty, a glyph is missing, or a page cannot be made.
    """
    return issue_bundle(lambda issue: freeze_region(inputs, issue), settings, out_dir)


def region_result(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """What a command line or a list prints: number, quarter, reports counted, groups shown, median score."""
    figures = snapshot["figures"]
    median = figures.get("region.all.score.total.p50")
    return {
        "kind": "region",
        "number": snapshot["issue"]["number"],
        "quarter": snapshot["plan"]["quarter"],
        "minimum": snapshot["plan"]["minimum"],
        "reports": int(figures["region.reports"]["value"]),
        "groups": len(snapshot["groups"]),
        "median_score": None if median is None else median["value"],
    }
