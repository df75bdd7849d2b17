"""Facts of the safety and environment measuring points (data class core); no safety judgement, never an interlock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from ovoo_contract.evidence import figure as decimal_text
from ovoo_contract.findings import Finding

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import Observation, SignalScan, gaps_of

__all__ = ["safety_section"]

_QUERY = "coverage, gaps and extremes of one signal"
_FORMULAS = ("coverage_percent/1", "extreme/1")
_SENSOR = ("signal.flatline", "signal.range", "signal.rate", "signal.noise", "signal.unit", "signal.drift")


def safety_section(seen: Observation, book: FigureBook) -> list[dict[str, Any]]:
    """One row for every core-class number signal of the telemetry; empty where the enterprise has none."""
    found = list(seen.source.findings(seen.window.start_ns, seen.window.end_ns))
    scans = [
        scan
        for scan in seen.scans.values()
        if scan.entry.data_class == "core" and scan.entry.type == "float" and scan.entry.measurement == "telemetry"
    ]
    return [_row(scan, found, seen, book) for scan in scans]


def _row(scan: SignalScan, found: Sequence[Finding], seen: Observation, book: FigureBook) -> dict[str, Any]:
    address = scan.entry.address
    stem = f"safety.{str(address).partition('/')[2]}"
    evidence = seen.book.add([scan], _QUERY, formulas=_FORMULAS)
    values = seen.series(scan).value
    highest = decimal_text(float(np.max(values)), 2) if len(values) else None
    covered = Decimal(100 * int(np.count_nonzero(scan.good))) / Decimal(max(1, seen.window.minutes))
    own = [each for each in found if each.asset == address.asset_address and _about(each, address.signal)]
    counts = {
        "gaps": len(gaps_of(scan.good, seen.window)),
        "limits": sum(1 for each in own if each.code.startswith("limit.")),
        "sensor": sum(1 for each in own if each.code in _SENSOR),
    }
    row: dict[str, Any] = {
        "signal": str(address),
        "name": {"zh": scan.entry.name_zh or address.signal, "en": scan.entry.name_en or address.signal},
        "evidence": evidence,
    }
    row["highest"] = book.base(
        f"{stem}.highest",
        highest,
        unit=scan.entry.unit,
        digits=2,
        formula=_FORMULAS[1],
        evidence=[evidence],
        reason="" if highest else "silent",
    ).id
    row["covered"] = book.base(
        f"{stem}.covered_percent", covered, unit="%", digits=2, formula=_FORMULAS[0], evidence=[evidence]
    ).id
    for name, count in counts.items():
        row[name] = book.base(f"{stem}.{name}", count, unit="count", evidence=[evidence]).id
    return row


def _about(finding: Finding, signal: str) -> bool:
    return signal in {finding.detail.get("signal"), finding.detail.get("signal_1")}
