"""Suppresses samples that say nothing new, and counts every one of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from ovoo_contract.samples import SampleBatch

from ovoo_edge.normalise import SignalRule

__all__ = ["Deadband"]

_NEVER = -(1 << 62)


class Deadband:
    """Keeps a sample of an `on_change` signal when value, quality or text changed, or nothing was kept for a while.

    Args:
        rules: one per signal of the catalogue.
        refresh_s: an unchanged signal is kept again after this much of its own time, > 0: silence then means failure.
    """

    def __init__(self, rules: Sequence[SignalRule], refresh_s: float) -> None:
        self._band: list[float | None] = [rule.deadband if rule.keep == "on_change" else None for rule in rules]
        self._never = frozenset(index for index, rule in enumerate(rules) if rule.keep == "events")
        self._active = bool(self._never) or any(band is not None for band in self._band)
        self._refresh_ns = int(refresh_s * 1e9)
        self._value = array("d", bytes(8 * len(rules)))
        self._quality = array("Q", bytes(8 * len(rules)))
        self._time = array("q", [_NEVER]) * len(rules)

    def split(self, batch: SampleBatch) -> tuple[SampleBatch, SampleBatch]:
        """(kept, suppressed) of a batch sorted by signal and time."""
        if not self._active:
            return batch, SampleBatch.empty()
        suppressed = self._suppressed(batch)
        if not suppressed:
            return batch, SampleBatch.empty()
        dropped = set(suppressed)
        kept = [row for row in range(len(batch)) if row not in dropped]
        return batch.take(kept), batch.take(suppressed)

    def _suppressed(self, batch: SampleBatch) -> list[int]:
        bands, never, text = self._band, self._never, batch.text
        values, qualities, times = self._value, self._quality, self._time
        refresh_ns = self._refresh_ns
        found: list[int] = []
        columns = zip(batch.signal, batch.time_ns, batch.value, batch.quality, strict=True)
        for row, (signal, time_ns, value, quality) in enumerate(columns):
            band = bands[signal]
            if band is None:
                if signal in never:
                    found.append(row)
                continue
            same = abs(value - values[signal]) <= band and quality == qualities[signal] and row not in text
            if same and time_ns - times[signal] < refresh_ns:
                found.append(row)
                continue
            values[signal], qualities[signal], times[signal] = value, quality, time_ns
        return found
