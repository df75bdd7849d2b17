"""Held samples become ordinary rows, some at a time, each with the note that they are decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ovoo_contract.catalogue import Catalogue, class_rank
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge.row_writer import MAX_ROWS, Output, RowWriter
from ovoo_edge.spool_held import pack_change
from ovoo_edge.spool_losses import tally_unreadable
from ovoo_edge.spool_rows import HeldChange

__all__ = ["release_groups"]

_RELEASED = 2
"""Kind of the entries written here: after the others, so that they apply to all of them."""


def release_groups(
    live: Sequence[tuple[str, SampleBatch]],
    find: Callable[[str], Catalogue | None],
    limits: tuple[int, int],
    now_ns: int,
) -> Iterator[Output]:
    """Groups to commit one after the other; after each, what it holds is no longer held.

    Args:
        live: (catalogue id, held samples, sorted).
        find: gives a catalogue, None when it is not readable any more: its samples are listed as lost.
        limits: (largest row, largest group) in bytes.
        now_ns: UTC.
    """
    number = 0
    for catalogue_id, batch in live:
        catalogue = find(catalogue_id)
        for start in range(0, len(batch), MAX_ROWS):
            part = batch.take(range(start, min(start + MAX_ROWS, len(batch))))
            number += 1
            output = Output()
            if catalogue is None:
                lost = output.lost.setdefault("held_damaged", {})
                tally_unreadable(len(part), min(part.time_ns), max(part.time_ns), lost)
            else:
                ranks = [class_rank(entry.data_class) for entry in catalogue.entries]
                # it may be a repetition where a crash came between two groups
                RowWriter(catalogue, ranks, limits).append(part, FLAG_BACKFILL, now_ns, output)
            body = pack_change(catalogue_id, SampleBatch.empty(), _ends(part))
            change = HeldChange(_RELEASED, number, catalogue_id, body, 0)
            output.group_for(len(body), limits[1]).held.append(change)
            yield output


def _ends(batch: SampleBatch) -> SampleBatch:
    """The last row of every signal of a sorted batch."""
    count = len(batch)
    return batch.take([row for row in range(count) if row + 1 == count or batch.signal[row + 1] != batch.signal[row]])
