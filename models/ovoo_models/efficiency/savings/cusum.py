"""Cumulative savings over a reporting period, with the days on which their course turned."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.savings.shifts import stretches

__all__ = ["Cusum", "Turn", "cusum"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of course: saving an interval before and after, and the shift in standard errors."""

    time_ns: int
    before: float
    after: float
    statistic: float


@dataclass(frozen=True, slots=True)
class Cusum:
    """Sum of savings up to and with each interval, in the unit of energy."""

    time_ns: tuple[int, ...]
    total: array[float]
    turns: tuple[Turn, ...]


def cusum(time_ns: Sequence[int], saved: Sequence[float], limit: float = 5.0, least: int = 7) -> Cusum:
    """Running sum of `saved` (expected - actual an interval) and its turns; see `stretches` for `limit` and `least`."""
    if len(time_ns) != len(saved) or not saved:
        raise EvidenceError(
            "nothing to sum", code="savings.nothing_to_sum", offender="saved", value=(len(time_ns), len(saved))
        )
    total, run = array("d"), 0.0
    for value in saved:
        run += value
        total.append(run)
    parts = stretches(saved, limit, least)
    turns = tuple(
        Turn(time_ns[after.start], before.mean, after.mean, after.statistic)
        for before, after in itertools.pairwise(parts)
    )
    return Cusum(tuple(time_ns), total, turns)
