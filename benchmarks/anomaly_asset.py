"""A whole asset of 40 signals: wire message to findings, in blocks, row by row and message by message.

Blocks: one message of 1,024 rows through `AssetMonitor`: decoding, frames with NaN hold, principal components,
half-space forest and change points on 40 signals, two range checks, latches, score columns. Rows: the rows of a
decoded message through `RowMonitor`: NaN hold, the three multivariate models, latches; the row's share of
the decoding is added.
"""

from __future__ import annotations

import pathlib
import random
import statistics
import time
from array import array
from types import MappingProxyType

from ovoo_contract.address import AssetAddress
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, decode_batch, encode_batch
from ovoo_models.artifact import ModelSet, SignalUse, load, save
from ovoo_models.base import FrameBlock
from ovoo_models.monitor import AssetMonitor
from ovoo_models.rows import RowMonitor
from ovoo_models.train.fit import fit_frames
from ovoo_packs.templates import ModelBinding

__all__ = ["Asset"]

SIGNALS, ROWS, PERIOD_S = 40, 1024, 5.0
PERIOD_NS = round(PERIOD_S * 1e9)
MODELS = ("pca", "half_space", "change_point")
CHECKED = 2
"""Signals with a range check of their own, as a pack has for a few."""


class Asset:
    """The asset, its models trained on rows of normal work, and messages that never repeat a time."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._rng = random.Random(3)
        self._mix = [[self._rng.gauss(0, 1) for _ in range(4)] for _ in range(SIGNALS)]
        names = tuple(f"signal_{k:02d}" for k in range(SIGNALS))
        asset = AssetAddress.parse("bench/site/area/line/asset")
        bindings = [ModelBinding(m, m.replace("_", "-"), names, MappingProxyType({"settle_s": 0})) for m in MODELS]
        bindings += [
            ModelBinding("range", f"range-{k}", (names[k],), MappingProxyType({"low": 0.0, "high": 100.0}))
            for k in range(CHECKED)
        ]
        empty = ModelSet(str(asset), PERIOD_S, tuple(SignalUse(name) for name in names), tuple(bindings))
        self._values = array("d", [x for _ in range(8 * ROWS) for x in self._row()])
        times = array("q", range(PERIOD_NS, (8 * ROWS + 1) * PERIOD_NS, PERIOD_NS))
        trained = fit_frames(empty, FrameBlock(times, self._values, SIGNALS), {})
        self.model_kb = self._size_kb(folder, names, asset, times)
        save(folder / "asset.json", trained)
        self._monitor = AssetMonitor(load(folder / "asset.json"), asset, grace_s=0.0)
        rowwise = ModelSet(trained.asset, PERIOD_S, trained.signals, trained.bindings[: len(MODELS)], trained.states)
        self._rows = RowMonitor(rowwise, asset)
        self._index = {name: k for k, name in enumerate(names)}
        self._next = 10**6
        if not all(self._monitor.ready().values()):
            raise SystemExit(f"not every model has learned: {self._monitor.ready()}")

    def _row(self) -> list[float]:
        factors = [self._rng.gauss(0, 1) for _ in range(4)]
        return [round(50 + 3 * sum(a * b for a, b in zip(line, factors, strict=True)), 2) for line in self._mix]

    def _size_kb(self, folder: pathlib.Path, names: tuple[str, ...], asset: AssetAddress, times: array[int]) -> float:
        """Size of an artifact with both linear models of 40 signals."""
        bindings = tuple(ModelBinding(m, m, names, MappingProxyType({})) for m in ("mewma", "pca"))
        linear = ModelSet(str(asset), PERIOD_S, tuple(SignalUse(name) for name in names), bindings)
        save(folder / "linear.json", fit_frames(linear, FrameBlock(times, self._values, SIGNALS), {}))
        return (folder / "linear.json").stat().st_size / 1024

    def _message(self, rows: int) -> bytes:
        """The next rows as one wire message, signal by signal, stamped on."""
        first = self._next % (7 * ROWS)
        batch = SampleBatch.empty()
        times = array("q", range(self._next * PERIOD_NS, (self._next + rows) * PERIOD_NS, PERIOD_NS))
        for k in range(SIGNALS):
            batch.signal.extend(array("I", [k]) * rows)
            batch.time_ns.extend(times)
            batch.value.extend(self._values[first * SIGNALS + k : (first + rows) * SIGNALS : SIGNALS])
            batch.quality.extend(array("I", [0]) * rows)
        self._next += rows
        header = BatchHeader(catalogue_id="00" * 8, epoch=0, seq=1, receive_ns=times[-1])
        return encode_batch(header, batch)

    def _score(self, message: bytes, rows: int) -> None:
        done = self._monitor.process(decode_batch(message)[1], self._index, 1000)
        if len(done.batch) < rows - 1:
            raise SystemExit(f"{len(done.batch)} scores for {rows} rows")

    def once(self, figures: dict[str, list[float]]) -> None:
        """Processor time a row in messages of 1,024 rows, elapsed time of single rows and of messages of one row."""
        blocks = []
        for _ in range(6):
            message = self._message(ROWS)
            began = time.process_time()
            self._score(message, ROWS)
            blocks.append((time.process_time() - began) / ROWS)
        figures.setdefault("pipeline40_us", []).append(1e6 * min(blocks))
        single = sorted(self._single_us())
        figures.setdefault("pipeline40_p50_us", []).append(single[len(single) // 2])
        figures.setdefault("pipeline40_p99_us", []).append(single[int(0.99 * len(single))])
        figures.setdefault("pipeline40_message_us", []).append(self._message_us())

    def _single_us(self) -> list[float]:
        """Elapsed microseconds of each row of four decoded messages, with its share of the decoding."""
        taken = []
        process, clock = self._rows.process, time.perf_counter_ns
        for _ in range(4):
            message = self._message(ROWS)
            began = clock()
            batch = decode_batch(message)[1]
            share = (clock() - began) / ROWS
            values, times = batch.value, batch.time_ns
            for i in range(ROWS):
                at = clock()
                process(values[i::ROWS], times[i])
                taken.append((clock() - at + share) / 1e3)
        return taken

    def _message_us(self) -> float:
        """Median elapsed microseconds of a message of one row through `AssetMonitor`."""
        messages = [self._message(1) for _ in range(300)]
        taken = []
        for message in messages:
            at = time.perf_counter_ns()
            self._score(message, 1)
            taken.append(time.perf_counter_ns() - at)
        return statistics.median(taken) / 1e3
