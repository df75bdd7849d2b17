"""Frees room in a full spool, by the policy of each data class, and lists what it costs."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.spool_acks import Acknowledgements
from ovoo_edge.spool_gone import note_gone
from ovoo_edge.spool_incoming import Incoming
from ovoo_edge.spool_loss_count import LossCount
from ovoo_edge.spool_losses import record
from ovoo_edge.spool_parts import unfinished_from
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_rows import EVENT_RANK, KINDS
from ovoo_edge.spool_thinner import Thinner
from ovoo_edge.spool_transactions import in_transaction

__all__ = ["Freeing"]

_DROP_LOG_BYTES = 256 << 10
"""What dropping rows and listing their samples may add to the log: pages of the lists lie far apart."""


class Freeing:
    """Walks the policy, mildest measure first.

    Args:
        connection: the spool's.
        policy: of the classes.
        acks: what each sink has.
        catalogue_of: catalogue by id, for naming what was dropped.
        thinner: thins rows of a class.
        log_has_room: whether the log may grow by so many bytes; a foreign reader keeps it from being shortened.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        policy: SpoolPolicy,
        acks: Acknowledgements,
        catalogue_of: Callable[[str], Catalogue | None],
        thinner: Thinner,
        log_has_room: Callable[[int], bool],
    ) -> None:
        self._connection = connection
        self._policy = policy
        self._acks = acks
        self._catalogue_of = catalogue_of
        self._thinner = thinner
        self._log_has_room = log_has_room

    @property
    def last_seq(self) -> int:
        """Greatest number that a thinned row was given; 0 before the first."""
        return self._thinner.last_seq

    def steps(self, least_bytes: int, incoming: Incoming) -> Iterator[int]:
        """Frees at least so many bytes a step, or what a class still has, or takes rows out of `incoming`.

        Yields the bytes after each; the caller stops it once that is enough. It ends when nothing more may go.
        """
        for rank in self._policy.order:
            measure = self._policy.measures[rank]
            if measure == "drop_newest":
                yield from incoming.refuse(rank, self._policy.cause(rank), newest_first=True)
                yield from self._drops(rank, least_bytes, newest_first=True)
            elif measure != "block":
                if measure == "thin" and unfinished_from(self._connection) is None:
                    # the rows of an unfinished commit must stay the last ones
                    yield from self._thinner.steps(rank, least_bytes)
                yield from self._drops(rank, least_bytes, newest_first=False)
                yield from incoming.refuse(rank, self._policy.cause(rank), newest_first=False)
        if self._policy.events_may_leave:
            yield from self._drops(EVENT_RANK, least_bytes, newest_first=False)

    def _drops(self, rank: int, least_bytes: int, *, newest_first: bool) -> Iterator[int]:
        cause = self._policy.cause(rank)
        while True:
            victims, freed = self._victims(rank, least_bytes, newest_first)
            if not victims or not self._log_has_room(_DROP_LOG_BYTES):
                return
            try:
                in_transaction(self._connection, functools.partial(self._drop, victims, cause))
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL or freed < least_bytes:
                    raise
                # the list of what was lost takes more pages than these rows give
                least_bytes *= 2
                continue
            yield freed

    def _victims(self, rank: int, wanted_bytes: int, newest_first: bool) -> tuple[list[int], int]:
        found: list[int] = []
        freed = 0
        first_unfinished = unfinished_from(self._connection)
        end = 1 << 62 if first_unfinished is None else first_unfinished
        order = "DESC" if newest_first else "ASC"
        rows = self._connection.execute(
            f"SELECT seq, size FROM item WHERE class = ? AND seq < ? ORDER BY seq {order}",  # noqa: S608
            (rank, end),
        )
        for seq, size in rows:
            found.append(seq)
            freed += size
            if freed >= wanted_bytes:
                break
        rows.close()
        return found, freed

    def _drop(self, victims: Sequence[int], cause: str) -> None:
        losses = LossCount(self._catalogue_of)
        for seq in victims:
            needy = tuple(sink for sink in self._acks.sinks if self._acks.missing(sink, seq, seq))
            if needy:
                found = self._connection.execute(
                    "SELECT kind, catalogue, rows, first_ns, last_ns, payload FROM item WHERE seq = ?", (seq,)
                ).fetchone()
                losses.add(needy, KINDS[found[0]], found[1], found[2:5], found[5])
        self._connection.executemany("DELETE FROM item WHERE seq = ?", [(seq,) for seq in victims])
        note_gone(self._connection, victims)
        for sinks, lost in losses.close().items():
            record(self._connection, cause, sinks, lost)
