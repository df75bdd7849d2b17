"""Which band an instant belongs to, by the local clock of the tariff's time zone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.errors import ConfigError
from ovoo_packs.tariffs import Band, Tariff

__all__ = ["BandCalendar", "Span", "local_instant", "month_bounds"]

_SECOND_NS: Final = 1_000_000_000
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Span:
    """[start_ns, end_ns) lies in one local hour, so in one season and one band."""

    start_ns: int
    end_ns: int
    season: str
    band: Band
    ratio: float


class BandCalendar:
    """The bands of a tariff on the time line.

    Raises:
        ConfigError: the tariff's time zone is not known here.
    """

    def __init__(self, tariff: Tariff, zone: tzinfo | None = None) -> None:
        self.tariff = tariff
        self.zone = zone or _zone(tariff)
        self._span: Span | None = None

    def span_at(self, time_ns: int) -> Span:
        """The local hour around an instant; the last one asked for is kept, so time order is cheap."""
        last = self._span
        if last is not None and last.start_ns <= time_ns < last.end_ns:
            return last
        start_s, end_s, local = _local_hour(time_ns // _SECOND_NS, self.zone)
        season = self.tariff.season(local.month)
        band = self.tariff.band(local.month, local.hour)
        found = Span(start_s * _SECOND_NS, end_s * _SECOND_NS, season.id, band, season.ratios[band])
        self._span = found
        return found

    def spans(self, start_ns: int, end_ns: int) -> Iterator[Span]:
        """The spans that [start_ns, end_ns) crosses, cut to it, in time order, without a hole."""
        at = start_ns
        while at < end_ns:
            span = self.span_at(at)
            stop = min(span.end_ns, end_ns)
            yield Span(at, stop, span.season, span.band, span.ratio)
            at = stop

    def borders(self, start_ns: int, end_ns: int) -> list[int]:
        """Instants strictly inside (start_ns, end_ns) at which band or season change."""
        spans = list(self.spans(start_ns, end_ns))
        return [
            right.start_ns
            for left, right in itertools.pairwise(spans)
            if (left.season, left.band) != (right.season, right.band)
        ]


def month_bounds(year: int, month: int, zone: tzinfo) -> tuple[int, int]:
    """[first instant of the local month, first instant of the next) in UTC nanoseconds."""
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return local_instant(datetime(year, month, 1), zone), local_instant(datetime(*following, 1), zone)


def local_instant(clock: datetime, zone: tzinfo) -> int:
    """UTC nanoseconds of a local clock reading (the earlier where it occurs twice).

    Raises:
        ConfigError: the clock never showed that time, because it was put forward.
    """
    instant = clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != clock.replace(tzinfo=None):
        remedy = "the stamps come from another time zone, or were counted on in local time"
        raise ConfigError(
            "the clock never showed this", code="tariff.clock_never_showed_this", offender=str(zone),
            value=clock.isoformat(" "), remedy=remedy,
        )  # fmt: skip
    return round(instant.timestamp()) * _SECOND_NS


def _zone(tariff: Tariff) -> ZoneInfo:
    try:
        return ZoneInfo(tariff.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        remedy = "install the time-zone data of the system, or correct the tariff"
        raise ConfigError(
            "no such time zone", code="tariff.no_such_time_zone", offender=tariff.id, value=tariff.timezone,
            remedy=remedy,
        ) from error  # fmt: skip


def _offset_s(time_s: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(time_s, zone).utcoffset() or timedelta()
    return round(offset.total_seconds())


def _local_hour(time_s: int, zone: tzinfo) -> tuple[int, int, datetime]:
    """First second of the local hour around `time_s`, the second after it, its clock; a clock change cuts it short."""
    local = datetime.fromtimestamp(time_s, zone)
    offset = _offset_s(time_s, zone)
    start = time_s - (local.minute * 60 + local.second)
    end = start + _HOUR_S
    if _offset_s(start, zone) != offset:
        start = _change(start, time_s, zone)
    if _offset_s(end - 1, zone) != offset:
        end = _change(time_s, end - 1, zone)
    return start, end, local


def _change(low: int, high: int, zone: tzinfo) -> int:
    """The first second in (low, high] with the offset of `high`."""
    wanted = _offset_s(high, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_s(middle, zone) == wanted:
            high = middle
        else:
            low = middle
    return high
