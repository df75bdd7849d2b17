"""Catalogues first, live and late data by turns, nothing lost, nothing out of order within its lane."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.ingest.lanes import BACKLOG, CATALOGUE, LIVE, Lanes

_NAMES = {LIVE: "live", BACKLOG: "backlog", CATALOGUE: "catalogue"}
_PUTS = st.lists(st.sampled_from(sorted(_NAMES)), max_size=40)


def _filled(lanes: list[int]) -> Lanes[tuple[int, int]]:
    queue: Lanes[tuple[int, int]] = Lanes(100)
    for number, lane in enumerate(lanes):
        assert queue.put((lane, number), lane, 0.0)
    return queue


def _drained(queue: Lanes[tuple[int, int]]) -> list[tuple[int, int]]:
    taken = []
    while (begun := queue.begin(0.0)) is not None:
        taken.append(begun[0])
    return taken


@given(_PUTS)
def test_everything_put_is_taken_once_and_in_the_order_of_its_lane(lanes: list[int]) -> None:
    taken = _drained(_filled(lanes))
    assert sorted(number for _, number in taken) == list(range(len(lanes)))
    for lane in _NAMES:
        numbers = [number for of, number in taken if of == lane]
        assert numbers == sorted(numbers)


@given(_PUTS)
def test_a_live_message_waits_for_one_turn_of_the_backlog_and_no_batch_goes_before_a_catalogue(
    lanes: list[int],
) -> None:
    order = [lane for lane, _ in _drained(_filled(lanes))]
    catalogues = lanes.count(CATALOGUE)
    assert order[:catalogues] == [CATALOGUE] * catalogues
    left, turns = deque(order[catalogues:]), {LIVE: lanes.count(LIVE), BACKLOG: lanes.count(BACKLOG)}
    last = None
    while left:
        lane = left.popleft()
        assert lane != last or turns[LIVE + BACKLOG - lane] == 0
        turns[lane] -= 1
        last = lane


def test_a_group_ends_when_another_lane_has_something() -> None:
    queue = _filled([BACKLOG, BACKLOG])
    assert queue.begin(0.0) == ((BACKLOG, 0), BACKLOG)
    assert queue.put((LIVE, 9), LIVE, 0.0)
    assert queue.more(BACKLOG, until_s=0.0) == (BACKLOG, 1)
    assert queue.more(BACKLOG, until_s=1e12) is None
    assert queue.begin(0.0) == ((LIVE, 9), LIVE)


def test_a_full_queue_takes_nothing_until_something_was_taken() -> None:
    queue: Lanes[int] = Lanes(1)
    assert queue.put(1, LIVE, 0.0)
    assert not queue.put(2, BACKLOG, 0.0)
    waiting = threading.Thread(target=queue.put, args=(2, BACKLOG, 30.0))
    waiting.start()
    assert queue.begin(0.0) == (1, LIVE)
    waiting.join(30)
    assert queue.first() == [2]


@pytest.mark.parametrize("lane", sorted(_NAMES), ids=[_NAMES[lane] for lane in sorted(_NAMES)])
def test_whoever_waits_is_woken_by_a_message_of_any_lane(lane: int) -> None:
    queue: Lanes[int] = Lanes(10)
    putting = threading.Thread(target=queue.put, args=(7, lane, 30.0))
    putting.start()
    assert queue.begin(30.0) == (7, lane)
    putting.join(30)
