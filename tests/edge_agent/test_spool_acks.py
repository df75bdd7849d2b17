"""Ranges of numbers behave like sets of numbers."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from ovoo_edge.spool_acks import Acknowledgements, Ranges, gaps, intersect, merge

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


def members(ranges: Ranges) -> set[int]:
    return {number for low, high in ranges for number in range(low, high + 1)}


@given(PAIRS)
def test_merge_keeps_the_numbers_in_normal_form(pairs: list[tuple[int, int]]) -> None:
    merged = merge(pairs)

    assert members(merged) == members([pair for pair in pairs if pair[0] <= pair[1]])
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(merged))


@given(PAIRS, PAIRS)
def test_intersect_is_the_sets_intersection(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    here, there = merge(left), merge(right)
    assert members(intersect(here, there)) == members(here) & members(there)


@given(PAIRS, st.integers(0, 60), st.integers(0, 60))
def test_gaps_are_what_is_missing(pairs: list[tuple[int, int]], low: int, high: int) -> None:
    merged = merge(pairs)
    assert members(gaps(merged, low, high)) == set(range(low, high + 1)) - members(merged)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30), st.integers(1, 30)), max_size=20))
def test_a_row_is_deletable_exactly_when_both_sinks_have_it(steps: list[tuple[str, int, int]]) -> None:
    acks = Acknowledgements({"a": [], "b": []})
    have: dict[str, set[int]] = {"a": set(), "b": set()}
    for sink, low, high in steps:
        fresh = members(acks.add(sink, [(low, high)], 25))
        wanted = set(range(low, min(high, 25) + 1))
        assert fresh == wanted - have[sink]
        have[sink] |= wanted

    deletable, _ = acks.unflushed()
    assert members(deletable) == have["a"] & have["b"]
    acks.flushed(deletable)
    assert not acks.dirty
