"""What the pictures of the worst findings show, frozen with the snapshot: lines thinned to their extremes, as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from ovoo_contract.findings import Finding
from ovoo_contract.quality import UNCERTAIN
from ovoo_models.explanation import asked_signals, usual_range, view_of

from ovoo_cloud.diagnosis.observe import Observation, SignalScan

__all__ = ["finding_pictures"]

_MOST = 3
_BUCKETS = 160
_RANK = {"critical": 0, "warning": 1, "info": 2}


def finding_pictures(found: Sequence[Finding], seen: Observation) -> list[dict[str, Any]]:
    """The three worst findings, the longer first among equals, with score, limit and signals where there are any."""
    worst = sorted(found, key=lambda each: (_RANK[each.severity], each.start_ns - each.end_ns, each.id))
    pictures = (_picture(each, seen) for each in worst)
    return [picture for picture in pictures if picture["signals"]][:_MOST]


def _picture(finding: Finding, seen: Observation) -> dict[str, Any]:
    start_ns, end_ns = view_of(finding)
    start_ns, end_ns = max(start_ns, seen.window.start_ns), min(end_ns, seen.window.end_ns)
    scans = [seen.find(finding.asset, name) for name in asked_signals(finding)]
    traces = [_trace(scan, finding, seen, start_ns, end_ns) for scan in scans if scan is not None]
    model = "energy-baseline" if finding.model == "energy" else finding.model
    lines = {
        scan.entry.field: _trace(scan, finding, seen, start_ns, end_ns)
        for scan in seen.of_asset(finding.asset, "score")
        if scan.entry.model == model and scan.entry.field in ("score", "limit")
    }
    return {
        "finding": finding.to_dict(),
        "start_ns": str(start_ns),
        "end_ns": str(end_ns),
        "signals": [trace for trace in traces if trace["points"]],
        **{field: line for field, line in lines.items() if line["points"]},
    }


def _trace(scan: SignalScan, finding: Finding, seen: Observation, start_ns: int, end_ns: int) -> dict[str, Any]:
    columns = seen.source.samples(scan.entry.address, start_ns, end_ns)
    times = np.asarray(columns.time_ns, dtype=np.int64)
    good = np.asarray(columns.quality, dtype=np.int64) < UNCERTAIN
    values = np.where(good, np.asarray(columns.value, dtype=np.float64), np.nan)
    rows = _telling(times, values, start_ns, end_ns)
    before = times < finding.start_ns
    low, high = usual_range(times[before].tolist(), values[before].tolist(), finding.start_ns)
    entry = scan.entry
    return {
        "name": entry.address.signal,
        "label": {"zh": entry.name_zh or entry.address.signal, "en": entry.name_en or entry.address.signal},
        "unit": entry.unit,
        "low": _text(low),
        "high": _text(high),
        "points": [[str(times[row]), _text(float(values[row]))] for row in rows],
    }


def _telling(times: np.ndarray[Any, Any], values: np.ndarray[Any, Any], start_ns: int, end_ns: int) -> list[int]:
    """Rows of the least, the greatest and the first missing value of every bucket."""
    edges = np.linspace(start_ns, end_ns, _BUCKETS + 1).astype(np.int64)
    places = np.searchsorted(times, edges)
    rows: list[int] = []
    for first, last in zip(places[:-1].tolist(), places[1:].tolist(), strict=True):
        part = values[first:last]
        known = np.flatnonzero(np.isfinite(part))
        picked = {int(known[np.argmin(part[known])]), int(known[np.argmax(part[known])])} if len(known) else set()
        missing = np.flatnonzero(~np.isfinite(part))
        rows += sorted(first + row for row in picked | {int(row) for row in missing[:1]})
    return rows


def _text(value: float) -> str | None:
    return f"{value:.6g}" if math.isfinite(value) else None
