"""Degree-days and amounts of bill periods out of daily values."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Sequence
from typing import Final, Literal

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.savings.bill_periods import BillPeriod
from ovoo_models.efficiency.savings.observations import DAY_NS

__all__ = ["amounts_of", "degree_days"]

Side = Literal["heating", "cooling"]
_COVERED_MIN: Final = 0.9


def degree_days(
    day_ns: Sequence[int], mean: Sequence[float], periods: Sequence[BillPeriod], base: float, side: Side,
    covered_min: float = _COVERED_MIN,
) -> array[float]:  # fmt: skip
    """Kelvin-days below (heating) or above (cooling) `base` in each period; NaN where too few of its days are known.

    Args:
        day_ns: starts of days, rising, UTC; mean: outdoor temperature of each, degC, NaN where it is missing.
        covered_min: share of a period's days that must be known; the others count at the mean of these.

    >>> degree_days([0, DAY_NS], [10.0, 20.0], [BillPeriod(0, 2 * DAY_NS, 1.0, ())], 16.0, "heating").tolist()
    [6.0]
    """
    sign = 1.0 if side == "heating" else -1.0
    return amounts_of(day_ns, [max(0.0, sign * (base - x)) if x == x else x for x in mean], periods, covered_min)


def amounts_of(
    day_ns: Sequence[int], amount: Sequence[float], periods: Sequence[BillPeriod], covered_min: float = _COVERED_MIN
) -> array[float]:
    """Sum of daily amounts in each period, days across its edges by their share; NaN where too little is known."""
    if len(day_ns) != len(amount):
        raise EvidenceError(
            "days and amounts differ in length",
            code="bills.days_and_amounts_differ",
            offender="days",
            value=(len(day_ns), len(amount)),
        )
    return array("d", [_amount(day_ns, amount, each, covered_min) for each in periods])


def _amount(day_ns: Sequence[int], amount: Sequence[float], period: BillPeriod, covered_min: float) -> float:
    first = max(0, bisect.bisect_right(day_ns, period.start_ns) - 1)
    parts, covered = [], 0
    for n in range(first, len(day_ns)):
        start, end = day_ns[n], day_ns[n] + DAY_NS
        if start >= period.end_ns:
            break
        shared = min(end, period.end_ns) - max(start, period.start_ns)
        if shared > 0 and amount[n] == amount[n]:
            parts.append(amount[n] * (shared / DAY_NS))
            covered += shared
    whole = period.end_ns - period.start_ns
    if covered == 0 or covered < covered_min * whole:
        return math.nan
    return math.fsum(parts) * (whole / covered)
