"""Equipment health: the findings of the window by asset, and which models watched how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ovoo_contract.evidence import figure as decimal_text
from ovoo_contract.findings import Finding

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.pictures import finding_pictures

__all__ = ["equipment_section"]

_SEVERITIES = ("critical", "warning", "info")
_DAY_MINUTES = 1440


def equipment_section(case: Case, seen: Observation, book: FigureBook) -> dict[str, Any]:
    """Findings (stable order), counts by asset and the scoring days of every model."""
    found = sorted(
        seen.source.findings(seen.window.start_ns, seen.window.end_ns),
        key=lambda each: (str(each.asset), each.start_ns, each.code, each.id),
    )
    rows = [_row(each, seen) for each in found]
    for severity in _SEVERITIES:
        book.base(
            f"findings.{severity}",
            sum(1 for each in found if each.severity == severity),
            unit="count",
            evidence=sorted({row["evidence"] for row in rows if row["severity"] == severity}),
        )
    closed = sum(1 for each in found if not each.open)
    book.base("findings.closed", closed, unit="count", evidence=sorted({row["evidence"] for row in rows}))
    book.base("findings.total", len(found), unit="count", evidence=sorted({row["evidence"] for row in rows}))
    return {
        "findings": rows,
        "assets": _by_asset(case, found),
        "models": _models(seen, book),
        "pictures": finding_pictures(found, seen),
    }


def _row(finding: Finding, seen: Observation) -> dict[str, Any]:
    """One finding as text; its evidence is the samples of its asset plus the finding's own hash."""
    scans = seen.of_asset(finding.asset)
    evidence = seen.book.add(scans, "findings of the asset", formulas=["finding/1"])
    return {
        "id": finding.id,
        "code": finding.code,
        "signal": _signal(finding, seen),
        "severity": finding.severity,
        "asset": str(finding.asset),
        "start_ns": str(finding.start_ns),
        "end_ns": str(finding.end_ns),
        "value": _shown(finding.value, finding.value),
        "uncertainty": _shown(finding.uncertainty, finding.value),
        "unit": finding.unit,
        "advice": finding.advice,
        "model": finding.model,
        "open": finding.open,
        "own_evidence": list(finding.evidence),
        "evidence": evidence,
    }


def _signal(finding: Finding, seen: Observation) -> dict[str, str] | None:
    """Names of the signal that shows the finding most; None where the model names none."""
    name = finding.detail.get("signal") or finding.detail.get("signal_1")
    scan = seen.scans.get(f"{finding.asset}/{name}")
    if scan is None:
        return None
    return {"zh": scan.entry.name_zh or str(name), "en": scan.entry.name_en or str(name)}


def _shown(number: float | None, scale: float | None) -> str | None:
    """Three significant digits of `scale`, at least whole numbers, at most three decimals."""
    if number is None:
        return None
    size = abs(scale or number)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return decimal_text(number, digits)


def _by_asset(case: Case, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Assets with findings, worst first: critical, then warning, then number, then name."""
    counts: dict[str, dict[str, int]] = {}
    for each in found:
        counts.setdefault(str(each.asset), dict.fromkeys(_SEVERITIES, 0))[each.severity] += 1
    order = sorted(counts, key=lambda asset: (*(-counts[asset][name] for name in _SEVERITIES), asset))
    names = _names(case)
    return [
        {"asset": asset, "name": names.get(asset), **{name: counts[asset][name] for name in _SEVERITIES}}
        for asset in order
    ]


def _names(case: Case) -> Mapping[str, dict[str, str]]:
    return {
        str(machine.asset): {"zh": machine.name.zh, "en": machine.name.en}
        for machine in case.machines
        if machine.asset is not None
    }


def _models(seen: Observation, book: FigureBook) -> list[dict[str, Any]]:
    """Every model that wrote scores, with the days on which it scored."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for scan in seen.scans.values():
        if scan.entry.measurement == "score" and scan.samples:
            key = (str(scan.entry.address.asset_address), scan.entry.model)
            groups.setdefault(key, []).append(scan)
    rows = []
    for (asset, model), scans in sorted(groups.items()):
        minutes = np.flatnonzero(np.logical_or.reduce([scan.seen for scan in scans]))
        days = len(np.unique(minutes // _DAY_MINUTES))
        evidence = seen.book.add(scans, "24-hour spans from the start with model scores", formulas=["scoring_days/1"])
        figure = book.base(f"model_days.{asset}.{model}", days, unit="d", formula="scoring_days/1", evidence=[evidence])
        rows.append({"asset": asset, "model": model, "figure": figure.id})
    return rows
