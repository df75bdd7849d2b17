"""From the source's numbers to the catalogue's: scale, unit and range, column by column."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import OvooError
from ovoo_contract.quality import BAD_OUT_OF_RANGE, is_good, status_code
from ovoo_contract.samples import SampleBatch

__all__ = ["Normaliser", "SignalRule"]


@dataclass(frozen=True, slots=True)
class SignalRule:
    """How one signal of the catalogue is treated on its way into the spool.

    Attributes:
        factor, offset: `value * factor + offset` in the catalogue's unit.
        low, high: inclusive range in the catalogue's unit; -inf and inf where there is none.
        deadband: with `keep` = "on_change", a change of at most this is suppressed; in the catalogue's unit, >= 0.
        keep: "raw" every sample, "on_change" changes, "events" none (it is only scored).
        rank: data class, 0 general to 2 core.
    """

    factor: float = 1.0
    offset: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    deadband: float = 0.0
    keep: str = "raw"
    rank: int = 0


class Normaliser:
    """Applies factor, offset and range of every signal.

    Args:
        rules: one per signal of the catalogue, in its order.
    """

    def __init__(self, rules: Sequence[SignalRule]) -> None:
        self._count = len(rules)
        self._factor = [rule.factor for rule in rules]
        self._offset = [rule.offset for rule in rules]
        self._scales = any(rule.factor != 1.0 or rule.offset != 0.0 for rule in rules)
        self._low = [rule.low for rule in rules]
        self._high = [rule.high for rule in rules]
        self._bounded = any(rule.low > -math.inf or rule.high < math.inf for rule in rules)

    def apply(self, batch: SampleBatch) -> SampleBatch:
        """The batch in catalogue units; values out of range keep their value and get `BAD_OUT_OF_RANGE`.

        Absent values (NaN) and text are left alone; a quality that is not good is never improved or replaced.

        Raises:
            OvooError: a row names a signal that the catalogue does not have.
        """
        if len(batch) and max(batch.signal) >= self._count:
            raise OvooError("a source gave an unknown signal", offender="batch.signal", value=max(batch.signal))
        value = self._scaled(batch) if self._scales else batch.value
        quality = self._ranged(batch, value) if self._bounded else batch.quality
        if value is batch.value and quality is batch.quality:
            return batch
        return dataclasses.replace(batch, value=value, quality=quality)

    def _scaled(self, batch: SampleBatch) -> array[float]:
        factor, offset = self._factor, self._offset
        return array("d", [v * factor[s] + offset[s] for s, v in zip(batch.signal, batch.value, strict=True)])

    def _ranged(self, batch: SampleBatch, value: array[float]) -> array[int]:
        low, high = self._low, self._high
        outside = [
            row for row, (s, v) in enumerate(zip(batch.signal, value, strict=True)) if not low[s] <= v <= high[s]
        ]
        quality: array[int] | None = None
        for row in outside:
            code = batch.quality[row]
            if is_good(code) and not math.isnan(value[row]):
                if quality is None:
                    quality = batch.quality[:]
                quality[row] = BAD_OUT_OF_RANGE | (code & ~status_code(code))
        return batch.quality if quality is None else quality
