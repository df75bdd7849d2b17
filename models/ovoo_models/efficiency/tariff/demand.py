"""Demand as it arises: energy of the running window, where it will end if nothing changes, and what to shed now.

Power is held to the next sample, at most `gap_ns`; longer is unknown. A window is divided into `slots`; with `sliding`
it moves by one slot, else by its whole length. The work per sample does not grow with time and the memory is fixed.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models._select import demand_kernels
from ovoo_models.efficiency.tariff.bands import month_bounds
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, QUARTER_NS
from ovoo_models.state import ArrayStore

__all__ = ["DemandMeter", "MonthPeak", "Projection"]

_SLOT, _PEAK_AT, _FULL, _FIRST = 1, 3, 4, 5
_NEVER: Final = -1
_NOTHING: Final = array("d")


@dataclass(frozen=True, slots=True)
class Projection:
    """Where the running window ends if the power stays: `kw` is its mean, `shed_kw` what must be switched off now to
    end at the target (0 where nothing must); `reachable` is False where even switching off everything comes too late.
    `known` is the share of the window so far that was measured; unknown time counts as no energy, so below 1 the
    figures are lower bounds."""

    end_ns: int
    kw: float
    shed_kw: float
    reachable: bool
    known: float


@dataclass(frozen=True, slots=True)
class MonthPeak:
    """Greatest full window of the month so far, NaN before the first; the window began at `start_ns`."""

    kw: float
    start_ns: int
    windows: int
    unknown: int


class DemandMeter:
    """15-minute demand from a stream of power samples.

    Args:
        zone: time zone of the billing month; at its end the peak starts again.
        window_ns, slots: length of a window and into how many slots it is divided; slots end on multiples of their
            length counted from 1970 in UTC, as those of a meter whose clock has whole hours of offset.
        sliding: move by one slot instead of by a window; a window across the end of a month counts for neither.
        gap_ns: how long a sample holds.

    Raises:
        ConfigError: the window does not divide into whole seconds.
    """

    def __init__(
        self,
        zone: tzinfo,
        *,
        window_ns: int = QUARTER_NS,
        slots: int = 15,
        sliding: bool = False,
        gap_ns: int = 60 * NANO,
    ) -> None:
        if slots < 1 or window_ns % (slots * NANO) or HOUR_NS % window_ns or gap_ns <= 0:
            remedy = "a window that divides an hour, slots of whole seconds, a gap above 0"
            raise ConfigError(
                "no such demand window", code="tariff.no_such_demand_window", offender="demand",
                value=(window_ns, slots, gap_ns), remedy=remedy,
            )  # fmt: skip
        self._zone, self._window, self._slots, self._sliding = zone, window_ns, slots, sliding
        self._step, self._gap = window_ns // slots, gap_ns
        # energy (kW ns) and known ns of each slot of the ring; peak kW and last power
        self._energy, self._known = array("d", bytes(8 * slots)), array("q", bytes(8 * slots))
        self._values = array("d", [math.nan, math.nan])
        self._times = array("q", [_NEVER, _NEVER, _NEVER, _NEVER, 0, 0])
        self._months = array("q")
        self._arrays = ArrayStore("demand", **self.arrays)

    @property
    def arrays(self) -> dict[str, array[float] | array[int]]:
        """The state by name, for a store of its owner."""
        return {"energy": self._energy, "known": self._known, "values": self._values, "times": self._times}

    def add_many(self, time_ns: Sequence[int], power_kw: Sequence[float]) -> int:
        """Takes samples in time order; gives how many were refused because they stand before the one before."""
        if len(time_ns) != len(power_kw):
            found = (len(time_ns), len(power_kw))
            raise ConfigError(
                "columns differ in length", code="tariff.columns_differ_in_length", offender="demand", value=found,
                remedy="one power each time",
            )  # fmt: skip
        times = time_ns if isinstance(time_ns, array) else array("q", time_ns)
        power = power_kw if isinstance(power_kw, array) else array("d", power_kw)
        return self.take(times, power, len(times), math.inf, _NOTHING)

    def take(
        self, time_ns: array[int], power_kw: array[float], count: int, target_kw: float, ahead: array[float]
    ) -> int:
        """As `add_many`, for the first `count` rows of columns; `ahead` (two cells a row, or none) takes the mean that
        the worst running window ends at and what to shed for `target_kw`, NaN where the power is not known."""
        if not count:
            return 0
        self._know_months(min(time_ns[:count]), max(time_ns[:count]))
        return demand_kernels.demand_rows(
            time_ns, power_kw, count, self._months, self._step, self._slots, int(self._sliding), self._gap, target_kw,
            self._energy, self._known, self._values, self._times, ahead,
        )  # fmt: skip

    def add(self, time_ns: int, power_kw: float) -> bool:
        """Takes one sample; NaN or infinite power is unknown until the next. False where time went back."""
        return not self.add_many((time_ns,), (power_kw,))

    def follow_clock(self, first_ns: int) -> bool:
        """Begins anew where the clock was set back by more than a window, before `take`; whether it did.

        What stands before the newest sample by less is late, and `take` refuses it.
        """
        if self._times[0] - first_ns <= self._window:
            return False
        self._energy[:] = array("d", bytes(8 * self._slots))
        self._known[:] = array("q", bytes(8 * self._slots))
        self._values[:] = array("d", [math.nan, math.nan])
        self._times[:] = array("q", [_NEVER, _NEVER, _NEVER, _NEVER, 0, 0])
        return True

    def peak(self) -> MonthPeak:
        """The month's peak so far."""
        times = self._times
        return MonthPeak(self._values[0], times[_PEAK_AT], times[_FULL], self._closed() - times[_FULL])

    def project(self, target_kw: float) -> Projection | None:
        """The worst window that is still running if the power stays as it is; None before the first known sample."""
        mean, shed, end, known = demand_kernels.demand_ahead(
            self._step, self._slots, int(self._sliding), target_kw, self._energy, self._known, self._values, self._times
        )
        if end == _NEVER:
            return None
        return Projection(end, mean, shed, shed <= max(self._values[1], 0.0), known)

    def state(self) -> dict[str, str]:
        """The running window and the month's peak."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Takes `state()` of a meter of the same window."""
        self._arrays.load(state)

    def _closed(self) -> int:
        """Windows of this month that were seen from their beginning and have ended."""
        slot, first, slots = self._times[_SLOT], self._times[_FIRST], self._slots
        ended = slot - first - slots + 1 if self._sliding else slot // slots - -(-first // slots)
        return max(ended, 0) if slot != _NEVER else 0

    def _know_months(self, earliest_ns: int, latest_ns: int) -> None:
        """The borders of the months around all that is asked for, kept until a time lies beyond them."""
        known = self._months
        if known and known[0] <= earliest_ns and latest_ns < known[-1]:
            return
        local = datetime.fromtimestamp(earliest_ns // NANO, self._zone)
        year, month = local.year, local.month
        borders = array("q", [month_bounds(year, month, self._zone)[0]])
        while borders[-1] <= latest_ns:
            borders.append(month_bounds(year, month, self._zone)[1])
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        self._months = borders
