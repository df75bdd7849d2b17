"""Grafana dashboards, alert rules and provisioning built from packs."""

from __future__ import annotations

from ovoo_dashboards.files import build, dashboards, stale_files, write_files
from ovoo_dashboards.inspection import inspect
from ovoo_dashboards.model import Dashboard, Panel, Row, Target, Text, ThresholdLine, Variable
from ovoo_dashboards.render import render

__all__ = [
    "Dashboard",
    "Panel",
    "Row",
    "Target",
    "Text",
    "ThresholdLine",
    "Variable",
    "build",
    "dashboards",
    "inspect",
    "render",
    "stale_files",
    "write_files",
]
