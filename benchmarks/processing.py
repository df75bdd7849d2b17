"""Values a core processes per second on the gateway: scale, deadband, swinging door, one-minute figures.

Every stage gets the same batches, sorted by signal and time: 1,000 signals with 100 samples each (a backlog or a second
of fast signals), different values at every repeat, state carried on from batch to batch. A stage counts from the
columns it gets to the columns it gives: marks, rows that stay taken out, state kept. `values_per_s` is all four, one
after the other, each on every value. `live_*` are batches with one sample a signal (5,000 at 1 Hz), where the cost per
call and per signal shows. `stage` is the pipeline's whole step, encoding and counts included.
Nothing may be lost: kept + suppressed + held must be the number of values, and minutes must count them all.
"""

from __future__ import annotations

import math
import pathlib
import random
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch
from ovoo_edge._select import COMPILED, process_kernels
from ovoo_edge.minutes import FIGURES, Minutes, figure_entries
from ovoo_edge.normalise import Normaliser, SignalRule
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.sources.base import Chunk
from ovoo_edge.thinning import Thinning
from ovoo_edge.verdicts import AGGREGATED, HELD, KEPT, SUPPRESSED, Keep
from ovoo_edge.watermark import Watermark

from benchmarks import frame

START_NS = 1_790_000_000_000_000_000
SECOND_NS = 1_000_000_000
STAGES = ("scale", "deadband", "swinging_door", "aggregate")
ERROR = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Signals and samples of each in one batch."""

    signals: int
    each: int

    @property
    def rows(self) -> int:
        """Values in a batch."""
        return self.signals * self.each


BULK = Shape(1000, 100)
LIVE = Shape(5000, 1)


def batches(shape: Shape, count: int, seed: int) -> list[SampleBatch]:
    """Consecutive batches at 1 Hz: a slow wave and noise per signal, a step now and then."""
    rng = random.Random(seed)
    signal = array("I", [index for index in range(shape.signals) for _ in range(shape.each)])
    found = []
    for number in range(count):
        times, values = array("q"), array("d")
        for index in range(shape.signals):
            step = 20.0 * (rng.random() < 0.02)
            for row in range(number * shape.each, (number + 1) * shape.each):
                times.append(START_NS + row * SECOND_NS)
                values.append(50.0 + step + 10.0 * math.sin(row / 40 + index) + rng.gauss(0.0, 0.3))
        found.append(SampleBatch(signal, times, values, array("I", bytes(4 * shape.rows))))
    return found


class Bench:
    """The four stages with state of their own, and what became of the values."""

    def __init__(self, shape: Shape) -> None:
        rules = [SignalRule(1.1, 0.5, low=0.0, high=90.0) for _ in range(shape.signals)]
        self._normaliser = Normaliser(rules)
        self._deadband = Thinning(_rules(shape, "on_change"), 600.0)
        self._door = Thinning(_rules(shape, "swinging_door"), 600.0)
        bases = range(shape.signals, shape.signals * (1 + len(FIGURES)), len(FIGURES))
        self._minutes = Minutes(_rules(shape, "aggregate_1m"), list(bases))
        self.fates = dict.fromkeys(STAGES, 0)
        self.kept = dict.fromkeys(STAGES, 0)
        self._held: dict[str, int] = {}

    def work(self) -> dict[str, Callable[[SampleBatch], Callable[[], None]]]:
        """The stages by key; what each gives back does the accounts, outside the measurement."""
        return dict(zip(STAGES, (self._scale, self._band, self._swing, self._aggregate), strict=True))

    def _scale(self, batch: SampleBatch) -> Callable[[], None]:
        result = self._normaliser.apply(batch)
        return lambda: self._account("scale", len(result), len(result))

    def _band(self, batch: SampleBatch) -> Callable[[], None]:
        return self._thin("deadband", self._deadband, batch)

    def _swing(self, batch: SampleBatch) -> Callable[[], None]:
        return self._thin("swinging_door", self._door, batch)

    def _thin(self, key: str, thinning: Thinning, batch: SampleBatch) -> Callable[[], None]:
        mark = bytearray(len(batch))
        decided = thinning.apply(batch, mark, START_NS)
        kept = batch.take(process_kernels.pick_rows(mark, 1 << KEPT))

        def account() -> None:
            held = len(thinning.held())
            out = len(kept) + len(decided.kept)
            settled = out + len(decided.suppressed) + mark.count(SUPPRESSED)
            self._account(key, settled + held - self._held.get(key, 0), out)
            self._held[key] = held
            if mark.count(HELD) > held:
                raise SystemExit("a held row is not in the state")

        return account

    def _aggregate(self, batch: SampleBatch) -> Callable[[], None]:
        mark = bytearray(len(batch))
        closed = self._minutes.apply(batch, mark, START_NS, 1)
        return lambda: self._account("aggregate", mark.count(AGGREGATED), len(closed.figures))

    def _account(self, key: str, fates: int, kept: int) -> None:
        self.fates[key] += fates
        self.kept[key] += kept


def _rules(shape: Shape, keep: Keep) -> list[SignalRule]:
    return [SignalRule(keep=keep, deadband=ERROR)] * shape.signals


def measure(shape: Shape, data: list[SampleBatch]) -> tuple[dict[str, float], Bench]:
    """CPU seconds per stage for all batches; every value must have a fate."""
    bench = Bench(shape)
    spent = dict.fromkeys(STAGES, 0.0)
    for batch in data:
        for key, work in bench.work().items():
            start = time.process_time()
            account = work(batch)
            spent[key] += time.process_time() - start
            account()
    values = shape.rows * len(data)
    if any(count != values for count in bench.fates.values()):
        raise SystemExit(f"{values} values went in, {bench.fates} have a fate")
    return spent, bench


def measure_stage(shape: Shape, data: list[SampleBatch]) -> float:
    """CPU seconds of the pipeline's whole step for all batches, policies mixed evenly."""
    keeps: tuple[Keep, ...] = ("raw", "on_change", "swinging_door", "aggregate_1m")
    entries = [
        SignalEntry(Address.parse(f"bench/site/area/line/asset/s{index}"), "1") for index in range(shape.signals)
    ]
    rules = [
        SignalRule(1.1, 0.5, low=0.0, high=90.0, keep=keeps[index % 4], deadband=ERROR)
        for index in range(shape.signals)
    ]
    figures = [figure for index in range(3, shape.signals, 4) for figure in figure_entries(entries[index])]
    catalogue = Catalogue([*entries, *figures])
    rules += [SignalRule()] * len(figures)
    stage = Stage(catalogue, rules, None, Watermark(len(catalogue), 0, START_NS), 600.0, (1 << 22, 1 << 26))
    spent, received, fates = 0.0, 0, 0
    for batch in data:
        start = time.process_time()
        result = stage.process([Chunk(batch, None, "bench", 0, START_NS)], batch.time_ns[-1])
        spent += time.process_time() - start
        received += result.received
        fates += sum(row.meta.rows for group in result.groups for row in group.rows) - result.derived
        fates += result.suppressed
    if not 0 <= received - fates <= _most_waiting(shape):
        raise SystemExit(f"{received} values went in, {fates} came out")
    return spent


def _most_waiting(shape: Shape) -> int:
    """Held samples and those of open minutes at the end."""
    return shape.signals // 4 * (1 + 61)


def body(options: frame.Options, result: frame.Result) -> None:
    """Repeats each shape and reports medians."""
    if not COMPILED:
        result.notes.append("the Python twins are in use: no compiler was found")
    repeats = 1 if options.quick else 7
    for prefix, shape, count in (("", BULK, 4 if options.quick else 20), ("live_", LIVE, 40 if options.quick else 150)):
        data = batches(shape, count, 1)
        values = shape.rows * len(data)
        rates: dict[str, list[float]] = {key: [] for key in ("values_per_s", *STAGES, "stage")}
        for _ in range(repeats):
            spent, bench = measure(shape, data)
            for key, seconds in spent.items():
                rates[key].append(values / seconds)
            rates["values_per_s"].append(values / sum(spent.values()))
            rates["stage"].append(values / measure_stage(shape, data))
        for key, found in rates.items():
            result.add_repeats(prefix + key, found, "values/s")
        shares = ", ".join(f"{key} {bench.kept[key] / values:.3f}" for key in STAGES[1:])
        result.notes.append(f"{prefix or 'bulk_'}rows out per value in: {shares}")
    result.notes.append("CPU time of one thread; deadband and max_error 1.0 on a wave of amplitude 10 with noise 0.3")


if __name__ == "__main__":
    sys.exit(frame.run("processing", body, description=__doc__ or "", measures=("contract", "edge_agent")))
