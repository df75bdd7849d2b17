"""Thins the backlog of a full spool: many rows become few with fewer samples, the others are listed as lost.

A thinned row gets a new number, because a receiver may already know the old ones with all their samples, and the flag
backfill, so that a store drops what it has.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import WireError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, FLAG_BACKFILL, BatchHeader, decode_batch, encode_batch

from ovoo_edge._select import process_kernels, spare_kernels
from ovoo_edge.spool_acks import Acknowledgements
from ovoo_edge.spool_gone import note_gone
from ovoo_edge.spool_losses import record, tally_batch
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_rows import NewRow, RowMeta, Tally, insert_row
from ovoo_edge.spool_runs import Run, Runs
from ovoo_edge.spool_schema import Budget
from ovoo_edge.spool_transactions import in_transaction

__all__ = ["Thinner"]

_ROW_SAMPLES: Final = 10_000
_LEAST_GAIN: Final = 0.2
_RUN_SHARE: Final = 16


class _Thinned(NamedTuple):
    """What becomes of a run: the rows that replace it, and the samples that go."""

    rows: list[NewRow]
    spare: SampleBatch
    size: int


class _Whole(NamedTuple):
    """A run read back, one batch."""

    header: BatchHeader
    batch: SampleBatch
    beyond_ns: int
    """How far the last row reaches beyond its last sample: figures of a window stand at its start."""


class Thinner:
    """Thins the rows of a class, oldest first.

    Args:
        connection: the spool's.
        budget: how large rows and transactions may be.
        policy: with the step of time.
        acks: what each sink has.
        catalogue_of: catalogue by id.
        log_has_room: called with the bytes that a transaction will write.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        budget: Budget,
        policy: SpoolPolicy,
        acks: Acknowledgements,
        catalogue_of: Callable[[str], Catalogue | None],
        log_has_room: Callable[[int], bool],
    ) -> None:
        self._connection = connection
        self._budget = budget
        self._policy = policy
        self._acks = acks
        self._catalogue_of = catalogue_of
        self._log_has_room = log_has_room
        self._runs: dict[int, Runs] = {}
        self.last_seq = 0

    def steps(self, rank: int, least_bytes: int) -> Iterator[int]:
        """Thins until at least so many bytes are saved, yields them, and goes on; ends when all is thinned."""
        saved = 0
        runs = self._runs.get(rank)
        if runs is None:
            most = self._budget.total_bytes // _RUN_SHARE
            runs = Runs(self._connection, rank, self._policy.thin_step_ns, most, self._acks)
            self._runs[rank] = runs
        for run in runs.waiting():
            saved += self._thin(rank, run, runs)
            if saved >= least_bytes:
                yield saved
                saved = 0
        if saved:
            yield saved

    def _thin(self, rank: int, run: Run, runs: Runs) -> int:
        """Replaces the rows of a run; gives the bytes saved, 0 where it is not worth it."""
        catalogue = self._catalogue_of(run.heads[0].catalogue_id)
        if catalogue is None or not run.needy:
            return 0
        thinned = self._thinned(rank, run)
        if thinned is None or not self._fits(thinned, run) or not self._log_has_room(thinned.size):
            return 0
        lost: Tally = {}
        try:
            tally_batch(thinned.spare, catalogue, lost)
        except IndexError:
            # its signals have no names: such rows are left as they are, the receivers judge them
            return 0
        old = [head.seq for head in run.heads]

        def work() -> list[int]:
            self._connection.executemany("DELETE FROM item WHERE seq = ?", [(seq,) for seq in old])
            note_gone(self._connection, old)
            new = [insert_row(self._connection, row, run.heads[0].stored_ns) for row in thinned.rows]
            record(self._connection, self._policy.cause(rank, thinned=True), run.needy, lost)
            runs.note(new)
            return new

        self._follow(run, in_transaction(self._connection, work))
        return run.size - thinned.size

    def _follow(self, run: Run, new: list[int]) -> None:
        """A sink that had the old rows does not need the new ones."""
        self.last_seq = max(new)
        for sink in self._acks.sinks:
            if sink not in run.needy:
                self._acks.add(sink, [(min(new), max(new))], self.last_seq)

    def _fits(self, thinned: _Thinned, run: Run) -> bool:
        """Whether it is worth it, and no row or transaction becomes too large."""
        largest = max(len(row.payload) for row in thinned.rows)
        return (
            thinned.size <= run.size * (1 - _LEAST_GAIN)
            and thinned.size <= self._budget.max_group_bytes
            and largest <= self._budget.max_item_bytes
        )

    def _thinned(self, rank: int, run: Run) -> _Thinned | None:
        """None where a row cannot be read or nothing can go."""
        whole = self._read(run)
        if whole is None:
            return None
        batch = whole.batch
        worded = bytearray(len(batch)) if batch.text else None
        for row in batch.text:
            worded[row] = 1  # type: ignore[index]  # there is one where there is a text
        mark = spare_kernels.mark_spare(
            batch.signal, batch.time_ns, batch.value, batch.quality, worded, self._policy.thin_step_ns
        )
        kept = process_kernels.pick_rows(mark, 1)
        if not len(kept) or len(kept) == len(batch):
            return None
        spare = batch.take(process_kernels.pick_rows(mark, 2))
        rows = [
            self._row(rank, run, whole, batch.take(kept[start : start + _ROW_SAMPLES]))
            for start in range(0, len(kept), _ROW_SAMPLES)
        ]
        return _Thinned(rows, spare, sum(len(row.payload) for row in rows))

    def _row(self, rank: int, run: Run, whole: _Whole, part: SampleBatch) -> NewRow:
        flags = run.heads[0].flags | FLAG_BACKFILL
        header = replace(whole.header, epoch=0, seq=0, merged=1, flags=flags)
        first_ns, last_ns = min(part.time_ns), max(part.time_ns) + whole.beyond_ns
        meta = RowMeta(len(part), first_ns, last_ns, rank, flags, header.receive_ns)
        return NewRow("batch", run.heads[0].catalogue_id, encode_batch(header, part, CODEC_ZLIB), meta)

    def _read(self, run: Run) -> _Whole | None:
        batches: list[SampleBatch] = []
        header: BatchHeader | None = None
        beyond_ns = 0
        for head in run.heads:
            last_ns, crc, payload = self._connection.execute(
                "SELECT last_ns, crc, payload FROM item WHERE seq = ?", (head.seq,)
            ).fetchone()
            if zlib.crc32(payload) != crc:
                return None
            try:
                header, batch = decode_batch(payload)
            except WireError:
                return None
            beyond_ns = max(beyond_ns, last_ns - max(batch.time_ns, default=last_ns))
            batches.append(batch)
        return None if header is None else _Whole(header, SampleBatch.concat(batches).sorted(), beyond_ns)
