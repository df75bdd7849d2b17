"""From a plan and its samples to a signed bundle, and the few figures that lists show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.readiness.plan import ReadinessPlan
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_cloud.reports.build import ReportResult, ReportSettings, issue_bundle

__all__ = ["build_readiness_report", "readiness_result"]

_SHOWN: Final = (
    "readiness.site.score",
    "readiness.covered_percent",
    "readiness.good_percent",
    "readiness.signals",
    "readiness.silent",
    "readiness.suspects",
)


def build_readiness_report(
    plan: ReadinessPlan, source: EvidenceSource, settings: ReportSettings, out_dir: Path
) -> ReportResult:
    """Measure, freeze, render and sign the readiness of a site into `out_dir`.

    Raises:
        ReportError: the folder is not empty, a font or glyph is missing, or a page cannot be made.
    """
    return issue_bundle(lambda issue: freeze_readiness(plan, source, issue), settings, out_dir)


def readiness_result(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """What a command line or a list prints: number, site, score, coverage, silent signals, units that look wrong."""
    figures = snapshot["figures"]
    return {
        "kind": "readiness",
        "number": snapshot["issue"]["number"],
        "site": snapshot["plan"]["site"],
        "figures": {name: {key: figures[name][key] for key in ("value", "low", "high", "unit")} for name in _SHOWN},
    }
