"""How complete the month's data is, signal by signal: coverage, gaps, and defects by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.energy import MeterEnergy
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import Observation, SignalScan, gaps_of
from ovoo_cloud.energy_report.clock import local_text

__all__ = ["quality_section"]

_FORMULA: Final = "covered/1"
_NS_PER_HOUR: Final = 3_600_000_000_000
_DAY: Final = 1440


def quality_section(
    seen: Observation, meters: Sequence[MeterEnergy], book: FigureBook, zone: ZoneInfo
) -> dict[str, Any]:
    """Rows of the energy and power signals; figure `data.percent` of the site's meters; days of each meter."""
    kept = [scan for scan in seen.scans.values() if scan.entry.address.signal in ("energy", "power")]
    metered = {str(meter.signal.address) for meter in meters}
    rows = [_row(scan, seen, book, zone, meter=str(scan.entry.address) in metered) for scan in kept]
    figures = [book[row["figure"]] for row in rows if row["meter"]]
    least = min((figure.value for figure in figures if figure.value is not None), key=float, default=None)
    book.base(
        "data.percent",
        least,
        unit="%",
        digits=1,
        formula=_FORMULA,
        evidence=[each for figure in figures for each in figure.evidence],
        reason="" if least is not None else "silent",
    )
    return {"rows": rows, "calendar": [_calendar(scan) for scan in kept if str(scan.entry.address) in metered]}


def _row(scan: SignalScan, seen: Observation, book: FigureBook, zone: ZoneInfo, *, meter: bool) -> dict[str, Any]:
    address = scan.entry.address
    name = f"data.{address.site}/{address.asset_path}/{address.signal}"
    evidence = [seen.book.add([scan], "minutes with a good sample", formulas=[_FORMULA])]
    share = decimal_text(100 * int(np.count_nonzero(scan.good)) / max(len(scan.good), 1), 1)
    figure = book.base(f"{name}.percent", share, unit="%", digits=1, formula=_FORMULA, evidence=evidence)
    gaps = gaps_of(scan.good, seen.window)
    longest = max(((int(end) - int(start), int(start), int(end)) for start, end in gaps), default=None)
    counted = book.base(f"{name}.gaps", len(gaps), unit="count", formula=_FORMULA, evidence=evidence)
    return {
        "signal": str(address),
        "meter": meter,
        "figure": figure.id,
        "gaps": counted.id,
        "longest": None
        if longest is None
        else {
            "hours": decimal_text(longest[0] / _NS_PER_HOUR, 1),
            "start": local_text(longest[1], zone),
            "end": local_text(longest[2], zone),
        },
        "defects": _defects(scan, seen),
    }


def _defects(scan: SignalScan, seen: Observation) -> list[str]:
    """Names of what is wrong beside gaps: silent, bad samples, stuck, a counter set back, a negative power."""
    if not scan.samples:
        return ["silent"]
    found = []
    if scan.good_samples < scan.samples:
        found.append("bad_samples")
    if not scan.varied and scan.good_samples > 1:
        found.append("stuck")
    values = seen.series(scan).value
    if scan.entry.unit == "kWh" and bool(np.any(np.diff(values) < 0)):
        found.append("set_back")
    if scan.entry.unit == "kW" and bool(np.any(values < 0)):
        found.append("negative")
    return found


def _calendar(scan: SignalScan) -> dict[str, Any]:
    """Whole percent of good minutes per 24 hours from the start of the window."""
    days = []
    for start in range(0, len(scan.good), _DAY):
        part = scan.good[start : start + _DAY]
        days.append(decimal_text(100 * int(np.count_nonzero(part)) / len(part), 0))
    return {"signal": str(scan.entry.address), "days": days}
