"""Remembers what was suppressed lately, so that a copy of it that arrives later is counted as a duplicate.

A publisher sends again what its broker did not acknowledge, and a server repeats current values to a new subscription.
A copy of a stored sample falls on the same point in the store. A copy of a suppressed one would be stored although it
was counted as kept back.
"""

from __future__ import annotations

from collections import deque

from ovoo_contract.samples import SampleBatch

__all__ = ["SuppressedMemory"]

_Key = tuple[int, int, float, int]


class SuppressedMemory:
    """The newest suppressed samples.

    Args:
        samples: how many are remembered at least, > 0; whole batches are forgotten.
    """

    def __init__(self, samples: int = 50_000) -> None:
        self._least = samples
        self._batches: deque[list[_Key]] = deque()
        self._known: set[_Key] = set()

    def note(self, batch: SampleBatch) -> None:
        """Remembers a batch that was suppressed."""
        if not len(batch):
            return
        keys = _keys(batch)
        self._batches.append(keys)
        self._known.update(keys)
        while len(self._known) - len(self._batches[0]) >= self._least:
            self._known.difference_update(self._batches.popleft())

    def split(self, batch: SampleBatch) -> tuple[SampleBatch, SampleBatch]:
        """(new, copies) of rows that are not newer than what was seen of their signals."""
        if not self._known or not len(batch):
            return batch, SampleBatch.empty()
        copies = [row for row, key in enumerate(_keys(batch)) if key in self._known]
        if not copies:
            return batch, SampleBatch.empty()
        held = set(copies)
        return batch.take([row for row in range(len(batch)) if row not in held]), batch.take(copies)


def _keys(batch: SampleBatch) -> list[_Key]:
    return list(zip(batch.signal, batch.time_ns, batch.value, batch.quality, strict=True))
