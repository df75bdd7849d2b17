"""One-minute figures: right, complete, the same from kernel and twin, and every sample counted once."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.quality import BAD, UNCERTAIN
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, decode_batch
from ovoo_edge import _minutes_py
from ovoo_edge._select import COMPILED, minute_kernels
from ovoo_edge.minutes import FIGURES, Minutes, MinuteState, figure_bases, figure_entries
from ovoo_edge.normalise import SignalRule
from ovoo_edge.pipeline_stage import Stage, StageResult
from ovoo_edge.sources.base import Chunk
from ovoo_edge.verdicts import AGGREGATED, BEHIND
from ovoo_edge.watermark import Watermark

from tests.edge_agent.support import HOUR, SECOND, T0, make_batch

MINUTE = 60 * SECOND
BASE = 2
RULES = [SignalRule(keep="aggregate_1m"), SignalRule()]
ROWS = st.lists(
    st.tuples(
        st.integers(1, 50 * SECOND),
        st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, 1e300, -1e300, -0.0])),
        st.sampled_from([0, 0, 0, UNCERTAIN, BAD]),
    ),
    max_size=60,
)


def series(rows: Sequence[tuple[int, float, int]]) -> SampleBatch:
    now, found = T0, []
    for step, value, _ in rows:
        now += step
        found.append((0, now, value))
    batch = make_batch(found)
    batch.quality = array("I", [quality for *_, quality in rows])
    return batch


@settings(max_examples=200, deadline=None)
@given(ROWS, st.sets(st.integers(1, 59), max_size=5))
def test_figures_are_those_of_the_samples(rows: list[tuple[int, float, int]], cuts: set[int]) -> None:
    batch = series(rows)
    minutes = Minutes(RULES, [BASE, 0])
    found: dict[int, dict[str, float]] = {}
    closed = []
    edges = sorted({0, len(batch), *(cut for cut in cuts if cut < len(batch))})
    for start, stop in itertools.pairwise(edges):
        mark = bytearray(stop - start)
        closed.append(minutes.apply(batch.take(range(start, stop)), mark, T0, 1))
        assert set(mark) == {AGGREGATED}
    closed.append(minutes.close_silent(T0 + HOUR))
    for part in closed:
        for signal, time_ns, value in zip(part.figures.signal, part.figures.time_ns, part.figures.value, strict=True):
            assert FIGURES[signal - BASE] not in found.setdefault(time_ns, {})
            found[time_ns][FIGURES[signal - BASE]] = value

    assert sum(cells.total() for part in closed for cells in part.counts.values()) == len(batch)
    expected = {time_ns // MINUTE * MINUTE for time_ns in batch.time_ns}
    assert found.keys() == expected
    for start, figures in found.items():
        inside = [row for row, time_ns in enumerate(batch.time_ns) if start <= time_ns < start + MINUTE]
        good = [
            batch.value[row] for row in inside if batch.quality[row] < UNCERTAIN and math.isfinite(batch.value[row])
        ]
        assert (figures["count"], figures["good"]) == (len(inside), len(good))
        if not good:
            assert figures.keys() == {"count", "good"}
            continue
        assert (figures["min"], figures["max"], figures["last"]) == (min(good), max(good), good[-1])
        exact = sum(map(Fraction, good), Fraction()) / len(good)
        scale = sum((abs(Fraction(value)) for value in good), Fraction()) / len(good)
        assert abs(Fraction(figures["mean"]) - exact) <= abs(exact) / 2**51 + scale / 2**90


@pytest.mark.skipif(not COMPILED, reason="the kernels were not built")
@settings(max_examples=200, deadline=None)
@given(ROWS, st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 0, -90 * SECOND])), max_size=60), st.booleans())
def test_kernel_and_twin_give_the_same_bits(
    rows: list[tuple[int, float, int]], places: list[tuple[int, int]], worded: bool
) -> None:
    """Signals and times in any order: the kernel takes runs of one signal, but must not need them."""
    batch = series(rows)
    for row, (signal, back_ns) in enumerate(places[: len(rows)]):
        batch.signal[row] = signal
        batch.time_ns[row] += back_ns
    states = [MinuteState([RULES[0], RULES[1], RULES[0]], [3, 0, 9]) for _ in range(2)]
    half = len(rows) // 2
    for number, part in enumerate((batch.take(range(half)), batch.take(range(half, len(rows)))), 1):
        words = bytearray(row % 5 == 2 for row in range(len(part))) if worded else None
        marks = [bytearray(BEHIND * (row % 11 == 4) for row in range(len(part))) for _ in range(2)]
        one, two = (
            module.add_rows(part.signal, part.time_ns, part.value, part.quality, words, mark, state, T0, number)
            for module, mark, state in zip((minute_kernels, _minutes_py), marks, states, strict=True)
        )
        assert marks[0] == marks[1]
        assert [column.tobytes() for column in one] == [column.tobytes() for column in two]
        assert minute_kernels.oldest_entry(states[0]) == _minutes_py.oldest_entry(states[1])
    for name in MinuteState.__slots__:
        assert bytes(getattr(states[0], name)) == bytes(getattr(states[1], name))
    one, two = (
        module.close_minutes(state, T0 + HOUR, MINUTE)
        for module, state in zip((minute_kernels, _minutes_py), states, strict=True)
    )
    assert [column.tobytes() for column in one] == [column.tobytes() for column in two]


def stage_with_minutes() -> tuple[Stage, Catalogue]:
    entry = SignalEntry(Address.parse("ent/site/area/line/asset/power"), "kW", uplink="aggregate_1m")
    catalogue = Catalogue([entry, *figure_entries(entry)])
    assert figure_bases(catalogue)[0] == 1
    rules = [SignalRule(keep="aggregate_1m"), *[SignalRule()] * len(FIGURES)]
    return Stage(catalogue, rules, None, Watermark(len(catalogue), 0, T0), 600.0, (1 << 20, 4 << 20)), catalogue


def stored(result: StageResult) -> list[tuple[int, int, int, float]]:
    """(flags, signal, time, value) of every row."""
    found: list[tuple[int, int, int, float]] = []
    for group in result.groups:
        for row in group.rows:
            batch = decode_batch(row.payload)[1]
            found += [(row.meta.flags, *item) for item in zip(batch.signal, batch.time_ns, batch.value, strict=True)]
    return found


def test_a_minute_is_sent_once_and_late_samples_stay_samples() -> None:
    stage, _ = stage_with_minutes()
    rows = [(0, T0 + at * SECOND, float(at)) for at in range(61)]

    first = stage.process([Chunk(make_batch(rows), None, "src", 0, T0)], T0 + MINUTE)
    late = stage.process([Chunk(make_batch([(0, T0 + 1, 5.0)]), None, "src", 0, T0)], T0 + MINUTE)

    assert stored(first) == [
        (0, 1 + place, T0, value) for place, value in enumerate([60.0, 60.0, 0.0, 59.0, 29.5, 59.0])
    ]
    assert first.suppressed == 60
    assert stored(late) == [(FLAG_BACKFILL, 0, T0 + 1, 5.0)]


def test_a_silent_signal_closes_its_minute() -> None:
    stage, _ = stage_with_minutes()
    stage.process([Chunk(make_batch([(0, T0, 2.0)]), None, "src", 0, T0)], T0)

    assert stored(stage.process([], T0 + MINUTE)) == []
    assert [value for *_, value in stored(stage.process([], T0 + 2 * MINUTE))] == [1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    assert stored(stage.process([], T0 + 9 * MINUTE)) == []
