"""From samples to what flowed in each interval of a window: kWh, tonnes or cubic metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.errors import UnitError
from ovoo_contract.units import conversion

from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.meters import Increments, counter_increments, power_increments
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.stores.base import Columns

__all__ = ["QUARTER_NS", "AmountRule", "Bins", "amount_rule", "binned", "increments"]

QUARTER_NS: Final = 900_000_000_000
_WHOLE: Final = 0.999
"""An interval counts when its samples cover it but for rounding of their times."""
_UNITS: Final = {
    "electricity": ("kWh", "kW"), "steam": ("t", "t/h"), "water": ("m3", "m3/h"), "air": ("m3", "m3/h"),
}  # fmt: skip
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AmountRule:
    """How a signal tells an amount: a counter of it, or a rate that is integrated, times `factor`."""

    counter: bool
    factor: float


@dataclass(frozen=True, slots=True)
class Bins:
    """`amount[k]` of the k-th step of a window, NaN where it is not wholly covered; `covered_s` seconds of each."""

    amount: Doubles
    covered_s: Doubles


def amount_rule(row: SignalRecord, carrier: str) -> AmountRule:
    """By the signal's unit; UnitError where it is neither an amount nor a rate of the carrier."""
    amount, rate = _UNITS[carrier]
    for counter, wanted in ((True, amount), (False, rate)):
        try:
            return AmountRule(counter, conversion(row.unit, wanted)[0])
        except UnitError:
            continue
    raise UnitError(
        f"no amount of {carrier}", code="amounts.no_amount",
        slots={"carrier": carrier, "amount": amount, "rate": rate}, offender=row.address, value=row.unit,
        remedy=f"a signal in {amount} or {rate}",
    )  # fmt: skip


def increments(columns: Columns, rule: AmountRule) -> Increments:
    """Amounts between consecutive good samples."""
    series = good_series(columns, rule.factor)
    return counter_increments(series) if rule.counter else power_increments(series)


def binned(parts: Increments, window: Window, step_ns: int) -> Bins:
    """Amounts by step of the window; an interval across an edge is split by time, gaps are left out.

    Sums are exact and in time order. The window is a whole number of steps.
    """
    count = (window.end_ns - window.start_ns) // step_ns
    keep = (parts.end_ns > window.start_ns) & (parts.start_ns < window.end_ns) & ~parts.gap & np.isfinite(parts.kwh)
    start, end, amount = parts.start_ns[keep], parts.end_ns[keep], parts.kwh[keep]
    first, last = (start - window.start_ns) // step_ns, (end - 1 - window.start_ns) // step_ns
    pieces = last - first + 1
    owner = np.repeat(np.arange(len(start)), pieces)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[owner]
    edge = window.start_ns + place * step_ns
    held = np.minimum(end[owner], edge + step_ns) - np.maximum(start[owner], edge)
    whole = (end - start)[owner]
    share = np.where(held == whole, amount[owner], amount[owner] * (held / whole))
    inside = (place >= 0) & (place < count)
    return _summed(place[inside], share[inside], held[inside], count, step_ns)


def _summed(
    place: npt.NDArray[np.int64], share: Doubles, held: npt.NDArray[np.int64], count: int, step_ns: int
) -> Bins:
    total, covered = np.full(count, math.nan), np.zeros(count)
    covered_ns = np.zeros(count, np.int64)
    np.add.at(covered_ns, place, held)
    bins, begins = np.unique(place, return_index=True)
    limits = [*begins.tolist(), len(place)]
    for number, at in enumerate(bins.tolist()):
        if covered_ns[at] >= _WHOLE * step_ns:
            total[at] = math.fsum(share[limits[number] : limits[number + 1]].tolist())
    covered[:] = covered_ns / 1e9
    return Bins(total, covered)
