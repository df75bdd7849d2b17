"""The measuring points behind a report: what each measures, of which class it is, and how much of it was seen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["measuring_points"]


def measuring_points(seen: Observation) -> list[dict[str, Any]]:
    """One row for every telemetry signal, by address; `covered` is the share of the window's minutes, in percent."""
    scans = sorted(
        (scan for scan in seen.scans.values() if scan.entry.measurement == "telemetry"),
        key=lambda scan: str(scan.entry.address),
    )
    rows = []
    for scan in scans:
        entry = scan.entry
        share = Decimal(100 * int(np.count_nonzero(scan.good))) / Decimal(max(1, seen.window.minutes))
        rows.append(
            {
                "signal": str(entry.address),
                "name": {"zh": entry.name_zh or entry.address.signal, "en": entry.name_en or entry.address.signal},
                "unit": entry.unit,
                "class": entry.data_class,
                "samples": scan.samples,
                "good": scan.good_samples,
                "covered": decimal_text(share, 1),
            }
        )
    return rows
