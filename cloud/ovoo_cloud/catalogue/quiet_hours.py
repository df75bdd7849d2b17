"""Local hours in which a person says that nothing is used, and which night each minute of a window belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError

__all__ = ["QuietHours"]

_FORM: Final = re.compile(r"(?:([1-7]{1,7})\s+)?(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_DAY: Final = 1440
_MINUTE_NS: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class QuietHours:
    """[first, last) in minutes of the local day, across midnight where last <= first; `days` are ISO weekdays (1
    Monday) on which it begins.

    >>> QuietHours.parse("67 22:00-05:30")
    QuietHours(first=1320, last=330, days=frozenset({6, 7}))
    """

    first: int
    last: int
    days: frozenset[int]

    @classmethod
    def parse(cls, text: str, offender: str = "quiet_hours") -> QuietHours:
        """Reads `02:00-05:00`, or `67 00:00-24:00` for weekends; ConfigError where it is no such text."""
        found = _FORM.fullmatch(text.strip())
        first = last = -1
        if found is not None:
            first, last = (60 * int(found[k]) + int(found[k + 1]) for k in (2, 4))
        fine = found is not None and int(found[3]) < 60 and int(found[5]) < 60
        if not fine or not 0 <= first < _DAY or not 0 <= last <= _DAY or first == last:
            remedy = 'local hours "02:00-05:00"; with weekdays (1 Monday) before them: "67 00:00-24:00"'
            raise ConfigError("not hours of the day", offender=offender, value=text[:40], remedy=remedy)
        days = found[1] if found is not None and found[1] else "1234567"
        return cls(first, last, frozenset(int(day) for day in days))

    def nights(self, start_ns: int, minutes: int, zone: ZoneInfo) -> list[int]:
        """For each minute from `start_ns` on the number of the quiet time it lies in (day it began), -1 for none."""
        return [self._night(start_ns + n * _MINUTE_NS, zone) for n in range(minutes)]

    def _night(self, at_ns: int, zone: ZoneInfo) -> int:
        local = datetime.fromtimestamp(at_ns // 1_000_000_000, zone)
        minute, day = 60 * local.hour + local.minute, local.toordinal()
        if self.first < self.last:
            inside = self.first <= minute < self.last
        else:
            inside = minute >= self.first or minute < self.last
            day -= minute < self.last
        weekday = (day - 1) % 7 + 1  # ordinal 1 is a Monday
        return day if inside and weekday in self.days else -1
