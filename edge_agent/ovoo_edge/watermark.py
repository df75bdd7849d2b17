"""Tells rows that may be repetitions or late arrivals from live ones, so that stores can check only those."""

from __future__ import annotations

from array import array

from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import process_kernels
from ovoo_edge.verdicts import BEHIND, KEPT, OLD

__all__ = ["LATE_NS", "Watermark", "mark_by_age"]

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
        self._newest_ns = array("q", [start]) * signals

    def part(self, batch: SampleBatch) -> tuple[SampleBatch, SampleBatch]:
        """(older, newer) rows than what was seen of their signal; notes nothing."""
        mark = bytearray(len(batch))
        if not process_kernels.mark_behind(batch.signal, batch.time_ns, self._newest_ns[:], mark, BEHIND):
            return SampleBatch.empty(), batch
        older, newer = (process_kernels.pick_rows(mark, 1 << code) for code in (BEHIND, KEPT))
        return batch.take(older), batch.take(newer)

    def mark(self, batch: SampleBatch, mark: bytearray) -> int:
        """Marks rows of a sorted batch that are not newer than what was seen of their signal; gives their number."""
        return process_kernels.mark_behind(batch.signal, batch.time_ns, self._newest_ns, mark, BEHIND)


def mark_by_age(batch: SampleBatch, mark: bytearray, now_ns: int) -> int:
    """Marks kept rows that are more than five minutes before `now_ns` as old; gives their number."""
    return process_kernels.mark_before(batch.time_ns, now_ns - LATE_NS, mark, KEPT, OLD)
