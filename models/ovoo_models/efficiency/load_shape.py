"""The shape of a load: base load by weekday and hour, days as profiles, and the few kinds of days there are.

Clusters are k-medoids (Kaufman and Rousseeuw's BUILD and SWAP, and SWAP from days far apart; the
better of both) on hourly profiles. Every choice takes the first of equals: the same days give the same clusters. No
exchange of one medoid lowers the sum of distances further. A medoid is a day that happened.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models.efficiency.tariff.bands import local_instant
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, Intervals

__all__ = ["BaseLoad", "Clusters", "Days", "base_load", "cluster_days", "day_profiles", "nearest_cluster", "quantile"]

_LEAST: Final = 4
_DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class BaseLoad:
    """Power in kW by local weekday (0 Monday) and hour: `low[weekday][hour]` and `middle[weekday][hour]` are the low
    quantile and the median, NaN with fewer than four readings; `base_kw` is the low quantile of all readings."""

    base_kw: float
    low: tuple[tuple[float, ...], ...]
    middle: tuple[tuple[float, ...], ...]
    readings: int
    left_out: int

    def base_kwh(self, hours: float) -> float:
        """Energy of the base load over a time."""
        return self.base_kw * hours


@dataclass(frozen=True, slots=True)
class Days:
    """Whole local days of 24 hours as kW by hour; `left_out` are days with gaps or a changed clock, and why."""

    days: tuple[date, ...]
    profiles: tuple[array[float], ...]
    left_out: tuple[tuple[date, str], ...]


@dataclass(frozen=True, slots=True)
class Clusters:
    """`medoids` are day numbers, the largest cluster first; `member[i]` is the cluster of day i and `distance[i]` its
    distance from the medoid; `silhouette` (-1 to 1) says how well they are apart."""

    medoids: tuple[int, ...]
    member: tuple[int, ...]
    distance: tuple[float, ...]
    silhouette: float


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the readings lie, straight between neighbours; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def base_load(intervals: Intervals, zone: tzinfo, share: float = 0.05) -> BaseLoad:
    """Quantiles of the mean power of intervals, by the local hour in which they begin.

    Raises:
        ConfigError: an interval is longer than an hour, or the share lies outside 0 to 1.
        NotReady: fewer than four readings.
    """
    if not 0.0 <= share <= 1.0:
        raise ConfigError(
            "not a share", code="load_shape.not_share", offender="base_load.share", value=share,
            remedy="from 0 to 1, e.g. 0.05",
        )  # fmt: skip
    cells: list[list[list[float]]] = [[[] for _ in range(_DAY_HOURS)] for _ in range(7)]
    left_out = 0
    for start, end, kwh in zip(intervals.start_ns, intervals.end_ns, intervals.kwh, strict=True):
        if not 0 < end - start <= HOUR_NS:
            raise ConfigError(
                "not an interval within an hour", code="load_shape.not_interval_within_hour", offender="base_load",
                value=start, remedy="<= 60 min",
            )  # fmt: skip
        if math.isfinite(kwh):
            local = datetime.fromtimestamp(start // NANO, zone)
            cells[local.weekday()][local.hour].append(kwh * HOUR_NS / (end - start))
        else:
            left_out += 1
    readings = [power for row in cells for cell in row for power in cell]
    if len(readings) < _LEAST:
        raise NotReady(
            "too few readings", code="load_shape.too_few_readings", offender="base_load", value=len(readings),
            remedy="bring some days",
        )  # fmt: skip
    tables = [
        tuple(tuple(quantile(cell, at) if len(cell) >= _LEAST else math.nan for cell in row) for row in cells)
        for at in (share, 0.5)
    ]
    return BaseLoad(quantile(readings, share), tables[0], tables[1], len(readings), left_out)


def day_profiles(intervals: Intervals, zone: tzinfo) -> Days:
    """The whole local days, hour by hour. Intervals across an hour are shared out by time."""
    if not len(intervals):
        return Days((), (), ())
    first = datetime.fromtimestamp(min(intervals.start_ns) // NANO, zone).date()
    last = datetime.fromtimestamp((max(intervals.end_ns) - 1) // NANO, zone).date()
    dates = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    starts = [local_instant(datetime(day.year, day.month, day.day), zone) for day in (*dates, last + timedelta(days=1))]
    energy, covered = _hours(intervals, starts[0], starts[-1])
    days, profiles, left_out = [], [], []
    for day, start, end in zip(dates, starts, starts[1:], strict=False):
        hours = range((start - starts[0]) // HOUR_NS, (end - starts[0]) // HOUR_NS)
        if len(hours) != _DAY_HOURS:
            left_out.append((day, f"a day of {len(hours)} hours"))
        elif any(covered[hour] != HOUR_NS for hour in hours):
            left_out.append((day, "readings missing or given twice"))
        else:
            days.append(day)
            profiles.append(array("d", (energy[hour] for hour in hours)))
    return Days(tuple(days), tuple(profiles), tuple(left_out))


def cluster_days(profiles: Sequence[Sequence[float]], count: int, *, by_shape: bool = True) -> Clusters:
    """Groups days round `count` of them; `by_shape` divides each day by its mean, so that only the shape counts.

    Raises:
        NotReady: fewer days than clusters.
    """
    if not 1 <= count <= len(profiles):
        raise NotReady(
            "too few days", code="load_shape.too_few_days", slots={"count": count}, offender="cluster_days",
            value=len(profiles), remedy=f"bring {count} or more",
        )  # fmt: skip
    distance = _distances([_shape(day) if by_shape else list(day) for day in profiles])
    starts = (_build(distance, count), _far_apart(distance, count))
    medoids = min((_swap(start, distance) for start in starts), key=lambda found: _total(found, distance))
    near = [min(range(count), key=lambda k: (distance[medoids[k]][day], k)) for day in range(len(profiles))]
    order = sorted(range(count), key=lambda k: (-near.count(k), medoids[k]))
    member = tuple(order.index(cluster) for cluster in near)
    chosen = tuple(medoids[k] for k in order)
    apart = tuple(distance[chosen[cluster]][day] for day, cluster in enumerate(member))
    return Clusters(chosen, member, apart, _silhouette(member, distance, count))


def nearest_cluster(
    profile: Sequence[float], medoids: Sequence[Sequence[float]], *, by_shape: bool = True
) -> tuple[int, float]:
    """The cluster a new day belongs to, and how far it lies from its medoid: the day's load-shape distance."""
    rows = [_shape(day) if by_shape else list(day) for day in (profile, *medoids)]
    apart = [math.dist(rows[0], row) for row in rows[1:]]
    best = min(range(len(apart)), key=apart.__getitem__)
    return best, apart[best]


def _hours(intervals: Intervals, start_ns: int, end_ns: int) -> tuple[list[float], list[int]]:
    count = -(-(end_ns - start_ns) // HOUR_NS)
    energy, covered = [0.0] * count, [0] * count
    for low, high, kwh in zip(intervals.start_ns, intervals.end_ns, intervals.kwh, strict=True):
        at = low
        while at < high and math.isfinite(kwh):
            hour = (at - start_ns) // HOUR_NS
            stop = min(high, start_ns + (hour + 1) * HOUR_NS)
            energy[hour] += kwh * ((stop - at) / (high - low))
            covered[hour] += stop - at
            at = stop
    return energy, covered


def _shape(day: Sequence[float]) -> list[float]:
    mean = math.fsum(day) / len(day)
    return [value / mean for value in day] if mean > 0.0 else [0.0] * len(day)


def _distances(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    table = [[0.0] * len(rows) for _ in rows]
    for i, row in enumerate(rows):
        for j in range(i):
            table[i][j] = table[j][i] = math.dist(row, rows[j])
    return table


def _build(distance: Sequence[Sequence[float]], count: int) -> list[int]:
    """The best single medoid, then each time the day that lowers the sum of distances most."""
    near = [math.inf] * len(distance)
    medoids: list[int] = []
    for _ in range(count):
        cost = [math.fsum(map(min, near, row)) for row in distance]
        best = min((day for day in range(len(distance)) if day not in medoids), key=cost.__getitem__)
        medoids.append(best)
        near = list(map(min, near, distance[best]))
    return medoids


def _far_apart(distance: Sequence[Sequence[float]], count: int) -> list[int]:
    """The best single medoid, then each time the day farthest from those chosen: another start for the exchange."""
    medoids = _build(distance, 1)
    while len(medoids) < count:
        near = [min(column) for column in zip(*(distance[m] for m in medoids), strict=True)]
        medoids.append(max((day for day in range(len(distance)) if day not in medoids), key=near.__getitem__))
    return medoids


def _swap(medoids: list[int], distance: Sequence[Sequence[float]]) -> list[int]:
    """Exchanges a medoid for another day while that lowers the sum of distances; it falls each time, so this ends."""
    cost = _total(medoids, distance)
    while True:
        best, trial = cost, medoids
        for place in range(len(medoids)):
            others = [distance[m] for k, m in enumerate(medoids) if k != place]
            near = [min(column) for column in zip(*others, strict=True)] if others else [math.inf] * len(distance)
            for day in range(len(distance)):
                if day not in medoids:
                    found = math.fsum(map(min, near, distance[day]))
                    if found < best:
                        best, trial = found, [*medoids[:place], day, *medoids[place + 1 :]]
        if trial is medoids:
            return medoids
        cost, medoids = best, trial


def _total(medoids: Sequence[int], distance: Sequence[Sequence[float]]) -> float:
    return math.fsum(min(column) for column in zip(*(distance[m] for m in medoids), strict=True))


def _silhouette(member: Sequence[int], distance: Sequence[Sequence[float]], count: int) -> float:
    """Mean of (b - a) / max(a, b): a the mean distance within the own cluster, b that to the next; 0 for one alone."""
    if count == 1:
        return 0.0
    groups = [[day for day, cluster in enumerate(member) if cluster == k] for k in range(count)]
    scores = []
    for day, own in enumerate(member):
        mates = len(groups[own]) - 1
        if not mates:
            scores.append(0.0)
            continue
        row = distance[day]
        inside = math.fsum(row[other] for other in groups[own]) / mates
        outside = min(
            math.fsum(row[other] for other in group) / len(group)
            for k, group in enumerate(groups)
            if k != own and group
        )
        scores.append((outside - inside) / max(inside, outside) if max(inside, outside) > 0.0 else 0.0)
    return math.fsum(scores) / len(scores)
