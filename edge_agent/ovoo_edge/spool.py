"""The disk queue between sources and sinks: what it took is durable, what left it was acknowledged by every sink.

One SQLite file in WAL mode with full durability, used from one thread. A row is a wire batch or a finding; its number
(`seq`) is given at commit, grows by one and is never used twice within an epoch.
"""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import SpoolDamaged, SpoolFull

from ovoo_edge.spool_losses import tally_unreadable
from ovoo_edge.spool_open import open_file
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_release import release_groups
from ovoo_edge.spool_rows import Group, Tally
from ovoo_edge.spool_state import SpoolState
from ovoo_edge.spool_transactions import named_failures, spool_failure

__all__ = ["Spool"]

_FOLD_ROWS = 300
Refused = Mapping[tuple[str, int], int]


class Spool(SpoolState):
    """An open spool; make one with `Spool.open`, close it with `close` or as a context manager."""

    @classmethod
    def open(
        cls,
        path: pathlib.Path,
        budget_bytes: int,
        *,
        sinks: Sequence[str],
        epoch_source: Callable[[], int],
        clock: Callable[[], int],
        policy: SpoolPolicy = SpoolPolicy(),  # noqa: B008  # frozen
        damage: str = "",
    ) -> Spool:
        """Opens or creates the spool; a damaged file is set aside, salvaged row by row and replaced.

        Args:
            path: the database file.
            budget_bytes: limit for database, log and its index together, >= 4 MiB.
            sinks: every sink that must acknowledge a row before it leaves; at least one.
            epoch_source: gives a random u64 for a new or replaced file.
            clock: UTC nanoseconds.
            policy: what gives way when the budget is used up.
            damage: words of a `SpoolDamaged` that was raised while the file was open: it is replaced at once.

        Raises:
            SpoolError: the disk refuses; ConfigError: budget too small.
        """
        opened = open_file(path, budget_bytes, tuple(sinks), epoch_source, clock, damage)
        try:
            return cls(opened, clock, policy)
        except (sqlite3.Error, SpoolDamaged) as error:
            opened.connection.close()
            failure = error if isinstance(error, SpoolDamaged) else spool_failure(error, path)
            if not isinstance(failure, SpoolDamaged) or opened.salvaged:
                raise failure from error
        opened = open_file(path, budget_bytes, tuple(sinks), epoch_source, clock, str(failure))
        return cls(opened, clock, policy)

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_catalogue(self, catalogue: Catalogue) -> None:
        """Makes a catalogue known; it is kept as long as a row or a count refers to it."""
        self._catalogues.remember(catalogue)
        body = zlib.compress(catalogue.to_json())
        self._writer.durably(lambda: self._catalogues.put(catalogue, body, self._clock()))

    @named_failures
    def commit(self, *groups: Group) -> tuple[int, ...]:
        """Makes groups durable as one and returns the numbers of their rows.

        Several groups are several transactions, but all of them count or none: after a crash in between nothing of
        them is there. Only when they are more than half of the budget does each stand for itself, because room for
        the last could then be made only by dropping the first.

        Raises:
            SpoolFull: budget or disk is used up and the policy allows no freeing; nothing was stored, try again later.
            SpoolDamaged: the file is damaged; reopen it (it will be salvaged).
            SpoolError: a row or the group is larger than the budget can take, or the disk refuses.
        """
        size = sum(group.size for group in groups)
        if len(groups) > 1 and size > self._space.limit_bytes // 2:
            return tuple(seq for group in groups for seq in self.commit(group))
        done = self._writer.commit(groups)
        self._gauges.added(len(done.seqs), done.size)
        self._rate.add(done.stored)
        for group in groups:
            self._ledger.committed(group)
        self._space.checkpoint_if_due()
        return done.seqs

    @named_failures
    def ack(self, sink: str, ranges: Iterable[Sequence[int]], *, refused: Refused | None = None) -> int:
        """Acknowledges inclusive ranges for a sink and returns how many rows that were.

        It becomes durable with the next commit or `flush`; until then a crash only makes the sink send again.

        Args:
            sink: its name.
            ranges: inclusive pairs; numbers that were never given out are ignored.
            refused: samples of these rows that the sink may not see, by address and class rank.
        """
        fresh = self._acks.add(sink, ranges, self.last_seq)
        rows = self._gauges.removed(sink, fresh)
        if rows and refused:
            self._refusals.add(sink, refused)
        return rows

    @named_failures
    def release_held(self) -> int:
        """Makes ordinary rows of what the journal of held samples holds; gives the number of samples.

        Called before the pipeline begins and after it has ended: then nobody is left to decide about them.
        """
        live, unreadable = self._held.live()
        if unreadable:
            lost: Tally = {}
            tally_unreadable(unreadable, self._clock(), self._clock(), lost)
            self.commit(Group(lost={"held_damaged": lost}))
        limits = self.max_item_bytes, self.max_group_bytes
        for output in release_groups(live, self._catalogues.find, limits, self._clock()):
            output.groups[-1].lost = output.lost
            self.commit(*output.groups)
        self._writer.durably(self._held.clear)
        return sum(len(batch) for _, batch in live)

    def flush(self) -> None:
        """Makes acknowledgements durable and deletes the rows that every sink has."""
        self._writer.flush()

    @named_failures
    def quarantine(self, sink: str, seq: int, code: str, detail: str, *, part: bytes | None = None) -> bool:
        """Sets a row aside that the sink's server refused; the row counts as lost for that sink, with cause `rejected`.

        Args:
            sink: its name.
            seq: the row.
            code: short reason, as the server gave it.
            detail: the server's words.
            part: wire batch of only the refused samples, when the others were stored.

        Returns:
            False when the sink had that row acknowledged already, or it is gone.
        """
        if not self._acks.missing(sink, seq, seq):
            return False
        self.flush()
        row = self._backlog.row(seq)
        if row is None:
            return False
        payload = row.payload if part is None else part
        self._writer.durably(
            lambda: self._quarantine.add(sink, row, code, detail, payload, self._catalogues.find(row.catalogue_id))
        )
        self.ack(sink, [(seq, seq)])
        self.flush()
        return True

    @named_failures
    def maintain(self) -> None:
        """Housekeeping, every few seconds: acknowledgements, counts, catalogues, ballast, log."""
        self.flush()
        if self._ledger.journal_rows >= _FOLD_ROWS:
            self.fold()
        self._space.checkpoint_if_due()
        self._space.restore_ballast()

    def fold(self) -> None:
        """Folds the journal of counts and forgets catalogues that nothing refers to."""
        self._writer.durably(self._fold)
        self._ledger.folded()

    def _fold(self) -> None:
        self._ledger.fold()
        self._catalogues.forget_unused()

    def close(self) -> None:
        """Flushes acknowledgements and closes the file; a full disk only costs the flush."""
        try:
            with contextlib.suppress(SpoolFull):
                self.flush()
            with contextlib.suppress(sqlite3.OperationalError):
                self._space.checkpoint()
        finally:
            self._connection.close()

    def abandon(self) -> None:
        """Closes the connection of a damaged file without another write."""
        self._connection.close()
