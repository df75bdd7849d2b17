"""Row kernels: order, take, dedupe and lines, compiled and twin alike."""

from __future__ import annotations

import math
import struct
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract import _kernels_py
from ovoo_contract.samples import SampleBatch

from tests.contract.strategies import QUICK, batches

NAN_WITH_PAYLOAD = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]


@QUICK
@given(batches())
def test_sorting_is_stable_by_signal_and_time(kernels: Any, batch: SampleBatch) -> None:
    keys = list(zip(batch.signal, batch.time_ns, strict=True))

    order = kernels.sort_rows(batch.signal, batch.time_ns)

    assert list(order) == sorted(range(len(batch)), key=keys.__getitem__)


@QUICK
@given(batches())
def test_order_is_recognised(kernels: Any, batch: SampleBatch) -> None:
    keys = list(zip(batch.signal, batch.time_ns, strict=True))

    assert kernels.is_sorted(batch.signal, batch.time_ns) is (keys == sorted(keys))


def test_sorting_many_rows_of_few_signals(kernels: Any) -> None:
    signal = array("I", [n * 7 % 50 for n in range(5000)])
    time_ns = array("q", [-(n * 7919 % 5003) for n in range(5000)])

    order = kernels.sort_rows(signal, time_ns)

    assert list(order) == sorted(range(5000), key=lambda row: (signal[row], time_ns[row]))


@pytest.mark.parametrize("code", ["I", "i", "q", "d"])
def test_rows_are_taken_in_the_given_order(kernels: Any, code: str) -> None:
    taken = kernels.take_rows(array(code, [10, 11, 12]), array("I", [2, 0, 0]))

    assert taken == array(code, [12, 10, 10])
    assert taken.typecode == code
    assert kernels.take_rows(array(code), array("I")) == array(code)


def test_taking_an_absent_row_is_refused(kernels: Any) -> None:
    with pytest.raises(IndexError):
        kernels.take_rows(array("d", [1.0]), array("I", [1]))


def test_rows_are_selected_by_signal(kernels: Any) -> None:
    rows = kernels.select_rows(array("I", [0, 1, 2, 9, 2**32 - 1]), b"\1\0\2")

    assert rows == array("I", [0, 2])


def test_only_odd_nans_are_replaced(kernels: Any) -> None:
    value = array("d", [NAN_WITH_PAYLOAD, math.inf, -0.0, math.nan])

    kernels.replace_nan(value)

    assert value.tobytes() == array("d", [math.nan, math.inf, -0.0, math.nan]).tobytes()


@QUICK
@given(batches(), st.booleans())
def test_dedupe_agrees_with_its_twin(kernels: Any, batch: SampleBatch, tagged: bool) -> None:
    sorted_batch = batch.take(_kernels_py.sort_rows(batch.signal, batch.time_ns))
    columns = (sorted_batch.signal, sorted_batch.time_ns, sorted_batch.value, sorted_batch.quality)
    tag = array("I", [row % 2 for row in range(len(batch))]) if tagged else None

    assert kernels.dedupe_rows(*columns, tag) == _kernels_py.dedupe_rows(*columns, tag)


def _dedupe(kernels: Any, times: list[int], values: list[float]) -> tuple[list[int], int, int]:
    rows = len(times)
    zeros = array("I", bytes(4 * rows))
    _, placed, _, duplicates, overflow = kernels.dedupe_rows(zeros, array("q", times), array("d", values), zeros, None)
    return list(placed), duplicates, overflow


@pytest.mark.parametrize(
    ("times", "values", "placed", "duplicates"),
    [
        pytest.param([5, 5], [1.0, 1.0], [5], 1, id="equal"),
        pytest.param([5, 5], [1.0, 2.0], [5, 6], 0, id="different"),
        pytest.param([5, 5, 6], [1.0, 2.0, 3.0], [5, 7, 6], 0, id="next nanosecond taken"),
        pytest.param([5, 5, 5, 6, 6], [1, 2, 3, 4, 5], [5, 7, 8, 6, 9], 0, id="two groups share the free ones"),
        pytest.param([5, 5, 5, 8], [1, 2, 3, 4], [5, 6, 7, 8], 0, id="room between"),
        pytest.param([5, 5, 6, 6, 7], [1, 2, 3, 4, 5], [5, 8, 6, 9, 7], 0, id="chain of taken ones"),
        pytest.param([5, 5], [0.0, -0.0], [5, 6], 0, id="zeros of both signs differ"),
        pytest.param([5, 5], [math.nan, NAN_WITH_PAYLOAD], [5], 1, id="absent is absent"),
        pytest.param([5, 5, 5], [1.0, 2.0, 2.0], [5, 6], 1, id="equal to a moved one"),
    ],
)
def test_same_time_is_resolved(
    kernels: Any, times: list[int], values: list[float], placed: list[int], duplicates: int
) -> None:
    assert _dedupe(kernels, times, values) == (placed, duplicates, 0)


def test_rows_without_a_free_nanosecond_are_counted(kernels: Any) -> None:
    placed, duplicates, overflow = _dedupe(kernels, [5] * 1005, [float(n) for n in range(1005)])

    assert placed == list(range(5, 1005))
    assert (duplicates, overflow) == (0, 5)


def test_the_last_nanosecond_does_not_wrap(kernels: Any) -> None:
    last = 2**63 - 1

    placed, duplicates, overflow = _dedupe(kernels, [last, last], [1.0, 2.0])

    assert (placed, duplicates, overflow) == ([last], 0, 1)


@QUICK
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_as_repr_writes_them(kernels: Any, number: float) -> None:
    assert _one_line(kernels, number) == b"m v=%b,quality=3i -9\n" % repr(number).encode()


@QUICK
@given(st.integers(-(2**53), 2**53), st.integers(0, 12))
def test_decimals_are_written_as_repr_writes_them(kernels: Any, whole: int, digits: int) -> None:
    number = whole / 10**digits

    assert _one_line(kernels, number) == b"m v=%b,quality=3i -9\n" % repr(number).encode()


def _one_line(kernels: Any, number: float) -> bytes:
    columns = (array("I", [0]), array("q", [-9]), array("d", [number]), array("I", [3]))
    result: bytes = kernels.encode_lines([b"m "], [b"v="], b"\1", *columns, {}, None)
    return result


def test_long_texts_grow_the_output(kernels: Any) -> None:
    columns = (array("I", [0, 0]), array("q", [1, 2]), array("d", [math.nan] * 2), array("I", [0, 0]))
    text = b'"' + b"x" * 100_000 + b'"'

    lines = kernels.encode_lines([b"m "], [b"v="], b"\1", *columns, {0: text, 1: text}, None)

    assert lines == b"".join(b"m quality=0i,text=%b %d\n" % (text, time_ns) for time_ns in (1, 2))


@pytest.mark.parametrize(
    ("signal", "rows"), [pytest.param(1, None, id="signal not listed"), pytest.param(0, [7], id="row not there")]
)
def test_lines_of_absent_things_are_refused(kernels: Any, signal: int, rows: list[int] | None) -> None:
    columns = (array("I", [signal]), array("q", [1]), array("d", [1.0]), array("I", [0]))
    chosen = None if rows is None else array("I", rows)

    with pytest.raises(IndexError):
        kernels.encode_lines([b"m "], [b"v="], b"\1", *columns, {}, chosen)
