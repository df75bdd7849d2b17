"""Local time of the plants: Asia/Shanghai, UTC+8 without daylight saving, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovoo_simulator.arrays import BoolArray, FloatArray, IntArray

__all__ = ["DAY_NS", "DAY_S", "HOUR_NS", "MINUTE_NS", "SECOND_NS", "Times", "local_midnight_ns", "window"]

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 3600 * SECOND_NS
DAY_S = 86_400
DAY_NS = DAY_S * SECOND_NS
_OFFSET_NS = 8 * HOUR_NS
_YEAR_DAYS = 365.2425
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday; Monday is 0


@dataclass(frozen=True, slots=True)
class Times:
    """Calendar columns of a run of times.

    Attributes:
        ns: UTC nanoseconds.
        seconds: the same in seconds.
        day: local days since 1970.
        second_of_day: local, [0, 86400).
        weekday: Monday 0 to Sunday 6.
        year_angle: 0 at the turn of the year, 2 pi at the next.
    """

    ns: IntArray
    seconds: FloatArray
    day: IntArray
    second_of_day: FloatArray
    weekday: IntArray
    year_angle: FloatArray

    @classmethod
    def at(cls, time_ns: IntArray) -> Times:
        """The calendar of `time_ns`."""
        local = time_ns + _OFFSET_NS
        day = local // DAY_NS
        second = (local - day * DAY_NS) / SECOND_NS
        angle = ((day + second / DAY_S) % _YEAR_DAYS) * (2.0 * np.pi / _YEAR_DAYS)
        return cls(time_ns, time_ns / SECOND_NS, day, second, (day + _EPOCH_WEEKDAY) % 7, angle)

    def between(self, start_hour: float, end_hour: float) -> BoolArray:
        """True within [start, end) hours of the local day."""
        inside: BoolArray = (self.second_of_day >= start_hour * 3600) & (self.second_of_day < end_hour * 3600)
        return inside


def local_midnight_ns(time_ns: int) -> int:
    """The last local midnight at or before `time_ns`."""
    return (time_ns + _OFFSET_NS) // DAY_NS * DAY_NS - _OFFSET_NS


def window(times: Times, start_hour: float, end_hour: float, ramp_s: float) -> FloatArray:
    """1 within the hours of the local day, 0 outside, straight ramps of `ramp_s` seconds inside the edges."""
    up = (times.second_of_day - start_hour * 3600) / ramp_s
    down = (end_hour * 3600 - times.second_of_day) / ramp_s
    return np.clip(np.minimum(up, down), 0.0, 1.0)
