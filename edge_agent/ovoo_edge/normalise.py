"""From the source's numbers to the catalogue's: scale, unit, range, rate and standstill, column by column."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import OvooError
from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import extent_kernels, process_kernels
from ovoo_edge.verdicts import NEVER_NS, Keep

__all__ = ["Checks", "Normaliser", "SignalRule"]


@dataclass(frozen=True, slots=True)
class SignalRule:
    """How one signal of the catalogue is treated on its way into the spool.

    Attributes:
        factor, offset: `value * factor + offset` in the catalogue's unit.
        low, high: inclusive range in the catalogue's unit; -inf and inf where there is none.
        clamp: a good value out of range stands at the bound, Uncertain; otherwise it is left and becomes Bad.
        deadband: with `keep` = "on_change" a change of at most this is suppressed; with "swinging_door" the greatest
            error of a line between kept neighbours; in the catalogue's unit, >= 0.
        refresh_s: kept again after this much silence; 0 = the gateway's.
        max_rate: greatest change per second that is believed; inf = any.
        stuck_after_s: a value that has not moved for this long is flagged; 0 = never.
        keep: "raw" every sample, "on_change" changes, "events" none (it is only scored), "swinging_door" corners,
            "aggregate_1m" figures of every minute.
        rank: data class, 0 general to 2 core.
    """

    factor: float = 1.0
    offset: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    clamp: bool = False
    deadband: float = 0.0
    refresh_s: float = 0.0
    max_rate: float = math.inf
    stuck_after_s: float = 0.0
    keep: Keep = "raw"
    rank: int = 0


class Normaliser:
    """Applies factor, offset and range of every signal.

    Args:
        rules: one per signal of the catalogue, in its order.
    """

    def __init__(self, rules: Sequence[SignalRule]) -> None:
        self._size = len(rules)
        self._idle = all(
            (rule.factor, rule.offset, rule.low, rule.high) == (1.0, 0.0, -math.inf, math.inf) for rule in rules
        )
        rules = () if self._idle else rules
        self._factor = array("d", [rule.factor for rule in rules])
        # adding -0.0 changes no value, adding 0.0 would turn -0.0 into 0.0
        self._offset = array("d", [rule.offset or -0.0 for rule in rules])
        self._low = array("d", [rule.low for rule in rules])
        self._high = array("d", [rule.high for rule in rules])
        self._clamp = bytes(rule.clamp for rule in rules)

    def apply(self, batch: SampleBatch) -> SampleBatch:
        """The batch in catalogue units.

        A good value out of range keeps its value and gets `BAD_OUT_OF_RANGE`, or stands at the bound with
        `CLAMPED_LOW` or `CLAMPED_HIGH`, by rule. Absent values (NaN) and text are left alone; a quality that is not
        good is never improved or replaced.

        Raises:
            OvooError: a row names a signal that the catalogue does not have.
        """
        if self._idle:
            self._check_signals(batch)
            return batch
        try:
            value, quality = process_kernels.normalise_rows(
                batch.signal,
                batch.value,
                batch.quality,
                self._factor,
                self._offset,
                self._low,
                self._high,
                self._clamp,
            )
        except IndexError:
            self._check_signals(batch)
            raise
        return dataclasses.replace(batch, value=value, quality=quality)

    def _check_signals(self, batch: SampleBatch) -> None:
        greatest = extent_kernels.greatest_of(batch.signal)
        if len(batch) and greatest >= self._size:
            raise OvooError("a source gave an unknown signal", offender="batch.signal", value=greatest)


class Checks:
    """Flags good values that move faster than is believed (`TOO_FAST`) or not at all (`STUCK`); never changes a value.

    State begins anew with the process; samples that come out of order are not judged.

    Args:
        rules: one per signal of the catalogue, in its order.
    """

    def __init__(self, rules: Sequence[SignalRule]) -> None:
        self._active = any(rule.max_rate < math.inf or rule.stuck_after_s > 0 for rule in rules)
        rules = rules if self._active else ()
        self._max_rate = array("d", [rule.max_rate for rule in rules])
        self._stuck_ns = array("q", [int(rule.stuck_after_s * 1e9) for rule in rules])
        self._last_ns = array("q", [NEVER_NS]) * len(rules)
        self._since_ns = array("q", [NEVER_NS]) * len(rules)
        self._last_value = array("d", bytes(8 * len(rules)))

    def apply(self, batch: SampleBatch) -> SampleBatch:
        """The batch (sorted by signal and time) with the qualities of what failed a check."""
        if not self._active:
            return batch
        quality, flagged = process_kernels.check_rows(
            batch.signal,
            batch.time_ns,
            batch.value,
            batch.quality,
            self._max_rate,
            self._stuck_ns,
            self._last_ns,
            self._last_value,
            self._since_ns,
        )
        return dataclasses.replace(batch, quality=quality) if flagged else batch
