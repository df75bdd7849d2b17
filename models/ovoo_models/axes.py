"""Scales of a plot: places of times and values, and the round ticks that name them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

__all__ = ["TimeAxis", "ValueAxis", "value_axis"]

_STEPS_S: Final = (60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000)
_NS: Final = 1_000_000_000
_LOG_RATIO: Final = 20.0


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """[start_ns, end_ns) over [left, right]."""

    start_ns: int
    end_ns: int
    left: float
    right: float
    zone: tzinfo | None

    def x(self, at_ns: int) -> float:
        """The place of a time, kept within the axis."""
        share = (at_ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)

    def ticks(self, most: int = 7) -> list[tuple[float, str]]:
        """Round local times with their words: the hour, at midnight the day."""
        span_s = (self.end_ns - self.start_ns) / _NS
        step = next((step for step in _STEPS_S if span_s / step <= most), _STEPS_S[-1])
        offset = self._offset_s(self.start_ns)
        first = -(-(self.start_ns // _NS + offset) // step) * step - offset
        return [(self.x(at * _NS), self._word(at, step)) for at in range(first, self.end_ns // _NS + 1, step)]

    def _offset_s(self, at_ns: int) -> int:
        offset = datetime.fromtimestamp(at_ns // _NS, self.zone or UTC).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def _word(self, at_s: int, step: int) -> str:
        moment = datetime.fromtimestamp(at_s, self.zone or UTC)
        return f"{moment:%m-%d}" if step >= 86_400 or (moment.hour, moment.minute) == (0, 0) else f"{moment:%H:%M}"


@dataclass(frozen=True, slots=True)
class ValueAxis:
    """[low, high] from the bottom to the top of a panel, by logarithm where a score leaves its limit far behind."""

    low: float
    high: float
    top: float
    bottom: float
    log: bool = False

    def y(self, value: float) -> float:
        """The place of a value, kept within the panel."""
        low, high, x = (self._at(each) for each in (self.low, self.high, value))
        return self.bottom - (self.bottom - self.top) * min(max((x - low) / (high - low), 0.0), 1.0)

    def _at(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value

    def ticks(self) -> list[float]:
        """Two to four round values within the axis; powers of ten by logarithm."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers][:: max(len(powers) // 3, 1)]
        raw = (self.high - self.low) / 3
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw)
        return [n * step for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def value_axis(values: Sequence[float], top: float, bottom: float, limit: float = math.nan) -> ValueAxis:
    """An axis over finite values, some air around them; with a limit that some are far above, a logarithmic one."""
    known = [x for x in values if math.isfinite(x)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if 0 < limit < math.inf and high > _LOG_RATIO * limit:
        positive = [x for x in known if x > 0]
        return ValueAxis(max(min(positive), limit / 100), 1.5 * high, top, bottom, log=True)
    air = 0.08 * (high - low) or max(abs(high) * 0.05, 1e-9)
    return ValueAxis(low - air, high + air, top, bottom)
