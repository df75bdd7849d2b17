"""Sample batches: columns that are put together, ordered and cleaned."""

from __future__ import annotations

import math
import struct
from array import array
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract import quality
from ovoo_contract.errors import OvooError
from ovoo_contract.samples import SampleBatch, encode_value

from tests.contract.strategies import QUICK, batch_of, batches

pytestmark = pytest.mark.usefixtures("implementation")


@pytest.mark.parametrize(
    ("obj", "value", "text"),
    [
        pytest.param(1.5, 1.5, None, id="float"),
        pytest.param(True, 1.0, None, id="true"),
        pytest.param(False, 0.0, None, id="false"),
        pytest.param(-7, -7.0, None, id="int"),
        pytest.param(2**53, 2.0**53, None, id="largest exact int"),
        pytest.param(2**53 + 1, None, "9007199254740993", id="int beyond a double"),
        pytest.param(-(2**63), None, "-9223372036854775808", id="int64 minimum"),
        pytest.param(math.nan, None, "NaN", id="nan"),
        pytest.param(math.inf, None, "Infinity", id="inf"),
        pytest.param(-math.inf, None, "-Infinity", id="minus inf"),
        pytest.param(
            struct.unpack(">d", bytes.fromhex("fff8000000000123"))[0], None, "NaN:fff8000000000123", id="payload"
        ),
        pytest.param("运行", None, "运行", id="text"),
        pytest.param("a\ud800", None, "a?", id="half a surrogate pair"),
        pytest.param(b"\x01\xff", None, "01ff", id="bytes"),
        pytest.param(None, None, None, id="nothing"),
    ],
)
def test_any_scalar_becomes_value_or_text(obj: object, value: float | None, text: str | None) -> None:
    got, words = encode_value(obj)

    assert words == text
    assert math.isnan(got) if value is None else struct.pack("d", got) == struct.pack("d", value)


def test_minus_zero_and_denormals_stay_values() -> None:
    assert math.copysign(1, encode_value(-0.0)[0]) == -1
    assert encode_value(5e-324) == (5e-324, None)


def test_columns_must_fit() -> None:
    with pytest.raises(OvooError, match=r"batch\.time_ns: columns differ in length"):
        SampleBatch(array("I", [1]), array("q"), array("d", [1]), array("I", [0]))
    with pytest.raises(OvooError, match=r"batch\.value: a column of type"):
        SampleBatch(array("I", [1]), array("q", [1]), array("f", [1]), array("I", [0]))
    with pytest.raises(OvooError, match=r"batch\.text: text for a row"):
        batch_of((1, 1, 1.0, 0), text={1: "x"})


@QUICK
@given(st.lists(batches(max_size=8), max_size=4))
def test_concat_keeps_every_row(parts: list[SampleBatch]) -> None:
    whole = SampleBatch.concat(parts)

    start = 0
    for part in parts:
        piece = whole.take(range(start, start + len(part)))
        start += len(part)
        assert piece.text == part.text
        for name in ("server_delta_us", "receive_delta_us"):
            if getattr(part, name) is None:
                setattr(piece, name, None)
        assert piece.columns_equal(part)
    assert len(whole) == start


@QUICK
@given(batches())
def test_sorted_rows_are_the_same_rows(batch: SampleBatch) -> None:
    result = batch.sorted()

    assert result.is_sorted()
    assert Counter(_rows(result)) == Counter(_rows(batch))


@QUICK
@given(batches())
def test_dedupe_balances_and_is_final(batch: SampleBatch) -> None:
    deduped = batch.dedupe()
    result, duplicates, shifted = deduped

    keys = list(zip(result.signal, result.time_ns, strict=True))
    assert len(result) + duplicates + deduped.overflow == len(batch)
    assert len(set(keys)) == len(keys)
    assert result.is_sorted()
    again = result.dedupe()
    assert (again.duplicates, again.shifted) == (0, 0)
    assert again.batch.columns_equal(result)
    assert shifted <= sum(1 for code in result.quality if code & quality.SHIFTED)


def test_different_value_at_the_same_time_moves_and_is_flagged() -> None:
    batch = batch_of((1, 100, 5.0, 0), (1, 100, 6.0, 0), (1, 101, 7.0, 0))

    result, duplicates, shifted = batch.dedupe()

    assert (duplicates, shifted) == (0, 1)
    assert result.columns_equal(batch_of((1, 100, 5.0, 0), (1, 101, 7.0, 0), (1, 102, 6.0, quality.SHIFTED)))


def test_different_text_at_the_same_time_is_a_different_sample() -> None:
    batch = batch_of((1, 100, math.nan, 0), (1, 100, math.nan, 0), (1, 100, math.nan, 0), text={0: "a", 1: "b", 2: "a"})

    result, duplicates, shifted = batch.dedupe()

    assert (duplicates, shifted) == (1, 1)
    assert result.text == {0: "a", 1: "b"}


def test_a_clean_batch_is_given_back_itself() -> None:
    batch = batch_of((1, 100, 5.0, 0), (2, 50, 6.0, 0))

    assert batch.dedupe().batch is batch
    assert batch.sorted() is batch
    assert batch.select_signals(b"\1\1\1") is batch


def test_signals_are_selected_by_a_mask() -> None:
    batch = batch_of((0, 1, 1.0, 0), (1, 1, 2.0, 0), (5, 1, 3.0, 0), text={1: "x"})

    assert batch.select_signals(b"\0\1").columns_equal(batch_of((1, 1, 2.0, 0), text={0: "x"}))


@QUICK
@given(batches(), st.integers(0, 40), st.integers(0, 40))
def test_a_slice_is_what_taking_its_rows_gives(batch: SampleBatch, start: int, stop: int) -> None:
    rows = [row for row in range(len(batch)) if start <= row < stop]
    assert batch.slice(start, stop).columns_equal(batch.take(rows))


@QUICK
@given(batches(max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_a_range_of_rows_is_taken_as_its_list_is(batch: SampleBatch, start: int, stop: int) -> None:
    rows = range(min(start, len(batch)), min(stop, len(batch)))
    assert batch.take(rows).columns_equal(batch.take(list(rows)))


@pytest.mark.parametrize("rows", [[3], [-1], [2**40], range(2), range(-1, 1)])
def test_taking_an_absent_row_is_refused(rows: Sequence[int]) -> None:
    with pytest.raises(IndexError):
        batch_of((0, 1, 1.0, 0)).take(rows)


def test_comparison_is_bit_for_bit() -> None:
    one = batch_of((0, 1, 0.0, 0))

    assert one.columns_equal(batch_of((0, 1, 0.0, 0)))
    assert not one.columns_equal(batch_of((0, 1, -0.0, 0)))
    assert not one.columns_equal(batch_of((0, 1, 0.0, 0), text={0: ""}))
    assert batch_of((0, 1, math.nan, 0)).columns_equal(batch_of((0, 1, -math.nan, 0)))


def _rows(batch: SampleBatch) -> list[tuple[object, ...]]:
    return [
        (
            batch.signal[row],
            batch.time_ns[row],
            struct.pack("d", batch.value[row]),
            batch.quality[row],
            batch.text.get(row),
        )
        for row in range(len(batch))
    ]
