"""Energy from counters and power signals: kWh by day, by hour and by tariff band, gaps kept apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.observe import GAP_MINUTES, MINUTE_NS, Series, Window

__all__ = [
    "GAP_HOURS",
    "HourEnergy",
    "Increments",
    "QuarterEnergy",
    "counter_increments",
    "hourly",
    "known_share",
    "local_hours",
    "power_bounds",
    "power_increments",
    "quarterly",
    "total_kwh",
]

_GAP_NS = GAP_MINUTES * MINUTE_NS
GAP_HOURS: Final = GAP_MINUTES / 60
"""Longest silence, in hours, that is no gap."""
_RESET_SHARE: Final = 0.1
_QUARTER_NS: Final = 15 * MINUTE_NS


@dataclass(frozen=True, slots=True)
class Increments:
    """Energy between consecutive good samples: interval i runs from `start_ns[i]` to `end_ns[i]` and holds `kwh[i]`.

    Intervals longer than 15 minutes are gaps: a counter still knows their energy, a power signal does not (NaN).
    """

    start_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    kwh: npt.NDArray[np.float64]

    @property
    def gap(self) -> npt.NDArray[np.bool_]:
        """Which intervals are gaps."""
        return (self.end_ns - self.start_ns) > _GAP_NS


@dataclass(frozen=True, slots=True)
class HourEnergy:
    """Energy of one local clock hour: `kwh` inside normal intervals, `covered_s` seconds of them."""

    start_ns: int
    day: str
    hour: int
    month: int
    kwh: float
    covered_s: float

    @property
    def mean_kw(self) -> float:
        """Mean power over what is covered: the last hour of a window ends with its last sample. NaN without any."""
        return self.kwh * 3600 / self.covered_s if self.covered_s > 0 else math.nan


@dataclass(frozen=True, slots=True)
class QuarterEnergy:
    """Energy of the quarter hours from `start_ns` on: `kwh` (NaN where nothing is known), `covered_s` of 900 s."""

    start_ns: int
    kwh: npt.NDArray[np.float64]
    covered_s: npt.NDArray[np.float64]


def counter_increments(series: Series) -> Increments:
    """Differences of a rising kWh counter.

    A fall to less than a tenth is a reset, after which the new reading counts from zero. A smaller one (a meter set
    back, exchanged, or rounded) tells nothing: counted as a reset it would add all that the meter ever measured, so
    the interval is NaN.
    """
    steps = np.diff(series.value)
    reset = series.value[1:] < _RESET_SHARE * series.value[:-1]
    kwh = np.where(steps >= 0, steps, np.where(reset, series.value[1:], np.nan))
    return Increments(series.time_ns[:-1], series.time_ns[1:], kwh)


def power_increments(series: Series) -> Increments:
    """Power in kW held until the next sample; NaN across gaps."""
    start, end = series.time_ns[:-1], series.time_ns[1:]
    kwh = series.value[:-1] * ((end - start) / 3.6e12)
    return Increments(start, end, np.where((end - start) > _GAP_NS, np.nan, kwh))


def total_kwh(parts: Increments) -> float:
    """Exact sum of all known increments, in kWh."""
    return math.fsum(parts.kwh[np.isfinite(parts.kwh)].tolist())


def power_bounds(parts: Increments, series: Series) -> tuple[Decimal, Decimal]:
    """Known energy in kWh, and that plus the highest power seen through all gaps."""
    known = total_kwh(parts)
    lost = np.isnan(parts.kwh)
    hours = math.fsum(((parts.end_ns[lost] - parts.start_ns[lost]) / 3.6e12).tolist())
    return Decimal(decimal_text(known, 1)), Decimal(decimal_text(known + hours * float(series.value.max()), 1))


def local_hours(window: Window, zone: ZoneInfo) -> list[tuple[int, datetime]]:
    """Starts of the local clock hours that the window touches, in ns UTC, with their local time."""
    moment = datetime.fromtimestamp(window.start_ns // 1_000_000_000, zone)
    moment = moment.replace(minute=0, second=0, microsecond=0)
    hours: list[tuple[int, datetime]] = []
    instant = moment
    while (start := int(instant.timestamp()) * 1_000_000_000) < window.end_ns:
        hours.append((start, instant))
        instant = (instant.astimezone(ZoneInfo("UTC")) + timedelta(hours=1)).astimezone(zone)
    return hours


def hourly(parts: Increments, window: Window, zone: ZoneInfo) -> list[HourEnergy]:
    """Energy by local clock hour. An interval across an hour's edge is split by time; gaps are left out."""
    hours = local_hours(window, zone)
    edges = np.array([start for start, _ in hours] + [hours[-1][0] + 3600 * 1_000_000_000], dtype=np.int64)
    energy, covered = _binned(parts, edges)
    return [
        HourEnergy(begin, f"{local:%Y-%m-%d}", local.hour, local.month, math.fsum(energy[n]), covered[n] / 1e9)
        for n, (begin, local) in enumerate(hours)
    ]


def quarterly(parts: Increments, window: Window) -> QuarterEnergy:
    """Energy by quarter hour from the start of the window, by the rules of `hourly`."""
    count = -(-(window.end_ns - window.start_ns) // _QUARTER_NS)
    edges = window.start_ns + _QUARTER_NS * np.arange(count + 1, dtype=np.int64)
    energy, covered = _binned(parts, edges)
    kwh = [math.fsum(each) if known else math.nan for each, known in zip(energy, covered, strict=True)]
    return QuarterEnergy(window.start_ns, np.array(kwh, dtype=np.float64), np.array(covered, dtype=np.float64) / 1e9)


def known_share(parts: Increments, window: Window) -> float:
    """Part of the window, 0 to 1, in which the energy between samples is known; a counter knows it across gaps."""
    known = np.isfinite(parts.kwh)
    return int(np.sum((parts.end_ns - parts.start_ns)[known])) / (window.end_ns - window.start_ns)


def _binned(parts: Increments, edges: npt.NDArray[np.int64]) -> tuple[list[list[float]], list[int]]:
    """Energies and covered ns between neighbouring edges; the intervals lie inside the first and last of them."""
    usable = ~parts.gap & np.isfinite(parts.kwh)
    start, end, kwh = parts.start_ns[usable], parts.end_ns[usable], parts.kwh[usable]
    first = np.searchsorted(edges, start, side="right") - 1
    last = np.searchsorted(edges, end, side="left") - 1
    energy: list[list[float]] = [[] for _ in range(len(edges) - 1)]
    covered: list[int] = [0] * (len(edges) - 1)
    _whole(first, last, start, end, kwh, energy, covered)
    for at in np.flatnonzero(first != last).tolist():
        _cut(int(start[at]), int(end[at]), float(kwh[at]), edges, energy, covered)
    return energy, covered


def _whole(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    kwh: npt.NDArray[np.float64],
    energy: list[list[float]],
    covered: list[int],
) -> None:
    inside = np.flatnonzero(first == last)
    bins, begins = np.unique(first[inside], return_index=True)
    limits = [*begins.tolist(), len(inside)]
    for number, hour in enumerate(bins.tolist()):
        rows = inside[limits[number] : limits[number + 1]]
        energy[hour].extend(kwh[rows].tolist())
        covered[hour] += int(np.sum(end[rows] - start[rows]))


def _cut(
    start: int,
    end: int,
    kwh: float,
    edges: npt.NDArray[np.int64],
    energy: list[list[float]],
    covered: list[int],
) -> None:
    hour = int(np.searchsorted(edges, start, side="right")) - 1
    while start < end and hour < len(energy):
        upto = min(end, int(edges[hour + 1]))
        energy[hour].append(kwh * ((upto - start) / (end - start)) if start != end else 0.0)
        kwh -= energy[hour][-1]
        covered[hour] += upto - start
        start, hour = upto, hour + 1


def sum_by(hours: Sequence[HourEnergy], keys: Sequence[str]) -> dict[str, float]:
    """Exact sums of hourly energies under a key each, keys in order of first appearance."""
    lists: dict[str, list[float]] = {}
    for key, hour in zip(keys, hours, strict=True):
        lists.setdefault(key, []).append(hour.kwh)
    return {key: math.fsum(values) for key, values in lists.items()}
