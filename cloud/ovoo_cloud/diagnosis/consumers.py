"""What every machine with a power signal used, beside the meters' total."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.meters import known_share, power_bounds, power_increments, total_kwh
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["consumers"]

_QUERY = "power held to the next sample"
_FORMULA = "power_kwh/1"


def consumers(
    case: Case, seen: Observation, book: FigureBook, total: Figure, *, least_known: float = 0.0
) -> list[dict[str, str]]:
    """Machines by energy, greatest first, each with its figure and its share of the total where there is one.

    A machine that is known for less than the share `least_known` of the window gives insufficient evidence.
    The rest of the total is not given: no document says that every machine hangs behind the meters of the case.
    """
    rows: list[tuple[Decimal, dict[str, str]]] = []
    for machine in case.machines:
        figure = _energy(machine, seen, book, least_known)
        if figure is None:
            continue
        row = {"machine": machine.id, "figure": figure.id, "share": ""}
        known = total.interval()
        if known is not None and known[0] > 0:
            share = f"consumer.{machine.id}.percent"
            row["share"] = book.derived(share, "percent/1", [figure, total], unit="%", digits=1).id
        bounds = figure.interval()
        rows.append((bounds[1] if bounds else Decimal(0), row))
    return [row for _, row in sorted(rows, key=lambda each: (-each[0], each[1]["machine"]))]


def _energy(machine: Machine, seen: Observation, book: FigureBook, least_known: float) -> Figure | None:
    scan = None if machine.asset is None else seen.find(machine.asset, "power")
    if scan is None or scan.entry.unit != "kW" or scan.good_samples < 2:
        return None
    series = seen.series(scan)
    parts = power_increments(series)
    blind = bool(np.any(np.isnan(parts.kwh)))
    covered = known_share(parts, seen.window) >= least_known
    return book.base(
        f"consumer.{machine.id}.kwh",
        None if blind or not covered else decimal_text(total_kwh(parts), 1),
        unit="kWh",
        digits=1,
        formula=_FORMULA,
        evidence=[seen.book.add([scan], _QUERY, formulas=[_FORMULA])],
        bounds=power_bounds(parts, series) if blind and covered else None,
        reason="covered" if not covered else "gap" if blind else "",
    )
