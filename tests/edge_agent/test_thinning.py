"""Deadband and swinging door: a proved error, nothing uncounted, twin and kernel alike, whatever the batches."""

from __future__ import annotations

import copy
import itertools
import math
from array import array
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ovoo_contract.quality import UNCERTAIN_LAST_USABLE
from ovoo_contract.samples import SampleBatch
from ovoo_edge import _memory_py, _thin_py
from ovoo_edge._select import COMPILED, memory_kernels, thin_kernels
from ovoo_edge.normalise import SignalRule
from ovoo_edge.suppressed_memory import MemoryTables
from ovoo_edge.thinning import Thinning, ThinState
from ovoo_edge.verdicts import BEHIND, COPY, HELD, KEPT, SUPPRESSED

from tests.edge_agent.support import SECOND, T0, make_batch

REFRESH_S = 600.0
VALUES = st.one_of(
    st.floats(-100, 100),
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, -0.0, 1e300, -1e300, 1.7e308, -1.7e308, 5e-324, 1e-300, math.nan]),
)
STEPS = st.one_of(st.integers(1, 5), st.integers(1, 10 * SECOND), st.sampled_from([SECOND, 601 * SECOND]))
ROWS = st.lists(st.tuples(STEPS, VALUES, st.sampled_from([0, 0, 0, 0, UNCERTAIN_LAST_USABLE])), max_size=60)
ERRORS = st.one_of(st.sampled_from([0.0, 0.5, 1e-9, 1e290]), st.floats(0, 50))


def series(rows: Sequence[tuple[int, float, int]], signal: int = 0) -> SampleBatch:
    now, found = T0, []
    for step, value, _ in rows:
        now += step
        found.append((signal, now, value))
    batch = make_batch(found)
    batch.quality = array("I", [quality for _, _, quality in rows])
    return batch


def run_door(
    batch: SampleBatch, max_error: float, cuts: set[int], restarts: set[int]
) -> tuple[list[tuple[int, float, int]], list[int]]:
    """(kept rows in time order, times suppressed); at a restart what is held is kept and all state is lost."""
    rule = SignalRule(keep="swinging_door", deadband=max_error)
    thinning = Thinning([rule], REFRESH_S)
    kept: list[tuple[int, float, int]] = []
    gone: list[int] = []

    def keep(part: SampleBatch) -> None:
        kept.extend(zip(part.time_ns, part.value, part.quality, strict=True))

    edges = sorted({0, len(batch), *(cut for cut in cuts | restarts if cut < len(batch))})
    for start, stop in itertools.pairwise(edges):
        if start in restarts:
            keep(thinning.held())
            thinning = Thinning([rule], REFRESH_S)
        part = batch.take(range(start, stop))
        mark = bytearray(len(part))
        decided = thinning.apply(part, mark, T0)
        keep(decided.kept)
        gone += list(decided.suppressed.time_ns)
        keep(part.take([row for row, code in enumerate(mark) if code == KEPT]))
        gone += [part.time_ns[row] for row, code in enumerate(mark) if code == SUPPRESSED]
    keep(thinning.held())
    return sorted(kept, key=lambda row: row[0]), gone


def check_bound(batch: SampleBatch, kept: list[tuple[int, float, int]], gone: list[int], max_error: float) -> None:
    """Exactly, in fractions: a line between kept neighbours passes all between within the bound.

    Tolerance: 2**-49 of (the greatest magnitude + max_error), for the roundings of the slopes, and 2**-1000 where a
    slope is smaller than any double.
    """
    known = dict(zip(batch.time_ns, zip(batch.value, batch.quality, strict=True), strict=True))
    assert sorted([row[0] for row in kept] + gone) == list(batch.time_ns)
    for time_ns, value, quality in kept:
        assert quality == known[time_ns][1]
        assert value == known[time_ns][0] or (value != value and known[time_ns][0] != known[time_ns][0])
    for time_ns in gone:
        value, quality = known[time_ns]
        before = max(row for row in kept if row[0] < time_ns)
        after = min(row for row in kept if row[0] > time_ns)
        assert before[2] == after[2] == quality
        if value != value:
            assert before[1] != before[1]
            assert after[1] != after[1]
            continue
        share = Fraction(time_ns - before[0], after[0] - before[0])
        line = Fraction(before[1]) + (Fraction(after[1]) - Fraction(before[1])) * share
        largest = max(abs(before[1]), abs(after[1]), abs(value))
        limit = Fraction(max_error) + (Fraction(largest) + Fraction(max_error)) / 2**49 + Fraction(1, 2**1000)
        assert abs(line - Fraction(value)) <= limit


@settings(max_examples=600, deadline=None)
@example([(1, 0.0, 0), (1, 0.0, 0), (1, 0.0, 0), (1, 5e-324, 0)], 0.0, set(), set())
@given(ROWS, ERRORS, st.sets(st.integers(1, 60), max_size=8), st.sets(st.integers(1, 60), max_size=3))
def test_a_line_between_kept_neighbours_is_never_further_off_than_the_error(
    rows: list[tuple[int, float, int]], max_error: float, cuts: set[int], restarts: set[int]
) -> None:
    batch = series(rows)
    kept, gone = run_door(batch, max_error, cuts, restarts)
    check_bound(batch, kept, gone, max_error)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-1, 1), min_size=3, max_size=400), st.floats(0.01, 2), st.sets(st.integers(1, 400), max_size=20)
)
def test_the_bound_holds_on_walks_and_batches_change_nothing(
    steps: list[float], max_error: float, cuts: set[int]
) -> None:
    values = [sum(steps[: index + 1]) for index in range(len(steps))]
    batch = series([(SECOND, value, 0) for value in values])

    kept, gone = run_door(batch, max_error, cuts, set())

    check_bound(batch, kept, gone, max_error)
    assert (kept, sorted(gone)) == (lambda whole: (whole[0], sorted(whole[1])))(
        run_door(batch, max_error, set(), set())
    )


def test_a_straight_line_keeps_its_ends_and_a_corner() -> None:
    values = [float(index) for index in range(50)] + [float(98 - index) for index in range(50, 99)]
    kept, gone = run_door(series([(SECOND, value, 0) for value in values]), 0.1, set(), set())
    assert [row[1] for row in kept] == [0.0, 49.0, 0.0]
    assert len(gone) == 96


def test_silence_quality_absence_and_text_end_a_segment() -> None:
    thinning = Thinning([SignalRule(keep="swinging_door", deadband=5.0)], REFRESH_S)
    times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 700, 701, 702]
    values = [1, 1, 1, 1, math.nan, math.nan, math.nan, 1, 1, 1, 1, 1]
    batch = make_batch([(0, T0 + at * SECOND, value) for at, value in zip(times, values, strict=True)])
    batch.quality[3] = UNCERTAIN_LAST_USABLE
    batch.text[10] = "maintenance"
    mark = bytearray(len(batch))

    thinning.apply(batch, mark, T0)

    # 2, 6 and 8 are the last of their kind; 9 follows a silence; 10 is a text; 11 begins anew
    assert [at for at, code in zip(times, mark, strict=True) if code == SUPPRESSED] == [1, 5]
    assert HELD not in mark


def test_one_sample_is_kept_in_every_refresh_time() -> None:
    kept, _ = run_door(series([(SECOND, 1.0, 0)] * 1500), 1.0, set(), set())
    assert [(row[0] - T0) // SECOND for row in kept] == [1, 601, 1201, 1500]


def test_a_held_sample_is_released_when_its_signal_falls_silent() -> None:
    thinning = Thinning([SignalRule(keep="swinging_door", deadband=1.0, refresh_s=30)], REFRESH_S)
    thinning.apply(make_batch([(0, T0, 1.0), (0, T0 + SECOND, 1.5)]), bytearray(2), T0 + 2 * SECOND)

    assert len(thinning.release(T0 + 31 * SECOND)) == 0
    assert list(thinning.release(T0 + 32 * SECOND).value) == [1.5]
    assert len(thinning.held()) == 0


def test_deadband_keeps_changes_quality_text_and_a_sign_of_life() -> None:
    thinning = Thinning([SignalRule(deadband=1.0, keep="on_change")], 60.0)
    times = [0, 1, 2, 3, 4, 5, 70]
    batch = make_batch(
        [(0, T0 + at * SECOND, value) for at, value in zip(times, [5, 5.9, 6.1, 6.1, 6.1, 6.1, 6.1], strict=True)]
    )
    batch.quality[3] = UNCERTAIN_LAST_USABLE
    batch.text[5] = "fault 7"
    mark = bytearray(len(batch))

    thinning.apply(batch, mark, T0)

    assert [at for at, code in zip(times, mark, strict=True) if code == SUPPRESSED] == [1]


@settings(max_examples=100)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40), st.integers(0, 2))
def test_deadband_error_is_bounded(values: list[int], width: int) -> None:
    thinning = Thinning([SignalRule(deadband=float(width), keep="on_change")], 3600.0)
    batch = make_batch([(0, T0 + index * SECOND, float(value)) for index, value in enumerate(values)])
    mark = bytearray(len(batch))

    thinning.apply(batch, mark, T0)

    held = math.nan
    for code, value in zip(mark, batch.value, strict=True):
        held = value if code == KEPT else held
        assert abs(held - value) <= width


@pytest.mark.skipif(not COMPILED, reason="the kernels were not built")
@settings(max_examples=300, deadline=None)
@given(st.lists(ROWS, min_size=4, max_size=4), ERRORS, st.booleans())
def test_kernel_and_twin_give_the_same_bits(
    parts: list[list[tuple[int, float, int]]], max_error: float, worded: bool
) -> None:
    rules = [
        SignalRule(keep="swinging_door", deadband=max_error),
        SignalRule(keep="on_change", deadband=max_error),
        SignalRule(keep="events"),
        SignalRule(),
    ]
    batch = SampleBatch.concat([series(rows, signal) for signal, rows in enumerate(parts)])
    texts = bytearray(index % 7 == 3 for index in range(len(batch))) if worded else None
    states = [ThinState(rules, REFRESH_S) for _ in range(2)]
    half = len(batch) // 2
    for rows in (range(half), range(half, len(batch))):
        part = batch.take(rows)
        words = None if texts is None else texts[rows.start : rows.stop]
        marks = [bytearray(BEHIND * (row % 11 == 4) for row in range(len(part))) for _ in range(2)]
        found = [
            module.thin_rows(part.signal, part.time_ns, part.value, part.quality, words, mark, state, T0)
            for module, mark, state in zip((thin_kernels, _thin_py), marks, states, strict=True)
        ]
        assert marks[0] == marks[1]
        assert bits(found[0]) == bits(found[1])
        assert bits([getattr(states[0], name) for name in ThinState.__slots__]) == bits(
            [getattr(states[1], name) for name in ThinState.__slots__]
        )
    copies = copy.deepcopy(states)
    now = T0 + 700 * SECOND
    assert bits(thin_kernels.release_held(copies[0], now)) == bits(_thin_py.release_held(copies[1], now))
    assert bits(thin_kernels.held_columns(states[0])) == bits(_thin_py.held_columns(states[1]))


@pytest.mark.skipif(not COMPILED, reason="the kernels were not built")
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.sampled_from([0.0, -0.0, 1.0, math.nan]))),
        max_size=12,
    )
)
def test_the_memory_of_kernel_and_twin_is_the_same_and_finds_the_newest(
    parts: list[list[tuple[int, int, float]]],
) -> None:
    tables = [MemoryTables(7) for _ in range(2)]
    newest: list[tuple[int, int, str]] = []
    for rows in parts:
        batch = make_batch([(signal, T0 + at, value) for signal, at, value in rows])
        marks = [bytearray([BEHIND]) * len(batch) for _ in range(2)]
        found = [
            module.mark_copies(batch.signal, batch.time_ns, batch.value, batch.quality, mark, table, BEHIND, COPY)
            for module, mark, table in zip((memory_kernels, _memory_py), marks, tables, strict=True)
        ]
        assert found[0] == found[1]
        assert marks[0] == marks[1]
        recent = list(dict.fromkeys(reversed(newest)))[:7]
        for row, code in zip(rows, marks[0], strict=True):
            assert code == COPY or (row[0], row[1], repr(row[2])) not in recent
        for module, table in zip((memory_kernels, _memory_py), tables, strict=True):
            module.remember_rows(batch.signal, batch.time_ns, batch.value, batch.quality, None, 0, table)
        newest += [(signal, at, repr(value)) for signal, at, value in rows]
        for name in MemoryTables.__slots__:
            assert bytes(getattr(tables[0], name)) == bytes(getattr(tables[1], name))


def bits(columns: Sequence[array[int] | array[float] | bytes | bytearray]) -> list[bytes]:
    return [bytes(column) for column in columns]


def test_rows_out_of_order_are_refused() -> None:
    batch = make_batch([(1, T0, 1.0), (0, T0, 1.0)])
    with pytest.raises(IndexError, match="out of order"):
        Thinning([SignalRule(keep="on_change")] * 2, REFRESH_S).apply(batch, bytearray(2), T0)
