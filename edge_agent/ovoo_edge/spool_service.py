"""The spool for the event loop: every SQLite call runs on one thread of its own, sinks are woken after a commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import SpoolDamaged

from ovoo_edge.ledger import LedgerRow
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group, LostRow, QuarantinedRow, RefusedRow, SpoolGauges, SpoolRow

__all__ = ["SpoolReader", "SpoolService"]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_MAINTAIN_S = 1.0


class SpoolService:
    """Async context manager around a `Spool`; a file that turns out damaged is salvaged and replaced while running.

    Args:
        open_spool: opens the spool; called on the spool's thread, with the words of the damage after some was found.
    """

    def __init__(self, open_spool: Callable[[str], Spool]) -> None:
        self._open_spool = open_spool
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._spool: Spool | None = None
        self._readers: list[SpoolReader] = []
        self._catalogues: list[Catalogue] = []
        self._epoch = 0
        self._last_seq = 0

    async def __aenter__(self) -> SpoolService:
        try:
            await self._in_thread(lambda: self._reopen(""))
        except BaseException:
            self._executor.shutdown(wait=True)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._in_thread(self._close)
        finally:
            self._executor.shutdown(wait=True)

    @property
    def epoch(self) -> int:
        """Epoch of the open file."""
        return self._epoch

    @property
    def last_seq(self) -> int:
        """The number given last."""
        return self._last_seq

    @property
    def limits(self) -> tuple[int, int]:
        """(largest payload of a row, largest sum of a group), bytes."""
        spool = self._current()
        return spool.max_item_bytes, spool.max_group_bytes

    @property
    def high_ns(self) -> int:
        """Greatest sample time committed before now."""
        return self._current().high_ns

    async def add_catalogue(self, catalogue: Catalogue) -> None:
        """Makes a catalogue known to the file, and to any file that replaces it."""
        self._catalogues.append(catalogue)
        await self.call(lambda spool: spool.add_catalogue(catalogue))

    async def commit(self, *groups: Group) -> tuple[int, ...]:
        """Makes groups durable as one, see `Spool.commit`, and wakes the sinks."""
        seqs, last_seq = await self.call(lambda spool: (spool.commit(*groups), spool.last_seq))
        if last_seq != self._last_seq:
            self._last_seq = last_seq
            for reader in self._readers:
                reader.wake()
        return seqs

    async def release_held(self) -> int:
        """Makes rows of held samples, see `Spool.release_held`, and wakes the sinks."""
        released, last_seq = await self.call(lambda spool: (spool.release_held(), spool.last_seq))
        if released:
            self._last_seq = last_seq
            for reader in self._readers:
                reader.wake()
        return released

    def reader(self, sink: str) -> SpoolReader:
        """The view of one sink."""
        reader = SpoolReader(self, sink)
        self._readers.append(reader)
        return reader

    async def gauges(self) -> SpoolGauges:
        """State for health pages."""
        return await self.call(lambda spool: spool.gauges())

    async def quarantined(self, limit: int = 100) -> list[QuarantinedRow]:
        """The newest quarantined rows."""
        return await self.call(lambda spool: spool.quarantined(limit))

    async def lost(self, from_hour: int, to_hour: int) -> list[LostRow]:
        """What will never arrive."""
        return await self.call(lambda spool: spool.lost(from_hour, to_hour))

    async def refusals(self) -> list[RefusedRow]:
        """What each sink was not shown because of its class."""
        return await self.call(lambda spool: spool.refusals())

    async def ledger(self, from_hour: int, to_hour: int) -> list[LedgerRow]:
        """Counts per signal and hour."""
        return await self.call(lambda spool: spool.ledger(from_hour, to_hour))

    async def hour_marks(self, from_hour: int, to_hour: int) -> dict[int, str]:
        """What changes with the counts and losses of an hour, see `Spool.hour_marks`."""
        return await self.call(lambda spool: spool.hour_marks(from_hour, to_hour))

    async def addresses(self, catalogue_id: str) -> list[str]:
        """Addresses of a catalogue's signals, by index."""
        entries = (await self.call(lambda spool: spool.catalogue(catalogue_id))).entries
        return [str(entry.address) for entry in entries]

    async def positions(self) -> dict[str, bytes]:
        """How far each source was committed, see `Spool.positions`."""
        return await self.call(lambda spool: spool.positions())

    async def maintain(self) -> None:
        """Housekeeping until cancelled."""
        while True:
            await asyncio.sleep(_MAINTAIN_S)
            await self.call(lambda spool: spool.maintain())

    async def call(self, work: Callable[[Spool], T]) -> T:
        """Runs `work` on the spool's thread; after damage once more on the replaced file."""
        try:
            return await self._in_thread(lambda: work(self._current()))
        except SpoolDamaged as damage:
            words = str(damage)
            _LOG.error("event=spool_damaged detail=%r", words)
            await self._in_thread(lambda: self._reopen(words))
            return await self._in_thread(lambda: work(self._current()))

    def _reopen(self, damage: str) -> None:
        if self._spool is not None:
            self._spool.abandon()
            self._spool = None
        spool = self._open_spool(damage)
        for catalogue in self._catalogues:
            spool.add_catalogue(catalogue)
        self._spool = spool
        self._epoch = spool.epoch
        self._last_seq = spool.last_seq

    def _close(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _current(self) -> Spool:
        if self._spool is None:
            raise SpoolDamaged("not open", offender="spool", remedy="open it first")
        return self._spool

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


class SpoolReader:
    """What one sink sees of the spool."""

    def __init__(self, service: SpoolService, sink: str) -> None:
        self._service = service
        self._sink = sink
        self._news = asyncio.Event()

    @property
    def sink(self) -> str:
        """Name of the sink."""
        return self._sink

    @property
    def epoch(self) -> int:
        """Epoch of the open file: acknowledgements of another one are void."""
        return self._service.epoch

    @property
    def last_seq(self) -> int:
        """The number given last."""
        return self._service.last_seq

    def wake(self) -> None:
        """Called after a commit."""
        self._news.set()

    async def wait(self, timeout_s: float) -> None:
        """Returns after the next commit, or after the timeout; a commit since the last call returns at once."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def pending(
        self,
        limit: int,
        *,
        newest_first: bool = False,
        after: int = 0,
        before: int | None = None,
        max_bytes: int | None = None,
    ) -> list[SpoolRow]:
        """Rows not acknowledged by this sink, see `Spool.pending`."""
        return await self._service.call(
            lambda spool: spool.pending(
                self._sink, limit, newest_first=newest_first, after=after, before=before, max_bytes=max_bytes
            )
        )

    async def ack(
        self, epoch: int, ranges: Iterable[Sequence[int]], *, refused: Mapping[tuple[str, int], int] | None = None
    ) -> int:
        """Acknowledges; ranges of another epoch are ignored. Returns the number of rows."""
        pairs = [(pair[0], pair[1]) for pair in ranges]

        def work(spool: Spool) -> int:
            return spool.ack(self._sink, pairs, refused=refused) if spool.epoch == epoch else 0

        return await self._service.call(work)

    async def quarantine(self, epoch: int, seq: int, code: str, detail: str, *, part: bytes | None = None) -> bool:
        """Sets a row aside that the server refused, see `Spool.quarantine`; False for another epoch."""

        def work(spool: Spool) -> bool:
            return spool.epoch == epoch and spool.quarantine(self._sink, seq, code, detail, part=part)

        return await self._service.call(work)

    async def catalogue(self, catalogue_id: str) -> Catalogue:
        """A catalogue that some row refers to."""
        return await self._service.call(lambda spool: spool.catalogue(catalogue_id))
