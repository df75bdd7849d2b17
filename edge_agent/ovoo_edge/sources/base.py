"""What a source is: it turns a device, a broker or a file into column chunks and waits until they are on disk.

A source owns its connection, its retries and its acknowledgements. The pipeline owns everything after `Intake.put`.
All of it runs in one event loop; `Chunk.committed` is called there too, once, after the spool's commit.
"""

from __future__ import annotations

import asyncio
import pathlib
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.state_file import StateFile

__all__ = [
    "CertificateLevel",
    "CertificateRole",
    "Chunk",
    "Intake",
    "SignalMap",
    "Source",
    "SourceCertificate",
    "SourceContext",
    "SourceGap",
    "SourceHealth",
    "SourceProblem",
    "SourceState",
]

SourceState = Literal["idle", "connecting", "running", "degraded", "retrying", "stopped", "finished", "failed"]
CertificateRole = Literal["own", "next", "server", "authority"]
CertificateLevel = Literal["ok", "notice", "warning", "critical", "expired", "early"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples handed over together, in the order the source saw them (not sorted, not scaled).

    Attributes:
        batch: columns; `signal` holds indexes of the gateway's catalogue.
        committed: called once when every row is durable in the spool (or was counted as dropped there); None when
            the source has nothing to acknowledge.
        source: name of the source.
        flags: wire flags (`ovoo_contract.wire.FLAG_*`) that the batch must carry.
        receive_ns: UTC time at which the gateway received the samples.
        position: gives the source's own bytes for "everything up to this chunk is on disk"; they become durable in
            the same transaction as the rows and come back in `SourceContext.position`. Called in the event loop, and
            only for the last chunk of a commit; None leaves the source's earlier position as it is.
        clock_offset_ns: source clock minus gateway clock where that clock is known to be off, else 0.
    """

    batch: SampleBatch
    committed: Callable[[], None] | None
    source: str
    flags: int = 0
    receive_ns: int = 0
    position: Callable[[], bytes] | None = None
    clock_offset_ns: int = 0


class Intake:
    """The bounded queue between all sources and the pipeline; a full one makes `put` wait, nothing is ever dropped.

    Args:
        max_samples: rows that may wait, > 0. One chunk larger than that passes alone.
        monotonic_s: clock for the age of what waits; the pipeline's.

    Attributes:
        taken_since_s: when the chunk that was taken last had been handed over.
    """

    def __init__(self, max_samples: int = 200_000, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._max_samples = max_samples
        self._monotonic_s = monotonic_s
        self._chunks: deque[tuple[float, Chunk]] = deque()
        self.taken_since_s = 0.0
        self._samples = 0
        self._changed = asyncio.Condition()

    @property
    def samples(self) -> int:
        """Rows waiting now."""
        return self._samples

    @property
    def chunks(self) -> int:
        """Chunks waiting now."""
        return len(self._chunks)

    @property
    def oldest_s(self) -> float | None:
        """When the oldest waiting chunk was handed over, on the monotonic clock; None when nothing waits."""
        return self._chunks[0][0] if self._chunks else None

    async def put(self, chunk: Chunk) -> None:
        """Hands a chunk over, waiting while the queue is full."""
        rows = len(chunk.batch)
        since_s = self._monotonic_s()
        async with self._changed:
            await self._changed.wait_for(lambda: not self._chunks or self._samples + rows <= self._max_samples)
            self._chunks.append((since_s, chunk))
            self._samples += rows
            self._changed.notify_all()

    async def get(self) -> Chunk:
        """The oldest chunk, waiting for one."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._chunks))
            self.taken_since_s, chunk = self._chunks.popleft()
            self._samples -= len(chunk.batch)
            self._changed.notify_all()
        return chunk

    async def take(self, max_samples: int) -> list[Chunk]:
        """The oldest chunks, at least one and as many as fit in `max_samples` rows, waiting for the first."""
        taken = [await self.get()]
        rows = len(taken[0].batch)
        async with self._changed:
            while self._chunks and rows + len(self._chunks[0][1].batch) <= max_samples:
                _, chunk = self._chunks.popleft()
                taken.append(chunk)
                rows += len(chunk.batch)
                self._samples -= len(chunk.batch)
            self._changed.notify_all()
        return taken


@dataclass(frozen=True, slots=True)
class SignalMap:
    """Where one signal of the catalogue is found in its source.

    Attributes:
        index: row of the gateway's catalogue.
        address: the full address, for messages and for remapping of replay files.
        reference: OPC UA node id (`nsu=...;s=...`), MQTT topic or topic filter, or CSV column, as the driver reads it;
            may be empty where the address alone decides (MQTT template, replay).
        path: JSON path inside the payload (MQTT), else empty.
        element: which element of an array value counts, >= 0.
        freshness_s: longest silence before a "no communication" row is written; 0 = no deadline.
        period_s: nominal step between samples, > 0.
        keep_times: keep server and receive time as side columns.
        is_text: the signal is a text, so a number in quotes stays one.
    """

    index: int
    address: str
    reference: str = ""
    path: str = ""
    element: int = 0
    freshness_s: float = 0.0
    period_s: float = 1.0
    keep_times: bool = False
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """One thing that is wrong and what a person can do about it."""

    offender: str
    status: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SourceGap:
    """An interval [start_ns, end_ns) in which messages went missing on their way.

    Attributes:
        start_ns, end_ns: UTC.
        cause: why.
        messages: how many, 0 = unknown.
        number: tells gaps of one source apart.
        outcome: what the source's history gave back: empty while nothing is known, "filled", or why it is not.
        filled: samples read from the history.
        missing_at_most: samples that the signals' nominal steps ask for where the history gave nothing; a source that
            reports changes only had fewer. None: not known, because an end or the outcome is not.
    """

    start_ns: int
    end_ns: int
    cause: str
    messages: int = 0
    number: int = 0
    outcome: str = ""
    filled: int = 0
    missing_at_most: int | None = None


@dataclass(frozen=True, slots=True)
class SourceCertificate:
    """A certificate that a source depends on.

    Attributes:
        role: ours, our next one, a trusted server's or a trusted authority's.
        subject: as RFC 4514 writes it.
        fingerprint: SHA-256, hexadecimal.
        not_after_ns: UTC end of its validity.
        days_left: whole days until then, negative afterwards.
        level: `notice` from 60 days before the end, `warning` from 30, `critical` from 7; `early` = not valid yet.
        in_use: the present connection uses it.
        note: what does not fit but was let pass by the settings, such as a host name; else "".
    """

    role: CertificateRole
    subject: str
    fingerprint: str
    not_after_ns: int
    days_left: int
    level: CertificateLevel
    in_use: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """State of a source for `/health`; counters only ever grow while the process lives.

    `silent` are the catalogue indexes of signals that are past their deadline.
    """

    name: str
    driver: str
    state: SourceState
    detail: str = ""
    last_sample_ns: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[SourceProblem, ...] = ()
    gaps: tuple[SourceGap, ...] = ()
    certificates: tuple[SourceCertificate, ...] = ()
    silent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceContext:
    """The outside world, passed in.

    Attributes:
        state_dir: folder of this gateway's sources; a source writes only files that start with its own name.
        wall_ns: UTC now in nanoseconds.
        monotonic_s: a clock that never jumps, seconds.
        rng: jitter of retries.
        settle_s: how long a cancelled source waits for the commits of what it handed over, to acknowledge them.
        position: what this source's last committed chunk gave as its position; empty before the first.
        runtime_dir: folder in memory that outlives this process and not the machine: for what `state_dir` refuses
            while its disk is full or read-only; None where there is none.
    """

    state_dir: pathlib.Path
    wall_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    rng: random.Random
    settle_s: float = 3.0
    position: bytes = b""
    runtime_dir: pathlib.Path | None = None

    def state_file(self, name: str) -> StateFile:
        """A small state of a source in `state_dir`, or in `runtime_dir` while the disk refuses."""
        return StateFile(name, self.state_dir, self.runtime_dir)


class Source(Protocol):
    """A driver instance. `run` returns only when the source has nothing more to give (a replayed file)."""

    @property
    def name(self) -> str:
        """The name given in the configuration."""

    async def run(self, intake: Intake) -> None:
        """Feeds the intake until cancelled; what a person can mend outside (server, certificate) is retried inside."""

    def health(self) -> SourceHealth:
        """What `/health` shows; never blocks."""
