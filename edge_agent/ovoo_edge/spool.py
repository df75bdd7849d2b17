"""The disk queue between sources and sinks: what it took is durable, what left it was acknowledged by every sink.

One SQLite file in WAL mode with full durability, used from one thread. A row is a wire batch or a finding; its number
(`seq`) is given at commit, grows by one and is never used twice within an epoch.
"""

from __future__ import annotations

import contextlib
import functools
import pathlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import CatalogueError, SpoolDamaged, SpoolError, SpoolFull

from ovoo_edge.ledger import Ledger, LedgerRow
from ovoo_edge.spool_acks import Acknowledgements, Ranges
from ovoo_edge.spool_gauges import FillRate, SinkGauges
from ovoo_edge.spool_held import HeldTable
from ovoo_edge.spool_losses import lost_marks, lost_rows, lost_totals, record, tally_unreadable
from ovoo_edge.spool_open import OpenSpool, open_file
from ovoo_edge.spool_parts import finish, mark, take_back
from ovoo_edge.spool_quarantine import Quarantine
from ovoo_edge.spool_refusals import RefusalCounts
from ovoo_edge.spool_release import release_groups
from ovoo_edge.spool_rows import (
    COLUMNS,
    Group,
    LostRow,
    QuarantinedRow,
    RefusedRow,
    SpoolGauges,
    SpoolRow,
    Tally,
    insert_row,
    read_row,
)
from ovoo_edge.spool_space import Policy, SpaceKeeper
from ovoo_edge.spool_transactions import in_transaction, spool_failure, spool_full

__all__ = ["Spool"]

_FOLD_ROWS = 300
_DELETE_ROWS = 1000
T = TypeVar("T")
P = ParamSpec("P")
Refused = Mapping[tuple[str, int], int]


def _named_failures(method: Callable[P, T]) -> Callable[P, T]:
    """SQLite's own exceptions leave the spool under Ovoo's names."""

    @functools.wraps(method)
    def guarded(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return method(*arguments, **named)
        except sqlite3.Error as error:
            raise spool_failure(error, pathlib.Path("spool")) from error

    return guarded


class Spool:
    """An open spool; make one with `Spool.open`, close it with `close` or as a context manager."""

    def __init__(self, opened: OpenSpool, clock: Callable[[], int], policy: Policy) -> None:
        self._opened = opened
        self._connection = opened.connection
        self._clock = clock
        self._acks = Acknowledgements(dict(opened.acked))
        self._catalogues: dict[str, Catalogue] = {}
        self._ledger = Ledger(opened.connection)
        self._held = HeldTable(opened.connection)
        self._held_high_ns = max((max(batch.time_ns) for _, batch in self._held.live()[0]), default=0)
        self._space = SpaceKeeper(opened.connection, opened.path, opened.budget, policy, self._find_catalogue)
        self._quarantine = Quarantine(opened.connection, opened.budget, clock)
        self._gauges = SinkGauges(opened.connection, self._acks, opened.last_seq)
        self._rate = FillRate(clock)
        self._last_seq = opened.last_seq
        self._high_ns = opened.high_ns
        self._refusals = RefusalCounts(opened.connection, self._acks.sinks)
        self._deleted: Ranges = []
        self._unfinished = False
        self._space.shrink(self._acks)
        self._gauges.recount(self._last_seq)
        self._space.restore_ballast()

    @classmethod
    def open(
        cls,
        path: pathlib.Path,
        budget_bytes: int,
        *,
        sinks: Sequence[str],
        epoch_source: Callable[[], int],
        clock: Callable[[], int],
        policy: Policy = "drop_oldest",
        damage: str = "",
    ) -> Spool:
        """Opens or creates the spool; a damaged file is set aside, salvaged row by row and replaced.

        Args:
            path: the database file.
            budget_bytes: limit for database, log and its index together, >= 4 MiB.
            sinks: every sink that must acknowledge a row before it leaves; at least one.
            epoch_source: gives a random u64 for a new or replaced file.
            clock: UTC nanoseconds.
            policy: what happens when the budget is used up.
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

    @property
    def epoch(self) -> int:
        """Random number of this file; a new one whenever the file is created or replaced."""
        return self._opened.epoch

    @property
    def last_seq(self) -> int:
        """The number given last, 0 before the first."""
        return self._last_seq

    @property
    def high_ns(self) -> int:
        """Greatest sample time ever committed to this file: rows up to it may be repetitions after a crash."""
        return max(self._high_ns, self._held_high_ns)

    @property
    def max_item_bytes(self) -> int:
        """Largest payload a row may have."""
        return self._opened.budget.max_item_bytes

    @property
    def max_group_bytes(self) -> int:
        """Largest sum of payloads of a group."""
        return self._opened.budget.max_group_bytes

    def add_catalogue(self, catalogue: Catalogue) -> None:
        """Makes a catalogue known; it is kept as long as a row or a count refers to it."""
        self._catalogues[catalogue.id] = catalogue
        body = zlib.compress(catalogue.to_json())

        def write() -> None:
            row = (catalogue.id, body, self._clock())
            self._connection.execute("INSERT OR IGNORE INTO catalogue VALUES (?, ?, ?)", row)
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('catalogue', ?)", (catalogue.id,))

        self._durably(write)

    @_named_failures
    def catalogue(self, catalogue_id: str) -> Catalogue:
        """A catalogue that some row refers to.

        Raises:
            CatalogueError: it is not in the file.
        """
        found = self._find_catalogue(catalogue_id)
        if found is None:
            raise CatalogueError(
                "catalogue is not in the spool", offender=catalogue_id, remedy="its rows are quarantined"
            )
        return found

    @_named_failures
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
        for group in groups:
            self._check_size(group)
        size = sum(group.size for group in groups)
        if len(groups) > 1 and size > self._space.limit_bytes // 2:
            return tuple(seq for group in groups for seq in self.commit(group))
        seqs = self._write_all(groups)
        self._last_seq = seqs[-1] if seqs else self._last_seq
        self._high_ns = _newest_ns(self._high_ns, groups)
        self._gauges.added(len(seqs), size)
        self._rate.add(size)
        for group in groups:
            self._ledger.committed(group)
        self._space.checkpoint_if_due()
        return seqs

    @_named_failures
    def positions(self) -> dict[str, bytes]:
        """How far each source was committed, as it put it itself."""
        return dict(self._connection.execute("SELECT source, body FROM position").fetchall())

    @_named_failures
    def pending(
        self,
        sink: str,
        limit: int,
        *,
        newest_first: bool = False,
        after: int = 0,
        before: int | None = None,
        max_bytes: int | None = None,
    ) -> list[SpoolRow]:
        """Rows the sink has not acknowledged, in order; no transaction stays open.

        Args:
            sink: its name.
            limit: rows at most, >= 1.
            newest_first: descending numbers.
            after: only numbers greater than this.
            before: only numbers smaller than this.
            max_bytes: stop once the payloads pass this sum (at least one row is given).
        """
        last = self._last_seq if before is None else min(before - 1, self._last_seq)
        holes = self._acks.missing(sink, after + 1, last)
        found: list[SpoolRow] = []
        left = max_bytes if max_bytes is not None else 1 << 62
        for low, high in reversed(holes) if newest_first else holes:
            left = self._read(low, high, limit, newest_first, left, found)
            if len(found) >= limit or left <= 0:
                break
        return found

    @_named_failures
    def ack(self, sink: str, ranges: Iterable[Sequence[int]], *, refused: Refused | None = None) -> int:
        """Acknowledges inclusive ranges for a sink and returns how many rows that were.

        It becomes durable with the next commit or `flush`; until then a crash only makes the sink send again.

        Args:
            sink: its name.
            ranges: inclusive pairs; numbers that were never given out are ignored.
            refused: samples of these rows that the sink may not see, by address and class rank.
        """
        fresh = self._acks.add(sink, ranges, self._last_seq)
        if fresh and refused:
            self._refusals.add(sink, refused)
        return self._gauges.removed(sink, fresh)

    @_named_failures
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
        for output in release_groups(live, self._find_catalogue, limits, self._clock()):
            output.groups[-1].lost = output.lost
            self.commit(*output.groups)
        self._durably(self._held.clear)
        return sum(len(batch) for _, batch in live)

    def flush(self) -> None:
        """Makes acknowledgements durable and deletes the rows that every sink has."""
        while self._acks.dirty:
            self._durably(self._flush)
            self._flushed()

    @_named_failures
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
        found = self._connection.execute(f"SELECT {COLUMNS} FROM item WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
        if found is None:
            return False
        row = read_row(found)
        payload = row.payload if part is None else part
        self._durably(
            lambda: self._quarantine.add(sink, row, code, detail, payload, self._find_catalogue(row.catalogue_id))
        )
        self.ack(sink, [(seq, seq)])
        self.flush()
        return True

    @_named_failures
    def quarantined(self, limit: int = 100) -> list[QuarantinedRow]:
        """The newest quarantined rows."""
        return self._quarantine.newest(limit)

    @_named_failures
    def refusals(self) -> list[RefusedRow]:
        """What each sink was not shown because of its class."""
        return self._refusals.rows()

    @_named_failures
    def lost(self, from_hour: int, to_hour: int) -> list[LostRow]:
        """What will never arrive, per signal, hour, cause and sink."""
        return lost_rows(self._connection, from_hour, to_hour)

    @_named_failures
    def ledger(self, from_hour: int, to_hour: int) -> list[LedgerRow]:
        """Counts per signal and hour."""
        return self._ledger.rows(from_hour, to_hour)

    @_named_failures
    def hour_marks(self, from_hour: int, to_hour: int) -> dict[int, str]:
        """A text per hour with counts or losses, which changes whenever one of them does."""
        counts = self._ledger.marks(from_hour, to_hour)
        losses = lost_marks(self._connection, from_hour, to_hour)
        return {hour: f"{counts.get(hour, 0):08x}{losses.get(hour, '')}" for hour in counts.keys() | losses.keys()}

    @_named_failures
    def maintain(self) -> None:
        """Housekeeping, every few seconds: acknowledgements, counts, catalogues, ballast, log."""
        self.flush()
        if self._ledger.journal_rows >= _FOLD_ROWS:
            self.fold()
        self._space.checkpoint_if_due()
        self._space.restore_ballast()

    def fold(self) -> None:
        """Folds the journal of counts and forgets catalogues that nothing refers to."""
        self._durably(self._fold)
        self._ledger.folded()

    @_named_failures
    def gauges(self) -> SpoolGauges:
        """State for health pages."""
        return SpoolGauges(
            epoch=self.epoch,
            next_seq=self._last_seq + 1,
            used_bytes=self._space.used_bytes(),
            limit_bytes=self._space.limit_bytes,
            file_bytes=self._space.file_bytes(),
            backlog_rows=self._gauges.rows,
            backlog_bytes=self._gauges.bytes,
            backlog_since_ns=self._gauges.since_ns(self._last_seq),
            buffer_h=self._rate.hours(self._space.limit_bytes - self._space.used_bytes()),
            quarantined=self._gauges.quarantined(),
            refused=self._refusals.totals(),
            lost=lost_totals(self._connection),
            ballast=self._space.has_ballast,
            salvaged=self._opened.salvaged,
        )

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

    def _make_room(self, size: int) -> None:
        excess = self._space.excess_bytes(size)
        if excess and self._space.make_room(excess, self._acks):
            self._gauges.recount(self._last_seq)
            excess = 0
        if excess:
            raise spool_full("", self._opened.path)
        if not self._space.log_has_room(size):
            remedy = "close other programs that read the spool, or free the disk"
            raise SpoolFull("the log cannot be shortened", offender=str(self._opened.path), remedy=remedy)

    def _durably(self, work: Callable[[], T]) -> T:
        """A transaction; when there is no room, space is made step by step before giving up."""
        relief = self._space.relief(self._acks)
        while True:
            try:
                return in_transaction(self._connection, work)
            except sqlite3.Error as error:
                failure = spool_failure(error, self._opened.path)
                if not isinstance(failure, SpoolFull) or not next(relief, False):
                    raise failure from error
                self._gauges.recount(self._last_seq)

    def _write_all(self, groups: Sequence[Group]) -> tuple[int, ...]:
        if self._unfinished:
            self._durably(lambda: take_back(self._connection))
        self._unfinished = len(groups) > 1
        seqs: list[int] = []
        for group in groups[:-1]:
            seqs += self._write(group, lambda: mark(self._connection, self._last_seq + 1))
        # what they hold is written with the last one
        earlier = sum(len(change.body) for group in groups[:-1] for change in group.held)
        seqs += self._write(groups[-1], lambda: self._conclude(groups), earlier)
        self._unfinished = False
        return tuple(seqs)

    def _write(self, group: Group, further: Callable[[], None], extra_bytes: int = 0) -> tuple[int, ...]:
        def write() -> tuple[int, ...]:
            now = self._clock()
            seqs = tuple(insert_row(self._connection, row, now) for row in group.rows)
            further()
            self._flush()
            return seqs

        self._make_room(group.size + extra_bytes + sum(len(body) for body in group.positions.values()))
        seqs = self._durably(write)
        self._flushed()
        return seqs

    def _conclude(self, groups: Sequence[Group]) -> None:
        """What makes the groups count, in the transaction of the last one."""
        high_ns = _newest_ns(self._high_ns, groups)
        if high_ns > self._high_ns:
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

    def _fold(self) -> None:
        self._ledger.fold()
        self._connection.execute(
            "DELETE FROM catalogue WHERE id NOT IN (SELECT catalogue FROM item UNION SELECT catalogue FROM quarantine "
            "UNION SELECT catalogue FROM ledger UNION SELECT catalogue FROM held) "
            "AND id NOT IN (SELECT value FROM meta WHERE key = 'catalogue')"
        )

    def _read(self, low: int, high: int, limit: int, newest_first: bool, left: int, into: list[SpoolRow]) -> int:
        order = "DESC" if newest_first else "ASC"
        cursor = self._connection.execute(
            f"SELECT {COLUMNS} FROM item WHERE seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?",  # noqa: S608
            (low, high, limit - len(into)),
        )
        damaged: list[SpoolRow] = []
        for found in cursor:
            row = read_row(found)
            if zlib.crc32(row.payload) != found[9]:
                damaged.append(row)
                continue
            into.append(row)
            left -= len(row.payload)
            if left <= 0:
                break
        cursor.close()
        for row in damaged:
            self._drop_damaged(row)
        return left

    def _drop_damaged(self, row: SpoolRow) -> None:
        lost: Tally = {}
        tally_unreadable(row.rows, row.first_ns, row.last_ns, lost)
        needy = [name for name in self._acks.sinks if self._acks.missing(name, row.seq, row.seq)]
        self._durably(lambda: record(self._connection, "row_damaged", needy, lost))
        for name in needy:
            self.ack(name, [(row.seq, row.seq)])

    def _find_catalogue(self, catalogue_id: str) -> Catalogue | None:
        known = self._catalogues.get(catalogue_id)
        if known is None:
            found = self._connection.execute("SELECT body FROM catalogue WHERE id = ?", (catalogue_id,)).fetchone()
            if found is None:
                return None
            try:
                known = Catalogue.from_json(zlib.decompress(found[0]))
            except (zlib.error, CatalogueError):
                return None
            self._catalogues[catalogue_id] = known
        return known


def _newest_ns(high_ns: int, groups: Sequence[Group]) -> int:
    return max([high_ns, *(row.meta.last_ns for group in groups for row in group.rows)])
