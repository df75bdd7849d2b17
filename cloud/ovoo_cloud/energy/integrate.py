"""Energy of one machine over a window, by the same arithmetic as the diagnosis report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ovoo_contract.quality import UNCERTAIN

from ovoo_cloud.diagnosis.meters import HourEnergy, Increments, counter_increments, hourly, power_increments
from ovoo_cloud.diagnosis.observe import GAP_MINUTES, MINUTE_NS, Series, Window
from ovoo_cloud.stores.base import Columns

__all__ = ["REACH_NS", "Measured", "good_series", "held_minutes", "known_minutes", "measure"]

REACH_NS: Final = GAP_MINUTES * MINUTE_NS
"""How far outside a window a sample may lie and still say something about its edge."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Energy by local clock hour within a window, and how much of the window is covered by samples."""

    hours: tuple[HourEnergy, ...]
    covered_s: float
    window_s: float
    samples: int
    good: int

    @property
    def covered_share(self) -> float:
        """0 to 1."""
        return self.covered_s / self.window_s if self.window_s else 0.0


def good_series(columns: Columns, factor: float = 1.0) -> Series:
    """The good samples with a value, times `factor` (to kW or kWh)."""
    keep = (columns.quality < UNCERTAIN) & ~np.isnan(columns.value)
    return Series(columns.time_ns[keep], columns.value[keep] * factor)


def measure(columns: Columns, window: Window, zone: ZoneInfo, *, counter: bool, factor: float = 1.0) -> Measured:
    """Energy of a kWh counter or of a power signal held until its next sample; gaps over 15 minutes are left out.

    Args:
        columns: samples of [start - 15 min, end + 15 min), so that the intervals across the edges are known.
        window: what is asked.
        zone: of the local clock hours.
        counter: energy counter, else power.
        factor: what makes kWh, or kW, of the signal's unit.
    """
    series = good_series(columns, factor)
    parts = counter_increments(series) if counter else power_increments(series)
    hours = [hour for hour in hourly(_cut(parts, window), window, zone) if hour.covered_s > 0 or hour.kwh != 0]
    inside = (columns.time_ns >= window.start_ns) & (columns.time_ns < window.end_ns)
    good = inside & (columns.quality < UNCERTAIN)
    return Measured(
        tuple(hours),
        sum(hour.covered_s for hour in hours),
        (window.end_ns - window.start_ns) / 1e9,
        int(inside.sum()),
        int(good.sum()),
    )


def held_minutes(columns: Columns, window: Window, state: float) -> float:
    """Minutes in which a state signal held the given value; gaps count for nothing."""
    series, lengths = _held(columns, window)
    return float(np.sum(lengths[series.value[:-1] == state])) / MINUTE_NS


def known_minutes(columns: Columns, window: Window) -> float:
    """Minutes in which a state signal held any value."""
    return float(np.sum(_held(columns, window)[1])) / MINUTE_NS


def _held(columns: Columns, window: Window) -> tuple[Series, npt.NDArray[np.int64]]:
    """The good samples, and how long each but the last held inside the window: 0 before a gap."""
    series = good_series(columns)
    start = np.maximum(series.time_ns[:-1], window.start_ns)
    end = np.minimum(series.time_ns[1:], window.end_ns)
    near = np.diff(series.time_ns) <= REACH_NS
    return series, np.where(near, np.maximum(end - start, 0), 0)


def _cut(parts: Increments, window: Window) -> Increments:
    """The intervals inside the window; those across its edges keep their share by time."""
    start = np.maximum(parts.start_ns, window.start_ns)
    end = np.minimum(parts.end_ns, window.end_ns)
    keep: npt.NDArray[np.bool_] = (end > start) & ~parts.gap & np.isfinite(parts.kwh)
    whole = (parts.end_ns - parts.start_ns)[keep]
    share = (end - start)[keep] / whole
    return Increments(start[keep], end[keep], np.where(share == 1.0, parts.kwh[keep], parts.kwh[keep] * share))
