"""A plain book of bands by the minute, written from the text of the notices with nothing of ours in it.

West (1630): windy months January to May and September to December: peak 06-08, 18-22; valley 00-04, 11-16; the rest
flat; 1.68 : 1 : 0.48. June to August: peak 06-08, 18-22, of it super-peak 19-21 (+20 %); valley 11-16, of it deep
valley 13-15 (-20 %); the rest flat; 1.54 : 1 : 0.44. East (1631): peak 06-09, 17-22; valley 00-05, 11-14; the rest
flat; +68 % / -52 %; June to August super-peak 18-20 (+20 %), deep valley 12-14 (-20 %). The clock is UTC+8 all year.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

MINUTE_NS = 60 * 10**9
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def leap(year: int) -> bool:
    return (year % 4 == 0 and year % 100 != 0) or year % 400 == 0


def days_before(year: int) -> int:
    return sum(366 if leap(each) else 365 for each in range(1970, year))


def month_length(year: int, month: int) -> int:
    return 29 if month == 2 and leap(year) else DAYS[month - 1]


def first_minute(year: int, month: int) -> int:
    """UTC minutes since 1970 of the first local minute of a month."""
    days = days_before(year) + sum(month_length(year, each) for each in range(1, month))
    return days * 1440 - 480


def west(month: int, hour: int) -> tuple[str, Fraction]:
    summer = month in (6, 7, 8)
    peak, valley = (Fraction("1.54"), Fraction("0.44")) if summer else (Fraction("1.68"), Fraction("0.48"))
    if summer and 19 <= hour < 21:
        return "super_peak", peak * Fraction("1.2")
    if summer and 13 <= hour < 15:
        return "deep_valley", valley * Fraction("0.8")
    if 6 <= hour < 8 or 18 <= hour < 22:
        return "peak", peak
    if 11 <= hour < 16 or (not summer and hour < 4):
        return "valley", valley
    return "flat", Fraction(1)


def east(month: int, hour: int) -> tuple[str, Fraction]:
    summer = month in (6, 7, 8)
    if summer and 18 <= hour < 20:
        return "super_peak", Fraction("1.68") * Fraction("1.2")
    if summer and 12 <= hour < 14:
        return "deep_valley", Fraction("0.48") * Fraction("0.8")
    if 6 <= hour < 9 or 17 <= hour < 22:
        return "peak", Fraction("1.68")
    if hour < 5 or 11 <= hour < 14:
        return "valley", Fraction("0.48")
    return "flat", Fraction(1)


RULES = {"west": west, "east": east}


def minutes_of(year: int, month: int, tariff: str) -> Iterator[tuple[int, str, Fraction]]:
    """(UTC minute, band, ratio) of every minute of a local month."""
    at = first_minute(year, month)
    for _ in range(month_length(year, month)):
        for hour in range(24):
            band, ratio = RULES[tariff](month, hour)
            for _ in range(60):
                yield at, band, ratio
                at += 1


def cents(amount: Fraction) -> Fraction:
    """Half up to a hundredth."""
    return Fraction(int(abs(amount) * 100 + Fraction(1, 2)), 100) * (1 if amount >= 0 else -1)
