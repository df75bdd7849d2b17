"""Sets of sequence numbers behave like sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import DeliveryError
from ovoo_contract.ranges import SeqRanges

from tests.contract.strategies import QUICK

numbers = st.sets(st.integers(0, 40))


@QUICK
@given(numbers, numbers)
def test_ranges_are_a_set(one: set[int], two: set[int]) -> None:
    first, second = SeqRanges.of(one), SeqRanges.of(two)

    assert list(first) == sorted(one)
    assert first.count == len(one)
    assert set(first.union(second)) == one | two
    assert set(first.difference(second)) == one - two
    assert first.difference(second) == SeqRanges.of(one - two)
    assert [number for number in range(-1, 42) if first.contains(number)] == sorted(one)
    assert (first == second) is (one == two)
    assert bool(first) is bool(one)
    assert SeqRanges.from_list(first.to_list()) == first


@QUICK
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5))))
def test_adding_in_any_order_gives_the_same_set(pieces: list[tuple[int, int]]) -> None:
    grown = SeqRanges()
    for start, more in pieces:
        grown = grown.add(start, start + more)

    assert grown == SeqRanges((start, start + more) for start, more in pieces)
    assert set(grown) == {number for start, more in pieces for number in range(start, start + more + 1)}


@QUICK
@given(numbers)
def test_missing_are_the_gaps(held: set[int]) -> None:
    everything = set(range(min(held), max(held) + 1)) if held else set()

    assert set(SeqRanges.of(held).missing()) == everything - held


def test_ranges_are_joined_and_immutable() -> None:
    ranges = SeqRanges([(5, 9), (1, 3), (4, 4)])

    assert ranges.to_list() == [[1, 9]]
    assert ranges.add(11).to_list() == [[1, 9], [11, 11]]
    assert ranges.to_list() == [[1, 9]]
    assert hash(ranges) == hash(SeqRanges([(1, 9)]))
    assert repr(ranges) == "SeqRanges([[1, 9]])"


@pytest.mark.parametrize("bad", [[[3, 1]], [[-1, 2]], [[0, 2**64]], [[1]], [[1, 2, 3]]])
def test_malformed_ranges_are_refused(bad: list[list[int]]) -> None:
    with pytest.raises(DeliveryError):
        SeqRanges.from_list(bad)
    with pytest.raises(DeliveryError):
        SeqRanges([(0, 5)]).add(9, 8)


def test_the_largest_numbers_fit() -> None:
    last = 2**64 - 1

    assert SeqRanges([(0, last)]).count == 2**64
    assert SeqRanges([(last, last)]).contains(last)
    assert SeqRanges([(0, last)]).difference(SeqRanges([(last, last)])).to_list() == [[0, last - 1]]
