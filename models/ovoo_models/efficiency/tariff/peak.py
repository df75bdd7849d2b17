"""The month's peak demand from metered intervals: greatest mean power of the billing windows, with its time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.efficiency.tariff.intervals import HOUR_NS, QUARTER_NS, Intervals, kwh_of, nano_kwh, shares

__all__ = ["Peak", "peak_demand"]

_CONTEXT: Final = Context(prec=40)


@dataclass(frozen=True, slots=True)
class Peak:
    """Mean power of [start_ns, end_ns), the greatest of `windows` full windows; `unknown` were not fully covered."""

    power_kw: Decimal
    start_ns: int
    end_ns: int
    windows: int
    unknown: int


def peak_demand(intervals: Intervals, start_ns: int, end_ns: int, window_ns: int = QUARTER_NS) -> Peak:
    """The first of the greatest fixed windows counted from `start_ns`. A window belongs to the month it begins in.

    Args:
        intervals: in time order, none longer than the window unless it starts on a window's border and fills it.

    Raises:
        ConfigError: intervals are longer than the window, so that their peak is not known.
        EvidenceError: no window is fully covered.
    """
    energy: dict[int, int] = {}
    covered: dict[int, int] = {}
    for row in intervals.between(start_ns, end_ns):
        low, high, kwh = intervals.start_ns[row], intervals.end_ns[row], intervals.kwh[row]
        if high - low > window_ns:
            remedy = f"read the meter at {window_ns / 6e10:g} min or less, or take the demand register"
            raise ConfigError(
                "interval longer than the demand window", code="tariff.interval_longer_than_demand_window",
                slots={"minutes": f"{window_ns / 60000000000.0:g}"}, offender=f"row {row}", value=low, remedy=remedy,
            )  # fmt: skip
        if kwh == kwh:
            _credit(low, high, nano_kwh(kwh), start_ns, window_ns, energy, covered)
    total = -(-(end_ns - start_ns) // window_ns)
    full = [index for index, length in covered.items() if length == window_ns and 0 <= index < total]
    if not full:
        raise EvidenceError(
            "no full demand window", code="tariff.no_full_demand_window", offender="intervals", value=len(intervals),
            remedy="close the gaps",
        )  # fmt: skip
    best = max(full, key=lambda index: (energy[index], -index))
    power = _CONTEXT.divide(_CONTEXT.multiply(kwh_of(energy[best]), Decimal(HOUR_NS)), Decimal(window_ns))
    at = start_ns + best * window_ns
    return Peak(power, at, at + window_ns, len(full), total - len(full))


def _credit(
    low: int, high: int, nano: int, origin: int, window_ns: int, energy: dict[int, int], covered: dict[int, int]
) -> None:
    first = (low - origin) // window_ns
    border = origin + (first + 1) * window_ns
    cuts = [border] if border < high else []
    edges = [low, *cuts, high]
    for index, part in enumerate(shares(nano, low, high, cuts), start=first):
        energy[index] = energy.get(index, 0) + part
        covered[index] = covered.get(index, 0) + edges[index - first + 1] - edges[index - first]
