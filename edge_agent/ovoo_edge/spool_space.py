"""Keeps the spool inside its budget and alive on a full disk: checkpoints, ballast, freeing by policy."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.spool_acks import Acknowledgements
from ovoo_edge.spool_freeing import Freeing
from ovoo_edge.spool_incoming import Incoming
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_schema import PAGE_BYTES, Budget
from ovoo_edge.spool_thinner import Thinner

__all__ = ["BALLAST_BYTES", "SpaceKeeper"]

BALLAST_BYTES = 8 << 20
_FULL_SHARE = 0.95
_FREE_SHARE = 0.01
_VACUUM_PAGES = 1000
_MARGIN_BYTES = 2 << 20


class SpaceKeeper:
    """Watches pages and the write-ahead log of one open spool file.

    Args:
        connection: the spool's only connection.
        path: its file; log and ballast lie beside it.
        budget: shares of the budget.
        policy: what gives way.
        acks: what each sink has.
        catalogue_of: catalogue by id, for naming what was dropped.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: pathlib.Path,
        budget: Budget,
        policy: SpoolPolicy,
        acks: Acknowledgements,
        catalogue_of: Callable[[str], Catalogue | None],
    ) -> None:
        self._connection = connection
        self._wal = path.with_name(path.name + "-wal")
        self._path = path
        self._ballast = path.with_name("ballast")
        self._budget = budget
        thinner = Thinner(connection, budget, policy, acks, catalogue_of, self.log_has_room)
        self._freeing = Freeing(connection, policy, acks, catalogue_of, thinner, self.log_has_room)

    @property
    def last_seq(self) -> int:
        """Greatest number that was given to a thinned row; 0 before the first."""
        return self._freeing.last_seq

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

    def room_bytes(self) -> int:
        """Bytes of pages until something must give way."""
        return int(_FULL_SHARE * self.limit_bytes) - self.used_bytes()

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

    def make_room(self, incoming: Incoming) -> bool:
        """Frees by policy until `incoming` has room, at least 1 %, or takes rows out of it; False when that fails."""
        if not self.excess_bytes(incoming.bytes):
            return True
        least = max(self.excess_bytes(incoming.bytes), int(_FREE_SHARE * self.limit_bytes))
        for _ in self._freeing.steps(least, incoming):
            self.checkpoint_if_due()
            if not self.excess_bytes(incoming.bytes):
                return True
        return False

    def shrink(self) -> None:
        """After the budget was lowered: frees rows, gives their pages back and sets the limit anew."""
        if self._pages() <= self._budget.max_pages:
            return
        limit = int(_FULL_SHARE * self.limit_bytes)
        if self.used_bytes() > limit:
            for _ in self._freeing.steps(int(_FREE_SHARE * self.limit_bytes), Incoming([])):
                self.checkpoint()
                if self.used_bytes() <= limit:
                    break
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

    def relief(self) -> Iterator[bool]:
        """Measures against a full file or disk, mildest first; yields after each, so that the caller tries again."""
        self._try_checkpoint()
        yield True
        if not self._budget_used_up() and self.release_ballast():
            self._try_checkpoint()
            yield True
        try:
            freed = next(self._freeing.steps(5 * int(_FREE_SHARE * self.limit_bytes), Incoming([])), 0)
        except sqlite3.OperationalError:
            return
        self._try_checkpoint()
        yield freed > 0

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


def _size(path: pathlib.Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
