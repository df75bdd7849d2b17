"""The power factor of the month: that of the supplier's registers, beside it what the site's own meters saw."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

import numpy as np
from ovoo_contract.errors import OvooError
from ovoo_contract.evidence import figure as decimal_text
from ovoo_models.efficiency.tariff.power_factor import Quadrants, power_factor

from ovoo_cloud.diagnosis.energy import MeterEnergy
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.observe import Observation, SignalScan
from ovoo_cloud.energy_report.records import RecordBook
from ovoo_cloud.energy_report.register_terms import RegisterTerms

__all__ = ["factor_section"]

_FACTOR: Final = "power_factor/1"
_REGISTERS: Final = "power_factor_registers/1"
_FACTOR_QUERY: Final = "active and lagging reactive power of every minute"
_ENERGIES: Final = (
    ("active_import", "kWh"),
    ("active_export", "kWh"),
    ("reactive_import", "kvarh"),
    ("reactive_export", "kvarh"),
)


def factor_section(
    meters: tuple[MeterEnergy, ...],
    registers: RegisterTerms | None,
    seen: Observation,
    book: FigureBook,
    records: RecordBook,
    *,
    covered: bool,
) -> dict[str, Any]:
    """Figure `power_factor`, the one that is billed: of the registers where they are told, else as measured.

    With registers, `factor.*` are their energies and `power_factor.measured` is the site's own.
    """
    if registers is None:
        _measured("power_factor", meters, seen, book, records, covered=covered)
        return {"source": "measured", "registers": [], "document": "", "rule": "import_only", "fault": ""}
    rows = [
        book.base(f"factor.{name}", getattr(registers.energies, name), unit=unit, digits=3, cls="declared")
        for name, unit in _ENERGIES
    ]
    value, fault = None, ""
    try:
        value = power_factor(registers.energies, registers.rule)
    except OvooError as error:
        fault = str(error.offender)
    billed = book.base(
        "power_factor", value, unit="", digits=3, cls="declared", formula=_REGISTERS,
        reason="" if value is not None else "registers",
    )  # fmt: skip
    parameters = {"rule": registers.rule, "document": registers.document}
    records.note("power_factor/registers", [], [*rows, billed], parameters=parameters)
    _measured("power_factor.measured", meters, seen, book, records, covered=covered)
    return {
        "source": "registers",
        "registers": [each.id for each in rows],
        "document": registers.document,
        "rule": registers.rule,
        "fault": fault,
    }


def _measured(
    name: str,
    meters: tuple[MeterEnergy, ...],
    seen: Observation,
    book: FigureBook,
    records: RecordBook,
    *,
    covered: bool,
) -> Figure:
    """Active against lagging reactive energy, where every meter tells both."""
    found = [_energies(meter, seen) for meter in meters] if covered else []
    known = [each for each in found if each is not None]
    value = None
    evidence: list[str] = []
    if known and len(known) == len(meters):
        active = sum((row[0] for row in known), Decimal(0))
        reactive = sum((row[1] for row in known), Decimal(0))
        if active > 0:
            value = power_factor(Quadrants(active, Decimal(0), reactive, Decimal(0)), "import_only")
            evidence = [seen.book.add(scans, _FACTOR_QUERY, formulas=[_FACTOR]) for _, _, scans in known]
    reason = "" if value is not None else "reactive" if covered else "covered"
    figure = book.base(name, value, unit="", digits=3, formula=_FACTOR, evidence=evidence, reason=reason)
    if value is not None:
        scans = [scan for _, _, each in known for scan in each]
        records.note("power_factor/month", scans, [figure], parameters={"reactive": "import_only"})
    return figure


def _energies(meter: MeterEnergy, seen: Observation) -> tuple[Decimal, Decimal, list[SignalScan]] | None:
    """kWh and kvarh over the minutes that know both; None where they are less than nine tenths of the window."""
    power, second = seen.find(meter.asset, "power"), None
    for name, unit in (("reactive_power", "kvar"), ("power_factor", "1")):
        scan = seen.find(meter.asset, name)
        if scan is not None and scan.entry.unit == unit and scan.good_samples:
            second = scan
            break
    if power is None or second is None or power.entry.unit != "kW":
        return None
    active, other = seen.by_minute(power), seen.by_minute(second)
    rows = np.isfinite(active) & np.isfinite(other)
    if second.entry.unit == "1":
        rows &= (other > 0.0) & (other <= 1.0)
    if np.count_nonzero(rows) < 0.9 * seen.window.minutes:
        return None
    drawn = np.maximum(active[rows], 0.0)
    lagging = np.maximum(other[rows], 0.0)
    if second.entry.unit == "1":
        lagging = drawn * np.sqrt(1.0 / (lagging * lagging) - 1.0)
    sums = [Decimal(decimal_text(math.fsum(each.tolist()) / 60, 1)) for each in (drawn, lagging)]
    return sums[0], sums[1], [power, second]
