"""Tells rows that may be repetitions or late arrivals from live ones, so that stores can check only those."""

from __future__ import annotations

from array import array

from ovoo_contract.samples import SampleBatch

__all__ = ["LATE_NS", "Watermark"]

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

    def split(self, batch: SampleBatch, now_ns: int) -> tuple[SampleBatch, SampleBatch]:
        """(live, late) of a batch sorted by signal and time.

        Late rows are not newer than what was seen of their signal, or over five minutes old.
        """
        if not len(batch):
            return batch, batch
        marks = self._marks
        oldest_ns = now_ns - LATE_NS
        columns = zip(batch.signal, batch.time_ns, strict=True)
        late = [row for row, (signal, time_ns) in enumerate(columns) if time_ns <= marks[signal] or time_ns < oldest_ns]
        for signal, time_ns in dict(zip(batch.signal, batch.time_ns, strict=True)).items():
            if time_ns > marks[signal]:
                marks[signal] = time_ns
        if not late:
            return batch, SampleBatch.empty()
        if len(late) == len(batch):
            return SampleBatch.empty(), batch
        held = set(late)
        return batch.take([row for row in range(len(batch)) if row not in held]), batch.take(late)
