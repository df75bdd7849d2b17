"""Runs a source against a collecting pipeline: chunks are kept, commits happen when the test says so."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from ovoo_edge.sources.base import Chunk, Intake, SignalMap, Source, SourceContext
from ovoo_edge.sources.registry import create_source, read_settings

ENTERPRISE = "test/plant/area/line/asset"


def address(name: str) -> str:
    """A full address ending in `name`."""
    return f"{ENTERPRISE}/{name}"


def context(
    folder: pathlib.Path,
    wall_ns: Callable[[], int] = time.time_ns,
    position: bytes = b"",
    runtime_dir: pathlib.Path | None = None,
) -> SourceContext:
    """Real clocks unless another is given, fixed randomness."""
    return SourceContext(folder, wall_ns, time.monotonic, random.Random(7), 0.2, position, runtime_dir)


async def until(condition: Callable[[], bool], what: str = "", timeout_s: float = 15.0) -> None:
    """Returns when the condition holds; fails naming `what` after the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {timeout_s} s: {what}")
        await asyncio.sleep(0.01)


class Collector:
    """The pipeline's and spool's place: takes chunks and commits them, at once unless `hold` is set.

    Positions are kept in a file, as the spool would: the next source of that name gets the last one.
    """

    def __init__(self, kept: pathlib.Path, *, hold: bool = False, max_samples: int = 200_000) -> None:
        self._kept = kept
        self.intake = Intake(max_samples)
        self.hold = hold
        self.chunks: list[Chunk] = []
        self.durable: list[float] = []
        self._waiting: list[Chunk] = []
        self._stored: list[Chunk] = []

    async def run(self) -> None:
        """Collects until cancelled."""
        while True:
            chunk = await self.intake.get()
            self.chunks.append(chunk)
            self._waiting.append(chunk)
            if not self.hold:
                self.commit()

    def commit(self, most: int | None = None) -> None:
        """Commits what waits, oldest first, and tells the source."""
        self.store(most)
        for chunk in self._stored:
            if chunk.committed is not None:
                chunk.committed()
        self._stored.clear()

    def store(self, most: int | None = None) -> None:
        """Commits without telling the source: what a kill right after the commit leaves behind."""
        count = len(self._waiting) if most is None else most
        for chunk in self._waiting[:count]:
            if chunk.position is not None:
                self._kept.write_bytes(chunk.position())
            self.durable += chunk.batch.value.tolist()
        self._stored += self._waiting[:count]
        del self._waiting[:count]

    def rows(self, index: int | None = None) -> list[tuple[int, int, float, int, str | None]]:
        """All rows as (signal, time, value, quality, text), in order of arrival."""
        found = []
        for chunk in self.chunks:
            batch = chunk.batch
            for row in range(len(batch)):
                if index is None or batch.signal[row] == index:
                    found.append(
                        (
                            batch.signal[row],
                            batch.time_ns[row],
                            batch.value[row],
                            batch.quality[row],
                            batch.text.get(row),
                        )
                    )
        return found

    def values(self, index: int) -> list[float]:
        """Values of one signal in order of arrival."""
        return [row[2] for row in self.rows(index)]


@contextlib.asynccontextmanager
async def running(
    table: dict[str, Any],
    signals: list[SignalMap],
    folder: pathlib.Path,
    *,
    hold: bool = False,
    max_samples: int = 200_000,
    wall_ns: Callable[[], int] = time.time_ns,
    runtime_dir: pathlib.Path | None = None,
) -> AsyncIterator[tuple[Source, Collector]]:
    """A source that runs with a collector behind it, ended by cancelling as the agent does."""
    kept = folder / f"{table['name']}.position"
    position = kept.read_bytes() if kept.exists() else b""
    world = context(folder, wall_ns, position, runtime_dir)
    source = create_source(read_settings(table, "source[0]"), signals, world)
    collector = Collector(kept, hold=hold, max_samples=max_samples)
    tasks = [asyncio.create_task(source.run(collector.intake)), asyncio.create_task(collector.run())]
    try:
        yield source, collector
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
    finally:
        for task in tasks:  # the source first: the pipeline goes on while it settles
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
