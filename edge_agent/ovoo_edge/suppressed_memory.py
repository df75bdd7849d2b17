"""Remembers what was kept back lately, so that a copy of it that arrives later is counted as a duplicate.

A publisher sends again what its broker did not acknowledge, and a server repeats current values to a new subscription.
A copy of a stored sample falls on the same point in the store. A copy of a suppressed one would be stored although it
was counted as kept back.
"""

from __future__ import annotations

from array import array

from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import memory_kernels
from ovoo_edge.verdicts import AGGREGATED, BEHIND, COPY, HELD, SUPPRESSED, all_kept

__all__ = ["MemoryTables", "SuppressedMemory"]

_KEPT_BACK = 1 << SUPPRESSED | 1 << HELD | 1 << AGGREGATED


class MemoryTables:
    """Two hash tables as columns, see `_memory_py`.

    Args:
        samples: a table is full with so many.
    """

    __slots__ = ("bits", "position", "quality", "signal", "time_ns", "used")

    def __init__(self, samples: int) -> None:
        slots = 2 << (2 * samples - 1).bit_length()
        self.signal, self.quality = array("I", bytes(4 * slots)), array("I", bytes(4 * slots))
        self.time_ns, self.bits = array("q", bytes(8 * slots)), array("Q", bytes(8 * slots))
        self.used = bytearray(slots)
        self.position = array("q", [0, 0, samples])


class SuppressedMemory:
    """The newest samples that were suppressed, held or aggregated.

    Args:
        samples: how many are remembered at least, > 0; twice as many at most.
    """

    def __init__(self, samples: int = 50_000) -> None:
        self._samples = samples
        self._tables: MemoryTables | None = None

    def note(self, batch: SampleBatch, mark: bytes | bytearray) -> None:
        """Remembers the rows that were kept back."""
        if all_kept(mark) or not any(code in mark for code in (SUPPRESSED, HELD, AGGREGATED)):
            return
        if self._tables is None:
            self._tables = MemoryTables(self._samples)
        memory_kernels.remember_rows(
            batch.signal, batch.time_ns, batch.value, batch.quality, mark, _KEPT_BACK, self._tables
        )

    def mark(self, batch: SampleBatch, mark: bytearray) -> int:
        """Marks copies among rows that are not newer than what was seen of their signals; gives their number."""
        if self._tables is None or BEHIND not in mark:
            return 0
        return memory_kernels.mark_copies(
            batch.signal, batch.time_ns, batch.value, batch.quality, mark, self._tables, BEHIND, COPY
        )
