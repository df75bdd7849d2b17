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

from ovoo_models.efficiency.tariff.bands import month_bounds
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, NANO, QUARTER_NS
from ovoo_models.state import ArrayStore

__all__ = ["DemandMeter", "MonthPeak", "Projection"]

_AT, _SLOT, _MONTH_END, _PEAK_AT, _FULL, _FIRST = range(6)
_NEVER: Final = -1


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
                "no such demand window", offender="demand", value=(window_ns, slots, gap_ns), remedy=remedy
            )
        self._zone, self._window, self._slots, self._sliding = zone, window_ns, slots, sliding
        self._step, self._gap = window_ns // slots, gap_ns
        # energy (kW ns) and known ns of each slot of the ring; peak kW and last power
        self._energy, self._known = array("d", bytes(8 * slots)), array("q", bytes(8 * slots))
        self._values = array("d", [math.nan, math.nan])
        self._times = array("q", [_NEVER, _NEVER, _NEVER, _NEVER, 0, 0])
        self._arrays = ArrayStore(
            "demand", energy=self._energy, known=self._known, values=self._values, times=self._times
        )

    def add_many(self, time_ns: Sequence[int], power_kw: Sequence[float]) -> int:
        """Takes samples in time order; gives how many were refused because they stand before the one before."""
        times, values, energy, known, gap = self._times, self._values, self._energy, self._known, self._gap
        refused, border, place = 0, _NEVER, 0
        for time, power in zip(time_ns, power_kw, strict=True):
            at, held = times[_AT], values[1]
            if 0 <= time - at <= gap and time < border and held == held and power - power == 0.0:
                # within a slot: what `add` does, without its calls
                energy[place] += held * (time - at)
                known[place] += time - at
                times[_AT], values[1] = time, power
                continue
            refused += not self.add(time, power)
            border, place = (times[_SLOT] + 1) * self._step, times[_SLOT] % self._slots
        return refused

    def add(self, time_ns: int, power_kw: float) -> bool:
        """Takes one sample; NaN or infinite power is unknown until the next. False where time went back."""
        times, values = self._times, self._values
        at = times[_AT]
        if at == _NEVER:
            self._begin(time_ns)
        elif time_ns < at:
            return False
        else:
            self._advance(at, time_ns)
        times[_AT] = time_ns
        values[1] = power_kw if math.isfinite(power_kw) else math.nan
        return True

    def peak(self) -> MonthPeak:
        """The month's peak so far."""
        times = self._times
        return MonthPeak(self._values[0], times[_PEAK_AT], times[_FULL], self._closed() - times[_FULL])

    def project(self, target_kw: float) -> Projection | None:
        """The worst window that is still running if the power stays as it is; None before the first known sample."""
        power, at = self._values[1], self._times[_AT]
        if at == _NEVER or power != power:
            return None
        worst: Projection | None = None
        for ahead in range(1, self._slots + 1) if self._sliding else (self._left(),):
            found = self._projected(ahead, at, power, target_kw)
            if worst is None or (found.shed_kw, found.kw) > (worst.shed_kw, worst.kw):
                worst = found
        return worst

    def state(self) -> dict[str, str]:
        """The running window and the month's peak."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Takes `state()` of a meter of the same window."""
        self._arrays.load(state)

    def _left(self) -> int:
        """Slots from the running one to the end of a fixed window, both counted."""
        return self._slots - self._times[_SLOT] % self._slots

    def _projected(self, ahead: int, at: int, power: float, target_kw: float) -> Projection:
        """The window that ends with the slot `ahead` slots on (1: the running slot)."""
        slot = self._times[_SLOT]
        end = (slot + ahead) * self._step
        kept = [(slot - back) % self._slots for back in range(self._slots - ahead + 1)]
        energy, known = math.fsum(self._energy[k] for k in kept), sum(self._known[k] for k in kept)
        left, past = end - at, self._window - (end - at)
        mean = (energy + power * left) / self._window
        shed = max((mean - target_kw) * self._window / left, 0.0)
        return Projection(end, mean, shed, shed <= max(power, 0.0), known / past if past else 1.0)

    def _begin(self, time_ns: int) -> None:
        self._open_month(time_ns)
        self._times[_SLOT] = time_ns // self._step
        self._times[_FIRST] = -(-time_ns // self._step)

    def _closed(self) -> int:
        """Windows of this month that were seen from their beginning and have ended."""
        slot, first, slots = self._times[_SLOT], self._times[_FIRST], self._slots
        ended = slot - first - slots + 1 if self._sliding else slot // slots - -(-first // slots)
        return max(ended, 0) if slot != _NEVER else 0

    def _open_month(self, time_ns: int) -> None:
        """Forgets the old month: its peak, and the energy of windows that began in it."""
        local = datetime.fromtimestamp(time_ns // NANO, self._zone)
        times = self._times
        start, times[_MONTH_END] = month_bounds(local.year, local.month, self._zone)
        times[_PEAK_AT], times[_FULL], times[_FIRST] = _NEVER, 0, start // self._step
        self._values[0] = math.nan
        for place in range(self._slots):
            self._energy[place], self._known[place] = 0.0, 0

    def _advance(self, at: int, time_ns: int) -> None:
        """Credits the held power and closes the slots passed; after a long silence the ring is just emptied."""
        until = min(time_ns, at + self._gap) if self._values[1] == self._values[1] else at
        step, slot = self._step, time_ns // self._step
        while self._times[_SLOT] < slot:
            end = (self._times[_SLOT] + 1) * step
            if until <= end - step and not any(self._known):
                self._skip(slot)
                break
            self._credit(at, min(until, end))
            at = max(at, end)
            self._close(end)
        self._credit(max(at, slot * step), until)

    def _credit(self, start: int, end: int) -> None:
        if end > start:
            place = self._times[_SLOT] % self._slots
            self._energy[place] += self._values[1] * (end - start)
            self._known[place] += end - start

    def _skip(self, slot: int) -> None:
        """Leaves out slots of which nothing is known."""
        if slot * self._step >= self._times[_MONTH_END]:
            self._open_month(slot * self._step)
        self._times[_SLOT] = slot

    def _close(self, end: int) -> None:
        """Ends the running slot, and with it a window; begins the next slot."""
        times, values = self._times, self._values
        times[_SLOT] += 1
        slot = times[_SLOT]
        ends_window = self._sliding or slot % self._slots == 0
        if ends_window and slot - self._slots >= times[_FIRST] and sum(self._known) == self._window:
            times[_FULL] += 1
            mean = math.fsum(self._energy) / self._window
            if not mean <= values[0]:
                values[0], times[_PEAK_AT] = mean, end - self._window
        if end >= times[_MONTH_END]:
            self._open_month(end)
        place = slot % self._slots
        self._energy[place], self._known[place] = 0.0, 0
