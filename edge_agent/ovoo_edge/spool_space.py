"""Keeps the spool inside its budget and alive on a full disk: checkpoints, ballast, freeing by policy."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from typing import Literal

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.spool_acks import Acknowledgements, merge
from ovoo_edge.spool_losses import record, tally
from ovoo_edge.spool_parts import unfinished_from
from ovoo_edge.spool_rows import KINDS, Tally
from ovoo_edge.spool_schema import PAGE_BYTES, Budget

__all__ = ["BALLAST_BYTES", "Policy", "SpaceKeeper"]

Policy = Literal["drop_oldest", "block"]
BALLAST_BYTES = 8 << 20
_FULL_SHARE = 0.95
_FREE_SHARE = 0.01
_CAUSE = "spool_full"
_VACUUM_PAGES = 1000
_MARGIN_BYTES = 2 << 20


class SpaceKeeper:
    """Watches pages and the write-ahead log of one open spool file.

    Args:
        connection: the spool's only connection.
        path: its file; log and ballast lie beside it.
        budget: shares of the budget.
        policy: `drop_oldest` frees the oldest rows of the lowest class; `block` never drops and lets sources wait.
        catalogue_of: catalogue by id, for naming what was dropped.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: pathlib.Path,
        budget: Budget,
        policy: Policy,
        catalogue_of: Callable[[str], Catalogue | None],
    ) -> None:
        self._connection = connection
        self._wal = path.with_name(path.name + "-wal")
        self._path = path
        self._ballast = path.with_name("ballast")
        self._budget = budget
        self._policy = policy
        self._catalogue_of = catalogue_of

    @property
    def limit_bytes(self) -> int:
        """Bytes of pages that may be in use."""
        return self._budget.max_pages * PAGE_BYTES

    @property
    def has_ballast(self) -> bool:
        """False while the ballast is spent."""
        return self._ballast.exists()

    def used_bytes(self) -> int:
        """Bytes of pages in use."""
        return (self._pages() - self._free_pages()) * PAGE_BYTES

    def file_bytes(self) -> int:
        """Bytes of database and log on disk."""
        return _size(self._path) + _size(self._wal)

    def excess_bytes(self, incoming_bytes: int) -> int:
        """Bytes that must be freed before so many come in; 0 when there is room.

        There is room up to 95 % of the pages; and once the disk is nearly full, only in pages that are free already:
        then the database must not grow, so that the log can always be moved into it.
        """
        incoming = incoming_bytes * 5 // 4
        excess = self.used_bytes() + incoming - int(_FULL_SHARE * self.limit_bytes)
        if self._disk_is_tight(incoming_bytes):
            self._empty_log()
            if self._disk_is_tight(incoming_bytes):
                excess = max(excess, incoming - self._free_pages() * PAGE_BYTES)
        return max(excess, 0)

    def make_room(self, excess_bytes: int, acks: Acknowledgements) -> bool:
        """Frees the excess and at least 1 %; False when policy or contents leave nothing to free."""
        if self._policy == "block":
            return False
        return self._free(max(excess_bytes, int(_FREE_SHARE * self.limit_bytes)), acks)

    def shrink(self, acks: Acknowledgements) -> None:
        """After the budget was lowered: frees rows, gives their pages back and sets the limit anew."""
        if self._pages() <= self._budget.max_pages:
            return
        while self.used_bytes() > _FULL_SHARE * self.limit_bytes and self._policy == "drop_oldest":
            if not self._free(self.used_bytes() - int(_FULL_SHARE * self.limit_bytes), acks):
                break
            self.checkpoint()
        while self._pages() > self._budget.max_pages and self._free_pages():
            # `execute` would give back a single page: it stops at the first step
            self._connection.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
            self.checkpoint()
        self._connection.execute(f"PRAGMA max_page_count = {self._budget.max_pages}")

    def checkpoint_if_due(self) -> None:
        """Truncates the log once half of its reserve is used; never fails: what was committed stays committed.

        On a full disk the log cannot be moved into the database; the ballast gives the room for it.
        """
        if _size(self._wal) > self._budget.wal_reserve_bytes // 2 or self._disk_is_tight(0):
            self._empty_log()

    def log_has_room(self, incoming_bytes: int) -> bool:
        """False when a foreign reader or a full disk keeps the log from being truncated and it would grow too long."""
        if _size(self._wal) + incoming_bytes * 3 // 2 > self._budget.wal_reserve_bytes:
            self._try_checkpoint()
        return _size(self._wal) + incoming_bytes * 3 // 2 <= self._budget.wal_reserve_bytes

    def checkpoint(self) -> None:
        """Moves the log into the database and truncates it as far as readers allow."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def release_ballast(self) -> bool:
        """Gives the ballast's bytes back to the disk; False when they are gone already."""
        try:
            self._ballast.unlink()
        except FileNotFoundError:
            return False
        return True

    def restore_ballast(self) -> None:
        """Lays the ballast down again when the disk has room for it twice over."""
        if self._ballast.exists() or shutil.disk_usage(self._path.parent).free < 2 * BALLAST_BYTES:
            return
        draft = self._ballast.with_name("ballast.new")
        try:
            with draft.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
            draft.replace(self._ballast)
        except OSError:
            draft.unlink(missing_ok=True)

    def relief(self, acks: Acknowledgements) -> Iterator[bool]:
        """Measures against a full file or disk, mildest first; yields after each, so that the caller tries again."""
        self._try_checkpoint()
        yield True
        if not self._budget_used_up() and self.release_ballast():
            self._try_checkpoint()
            yield True
        if self._policy == "drop_oldest":
            try:
                freed = self._free(5 * int(_FREE_SHARE * self.limit_bytes), acks)
            except sqlite3.OperationalError:
                return
            self._try_checkpoint()
            yield freed

    def _disk_is_tight(self, incoming_bytes: int) -> bool:
        free = shutil.disk_usage(self._path.parent).free
        return free < _size(self._wal) + 4 * incoming_bytes + _MARGIN_BYTES

    def _empty_log(self) -> None:
        """Moves the log into the database; where the disk has no room for that, the ballast gives it."""
        self._try_checkpoint()
        if _size(self._wal) and self._disk_is_tight(0) and self.release_ballast():
            self._try_checkpoint()

    def _try_checkpoint(self) -> None:
        # on a full disk the checkpoint itself may fail; the next measure follows then
        with contextlib.suppress(sqlite3.OperationalError):
            self.checkpoint()

    def _budget_used_up(self) -> bool:
        return self._pages() >= self._budget.max_pages

    def _pages(self) -> int:
        return int(self._connection.execute("PRAGMA page_count").fetchone()[0])

    def _free_pages(self) -> int:
        return int(self._connection.execute("PRAGMA freelist_count").fetchone()[0])

    def _free(self, wanted_bytes: int, acks: Acknowledgements) -> bool:
        victims = self._victims(wanted_bytes)
        if not victims:
            return False
        per_sink = self._tallies(victims, acks)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("DELETE FROM item WHERE seq = ?", [(seq,) for seq in victims])
            for sink, lost in per_sink.items():
                record(self._connection, _CAUSE, [sink], lost)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._connection.rollback()
            raise
        acks.drop(merge((seq, seq) for seq in victims))
        return True

    def _victims(self, wanted_bytes: int) -> list[int]:
        found: list[int] = []
        freed = 0
        first_unfinished = unfinished_from(self._connection)
        end = 1 << 62 if first_unfinished is None else first_unfinished
        rows = self._connection.execute("SELECT seq, size FROM item WHERE seq < ? ORDER BY class, seq", (end,))
        for seq, size in rows:
            found.append(seq)
            freed += size
            if freed >= wanted_bytes:
                break
        return found

    def _tallies(self, victims: list[int], acks: Acknowledgements) -> dict[str, Tally]:
        per_sink: dict[str, Tally] = {}
        for seq in victims:
            kind, catalogue, rows, first, last, payload = self._connection.execute(
                "SELECT kind, catalogue, rows, first_ns, last_ns, payload FROM item WHERE seq = ?", (seq,)
            ).fetchone()
            for sink in acks.sinks:
                if acks.missing(sink, seq, seq):
                    into = per_sink.setdefault(sink, {})
                    tally(KINDS[kind], payload, self._catalogue_of(catalogue), (rows, first, last), into)
        return per_sink


def _size(path: pathlib.Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
