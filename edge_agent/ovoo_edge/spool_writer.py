"""Writes groups into the spool as one, making room where the budget or the disk is used up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from ovoo_contract.errors import SpoolError, SpoolFull

from ovoo_edge.ledger import Ledger
from ovoo_edge.spool_acks import Acknowledgements, Ranges
from ovoo_edge.spool_catalogues import CatalogueTable
from ovoo_edge.spool_gauges import SinkGauges
from ovoo_edge.spool_gone import forget_gone
from ovoo_edge.spool_held import HeldTable
from ovoo_edge.spool_incoming import Incoming
from ovoo_edge.spool_losses import record
from ovoo_edge.spool_open import OpenSpool
from ovoo_edge.spool_parts import finish, mark, take_back
from ovoo_edge.spool_refusals import RefusalCounts
from ovoo_edge.spool_rows import Group, insert_row
from ovoo_edge.spool_schema import stored_bytes
from ovoo_edge.spool_space import SpaceKeeper
from ovoo_edge.spool_transactions import in_transaction, spool_failure, spool_full

__all__ = ["SpoolWriter"]

_DELETE_ROWS = 1000
T = TypeVar("T")


class Committed(NamedTuple):
    """Numbers of the rows that were written, bytes of their payloads, and of the pages they take."""

    seqs: tuple[int, ...]
    size: int
    stored: int


class SpoolWriter:
    """The only one who changes rows of an open spool.

    Args:
        opened: the file.
        clock: UTC nanoseconds.
        acks, space, gauges, ledger, held, refusals, catalogues: the spool's parts.
        high_ns: greatest sample time committed so far.
    """

    def __init__(
        self,
        opened: OpenSpool,
        clock: Callable[[], int],
        acks: Acknowledgements,
        space: SpaceKeeper,
        gauges: SinkGauges,
        ledger: Ledger,
        held: HeldTable,
        refusals: RefusalCounts,
        catalogues: CatalogueTable,
    ) -> None:
        self._opened = opened
        self._connection = opened.connection
        self._clock = clock
        self._acks = acks
        self._space = space
        self._gauges = gauges
        self._ledger = ledger
        self._held = held
        self._refusals = refusals
        self._catalogues = catalogues
        self._deleted: Ranges = []
        self._unfinished = False
        self._last_seq = opened.last_seq
        self.high_ns = opened.high_ns
        """Greatest sample time ever committed."""

    @property
    def last_seq(self) -> int:
        """The number given last, 0 before the first."""
        return max(self._last_seq, self._space.last_seq)

    def commit(self, groups: Sequence[Group]) -> Committed:
        """Makes groups durable as one.

        Raises:
            SpoolFull: budget or disk is used up and the policy allows no freeing; nothing was stored.
            SpoolError: a row or a group is larger than the budget can take, or the disk refuses.
        """
        for group in groups:
            self._check_size(group)
        if self._unfinished:
            self.durably(lambda: take_back(self._connection))
        if len(groups) > 1:
            # thinning is for now, while the rows of this commit are not among those of the file
            groups = self._make_room(Incoming(groups))
        self._unfinished = len(groups) > 1
        seqs: list[int] = []
        written: list[Group] = []
        for group in groups[:-1]:
            written.append(self._room_for(group))
            seqs += self._write(written[-1], lambda: mark(self._connection, self.last_seq + 1))
        # what they hold is written with the last one
        earlier = sum(len(change.body) for group in groups[:-1] for change in group.held)
        written.append(self._room_for(groups[-1], earlier))
        seqs += self._write(written[-1], lambda: self._conclude(written))
        self._unfinished = False
        self._last_seq = seqs[-1] if seqs else self._last_seq
        self.high_ns = _newest_ns(self.high_ns, written)
        sizes = [len(row.payload) for group in written for row in group.rows]
        return Committed(tuple(seqs), sum(sizes), sum(map(stored_bytes, sizes)))

    def durably(self, work: Callable[[], T]) -> T:
        """A transaction; when there is no room, space is made step by step before giving up."""
        relief = self._space.relief()
        while True:
            try:
                return in_transaction(self._connection, work)
            except sqlite3.Error as error:
                failure = spool_failure(error, self._opened.path)
                if not isinstance(failure, SpoolFull) or not next(relief, False):
                    raise failure from error
                self._gauges.recount(self.last_seq)

    def flush(self) -> None:
        """Makes acknowledgements durable and deletes the rows that every sink has."""
        while self._acks.dirty:
            self.durably(self._flush)
            self._flushed()

    def _check_size(self, group: Group) -> None:
        budget = self._opened.budget
        largest = max((len(row.payload) for row in group.rows), default=0)
        if largest > budget.max_item_bytes or group.size > budget.max_group_bytes:
            raise SpoolError(
                "more than one transaction of this budget may take",
                offender="spool group",
                value=max(largest, group.size),
                remedy=f"rows up to {budget.max_item_bytes} bytes, groups up to {budget.max_group_bytes} bytes",
            )

    def _make_room(self, incoming: Incoming) -> list[Group]:
        """What the policy lets in of the groups."""
        if self._space.excess_bytes(incoming.bytes):
            made = self._space.make_room(incoming)
            self._gauges.recount(self.last_seq)
            if not made:
                raise spool_full("", self._opened.path)
        return incoming.taken(self._catalogues.find)

    def _room_for(self, group: Group, extra_bytes: int = 0) -> Group:
        incoming = Incoming((group,), extra_bytes)
        (taken,) = self._make_room(incoming)
        if not self._space.log_has_room(incoming.bytes):
            remedy = "close other programs that read the spool, or free the disk"
            raise SpoolFull("the log cannot be shortened", offender=str(self._opened.path), remedy=remedy)
        return taken

    def _write(self, group: Group, further: Callable[[], None]) -> tuple[int, ...]:
        def write() -> tuple[int, ...]:
            now = self._clock()
            seqs = tuple(insert_row(self._connection, row, now) for row in group.rows)
            further()
            self._flush()
            return seqs

        seqs = self.durably(write)
        self._flushed()
        return seqs

    def _conclude(self, groups: Sequence[Group]) -> None:
        """What makes the groups count, in the transaction of the last one."""
        high_ns = _newest_ns(self.high_ns, groups)
        if high_ns > self.high_ns:
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('high_ns', ?)", (str(high_ns),))
        for group in groups:
            self._ledger.journal(group)
            self._held.write(group.held)
            for cause, lost in group.lost.items():
                record(self._connection, cause, self._acks.sinks, lost)
            self._connection.executemany("INSERT OR REPLACE INTO position VALUES (?, ?)", group.positions.items())
        if len(groups) > 1:
            finish(self._connection)

    def _flush(self) -> None:
        """Writes acknowledgements inside the open transaction; `_acks.flushed` follows once it stands.

        Only so many rows are deleted at once: the log and the waiting commit stay short.
        """
        oldest = self._connection.execute("SELECT min(seq) FROM item").fetchone()[0]
        if oldest is not None:
            self._acks.settle(oldest)
            forget_gone(self._connection, oldest)
        rows, sinks = self._acks.unflushed()
        self._deleted = []
        left = _DELETE_ROWS
        for low, high in rows:
            end = min(high, low + left - 1)
            self._connection.execute("DELETE FROM item WHERE seq BETWEEN ? AND ?", (low, end))
            self._deleted.append((low, end))
            left -= end - low + 1
            if left <= 0:
                break
        for acked, name in sinks:
            self._connection.execute("UPDATE sink SET acked = ? WHERE name = ?", (acked, name))
        self._refusals.write()

    def _flushed(self) -> None:
        self._acks.flushed(self._deleted)
        self._refusals.written()


def _newest_ns(high_ns: int, groups: Sequence[Group]) -> int:
    return max([high_ns, *(row.meta.last_ns for group in groups for row in group.rows)])
