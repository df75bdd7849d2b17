"""A site's InfluxDB: spooled rows become line protocol, refused points are found one by one and quarantined."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ovoo_contract.catalogue import Catalogue, DataClass
from ovoo_contract.errors import CatalogueError, ConfigError, StoreRejected, WireError
from ovoo_contract.line_protocol import LineEncoder
from ovoo_contract.samples import SampleBatch
from ovoo_contract.schema import database_name
from ovoo_contract.wire import CODEC_ZLIB, BatchHeader, decode_batch, encode_batch

from ovoo_edge.backoff import Backoff
from ovoo_edge.sinks.base import SinkContext, SinkHealth
from ovoo_edge.sinks.class_view import ClassView, Refusals
from ovoo_edge.sinks.influx_http import InfluxHttp, TooLarge, Unavailable, WriteRefused
from ovoo_edge.sinks.settings import InfluxSinkSettings, Scope
from ovoo_edge.sinks.sink_status import SinkStatus
from ovoo_edge.spool_rows import SpoolRow
from ovoo_edge.spool_service import SpoolReader

__all__ = ["InfluxSink"]

_LOG = logging.getLogger(__name__)
_READ_ROWS = 64
_LANES = 2
"""Requests under way at once: the server works on one while the other is made; points may come in any order."""
_PATIENCE = 4
"""A whole exchange may take so many times the wait for a single byte."""
T = TypeVar("T")


class InfluxSink:
    """See `Sink`; findings are not points and pass without being written."""

    def __init__(self, settings: InfluxSinkSettings, context: SinkContext) -> None:
        self._settings = settings
        self._context = context
        database = settings.database or database_name(context.enterprise)
        self._connections = [InfluxHttp(settings, database) for _ in range(_LANES)]
        self._view = ClassView(settings.max_class)
        self._encoders: dict[str, LineEncoder] = {}
        self._batch_rows = settings.batch_rows
        self._status = SinkStatus()

    @property
    def name(self) -> str:
        """The name given in the configuration."""
        return self._settings.name

    @property
    def scope(self) -> Scope:
        """Where the data goes."""
        return self._settings.scope

    @property
    def max_class(self) -> DataClass:
        """Highest data class it may carry."""
        return self._settings.max_class

    def health(self) -> SinkHealth:
        """A snapshot; never blocks."""
        return self._status.health(self.name, self._settings.driver)

    async def run(self, reader: SpoolReader) -> None:
        """Writes until cancelled, or until nothing is left once the agent drains."""
        backoff = Backoff(self._settings.retry_s, self._settings.retry_limit_s, self._context.rng)
        with contextlib.ExitStack() as stack:
            await self._run([self._lane(http, stack) for http in self._connections], reader, backoff)
        self._status.show("stopped")

    def _lane(self, http: InfluxHttp, stack: contextlib.ExitStack) -> _Server:
        """A connection on a thread of its own, which begins with the first use."""
        thread = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"sink-{self.name}"))
        stack.callback(thread.submit, http.close)
        return _Server(http, thread, _PATIENCE * self._settings.timeout_s)

    async def _run(self, servers: Sequence[_Server], reader: SpoolReader, backoff: Backoff) -> None:
        connected = False
        while True:
            try:
                if not connected:
                    self._status.show("connecting")
                    await self._probe(servers)
                    connected = True
                    self._status.show("running")
                rows = await reader.pending(_READ_ROWS, max_bytes=self._batch_rows * 16)
                if rows:
                    await self._deliver(rows, reader.epoch, servers, reader)
                    backoff.reset()
                    if self._status.state != "running":
                        self._status.show("running")
                elif self._context.draining.is_set():
                    return
                else:
                    await reader.wait(1.0)
            except Unavailable as error:
                connected = False
                await self._wait(error, backoff)
            except ConfigError as error:
                self._status.show("degraded", str(error), error.remedy)
                await asyncio.sleep(backoff.next_s())

    async def _probe(self, servers: Sequence[_Server]) -> None:
        """One connection asks; the others only write, and are told how."""
        first, *others = self._connections
        await servers[0].call(first.probe)
        for http in others:
            http.version, http.dialect = first.version, first.dialect

    async def _wait(self, error: Unavailable, backoff: Backoff) -> None:
        if self._status.state != "retrying":
            _LOG.warning("event=store_unavailable sink=%s detail=%r", self.name, str(error))
        self._status.counters["failures"] += 1
        self._status.show("retrying", error.message, error.remedy)
        delay_s = backoff.next_s()
        if error.retry_after_s is not None:
            delay_s = min(max(delay_s, error.retry_after_s), 3600.0)
        await asyncio.sleep(delay_s)

    async def _deliver(
        self, rows: Sequence[SpoolRow], epoch: int, servers: Sequence[_Server], reader: SpoolReader
    ) -> None:
        """Writes rows of one catalogue together; when the server refuses some, each is written alone."""
        part = [row for row in rows if row.kind == "batch" and row.catalogue_id == rows[0].catalogue_id]
        passing = [(row.seq, row.seq) for row in rows if row.kind != "batch"]
        if passing:
            await reader.ack(epoch, passing)
        decoded: list[tuple[SpoolRow, SampleBatch]] = []
        for row in part:
            opened = await self._open(row, epoch, reader)
            if opened is not None:
                decoded.append((row, opened))
        if not decoded:
            return
        catalogue = await reader.catalogue(part[0].catalogue_id)
        writer = _Writer(servers, self._encoder(catalogue), self)
        shown = [(row, *self._view.select(batch, catalogue)) for row, batch in decoded]
        try:
            await writer.write(SampleBatch.concat([batch for _, batch, _ in shown]))
        except WriteRefused:
            for row, batch, refused in shown:
                await self._deliver_alone(row, batch, refused, epoch, writer, reader)
            return
        together: Counter[tuple[str, int]] = Counter()
        for _, _, refused in shown:
            together.update(refused)
        await self._acknowledge([row.seq for row, _, _ in shown], together, epoch, reader)

    async def _deliver_alone(
        self, row: SpoolRow, batch: SampleBatch, refused: Refusals, epoch: int, writer: _Writer, reader: SpoolReader
    ) -> None:
        bad, words = await writer.find_refused(batch)
        if not bad:
            await self._acknowledge([row.seq], refused, epoch, reader)
            return
        header = BatchHeader(catalogue_id=row.catalogue_id, epoch=epoch, seq=row.seq, receive_ns=row.stored_ns)
        part = encode_batch(header, batch.take(bad), CODEC_ZLIB)
        if await reader.quarantine(epoch, row.seq, "refused_by_store", words, part=part):
            self._status.counters["quarantined_samples"] += len(bad)
            _LOG.error("event=points_refused sink=%s seq=%d points=%d detail=%r", self.name, row.seq, len(bad), words)

    async def _open(self, row: SpoolRow, epoch: int, reader: SpoolReader) -> SampleBatch | None:
        try:
            _, batch = decode_batch(row.payload)
            await reader.catalogue(row.catalogue_id)
        except (WireError, CatalogueError) as error:
            await reader.quarantine(epoch, row.seq, "unreadable", str(error))
            return None
        return batch

    async def _acknowledge(self, seqs: Sequence[int], refused: Refusals, epoch: int, reader: SpoolReader) -> None:
        await reader.ack(epoch, [(seq, seq) for seq in seqs], refused=refused)
        self._status.counters["acknowledged"] += len(seqs)
        self._status.counters["refused_by_class"] += sum(refused.values())
        self._status.last_ack_ns = self._context.wall_ns()

    def _encoder(self, catalogue: Catalogue) -> LineEncoder:
        if catalogue.id not in self._encoders:
            self._encoders[catalogue.id] = LineEncoder(catalogue)
        return self._encoders[catalogue.id]


class _Server:
    """The connection on its thread."""

    def __init__(self, http: InfluxHttp, thread: ThreadPoolExecutor, limit_s: float) -> None:
        self._http = http
        self._thread = thread
        self._limit_s = limit_s

    async def call(self, work: Callable[[], T]) -> T:
        """Runs `work`; a server that answers byte by byte is cut off, whatever each byte says of its being alive."""
        call = asyncio.get_running_loop().run_in_executor(self._thread, work)
        done, _ = await asyncio.wait({call}, timeout=self._limit_s)
        if not done:
            self._http.abort()
        return await call

    async def write(self, lines: bytes) -> None:
        await self.call(lambda: self._http.write(lines))


class _Writer:
    """Writes batches of one catalogue, in requests of bounded size."""

    def __init__(self, servers: Sequence[_Server], encoder: LineEncoder, sink: InfluxSink) -> None:
        self._servers = servers
        self._encoder = encoder
        self._sink = sink

    async def write(self, batch: SampleBatch) -> None:
        """Writes all rows; WriteRefused once the server refuses any."""
        start = 0
        while start < len(batch):
            step = self._sink._batch_rows
            parts = [
                range(first, min(first + step, len(batch)))
                for first in range(start, min(start + step * len(self._servers), len(batch)), step)
            ]
            try:
                await self._post_together(batch, parts)
            except TooLarge:
                if self._sink._batch_rows == 1:
                    raise WriteRefused("one point is larger than the server takes", offender=self._sink.name) from None
                self._sink._batch_rows = max(1, self._sink._batch_rows // 2)
                continue
            start = parts[-1].stop

    async def _post_together(self, batch: SampleBatch, parts: Sequence[range]) -> None:
        """Posts parts over a connection each; all are through when the gravest failure is raised."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._failure(batch, rows, server))
                for rows, server in zip(parts, self._servers, strict=False)
            ]
        failures = [failure for task in tasks if (failure := task.result()) is not None]
        for kind in (Unavailable, TooLarge, WriteRefused):
            for failure in failures:
                if isinstance(failure, kind):
                    raise failure

    async def _failure(self, batch: SampleBatch, rows: range, server: _Server) -> Unavailable | StoreRejected | None:
        try:
            await self._post(batch, rows, server)
        except (Unavailable, TooLarge, WriteRefused) as failure:
            return failure
        return None

    async def find_refused(self, batch: SampleBatch) -> tuple[list[int], str]:
        """Row indexes that the server refuses even alone, and its words; the others are stored.

        Halves are written again and again: writing a point twice changes nothing. When the server says that it
        dropped as many points as it got, no search is needed.
        """
        bad: list[int] = []
        words = ""
        waiting = [range(len(batch))] if len(batch) else []
        while waiting:
            rows = waiting.pop()
            if len(rows) > self._sink._batch_rows:
                waiting += _halves(rows)
                continue
            try:
                await self._post(batch, rows, self._servers[0])
            except (WriteRefused, TooLarge) as error:
                words = error.message
                everything = isinstance(error, WriteRefused) and error.dropped == len(rows)
                if len(rows) == 1 or everything:
                    bad += rows
                else:
                    waiting += _halves(rows)
        return sorted(bad), words

    async def _post(self, batch: SampleBatch, rows: range, server: _Server) -> None:
        lines = self._encoder.encode(batch, rows)
        if lines:
            await server.write(lines)
            self._sink._status.counters["requests"] += 1
            self._sink._status.counters["bytes"] += len(lines)
            self._sink._status.counters["points"] += len(rows)


def _halves(rows: range) -> list[range]:
    middle = (rows.start + rows.stop) // 2
    return [range(middle, rows.stop), range(rows.start, middle)]
