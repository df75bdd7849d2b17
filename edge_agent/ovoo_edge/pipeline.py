"""Chunks from the intake become durable rows; sources hear of it only after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ovoo_contract.errors import SpoolError

from ovoo_edge.backoff import Backoff
from ovoo_edge.pipeline_stage import Stage, StageResult
from ovoo_edge.sources.base import Chunk, Intake
from ovoo_edge.spool_rows import Group
from ovoo_edge.spool_service import SpoolService

__all__ = ["Pipeline", "PipelineClocks", "PipelineHealth", "complete_groups"]

_LOG = logging.getLogger(__name__)
_IDLE_S = 0.01
_IDLE_CHUNKS = 8
_TICK_S = 5.0


@dataclass(frozen=True, slots=True)
class PipelineClocks:
    """Time and chance, passed in."""

    wall_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    rng: random.Random


@dataclass(frozen=True, slots=True)
class PipelineHealth:
    """State for `/health`.

    Attributes:
        at_risk_s: age of the oldest sample that is not on disk yet, counted from when its source handed it over, so
            the wait in the intake is part of it; 0 when all are on disk.
        waiting_samples: rows in the intake.
        held_back: why the spool takes nothing now; empty when it does.
        counters: rows by what became of them.
    """

    at_risk_s: float
    waiting_samples: int
    held_back: str
    counters: dict[str, int]


class Pipeline:
    """Groups chunks for one commit interval, processes them on a thread of its own and commits.

    Args:
        intake: where chunks come from.
        stage: what is done with them.
        spool: where rows go.
        commit_s: interval between commits, > 0.
        clocks: time and chance.
        max_samples: a group is closed early at this many rows (half of the intake's bound).
    """

    def __init__(
        self,
        intake: Intake,
        stage: Stage,
        spool: SpoolService,
        commit_s: float,
        clocks: PipelineClocks,
        max_samples: int,
    ) -> None:
        self._intake = intake
        self._stage = stage
        self._spool = spool
        self._commit_s = commit_s
        self._clocks = clocks
        self._max_samples = max_samples
        self._oldest_s: float | None = None
        self._held_back = ""
        self._counters: Counter[str] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = False

    def health(self) -> PipelineHealth:
        """A snapshot; never blocks."""
        oldest_s = self._intake.oldest_s if self._oldest_s is None else self._oldest_s
        at_risk_s = 0.0 if oldest_s is None else self._clocks.monotonic_s() - oldest_s
        return PipelineHealth(at_risk_s, self._intake.samples, self._held_back, dict(self._counters))

    async def run(self) -> None:
        """Works until cancelled; what is in a group then was never acknowledged to its source."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pipeline") as worker:
            await self._patiently(self._spool.release_held)
            while True:
                chunks = await self._collect()
                result = await asyncio.get_running_loop().run_in_executor(
                    worker, self._stage.process, chunks, self._clocks.wall_ns()
                )
                await self._store(chunks, result)
                self._acknowledge(chunks, result)

    async def drained(self) -> None:
        """Returns once everything handed over so far is on disk, and what was held back for a verdict in rows.

        Nothing may be handed over afterwards.
        """
        while self._intake.chunks or not self._idle.is_set():
            await self._idle.wait()
            await asyncio.sleep(0)
        self._ended = True
        await self._patiently(self._spool.release_held)

    async def _collect(self) -> list[Chunk]:
        """The first chunk and what follows within the commit interval.

        It closes early when half the window is filled, or when sources fell silent after several chunks: they may be
        waiting for the acknowledgement that the commit brings.
        """
        first = await self._first()
        if first is None:
            return []
        chunks = [first]
        self._idle.clear()
        self._oldest_s = self._intake.taken_since_s
        rows = len(chunks[0].batch)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._commit_s
        # the first commit waits for nobody who is not at the door: whoever starts a gateway wants to see that it works
        company = _IDLE_CHUNKS if self._counters["commits"] else 1
        while rows < self._max_samples:
            patience = deadline if len(chunks) < company else min(deadline, loop.time() + _IDLE_S)
            try:
                async with asyncio.timeout_at(patience):
                    chunk = await self._intake.get()
            except TimeoutError:
                break
            chunks.append(chunk)
            rows += len(chunk.batch)
            if loop.time() >= deadline:
                break
        return chunks

    async def _first(self) -> Chunk | None:
        """The next chunk; None when it is time to look after signals that fell silent."""
        if not self._stage.holds:
            return await self._intake.get()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    return await self._intake.get()
            if not self._ended:
                self._idle.clear()
                return None

    async def _store(self, chunks: Sequence[Chunk], result: StageResult) -> None:
        groups = complete_groups(chunks, result)
        if groups:
            await self._patiently(lambda: self._spool.commit(*groups))
        self._counters["lost"] += sum(cell[0] for lost in result.lost.values() for cell in lost.values())

    async def _patiently(self, work: Callable[[], Awaitable[object]]) -> None:
        """Works, waiting as long as the spool refuses: meanwhile the intake fills and sources are held back."""
        backoff = Backoff(0.1, 5.0, self._clocks.rng)
        while True:
            try:
                await work()
            except SpoolError as error:
                if not self._held_back:
                    _LOG.error("event=spool_refuses detail=%r", str(error))
                self._held_back = str(error)
                await asyncio.sleep(backoff.next_s())
                continue
            if self._held_back:
                _LOG.warning("event=spool_accepts")
                self._held_back = ""
            return

    def _acknowledge(self, chunks: list[Chunk], result: StageResult) -> None:
        self._counters["chunks"] += len(chunks)
        self._counters["commits"] += 1
        for name in ("received", "derived", "suppressed", "duplicates", "shifted", "late", "findings"):
            self._counters[name] += getattr(result, name)
        self._oldest_s = None
        for chunk in chunks:
            if chunk.committed is not None:
                chunk.committed()
        self._idle.set()


def complete_groups(chunks: Sequence[Chunk], result: StageResult) -> list[Group]:
    """What to commit as one: rows and counts, and with them losses and how far the sources of the chunks are."""
    # a source's chunks are committed in the order in which it handed them over: its last one speaks for all before it
    newest = {chunk.source: chunk.position for chunk in chunks if chunk.position is not None}
    last = result.groups[-1]
    last.lost = result.lost
    last.positions.update({source: position() for source, position in newest.items()})
    return [group for group in result.groups if not group.is_empty]
