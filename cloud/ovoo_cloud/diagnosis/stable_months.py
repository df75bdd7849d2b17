"""Months of stable running, measured: the evidence that an acceptance asks for first."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.indicators import Delivery, DeliveryRule
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.running import steady_days

__all__ = ["stable_months", "whole_months"]

_NS = 1_000_000_000


def stable_months(
    case: Case, names: Sequence[str], found: Sequence[Delivery], rule: DeliveryRule, seen: Observation
) -> tuple[Fraction, Fraction, tuple[str, ...]] | None:
    """Months (certain, possible) over which every named machine met the delivery rule day by day, with the evidence.

    A day is possible, but not certain, where the platform itself saw nothing. None where a machine is not connected:
    then there is nothing to measure.
    """
    own = [each for each in found if each.machine.id in names and each.evidence]
    if not own or len(own) < len(set(names)):
        return None
    start = datetime.datetime.fromtimestamp(case.start_ns // _NS, ZoneInfo(case.timezone)).date()
    sure, possible = (_all_steady(own, rule, seen, blind=blind) for blind in (False, True))
    months = [whole_months(start, *_longest(days)) for days in (sure, possible)]
    return Fraction(months[0]), Fraction(months[1]), tuple(each.evidence for each in own)


def _all_steady(own: Sequence[Delivery], rule: DeliveryRule, seen: Observation, *, blind: bool) -> list[bool]:
    """Whether each whole day is steady for all of them; minutes nobody saw count as good where `blind`."""
    columns = [steady_days(_flags(each, rule, seen, blind), rule) for each in own]
    return [all(day) for day in zip(*columns, strict=True)]


def _flags(each: Delivery, rule: DeliveryRule, seen: Observation, blind: bool) -> npt.NDArray[np.bool_]:
    if not blind and rule.doubt is not None and each.proving is not None:
        return each.proving
    scans = [] if each.machine.asset is None else seen.of_asset(each.machine.asset)
    unseen = ~seen.platform_seen
    raw = [scan.good for scan in scans if scan.entry.uplink == "raw"]
    return np.vstack([good | unseen for good in raw] if blind else raw)


def _longest(days: Sequence[bool]) -> tuple[int, int]:
    """First day and length of the longest unbroken run, the earliest of several."""
    best = (0, 0)
    first = 0
    for number, good in enumerate([*days, False]):
        if not good:
            best = max(best, (first, number - first), key=lambda run: run[1])
            first = number + 1
    return best


def whole_months(start: datetime.date, first: int, length: int) -> int:
    """Whole calendar months of a run of `length` days that begins `first` days after `start`.

    >>> whole_months(datetime.date(2026, 5, 1), 0, 31), whole_months(datetime.date(2026, 5, 1), 0, 60)
    (1, 1)
    """
    begin = start + datetime.timedelta(days=first)
    end = begin + datetime.timedelta(days=length)
    months = (end.year - begin.year) * 12 + end.month - begin.month
    return max(0, months - (end.day < begin.day))
