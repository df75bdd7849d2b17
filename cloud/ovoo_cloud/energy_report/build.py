"""From a plan and its samples to a signed bundle, and the few figures that lists show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.energy_report.plan import MonthPlan
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.reports.build import ReportResult, ReportSettings, issue_bundle

__all__ = ["build_month_report", "month_summary"]

_SHOWN: Final = ("energy.kwh", "bill.total", "demand.peak", "energy.tco2", "idle.kwh", "data.percent")


def build_month_report(
    plan: MonthPlan, source: EvidenceSource, settings: ReportSettings, out_dir: Path
) -> ReportResult:
    """Measure, freeze, render and sign one month into `out_dir`.

    Raises:
        ConfigError: a price or norm of the plan cannot be one.
        ReportError: the folder is not empty, a font or glyph is missing, or a page cannot be made.
    """
    return issue_bundle(lambda issue: freeze_month(plan, source, issue), settings, out_dir)


def month_summary(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """What a command line or a list prints: month, energy, bill, peak, carbon, idle energy, coverage."""
    figures = snapshot["figures"]
    shown = [name for name in _SHOWN if name in figures]
    return {
        "kind": "month",
        "number": snapshot["issue"]["number"],
        "month": snapshot["plan"]["month"],
        "figures": {name: {key: figures[name][key] for key in ("value", "low", "high", "unit")} for name in shown},
    }
