"""The gateway's spool: how long a file of 10 GB takes to open, how fast a backlog leaves, how long live data wait.

The backlog goes to a real cloud (Mosquitto, `ovoo-cloud ingest`, InfluxDB) while a gateway of 5,000 signals at 1 Hz
goes on committing every 200 ms; a live row waits from its commit until the cloud's acknowledgement was taken. The count
in the store must equal what was committed, and a spool that is filled far beyond its budget, with every policy in use,
must account for every sample and never be larger on disk than it may; otherwise the benchmark fails.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, encode_batch
from ovoo_edge.sinks.base import SinkContext
from ovoo_edge.sinks.registry import create_sink
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.spool import Spool
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_rows import Group, RowMeta
from ovoo_edge.spool_service import SpoolReader, SpoolService

from benchmarks import frame
from tests.system.line import Line

SIGNALS = 5000
COMMITS_PER_S = 5
FILL_SIGNALS, FILL_ROWS = 999, 10
GATEWAY, ENTERPRISE, SITE = "spool-gw", "spool", "site"
ROW_BYTES = 5000
"""A commit of 200 ms of 5,000 signals at 1 Hz and 5 bytes a sample."""
GROUP_ROWS = 1800
SECOND = 1_000_000_000
T0 = 1_790_000_000 * SECOND
VALUES = array("d", [hundredths / 100 for hundredths in random.Random(5).choices(range(50_000), k=100_000)])
"""Hundredths; every row of samples is a stretch of them that begins somewhere."""


def measure(options: frame.Options, result: frame.Result) -> int:
    """The large file, the file at its budget, then the backlog."""
    quick = options.quick
    with tempfile.TemporaryDirectory(prefix="ovoo-spool-", dir=options.arguments.folder) as name:
        size = 1 << 26 if quick else 10 * 10**9
        opens = open_times(pathlib.Path(name) / "large", size, 1 if quick else 5)
        result.add_repeats("open_s", opens, "s")
        result.notes.append(f"open_s: a file of {size / 1e9:.3g} GB out of the disk, until rows are taken and given")
    with tempfile.TemporaryDirectory(prefix="ovoo-spool-", dir=options.arguments.folder) as name:
        bad = fill(pathlib.Path(name), 16 if quick else 32, result)
    with tempfile.TemporaryDirectory(prefix="ovoo-spool-", dir=options.arguments.folder) as name:
        seconds = 60 if quick else options.arguments.backlog_s
        return asyncio.run(_drain(pathlib.Path(name), seconds, result)) or bad


def open_times(folder: pathlib.Path, size: int, repeats: int) -> list[float]:
    """Seconds until a spool of `size` bytes takes and gives rows, with the page cache dropped before."""
    path, chance = folder / "spool.db", random.Random(1)
    with _opened(path, size) as spool:
        row = 0
        while spool.gauges().used_bytes < 0.93 * spool.gauges().limit_bytes:
            group = Group()
            for _ in range(min(GROUP_ROWS, size // 100 // ROW_BYTES)):
                row += 1
                time_ns = T0 + row * SECOND // COMMITS_PER_S
                group.append("batch", "0" * 16, chance.randbytes(ROW_BYTES), RowMeta(1000, time_ns, time_ns))
            spool.commit(group)
    found = []
    for _ in range(repeats):
        _drop_cache(path)
        began = time.perf_counter()
        with _opened(path, size) as spool:
            group = Group()
            group.append("batch", "0" * 16, b"x", RowMeta(1, 0, 0))
            spool.commit(group)
            if not spool.pending("cloud", 1):
                raise ValueError("the spool gave nothing")
            found.append(time.perf_counter() - began)
    return found


def fill(folder: pathlib.Path, budget_mib: int, result: frame.Result) -> int:
    """Three times the budget into a spool whose classes have a policy each; 1 when a byte or a sample is missing."""
    policy = SpoolPolicy(("drop_newest", "thin", "drop_oldest"))
    path, catalogue, chance = folder / "spool.db", _catalogue(FILL_SIGNALS), random.Random(4)
    most = samples = size = second = 0
    spent: list[float] = []
    with _opened(path, budget_mib << 20, policy) as spool:
        spool.add_catalogue(catalogue)
        while size < 3 * budget_mib << 20:
            group = Group()
            for _ in range(FILL_ROWS):
                for rank in range(3):
                    batch = _rows(T0 + second * SECOND, chance, range(rank, FILL_SIGNALS, 3))
                    group.rows += _group(catalogue, batch, rank).rows
                    samples += len(batch)
                second += 1
            began = time.perf_counter()
            spool.commit(group)
            spent.append(time.perf_counter() - began)
            size += group.size
            most = max(most, sum(file.stat().st_size for file in folder.glob("spool.db*")))
        kept = sum(row.rows for row in spool.pending("cloud", 1 << 30))
        lost = spool.gauges().lost["cloud"]
    result.add("peak_of_budget", most / (budget_mib << 20), "share")
    result.add("full_commit_max_s", max(spent), "s")
    named = ", ".join(f"{count} {cause}" for cause, count in sorted(lost.items()))
    result.notes.append(f"full: {samples} samples into {budget_mib} MiB, {kept} kept; lost: {named}")
    return 0 if kept + sum(lost.values()) == samples and most <= budget_mib << 20 else 1


def _opened(path: pathlib.Path, size: int, policy: SpoolPolicy | None = None) -> Spool:
    return Spool.open(
        path, size, sinks=["cloud"], epoch_source=lambda: 7, clock=time.time_ns, policy=policy or SpoolPolicy()
    )


def _drop_cache(path: pathlib.Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _catalogue(signals: int = SIGNALS) -> Catalogue:
    base = f"{ENTERPRISE}/{SITE}/area/line/asset"
    return Catalogue(SignalEntry(Address.parse(f"{base}/s{index:04d}"), "kW") for index in range(signals))


def _rows(time_ns: int, chance: random.Random, members: range) -> SampleBatch:
    """One sample of each of these signals."""
    signals = array("I", members)
    start = chance.randrange(len(VALUES) - len(signals))
    return SampleBatch(
        signals,
        array("q", [time_ns + chance.randint(0, 20) * 1_000_000] * len(signals)),
        VALUES[start : start + len(signals)],
        array("I", bytes(4 * len(signals))),
    )


def _group(catalogue: Catalogue, batch: SampleBatch, rank: int = 0) -> Group:
    group = Group()
    payload = encode_batch(BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=0), batch)
    group.append("batch", catalogue.id, payload, RowMeta(len(batch), min(batch.time_ns), max(batch.time_ns), rank))
    return group


@dataclass(slots=True)
class Waits:
    """Live rows that were committed and when they were acknowledged."""

    since_s: dict[int, float] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    samples: int = 0

    def committed(self, seq: int, samples: int, now_s: float) -> None:
        """A live row is on disk."""
        self.since_s[seq] = now_s
        self.samples += samples

    def look(self, unacknowledged: set[int], now_s: float) -> None:
        """Whatever is not among these was acknowledged by now."""
        for seq in self.since_s.keys() - unacknowledged:
            self.seconds.append(now_s - self.since_s.pop(seq))


async def _drain(folder: pathlib.Path, seconds: int, result: frame.Result) -> int:
    catalogue, chance = _catalogue(), random.Random(2)
    with Line(folder / "line") as line:
        line.ingest.start()
        line.enrol(GATEWAY, ENTERPRISE, SITE)
        async with SpoolService(lambda _damage: _opened(folder / "spool.db", 1 << 30)) as spool:
            await spool.add_catalogue(catalogue)
            await _acquaint(spool, line, catalogue, chance)
            for group in _backlog(catalogue, time.time_ns() - (seconds + 600) * SECOND, seconds, chance):
                await spool.commit(group)
            reader, waits, last = spool.reader("cloud"), Waits(), spool.last_seq
            async with _uplink(line, catalogue, reader):
                began = time.monotonic()
                spent_s = await _work(spool, reader, catalogue, last, waits, chance) - began
        committed = SIGNALS * (1 + seconds) + waits.samples
        stored = line.influx.query(f"ovoo_{ENTERPRISE}", "SELECT count(value) FROM telemetry")[0]["count"]
    result.add("drain_ratio", seconds / spent_s, "x real time")
    cuts = statistics.quantiles(waits.seconds, n=100, method="inclusive")
    for key, value in (("p50", cuts[49]), ("p99", cuts[98]), ("max", max(waits.seconds))):
        result.add(f"live_wait_{key}_s", value, "s")
    result.notes += [
        f"{SIGNALS} signals at 1 Hz, backlog of {seconds} s, drained in {spent_s:.1f} s with live data going on",
        f"live_wait: {len(waits.seconds)} commits while the backlog went out",
        f"{committed} samples committed, {stored} in the store",
    ]
    return 0 if stored == committed else 1


@asynccontextmanager
async def _uplink(line: Line, catalogue: Catalogue, reader: SpoolReader) -> AsyncIterator[None]:
    settings = MqttSinkSettings("cloud", "127.0.0.1", line.broker.port, scope="site")
    task = asyncio.create_task(create_sink(settings, _context(catalogue)).run(reader))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _acquaint(spool: SpoolService, line: Line, catalogue: Catalogue, chance: random.Random) -> None:
    """The first sample ever: the cloud learns the catalogue and makes the database; then the uplink goes down."""
    reader = spool.reader("cloud")
    await spool.commit(_group(catalogue, _rows(time.time_ns() - 86_400 * SECOND, chance, range(SIGNALS))))
    async with _uplink(line, catalogue, reader):
        while await reader.pending(1):
            await asyncio.sleep(0.05)


def _backlog(catalogue: Catalogue, start_ns: int, seconds: int, chance: random.Random) -> Iterator[Group]:
    """A second a group, as five rows: what five commits would have left."""
    for second in range(seconds):
        group = Group()
        for part in range(COMMITS_PER_S):
            time_ns = start_ns + second * SECOND + part * SECOND // COMMITS_PER_S
            group.rows += _group(catalogue, _rows(time_ns, chance, range(part, SIGNALS, COMMITS_PER_S))).rows
        yield group


async def _work(
    spool: SpoolService,
    reader: SpoolReader,
    catalogue: Catalogue,
    last: int,
    waits: Waits,
    chance: random.Random,
) -> float:
    """Goes on committing live data until the backlog is gone and every live row is acknowledged; when it was gone."""
    drained = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_watch(reader, last, waits, drained))
        began, count = time.monotonic(), 0
        while not drained.is_set():
            batch = _rows(time.time_ns(), chance, range(count % COMMITS_PER_S, SIGNALS, COMMITS_PER_S))
            (seq,) = await spool.commit(_group(catalogue, batch))
            waits.committed(seq, len(batch), time.monotonic())
            count += 1
            await asyncio.sleep(max(0.0, began + count / COMMITS_PER_S - time.monotonic()))
    return watching.result()


async def _watch(reader: SpoolReader, last: int, waits: Waits, drained: asyncio.Event) -> float:
    gone_s = 0.0
    while not drained.is_set() or waits.since_s:
        unacknowledged = {row.seq for row in await reader.pending(1 << 20, after=last)}
        waits.look(unacknowledged, time.monotonic())
        if not drained.is_set() and not await reader.pending(1, before=last + 1):
            gone_s = time.monotonic()
            drained.set()
        await asyncio.sleep(0.02)
    return gone_s


def _context(catalogue: Catalogue) -> SinkContext:
    async def figures() -> dict[str, float]:
        return {}

    return SinkContext(
        gateway=GATEWAY,
        enterprise=ENTERPRISE,
        catalogue=catalogue,
        software="benchmark",
        wall_ns=time.time_ns,
        monotonic_s=time.monotonic,
        rng=random.Random(3),
        draining=asyncio.Event(),
        counters=figures,
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", help="on which disk; default: that for temporary files")
    parser.add_argument("--backlog-s", type=int, default=1800, help="seconds of plant time that wait (1800)")


if __name__ == "__main__":
    sys.exit(frame.run("spool", measure, description=__doc__ or "", measures=frame.LINE, extra=_options))
