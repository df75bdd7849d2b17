"""The demand of a site now: the running quarter hour, where it will end, what to shed, and the month's peak so far."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ovoo_contract.address import Address
from ovoo_contract.units import conversion
from ovoo_models.efficiency.tariff.bands import month_bounds
from ovoo_models.efficiency.tariff.demand import DemandMeter, Projection
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.energy.quarters import site_plans
from ovoo_cloud.energy.summary import read_columns
from ovoo_cloud.services import Services

__all__ = ["DemandNow", "MonthDemand", "demand_now", "month_demand"]

_SECOND_NS: Final = 1_000_000_000
_HOLD_S: Final = 60.0
_PARTS: Final = 5
_PART_S: Final = 180.0
"""A quarter hour in parts: one without a sample leaves it unknown."""


@dataclass(frozen=True, slots=True)
class DemandNow:
    """`power_kw` and `projection` are None while the power is not known. `so_far_kw` is the mean of the window up to
    the newest sample; `target_kw` None where the site has neither a target nor an agreed demand."""

    now_ns: int
    newest_ns: int | None
    power_kw: float | None
    window_start_ns: int
    so_far_kw: float | None
    projection: Projection | None
    target_kw: float | None
    signals: tuple[str, ...]

    @property
    def over(self) -> bool:
        """Whether something must be shed to end the window at the target."""
        return self.projection is not None and self.target_kw is not None and self.projection.shed_kw > 0.0


@dataclass(frozen=True, slots=True)
class MonthDemand:
    """The greatest full quarter hour of the month so far, by the store's means, for the screen only."""

    peak_kw: float | None
    peak_start_ns: int | None
    windows: int
    unknown: int


def demand_now(services: Services, scope: Scope, enterprise: str, site: str, target_kw: float | None) -> DemandNow:
    """The quarter hour that runs, from the power signals of the site's meters (else of its machines)."""
    zone, rows = _power_signals(services, scope, enterprise, site)
    now_ns = services.clock()
    start = now_ns // QUARTER_NS * QUARTER_NS
    hold_ns = round(max([_HOLD_S, *(3.0 * row.period_s for row in rows)]) * _SECOND_NS)
    times, power = _sum_of(services, rows, Window(start, now_ns + 1), hold_ns)
    meter = DemandMeter(zone, gap_ns=hold_ns)
    meter.add_many(times.tolist(), power.tolist())
    newest = int(times[-1]) if len(times) else None
    fresh = newest is not None and now_ns - newest <= hold_ns
    if fresh:
        meter.add(now_ns, float(power[-1]))  # the newest power holds until now
    projection = meter.project(float("inf") if target_kw is None else target_kw) if fresh else None
    return DemandNow(
        now_ns=now_ns,
        newest_ns=newest,
        power_kw=float(power[-1]) if fresh and power[-1] == power[-1] else None,
        window_start_ns=start,
        so_far_kw=_mean(times, power, start, now_ns, hold_ns),
        projection=projection,
        target_kw=target_kw,
        signals=tuple(row.address for row in rows),
    )


def month_demand(services: Services, scope: Scope, enterprise: str, site: str) -> MonthDemand:
    """The peak of the local month so far and how many of its quarter hours are known."""
    zone, rows = _power_signals(services, scope, enterprise, site)
    now_ns = services.clock()
    local = datetime.datetime.fromtimestamp(now_ns // _SECOND_NS, zone)
    start = month_bounds(local.year, local.month, zone)[0]
    end = now_ns // QUARTER_NS * QUARTER_NS
    count = (end - start) // QUARTER_NS
    if count < 1 or not rows:
        return MonthDemand(None, None, 0, max(count, 0))
    total = np.zeros(count)
    for row in rows:
        total = total + _quarter_means(services, scope, row, start, count)
    known_windows = int(np.isfinite(total).sum())
    if not known_windows:
        return MonthDemand(None, None, 0, count)
    best = int(np.nanargmax(total))
    return MonthDemand(float(total[best]), start + best * QUARTER_NS, known_windows, count - known_windows)


def _quarter_means(
    services: Services, scope: Scope, row: SignalRecord, start_ns: int, count: int
) -> npt.NDArray[np.float64]:
    """kW of each quarter hour; NaN where one of its parts has no sample.

    Parts, not a number of samples: what was collected by the minute or on change covers a quarter hour too.
    """
    parts = _PARTS if 0.0 < row.period_s <= _PART_S else 1
    step_ns = QUARTER_NS // parts
    found = services.telemetry(scope).windows(
        Address.parse(row.address), start_ns, start_ns + count * QUARTER_NS, step_ns=step_ns
    )
    means = np.full(count * parts, np.nan)
    places = (np.asarray(found.start_ns) - start_ns) // step_ns
    known = (places >= 0) & (places < len(means)) & (np.asarray(found.count) >= 1)
    means[places[known]] = np.asarray(found.mean)[known] * conversion(row.unit, "kW")[0]
    return np.asarray(means.reshape(count, parts).mean(axis=1))


def _power_signals(services: Services, scope: Scope, enterprise: str, site: str) -> tuple[ZoneInfo, list[SignalRecord]]:
    plans = site_plans(services, scope, enterprise, site)
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
    return zone, [plan.power for plan in plans if plan.power is not None]


def _sum_of(
    services: Services, rows: Sequence[SignalRecord], window: Window, hold_ns: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The sum of all signals at every time that one of them has a sample; NaN where one is older than it may be."""
    series = [good_series(read_columns(services, row, window), conversion(row.unit, "kW")[0]) for row in rows]
    if not series:
        return np.empty(0, np.int64), np.empty(0)
    times = np.unique(np.concatenate([each.time_ns for each in series]))
    times = times[times < window.end_ns]
    total = np.zeros(len(times))
    for each in series:
        at = np.searchsorted(each.time_ns, times, side="right") - 1
        held = np.full(len(times), np.nan)
        known = at >= 0
        fresh = known.copy()
        fresh[known] = times[known] - each.time_ns[at[known]] <= hold_ns
        held[fresh] = each.value[at[fresh]]
        total = total + held
    return times, total


def _mean(
    times: npt.NDArray[np.int64], power: npt.NDArray[np.float64], start: int, now_ns: int, hold_ns: int
) -> float | None:
    """Mean of the running window over its known part; None while nothing of it is known."""
    if not len(times):
        return None
    begin = np.maximum(times, start)
    end = np.minimum(np.minimum(np.append(times[1:], now_ns), times + hold_ns), now_ns)
    length = np.maximum(end - begin, 0)
    known = np.isfinite(power) & (length > 0)
    covered = int(length[known].sum())
    return float((power[known] * length[known]).sum() / covered) if covered else None
