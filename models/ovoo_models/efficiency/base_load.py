"""Base load and usual load by hour of the week, as quantiles in fixed memory."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from ovoo_models.state import ArrayStore

__all__ = ["BaseLoad"]

_HOURS: Final = 168
_QUANTILES: Final = (0.05, 0.5)
_CELLS: Final = 10
"""Of one quantile: five heights, five positions."""


class BaseLoad:
    """P5 and P50 of power for each of the 168 hours of a local week; 27 kB however long it runs.

    Five markers a quantile follow the P-square rule (Jain and Chlamtac 1985); up to five values the quantile is exact.
    zone: of the local week.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._count = array("q", bytes(8 * _HOURS))
        self._markers = array("d", bytes(8 * _HOURS * _CELLS * len(_QUANTILES)))
        self._arrays = ArrayStore("base_load", count=self._count, markers=self._markers)

    def push(self, start_ns: int, power_kw: float) -> None:
        """Take the mean power of the period that starts there; NaN counts for nothing."""
        if power_kw != power_kw:
            return
        hour = self._hour(start_ns)
        for place, share in enumerate(_QUANTILES):
            base = (hour * len(_QUANTILES) + place) * _CELLS
            _observe(self._markers, base, self._count[hour], power_kw, share)
        self._count[hour] += 1

    def base_kw(self, hour: int) -> float:
        """P5 of an hour of the week (0: Monday 00:00); NaN before its first value."""
        return self._quantile(hour, 0)

    def usual_kw(self, hour: int) -> float:
        """P50 of an hour of the week."""
        return self._quantile(hour, 1)

    def count(self, hour: int) -> int:
        """Values seen in an hour of the week."""
        return self._count[hour]

    def _hour(self, start_ns: int) -> int:
        moment = datetime.fromtimestamp(start_ns // 10**9, self._zone)
        return 24 * moment.weekday() + moment.hour

    def _quantile(self, hour: int, place: int) -> float:
        base, count = (hour * len(_QUANTILES) + place) * _CELLS, self._count[hour]
        if count == 0:
            return math.nan
        if count >= 5:
            return self._markers[base + 2]
        ranked = sorted(self._markers[base : base + count])
        at = _QUANTILES[place] * (count - 1)
        low = int(at)
        return ranked[low] + (at - low) * (ranked[min(low + 1, count - 1)] - ranked[low])

    def state(self) -> dict[str, str]:
        """Counts and markers."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)


def _observe(cells: array[float], base: int, count: int, x: float, share: float) -> None:
    if count < 5:
        cells[base + count] = x
        if count == 4:
            cells[base : base + 5] = array("d", sorted(cells[base : base + 5]))
            cells[base + 5 : base + 10] = array("d", [0.0, 1.0, 2.0, 3.0, 4.0])
        return
    cells[base], cells[base + 4] = min(cells[base], x), max(cells[base + 4], x)
    cell = next((k for k in range(3) if x < cells[base + k + 1]), 3)
    for k in range(cell + 1, 5):
        cells[base + 5 + k] += 1.0
    for k, wanted in zip((1, 2, 3), (0.5 * share, share, 0.5 * (1.0 + share)), strict=True):
        _adjust(cells, base + k, wanted * count)


def _adjust(cells: array[float], at: int, wanted: float) -> None:
    """Move one marker a place towards where it should be: along a parabola, or a line where that would cross."""
    position = cells[at + 5]
    step = wanted - position
    ahead, behind = cells[at + 6] - position, position - cells[at + 4]
    if not ((step >= 1.0 and ahead > 1.0) or (step <= -1.0 and behind > 1.0)):
        return
    d = 1.0 if step > 0 else -1.0
    rise, fall = (cells[at + 1] - cells[at]) / ahead, (cells[at] - cells[at - 1]) / behind
    moved = cells[at] + d / (ahead + behind) * ((behind + d) * rise + (ahead - d) * fall)
    if not cells[at - 1] < moved < cells[at + 1]:
        moved = cells[at] + (rise if d > 0 else -fall)
    cells[at], cells[at + 5] = moved, position + d
