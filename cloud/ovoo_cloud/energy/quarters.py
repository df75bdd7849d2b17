"""Quarter hours of a site or machine out of its meters: what bills, tariff days and carbon figures are made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.errors import BudgetExceeded, EvidenceError
from ovoo_contract.units import conversion
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.diagnosis.meters import Increments, counter_increments, power_increments
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.energy.summary import LONGEST_NS, SignalPlan, read_columns, signal_plans
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import check_bounds

__all__ = ["Quarters", "asset_quarters", "quarter_kwh", "site_plans", "site_quarters"]

_DIGITS: Final = 6
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quarters:
    """`intervals` hold kWh to 1e-6, NaN where a quarter is not wholly covered; `signals` are what they were read of."""

    intervals: Intervals
    signals: tuple[str, ...]

    @property
    def covered(self) -> int:
        """How many quarters are known."""
        return sum(kwh == kwh for kwh in self.intervals.kwh)

    @property
    def meter(self) -> str:
        """The name of the meter in a record."""
        return " + ".join(self.signals)


def site_plans(services: Services, scope: Scope, enterprise: str, site: str) -> list[SignalPlan]:
    """The signals that add up to a site: those of its meters, else of every machine."""
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        enterprises.site(session, scope, enterprise, site)
        found = signal_plans(session, scope, enterprise, site)
    return [plan for plan in found if plan.meter] or found


def site_quarters(services: Services, scope: Scope, enterprise: str, site: str, start_ns: int, end_ns: int) -> Quarters:
    """The site's energy in quarter hours of [start_ns, end_ns); a quarter that one meter does not know is not known.

    Raises:
        NotFound, Forbidden: outside the scope.
        BudgetExceeded: more than 32 days.
        EvidenceError: no signal tells the energy of the site.
    """
    return _quarters(services, site_plans(services, scope, enterprise, site), start_ns, end_ns, f"{enterprise}/{site}")


def asset_quarters(services: Services, scope: Scope, asset: str, start_ns: int, end_ns: int) -> Quarters:
    """The energy of one machine (its full address); raises as `site_quarters`."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprise, site = asset.split("/")[:2]
    with services.database.read() as session:
        plans = signal_plans(session, scope, enterprise, site, asset)
    return _quarters(services, plans, start_ns, end_ns, asset)


def quarter_kwh(parts: Increments, start_ns: int, count: int) -> Doubles:
    """kWh of `count` quarters from `start_ns` on, in exact sums; NaN where a part of the quarter has no reading.

    An increment across the edge of a quarter (none is longer than one) is shared out by time.
    """
    usable = ~parts.gap & np.isfinite(parts.kwh)
    start, end, kwh = parts.start_ns[usable], parts.end_ns[usable], parts.kwh[usable]
    first, last = (start - start_ns) // QUARTER_NS, (end - 1 - start_ns) // QUARTER_NS
    edge = np.where(last > first, start_ns + last * QUARTER_NS, end)
    before = np.where(last > first, kwh * ((edge - start) / (end - start)), kwh)
    across = last > first
    bins = np.concatenate([first, last[across]])
    energy = np.concatenate([before, (kwh - before)[across]])
    length = np.concatenate([edge - start, (end - edge)[across]])
    inside = (bins >= 0) & (bins < count)
    order = np.argsort(bins[inside], kind="stable")
    bins, energy, length = bins[inside][order], energy[inside][order], length[inside][order]
    marks = np.searchsorted(bins, np.arange(count + 1))
    found = np.full(count, np.nan)
    for row in range(count):
        low, high = marks[row], marks[row + 1]
        if int(length[low:high].sum()) == QUARTER_NS:
            found[row] = round(math.fsum(energy[low:high].tolist()), _DIGITS)
    return found


def _quarters(services: Services, plans: Sequence[SignalPlan], start_ns: int, end_ns: int, offender: str) -> Quarters:
    check_bounds(start_ns, end_ns)
    if end_ns - start_ns > LONGEST_NS:
        raise BudgetExceeded(
            "more than 32 days", code="quarters.more_than_32_days", offender="time range",
            remedy="ask for shorter windows",
        )  # fmt: skip
    if not plans:
        remedy = "bring an energy counter or a power signal of the site's meter"
        raise EvidenceError(
            "no energy or power signal", code="quarters.no_energy_or_power_signal", offender=offender, value=None,
            remedy=remedy,
        )  # fmt: skip
    count = (end_ns - start_ns) // QUARTER_NS
    total, used = np.zeros(count), list[str]()
    for plan in plans:
        found, address = _best(services, plan, Window(start_ns, end_ns), count)
        total = total + found
        used.append(address)
    kwh = [round(each, _DIGITS) for each in total.tolist()]
    return Quarters(Intervals.regular(start_ns, QUARTER_NS, kwh), tuple(used))


def _best(services: Services, plan: SignalPlan, window: Window, count: int) -> tuple[Doubles, str]:
    """By the counter; by the power signal where that covers more quarters."""
    found: list[tuple[int, Doubles, str]] = []
    for row, unit in ((plan.energy, "kWh"), (plan.power, "kW")):
        if row is None:
            continue
        series = good_series(read_columns(services, row, window), conversion(row.unit, unit)[0])
        parts = counter_increments(series) if unit == "kWh" else power_increments(series)
        kwh = quarter_kwh(parts, window.start_ns, count)
        found.append((int(np.isfinite(kwh).sum()), kwh, row.address))
    _, kwh, address = max(found, key=lambda item: item[0])  # of equal ones the first: the counter
    return kwh, address
