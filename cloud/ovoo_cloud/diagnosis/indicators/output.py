"""Output of a machine from a counter or a rate, and the energy that each unit of it took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.case_operation import OutputSignal
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input
from ovoo_cloud.diagnosis.meters import GAP_HOURS, Increments, counter_increments, power_increments, total_kwh
from ovoo_cloud.diagnosis.observe import Observation, SignalScan

__all__ = ["AMOUNT", "PER_HOUR", "Amount", "amount_figure", "amount_of", "output_energy"]

AMOUNT: Final = "output_amount/1"
_QUERY: Final = "output of a machine from its counter or rate"
_DIGITS: Final = 3
PER_HOUR: Final[Mapping[str, float]] = {"s": 3600.0, "min": 60.0, "h": 1.0, "d": 1 / 24}
"""How often each time unit of a rate fits into an hour."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Output in the window, low to high, in `unit`; they differ by what the signal did not see."""

    scan: SignalScan
    unit: str
    low: Decimal
    high: Decimal
    evidence: str


def amount_of(machine: Machine, told: OutputSignal | None, seen: Observation) -> tuple[Amount | None, str]:
    """The amount that a signal tells, or None with the reason: not told, no such signal, no samples, no rate."""
    if told is None or machine.asset is None:
        return None, "not_told"
    scan = seen.find(machine.asset, told.signal)
    if scan is None or scan.good_samples < 2:
        return None, "no_signal" if scan is None else "silent"
    unit, _, time = scan.entry.unit.rpartition("/")
    if told.kind == "rate" and time not in PER_HOUR:
        return None, "no_rate"
    series = seen.series(scan)
    if len(series.value) < 2:
        return None, "silent"
    if told.kind == "rate":
        parts, scale = power_increments(series), PER_HOUR[time]
    else:
        parts, scale, unit = counter_increments(series), 1.0, scan.entry.unit
    low, high = _bounds(parts, seen, scale)
    evidence = seen.book.add([scan], _QUERY, formulas=[AMOUNT])
    return Amount(scan, unit, low, high, evidence), ""


def _bounds(parts: Increments, seen: Observation, scale: float) -> tuple[Decimal, Decimal]:
    """What is known, and that plus the fastest pace seen through all that is not."""
    known = np.isfinite(parts.kwh)
    total = total_kwh(parts) * scale
    spans_h = (parts.end_ns - parts.start_ns) / 3.6e12
    dark_h = (seen.window.end_ns - seen.window.start_ns) / 3.6e12 - math.fsum(spans_h[known].tolist())
    low = Decimal(decimal_text(total, _DIGITS))
    if dark_h <= GAP_HOURS or not bool(np.any(known)):
        return low, low
    pace = float(np.max(parts.kwh[known] / spans_h[known])) * scale
    return low, max(low, Decimal(decimal_text(total + dark_h * pace, _DIGITS)))


def amount_figure(name: str, found: Amount | None, reason: str, book: FigureBook) -> Figure:
    """The amount as a figure: a range where the signal did not see everything."""
    if found is None:
        return book.base(name, None, unit="count", digits=_DIGITS, formula=AMOUNT, reason=reason)
    return book.base(
        name,
        None,
        bounds=(found.low, found.high),
        unit=found.unit,
        digits=_DIGITS,
        formula=AMOUNT,
        evidence=[found.evidence],
        reason="" if found.low == found.high else "gap",
    )


def output_energy(case: Case, outputs: Mapping[str, Figure], book: FigureBook) -> list[dict[str, Any]]:
    """Electricity for each unit of output: of machines with both, and of the plant where it has one product.

    Args:
        case: with its products.
        outputs: amount by machine id.
        book: holds `consumer.<machine>.kwh` and `energy.kwh`.
    """
    rows: list[dict[str, Any]] = []
    for machine, amount in sorted(outputs.items()):
        spent = book.figures.get(f"consumer.{machine}.kwh")
        if spent is not None:
            rows.append(
                {"machine": machine, "product": "", "figure": _per(f"machine.{machine}", spent, amount, book).id}
            )
    if len(case.products) == 1:
        product = case.products[0]
        name, reason = f"per_output.product.{product.id}.output", "" if product.output else "no_output"
        amount = book.base(
            name, product.output or None, unit=product.unit, digits=_DIGITS, cls=product.cls, reason=reason
        )
        figure = _per(f"product.{product.id}", book["energy.kwh"], amount, book)
        rows.append({"machine": "", "product": product.id, "figure": figure.id})
    return rows


def _per(name: str, spent: Figure, amount: Figure, book: FigureBook) -> Figure:
    whole = amount.interval()
    inputs: Sequence[Figure | Input] = [spent, amount] if whole is not None and whole[0] > 0 else []
    return book.derived(
        f"per_output.{name}",
        "ratio/1",
        inputs,
        unit=f"kWh/{amount.unit}",
        digits=3,
        reason="" if inputs else "no_output",
    )
