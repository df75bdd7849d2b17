"""Bytes a sample costs on the wire, for real data sets and the simulated plants, beside JSON and line protocol.

Rows come at 1 Hz, every sample with its own millisecond source time (-20 to +20 ms), in messages of at least 1,000
rows sorted by signal, header and checksum included. Every message is decoded again and compared bit for bit.
"""

from __future__ import annotations

import gzip
import json
import math
import pathlib
import random
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract._select import COMPILED
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.line_protocol import LineEncoder
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, decode_batch, encode_batch
from ovoo_simulator.datasets import read_dataset
from ovoo_simulator.plants import PLANTS, create_plant

from benchmarks import frame

START_NS = 1_767_232_800_000_000_000  # 2026-01-01 10:00 in Shanghai, after the plants' origin
ROWS = 1000
PLANT_STEPS = 120
SETS = {
    "steel": "steel-energy/Steel_industry_data.csv",
    "tep": "tep/d00.dat",
    "compressor": "air-compressor/metropt3_first_1000.csv",
}


@dataclass(frozen=True, slots=True)
class Stream:
    """Values and qualities per signal, one step a second, with the catalogue that names the signals."""

    catalogue: Catalogue
    values: list[list[float]]
    qualities: list[list[int]]

    def messages(self, chance: random.Random, jitter_ms: int) -> Iterator[SampleBatch]:
        """Batches of at least `ROWS` rows (the last one may be smaller)."""
        steps = len(self.values[0])
        window = math.ceil(ROWS / len(self.values))
        for start in range(0, steps, window):
            yield self._window(range(start, min(start + window, steps)), chance, jitter_ms)

    def _window(self, steps: range, chance: random.Random, jitter_ms: int) -> SampleBatch:
        batch = SampleBatch.empty()
        for signal, (values, qualities) in enumerate(zip(self.values, self.qualities, strict=True)):
            batch.signal.extend(array("I", [signal]) * len(steps))
            batch.time_ns.extend(
                START_NS + step * 10**9 + chance.randint(-jitter_ms, jitter_ms) * 10**6 for step in steps
            )
            batch.value.extend(values[steps.start : steps.stop])
            batch.quality.extend(qualities[steps.start : steps.stop])
        return batch


def data_stream(path: pathlib.Path, most: int) -> Stream:
    """The first `most` rows of a data set's file."""
    data = read_dataset(path)
    values = [column[:most] for column in data.value.tolist()]
    base = "bench/set/area/line/asset"
    entries = [SignalEntry(Address.parse(f"{base}/s{place}"), "1") for place in range(len(values))]
    return Stream(Catalogue(entries), values, [[0] * len(values[0]) for _ in values])


def plant_stream(name: str, steps: int) -> Stream:
    """One simulated plant, a step a second."""
    plant = create_plant(name)
    columns = plant.simulate(START_NS, 10**9, steps)
    return Stream(plant.catalogue, columns.value.tolist(), columns.quality.tolist())


@dataclass(slots=True)
class Tally:
    """Samples and bytes so far."""

    samples: int = 0
    wire: int = 0
    json: int = 0
    lines: int = 0

    def add(self, stream: Stream, batch: SampleBatch, compare: bool) -> None:
        """Encodes one message each way; raises ValueError if the wire batch does not come back."""
        header = BatchHeader(
            catalogue_id=stream.catalogue.id, epoch=2**63 + 11, seq=1 + self.samples, receive_ns=START_NS
        )
        message = encode_batch(header, batch)
        if not decode_batch(message)[1].columns_equal(batch):
            raise ValueError("a message did not decode to the same columns")
        self.samples += len(batch)
        self.wire += len(message)
        if compare:
            self.json += len(_json(stream, batch))
            self.lines += len(gzip.compress(LineEncoder(stream.catalogue).encode(batch), 6, mtime=0))


def _json(stream: Stream, batch: SampleBatch) -> bytes:
    """The plain shape that most gateways send: one object a sample with name, milliseconds, value and quality."""
    names = ["/".join(str(entry.address).split("/")[2:]) for entry in stream.catalogue.entries]
    rows = [
        {"n": names[signal], "t": time_ns // 10**6, "v": None if value != value else value, "q": quality}
        for signal, time_ns, value, quality in zip(batch.signal, batch.time_ns, batch.value, batch.quality, strict=True)
    ]
    return json.dumps(rows, separators=(",", ":")).encode()


def measure(options: frame.Options, result: frame.Result) -> int:
    """All sets, then the comparisons over all of them together, then the speeds."""
    chance = random.Random(1)
    everything = Tally()
    most = 2_000 if options.quick else 35_040
    files = [frame.DATA / name for name in SETS.values()]
    streams = {key: [data_stream(path, most)] for key, path in zip(SETS, files, strict=True) if path.exists()}
    result.notes += [f"data set absent: ../shared/data/{SETS[key]}" for key in SETS if key not in streams]
    streams["simulators"] = [plant_stream(name, PLANT_STEPS if options.quick else 10 * PLANT_STEPS) for name in PLANTS]
    for key, members in streams.items():
        tally, even = Tally(), Tally()
        for stream in members:
            for batch in stream.messages(chance, 20):
                tally.add(stream, batch, compare=False)
                everything.add(stream, batch, compare=True)
            for batch in stream.messages(chance, 0):
                even.add(stream, batch, compare=False)
        result.add(key, tally.wire / tally.samples, "bytes/sample")
        result.add(f"{key}_even_times", even.wire / even.samples, "bytes/sample")
    result.add("json", everything.json / everything.samples, "bytes/sample")
    result.add("line_protocol_gzip", everything.lines / everything.samples, "bytes/sample")
    _speeds(streams["simulators"][0], 1 if options.quick else 5, result)
    result.notes += [
        f"{everything.samples} samples, every message decoded and compared bit for bit",
        "1 Hz, each sample with its own time jitter of +-20 ms; *_even_times has none",
        "json: one object a sample, uncompressed; line_protocol_gzip: level 6 per message",
        "sparkplug is left out: its codec comes with a later part",
        f"kernels {'compiled' if COMPILED else 'in plain Python'}; data SHA-256 "
        + frame.data_digest(*(path for path in files if path.exists())),
    ]
    return 0


def _speeds(stream: Stream, repeats: int, result: frame.Result) -> None:
    batch = SampleBatch.concat(list(stream.messages(random.Random(2), 20))).sorted()
    header = BatchHeader(catalogue_id=stream.catalogue.id, epoch=1, seq=1, receive_ns=START_NS)
    message, lines = encode_batch(header, batch), LineEncoder(stream.catalogue)
    actions: dict[str, Callable[[], object]] = {
        "encode": lambda: encode_batch(header, batch),
        "encode_uncompressed": lambda: encode_batch(header, batch, 0),
        "decode": lambda: decode_batch(message),
        "line_protocol": lambda: lines.encode(batch),
    }
    for key, action in actions.items():
        result.add_repeats(f"{key}_speed", [_rate(action, len(batch)) for _ in range(repeats)], "samples/s")


def _rate(action: Callable[[], object], samples: int) -> float:
    calls, start = 0, time.perf_counter()
    while True:
        action()
        calls += 1
        seconds = time.perf_counter() - start
        if seconds > 0.2:
            return calls * samples / seconds


if __name__ == "__main__":
    sys.exit(frame.run("wire_size", measure, description=__doc__ or "", measures=("contract", "simulator")))
