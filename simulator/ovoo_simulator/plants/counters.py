"""Counters as pure functions of time: integrals since the plant's origin on a grid of whole minutes.

A minute counts with the rate in its middle. Days are cached with the faults that touch them, so a live second costs
one look-up, and a fault triggered now leaves the past as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from ovoo_contract.errors import ConfigError

from ovoo_simulator.arrays import FloatArray, IntArray
from ovoo_simulator.faults import Fault, iso_time
from ovoo_simulator.times import DAY_NS, MINUTE_NS, SECOND_NS

__all__ = ["Counters", "Rates"]

Rates = Callable[[IntArray, Sequence[Fault]], FloatArray]
"""Rates per second at the given times, one row a counter."""
_MINUTES = 1440
_CHUNK_DAYS = 7


@dataclass(slots=True)
class _Day:
    faults: tuple[Fault, ...]
    rates: FloatArray  # per minute
    cumulative: FloatArray  # before each minute of the day


class Counters:
    """Integrals of several rates.

    Args:
        rates: gives the rates; called with minute middles of whole days.
        origin_ns: a local midnight; counters are 0 there.
    """

    def __init__(self, rates: Rates, origin_ns: int) -> None:
        self._rates = rates
        self._origin_ns = origin_ns
        self._days: list[_Day] = []
        self._before: list[FloatArray] = []
        self._faults: tuple[Fault, ...] = ()

    def at(self, time_ns: IntArray, faults: Sequence[Fault]) -> FloatArray:
        """Counters at `time_ns`, one row each. Raises ConfigError for a time before the origin."""
        since = time_ns - self._origin_ns
        if len(since) and int(since.min()) < 0:
            raise ConfigError(
                "the plant's counters start later than this time",
                offender="origin",
                value=iso_time(self._origin_ns),
                remedy="choose an earlier origin or a later start",
            )
        minute = since // MINUTE_NS
        day = minute // _MINUTES
        self._prepare(int(day.max()) if len(day) else -1, tuple(faults))
        return self._look_up(day, minute - day * _MINUTES, (since - minute * MINUTE_NS) / SECOND_NS)

    def _look_up(self, day: IntArray, minute: IntArray, seconds: FloatArray) -> FloatArray:
        parts = []
        for index in np.unique(day):
            chosen = day == index
            known = self._days[index]
            within = minute[chosen]
            parts.append(
                (
                    chosen,
                    self._before[index][:, None]
                    + known.cumulative[:, within]
                    + known.rates[:, within] * seconds[chosen],
                )
            )
        result = np.empty((parts[0][1].shape[0], len(day)))
        for chosen, values in parts:
            result[:, chosen] = values
        return result

    def _prepare(self, last_day: int, faults: tuple[Fault, ...]) -> None:
        if faults != self._faults:
            self._forget_changed(faults)
            self._faults = faults
        while len(self._days) <= last_day:
            self._compute(min(_CHUNK_DAYS, last_day + 1 - len(self._days)))

    def _forget_changed(self, faults: tuple[Fault, ...]) -> None:
        for index, known in enumerate(self._days):
            if known.faults != self._touching(index, faults):
                del self._days[index:]
                del self._before[index:]
                return

    def _touching(self, index: int, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        start = self._origin_ns + index * DAY_NS
        return tuple(fault for fault in faults if fault.start_ns < start + DAY_NS and fault.end_ns > start)

    def _compute(self, days: int) -> None:
        first = len(self._days)
        start = self._origin_ns + first * DAY_NS
        middles = start + MINUTE_NS // 2 + MINUTE_NS * np.arange(days * _MINUTES, dtype=np.int64)
        rates = self._rates(middles, self._faults)
        for offset in range(days):
            part = rates[:, offset * _MINUTES : (offset + 1) * _MINUTES]
            total = np.cumsum(part * 60.0, axis=1)
            before = self._before[-1] + self._totals if self._days else np.zeros(rates.shape[0])
            self._days.append(
                _Day(
                    self._touching(first + offset, self._faults),
                    part,
                    np.concatenate([np.zeros((rates.shape[0], 1)), total[:, :-1]], axis=1),
                )
            )
            self._before.append(before)

    @property
    def _totals(self) -> FloatArray:
        last = self._days[-1]
        return last.cumulative[:, -1] + last.rates[:, -1] * 60.0
