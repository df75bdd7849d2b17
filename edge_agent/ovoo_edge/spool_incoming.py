"""Rows that wait to be written into a spool that is nearly full, and those of them that are not taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.spool_loss_count import LossCount
from ovoo_edge.spool_losses import join
from ovoo_edge.spool_rows import EVENT_RANK, Group

__all__ = ["Incoming"]


class Incoming:
    """Groups on their way in.

    Args:
        groups: what is to be committed; they are never changed.
        extra_bytes: written besides, not to be refused.
    """

    def __init__(self, groups: Sequence[Group], extra_bytes: int = 0) -> None:
        self._groups = groups
        self._refused: dict[tuple[int, int], str] = {}
        rest = sum(len(change.body) for group in groups for change in group.held)
        rest += sum(len(body) for group in groups for body in group.positions.values())
        self.bytes = extra_bytes + rest + sum(len(row.payload) for group in groups for row in group.rows)

    def refuse(self, rank: int, cause: str, *, newest_first: bool) -> Iterator[int]:
        """Takes one row of the class after the other out; yields the bytes of each."""
        if rank >= EVENT_RANK:
            return
        places = [
            (number, place)
            for number, group in enumerate(self._groups)
            for place, row in enumerate(group.rows)
            if row.meta.rank == rank and (number, place) not in self._refused
        ]
        for number, place in reversed(places) if newest_first else places:
            self._refused[number, place] = cause
            size = len(self._groups[number].rows[place].payload)
            self.bytes -= size
            yield size

    def taken(self, catalogue_of: Callable[[str], Catalogue | None]) -> list[Group]:
        """The groups without the refused rows, which are listed as lost instead."""
        if not self._refused:
            return list(self._groups)
        return [self._reduced(number, group, catalogue_of) for number, group in enumerate(self._groups)]

    def _reduced(self, number: int, group: Group, catalogue_of: Callable[[str], Catalogue | None]) -> Group:
        losses = LossCount(catalogue_of)
        kept = []
        for place, row in enumerate(group.rows):
            cause, meta = self._refused.get((number, place)), row.meta
            if cause is None:
                kept.append(row)
            else:
                span = (meta.rows, meta.first_ns, meta.last_ns)
                losses.add((cause,), row.kind, row.catalogue_id, span, row.payload)
        lost = {cause: {cell: list(sums) for cell, sums in told.items()} for cause, told in group.lost.items()}
        for (cause,), more in losses.close().items():
            join(lost.setdefault(cause, {}), more)
        return Group(kept, group.counts, lost, group.positions, group.held)
