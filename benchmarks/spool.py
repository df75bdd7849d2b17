"""The gateway's spool: how long a file of 10 GB takes to open, how fast a backlog leaves, how long live data wait.

The backlog goes to a real cloud (Mosquitto, `ovoo-cloud ingest`, InfluxDB) while a gateway of 1,000 signals at 1 Hz
goes on working; the count in the store must equal what was committed, otherwise the benchmark fails.
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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, encode_batch
from ovoo_edge.sinks.base import SinkContext
from ovoo_edge.sinks.registry import create_sink
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group, RowMeta
from ovoo_edge.spool_service import SpoolReader, SpoolService

from benchmarks import frame
from tests.system.line import Line

SIGNALS = 1000
GATEWAY, ENTERPRISE, SITE = "spool-gw", "spool", "site"
ROW_BYTES = 5000
"""A commit of 200 ms of 5,000 signals at 1 Hz and 5 bytes a sample."""
GROUP_ROWS = 1800


def measure(options: frame.Options, result: frame.Result) -> int:
    """The large file, then the backlog."""
    with tempfile.TemporaryDirectory(prefix="ovoo-spool-", dir=options.arguments.folder) as name:
        size = (1 << 28) if options.quick else 10 * 10**9
        opens = open_times(pathlib.Path(name) / "large", size, 1 if options.quick else 5)
        result.add_repeats("open_10gb_s" if not options.quick else "open_quarter_gb_s", opens, "s")
    with tempfile.TemporaryDirectory(prefix="ovoo-spool-", dir=options.arguments.folder) as name:
        seconds = 120 if options.quick else 1800
        return asyncio.run(_drain(pathlib.Path(name), seconds, result))


def open_times(folder: pathlib.Path, size: int, repeats: int) -> list[float]:
    """Seconds until a spool of `size` bytes takes and gives rows, with the page cache dropped before."""
    path, chance = folder / "spool.db", random.Random(1)
    with _opened(path, size) as spool:
        row = 0
        while spool.gauges().used_bytes < 0.93 * spool.gauges().limit_bytes:
            group = Group()
            for _ in range(GROUP_ROWS):
                row += 1
                time_ns = 1_790_000_000_000_000_000 + row * 200_000_000
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


def _opened(path: pathlib.Path, size: int) -> Spool:
    return Spool.open(path, size, sinks=["cloud"], epoch_source=lambda: 7, clock=time.time_ns)


def _drop_cache(path: pathlib.Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _catalogue() -> Catalogue:
    base = f"{ENTERPRISE}/{SITE}/area/line/asset"
    return Catalogue(SignalEntry(Address.parse(f"{base}/s{index:04d}"), "kW") for index in range(SIGNALS))


def _second(time_ns: int, chance: random.Random) -> SampleBatch:
    return SampleBatch(
        array("I", range(SIGNALS)),
        array("q", [time_ns + chance.randint(0, 20) * 1_000_000] * SIGNALS),
        array("d", [round(chance.uniform(0, 500), 2) for _ in range(SIGNALS)]),
        array("I", bytes(4 * SIGNALS)),
    )


def _group(catalogue: Catalogue, batch: SampleBatch) -> Group:
    group = Group()
    payload = encode_batch(BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=0), batch)
    group.append("batch", catalogue.id, payload, RowMeta(len(batch), min(batch.time_ns), max(batch.time_ns)))
    return group


async def _drain(folder: pathlib.Path, seconds: int, result: frame.Result) -> int:
    catalogue, chance = _catalogue(), random.Random(2)
    with Line(folder / "line") as line:
        line.ingest.start()
        line.enrol(GATEWAY, ENTERPRISE, SITE)
        async with SpoolService(lambda _damage: _opened(folder / "spool.db", 1 << 30)) as spool:
            await spool.add_catalogue(catalogue)
            await _acquaint(spool, line, catalogue, chance)
            start_ns = time.time_ns() - (seconds + 600) * 10**9
            for group in _backlog(catalogue, start_ns, seconds, chance):
                await spool.commit(group)
            reader = spool.reader("cloud")
            async with _uplink(line, catalogue, reader):
                spent_s, waits = await _work(spool, reader, catalogue, seconds, chance)
        committed = (1 + seconds + len(waits)) * SIGNALS
        query = "SELECT count(value) FROM telemetry"
        stored = line.influx.query(f"ovoo_{ENTERPRISE}", query)[0]["count"]
    result.add("drain_ratio", seconds / spent_s, "x real time")
    result.add("live_wait_s", statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0], "s")
    result.add("live_wait_max_s", max(waits), "s")
    result.notes += [
        f"{SIGNALS} signals at 1 Hz, backlog of {seconds} s, drained in {spent_s:.1f} s with live data going on",
        f"live_wait_s: 95th percentile of {len(waits)} commits, until the cloud's acknowledgement was taken",
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
    await spool.commit(_group(catalogue, _second(time.time_ns() - 4_000 * 10**9, chance)))
    async with _uplink(line, catalogue, reader):
        while await reader.pending(1):
            await asyncio.sleep(0.05)


def _backlog(catalogue: Catalogue, start_ns: int, seconds: int, chance: random.Random) -> Iterator[Group]:
    for second in range(seconds):
        yield _group(catalogue, _second(start_ns + second * 10**9, chance))


async def _work(
    spool: SpoolService, reader: SpoolReader, catalogue: Catalogue, seconds: int, chance: random.Random
) -> tuple[float, list[float]]:
    """Commits a second of live data each second until the backlog is gone; gives the time it took and the waits."""
    began, waits = time.monotonic(), []
    while await reader.pending(1, before=seconds + 2):
        committed = time.monotonic()
        (seq,) = await spool.commit(_group(catalogue, _second(time.time_ns(), chance)))
        while await reader.pending(1, after=seq - 1, before=seq + 1):
            await asyncio.sleep(0.01)
        waits.append(time.monotonic() - committed)
        await asyncio.sleep(max(0.0, committed + 1 - time.monotonic()))
    return time.monotonic() - began, waits


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


if __name__ == "__main__":
    sys.exit(frame.run("spool", measure, description=__doc__ or "", measures=frame.LINE, extra=_options))
