"""Tells rows that may be repetitions or late arrivals from live ones, so that stores can check only those."""

from __future__ import annotations

from array import array

from ovoo_contract.samples import SampleBatch

__all__ = ["LATE_NS", "Watermark", "split_by_age"]

LATE_NS = 300_000_000_000
_FIRST_SANE_NS = 946_684_800_000_000_000


class Watermark:
    """The greatest time seen per signal.

    After a crash a source repeats what was not acknowledged. All of that is at or before the greatest time committed
    then, so everything up to it counts as late once and is sent with the flag backfill.

    Args:
        signals: number of signals in the catalogue.
        high_ns: greatest sample time committed before the start, 0 for none.
        now_ns: UTC at the start; a single clock in the future does not make everything else late.
    """

    def __init__(self, signals: int, high_ns: int, now_ns: int) -> None:
        start = min(high_ns, now_ns) if now_ns > _FIRST_SANE_NS else high_ns
        self._marks = array("q", [start]) * signals

    def newer(self, batch: SampleBatch) -> SampleBatch:
        """The rows that are newer than what was seen of their signal; notes nothing."""
        marks = self._marks
        columns = zip(batch.signal, batch.time_ns, strict=True)
        kept = [row for row, (signal, time_ns) in enumerate(columns) if time_ns > marks[signal]]
        return batch if len(kept) == len(batch) else batch.take(kept)

    def split(self, batch: SampleBatch) -> tuple[SampleBatch, SampleBatch]:
        """(ahead, behind) of a batch sorted by signal and time: behind = not newer than what was seen of the signal."""
        if not len(batch):
            return batch, batch
        marks = self._marks
        columns = zip(batch.signal, batch.time_ns, strict=True)
        behind = [row for row, (signal, time_ns) in enumerate(columns) if time_ns <= marks[signal]]
        for signal, time_ns in dict(zip(batch.signal, batch.time_ns, strict=True)).items():
            if time_ns > marks[signal]:
                marks[signal] = time_ns
        return _parted(batch, behind)


def split_by_age(batch: SampleBatch, now_ns: int) -> tuple[SampleBatch, SampleBatch]:
    """(live, old): old = more than five minutes before `now_ns`."""
    oldest_ns = now_ns - LATE_NS
    if not len(batch) or min(batch.time_ns) >= oldest_ns:
        return batch, SampleBatch.empty()
    return _parted(batch, [row for row, time_ns in enumerate(batch.time_ns) if time_ns < oldest_ns])


def _parted(batch: SampleBatch, second: list[int]) -> tuple[SampleBatch, SampleBatch]:
    if not second:
        return batch, SampleBatch.empty()
    if len(second) == len(batch):
        return SampleBatch.empty(), batch
    held = set(second)
    return batch.take([row for row in range(len(batch)) if row not in held]), batch.take(second)
