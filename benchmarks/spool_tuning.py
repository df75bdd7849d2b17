"""What the commit interval costs: bytes a sample in the spool, time of a commit, sync calls a day.

5,000 signals at 1 Hz, each a random walk of hundredths with a millisecond of its own, for 60 s of plant
time; the rows of every interval become one commit of a real spool, as the gateway makes them. What is read back from
the file must be every sample that went in.
"""

from __future__ import annotations

import pathlib
import random
import statistics
import sys
import tempfile
import time
from array import array

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, BatchHeader, decode_batch, encode_batch
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import Group, RowMeta

from benchmarks import frame

SIGNALS = 5000
START_NS = 1_790_000_000_000_000_000
INTERVALS_MS = (50, 200, 1000, 5000)


def measure(options: frame.Options, result: frame.Result) -> int:
    """Every interval in turn."""
    catalogue = Catalogue(SignalEntry(Address.parse(f"e/s/a/l/x/s{n}"), "kW") for n in range(SIGNALS))
    columns = _plant(10 if options.quick else 60)
    for interval_ms in INTERVALS_MS:
        size, commits_ms = _run(catalogue, columns, interval_ms)
        result.add(f"bytes_per_sample_{interval_ms}ms", size, "bytes/sample")
        result.add(f"commit_{interval_ms}ms", statistics.median(commits_ms), "ms")
        result.add(f"commits_per_day_{interval_ms}ms", 86_400_000 / interval_ms, "1/day")
    result.notes.append("commit: median time of one durable transaction on this machine's disk, encoding not included")
    return 0


def _plant(seconds: int) -> list[tuple[int, int, float]]:
    """(time, signal, value), in order of time."""
    rng = random.Random(7)
    phase = [rng.randrange(1000) * 1_000_000 for _ in range(SIGNALS)]
    level = [rng.randrange(100_000) for _ in range(SIGNALS)]
    rows: list[tuple[int, int, float]] = []
    for second in range(seconds):
        for signal in range(SIGNALS):
            level[signal] += rng.randrange(-20, 21)
            rows.append((START_NS + second * 1_000_000_000 + phase[signal], signal, level[signal] / 100))
    rows.sort()
    return rows


def _run(catalogue: Catalogue, rows: list[tuple[int, int, float]], interval_ms: int) -> tuple[float, list[float]]:
    groups: dict[int, list[tuple[int, int, float]]] = {}
    for row in rows:
        groups.setdefault((row[0] - START_NS) // (interval_ms * 1_000_000), []).append(row)
    times_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ovoo-tuning-") as folder:
        path = pathlib.Path(folder) / "spool.db"
        with Spool.open(path, 256 << 20, sinks=("s",), epoch_source=lambda: 1, clock=time.time_ns) as spool:
            spool.add_catalogue(catalogue)
            for members in groups.values():
                group = _group(catalogue, members)
                began = time.perf_counter()
                spool.commit(group)
                times_ms.append((time.perf_counter() - began) * 1e3)
            kept = spool.pending("s", 1 << 30)
            stored = sum(len(decode_batch(row.payload)[1]) for row in kept)
            if stored != len(rows):
                raise RuntimeError(f"{stored} of {len(rows)} samples are in the spool")
            return sum(len(row.payload) for row in kept) / len(rows), times_ms


def _group(catalogue: Catalogue, rows: list[tuple[int, int, float]]) -> Group:
    batch = SampleBatch(
        array("I", [row[1] for row in rows]),
        array("q", [row[0] for row in rows]),
        array("d", [row[2] for row in rows]),
        array("I", bytes(4 * len(rows))),
    ).sorted()
    group = Group()
    for start in range(0, len(batch), 10_000):
        part = batch.take(range(start, min(start + 10_000, len(batch))))
        header = BatchHeader(catalogue_id=catalogue.id, epoch=0, seq=0, receive_ns=START_NS)
        meta = RowMeta(len(part), min(part.time_ns), max(part.time_ns))
        group.append("batch", catalogue.id, encode_batch(header, part, CODEC_ZLIB), meta)
    return group


if __name__ == "__main__":
    sys.exit(frame.run("spool_tuning", measure, description=(__doc__ or "").strip(), measures=frame.GATEWAY))
