"""Least and greatest of columns: kernel and twin against a row-by-row oracle, and the marks that stand on them."""

from __future__ import annotations

import pathlib
from array import array
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.samples import SampleBatch
from ovoo_edge import _extent_py
from ovoo_edge._select import extent_kernels
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.sample_marks import SampleMarks

MODULES = [pytest.param(extent_kernels, id="selected"), pytest.param(_extent_py, id="twin")]
TIMES = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.integers(0, 2**32 - 1)
ROWS = st.lists(st.tuples(st.integers(0, 6), TIMES, NUMBERS), max_size=40)


@pytest.mark.parametrize("module", MODULES)
@given(st.lists(NUMBERS, max_size=30))
def test_the_greatest_number_is_found_and_an_empty_column_has_0(module: ModuleType, numbers: list[int]) -> None:
    assert module.greatest_of(array("I", numbers)) == (sorted(numbers)[-1] if numbers else 0)


@pytest.mark.parametrize("module", MODULES)
@given(st.lists(TIMES, min_size=1, max_size=30))
def test_bounds_are_the_ends_of_the_sorted_column(module: ModuleType, times: list[int]) -> None:
    ordered = sorted(times)
    assert module.bounds_of(array("q", times)) == (ordered[0], ordered[-1])


@pytest.mark.parametrize("module", MODULES)
def test_a_column_without_rows_has_no_bounds(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.bounds_of(array("q"))


@pytest.mark.parametrize("module", MODULES)
@given(ROWS, NUMBERS)
def test_the_newest_time_is_that_of_rows_without_the_bits(
    module: ModuleType, rows: list[tuple[int, int, int]], without: int
) -> None:
    newest: int | None = None
    for _, time_ns, quality in rows:
        if quality & without == 0 and (newest is None or time_ns > newest):
            newest = time_ns
    times, qualities = array("q", [row[1] for row in rows]), array("I", [row[2] for row in rows])
    assert module.newest_of(times, qualities, without) == newest


@pytest.mark.parametrize("module", MODULES)
@given(ROWS, st.lists(TIMES, min_size=7, max_size=7))
def test_marks_rise_to_the_last_row_of_their_signal(
    module: ModuleType, rows: list[tuple[int, int, int]], before: list[int]
) -> None:
    expected = list(before)
    for slot in range(7):
        own = [time_ns for signal, time_ns, _ in rows if signal == slot]
        if own and own[-1] > before[slot]:
            expected[slot] = own[-1]
    marks = array("q", before)
    module.lift_marks(array("I", [row[0] for row in rows]), array("q", [row[1] for row in rows]), marks)
    assert list(marks) == expected


@pytest.mark.parametrize("module", MODULES)
def test_a_signal_without_a_mark_is_refused_and_no_mark_moves(module: ModuleType) -> None:
    marks = array("q", [1, 2])
    with pytest.raises(IndexError, match="signal 2"):
        module.lift_marks(array("I", [0, 2]), array("q", [9, 9]), marks)
    assert list(marks) == [1, 2]


@pytest.mark.parametrize("module", MODULES)
def test_columns_of_different_length_are_refused(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="differ in length"):
        module.lift_marks(array("I", [0]), array("q"), array("q", [0]))
    with pytest.raises(ValueError, match="differ in length"):
        module.newest_of(array("q", [0]), array("I"), 0)


def test_committed_marks_are_there_after_a_restart_and_a_wild_one_is_not_believed(tmp_path: pathlib.Path) -> None:
    signals = [SignalMap(index=number, address=f"a{number}", reference=f"r{number}") for number in (3, 1)]
    now_ns, day_ns = 1_800_000_000_000_000_000, 86_400_000_000_000
    marks = SampleMarks(tmp_path / "marks", signals, now_ns)
    batch = SampleBatch(
        array("I", [3, 1, 3]), array("q", [now_ns - 5, now_ns + 9 * day_ns, now_ns - 4]), array("d", [0.0] * 3),
        array("I", [0] * 3),
    )  # fmt: skip
    marks.receive(batch)
    assert marks.newest_ns == now_ns + 9 * day_ns
    marks.commit(batch)
    again = SampleMarks(tmp_path / "marks", list(reversed(signals)), now_ns)
    assert (again.received[3], again.received[1], again.received[0]) == (now_ns - 4, 0, 0)
