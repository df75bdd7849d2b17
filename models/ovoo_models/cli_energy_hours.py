"""The hours of the week in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

__all__ = ["level_words"]

_DAYS: Final = {"zh": "周一,周二,周三,周四,周五,周六,周日", "en": "Mon,Tue,Wed,Thu,Fri,Sat,Sun"}


def level_words(terms: Mapping[str, float], pattern: str, language: str) -> str:
    """The least and the greatest level of the hours of the week, filled into `pattern`."""
    known = {int(name.removeprefix("hour_")): value for name, value in terms.items() if math.isfinite(value)}
    first, last = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    days = _DAYS[language].split(",")
    hours = [f"{days[at // 24]} {at % 24:02}:00" for at in (first, last)]
    return pattern.format(low=known[first], high=known[last], first=hours[0], last=hours[1])
