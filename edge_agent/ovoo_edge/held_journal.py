"""Keeps the spool's journal of held samples in step with what the pipeline holds, entry by entry."""

from __future__ import annotations

from ovoo_contract.samples import SampleBatch

from ovoo_edge.row_writer import MAX_ROWS, Output
from ovoo_edge.spool_held import pack_change
from ovoo_edge.spool_rows import HeldChange

__all__ = ["DOORS", "MINUTES", "DoorJournal", "MinuteJournal"]

DOORS = 0
MINUTES = 1
_SLACK = 4096
_COPIES = 4


class DoorJournal:
    """At most one held sample per signal; rewritten as a whole once it holds several times what is alive.

    Args:
        catalogue_id: of the samples.
        largest: bytes a group may have.
    """

    def __init__(self, catalogue_id: str, largest: int) -> None:
        self._catalogue_id = catalogue_id
        self._largest = largest
        self._number = 0
        self._written = 0

    def write(self, put: SampleBatch, clear: SampleBatch, held: SampleBatch, output: Output) -> None:
        """Adds what changed, or all of `held` in place of everything before."""
        if not len(put) and not len(clear):
            return
        self._number += 1
        self._written += len(put) + len(clear)
        forget = 0
        if self._written > _COPIES * len(held) + _SLACK:
            put, clear, forget = held, SampleBatch.empty(), self._number
            self._written = len(held)
        self._append(pack_change(self._catalogue_id, put, clear), forget, output)

    def _append(self, body: bytes, forget: int, output: Output) -> None:
        change = HeldChange(DOORS, self._number, self._catalogue_id, body, forget)
        output.group_for(len(body), self._largest).held.append(change)


class MinuteJournal:
    """The samples of open minutes; an entry goes once no open minute began in it or before it.

    Args:
        catalogue_id: of the samples.
        largest: bytes a group may have.
    """

    def __init__(self, catalogue_id: str, largest: int) -> None:
        self._catalogue_id = catalogue_id
        self._largest = largest
        self.number = 1
        """Of the next entry: minutes that open now begin in it."""

    def write(self, put: SampleBatch, clear: SampleBatch, oldest: int, output: Output) -> None:
        """Adds samples that went into minutes and the ends of closed ones.

        Args:
            put, clear: see `spool_held.pack_change`.
            oldest: entry in which the oldest open minute began; 0 = no minute is open.
            output: gets the entries.
        """
        if not len(put) and not len(clear):
            return
        if not oldest:
            self._append(b"", self.number, output)
            return
        for start in range(0, max(len(put), 1), MAX_ROWS):
            part = put if len(put) <= MAX_ROWS else put.take(range(start, min(start + MAX_ROWS, len(put))))
            last = start + MAX_ROWS >= len(put)
            body = pack_change(self._catalogue_id, part, clear if last else SampleBatch.empty())
            self._append(body, oldest if last else 0, output)

    def _append(self, body: bytes, forget: int, output: Output) -> None:
        change = HeldChange(MINUTES, self.number, self._catalogue_id, body, forget)
        output.group_for(len(body), self._largest).held.append(change)
        self.number += 1
