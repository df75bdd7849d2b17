"""Runs one sink over a spool, as the agent does."""

from __future__ import annotations

import asyncio
import pathlib
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.samples import SampleBatch
from ovoo_edge.sinks.base import Sink, SinkContext
from ovoo_edge.sinks.registry import create_sink
from ovoo_edge.sinks.settings import SinkSettings
from ovoo_edge.spool_rows import EVENT_RANK, Group, RowMeta
from ovoo_edge.spool_service import SpoolReader, SpoolService

from tests.edge_agent.support import group_of, make_catalogue, service_of

CATALOGUE = make_catalogue()


@dataclass(frozen=True, slots=True)
class Rig:
    """A spool and what the sink sees of it."""

    spool: SpoolService
    reader: SpoolReader
    sink: Sink
    draining: asyncio.Event
    task: asyncio.Task[None]

    async def commit(self, *batches: SampleBatch, catalogue: Catalogue = CATALOGUE, rank: int = 0) -> tuple[int, ...]:
        seqs: list[int] = []
        for batch in batches:
            seqs += await self.spool.commit(group_of(catalogue, batch, rank=rank))
        return tuple(seqs)

    async def commit_event(self, payload: bytes, time_ns: int, catalogue: Catalogue = CATALOGUE) -> None:
        group = Group()
        group.append("event", catalogue.id, payload, RowMeta(1, time_ns, time_ns, EVENT_RANK))
        await self.spool.commit(group)

    async def delivered(self, timeout_s: float = 20.0) -> None:
        """Waits until the sink has acknowledged everything."""
        deadline = time.monotonic() + timeout_s
        while await self.reader.pending(1):
            assert time.monotonic() < deadline, self.sink.health()
            assert not self.task.done(), self.task
            await asyncio.sleep(0.01)


async def no_figures() -> Mapping[str, float]:
    return {"at_risk_s": 0.5, "lost.cloud.spool_full": 3.0, "backlog_rows.cloud": 2.0}


def context_of(draining: asyncio.Event, catalogue: Catalogue = CATALOGUE) -> SinkContext:
    return SinkContext(
        gateway="gw-1",
        enterprise="ent",
        catalogue=catalogue,
        software="test",
        wall_ns=time.time_ns,
        monotonic_s=time.monotonic,
        rng=random.Random(3),
        draining=draining,
        counters=no_figures,
    )


@asynccontextmanager
async def running(
    settings: SinkSettings, folder: pathlib.Path, *before: SampleBatch, catalogue: Catalogue = CATALOGUE
) -> AsyncIterator[Rig]:
    """The sink at work; `before` is in the spool when it starts."""
    draining = asyncio.Event()
    async with service_of(folder, sinks=(settings.name,), budget_mib=32) as spool:
        await spool.add_catalogue(catalogue)
        for batch in before:
            await spool.commit(group_of(catalogue, batch))
        reader = spool.reader(settings.name)
        sink = create_sink(settings, context_of(draining, catalogue))
        task = asyncio.create_task(sink.run(reader))
        try:
            yield Rig(spool, reader, sink, draining, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
