"""Whether a figure stays flat over a run: the slope that half of all pairs of points exceed, times the run's length."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

__all__ = ["cycle_medians", "growth"]


def cycle_medians(values: Sequence[float], per_cycle: int) -> list[float]:
    """The median of each whole cycle: load that comes and goes within a cycle does not count as growth."""
    whole = len(values) // per_cycle
    return [statistics.median(values[each * per_cycle : (each + 1) * per_cycle]) for each in range(whole)]


def growth(values: Sequence[float]) -> float:
    """Theil and Sen's slope over equally spaced values, times their span: the growth from the first to the last.

    >>> growth([5.0, 5.0, 9.0, 5.0, 5.0])
    0.0
    >>> growth([1.0, 2.0, 3.0, 4.0])
    3.0
    """
    slopes = [
        (later - earlier) / (after - before)
        for before, earlier in enumerate(values)
        for after, later in enumerate(values)
        if after > before
    ]
    return statistics.median(slopes) * (len(values) - 1) if slopes else 0.0
