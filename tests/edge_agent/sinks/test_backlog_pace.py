"""The backlog's window against a simulated receiver: it stays busy, and its queue stays short."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable

import pytest
from ovoo_edge.sinks.backlog_pace import BacklogPace

MOST = 48


def drain(
    pace: BacklogPace, way_s: float, service_s: Callable[[float], float], seconds: float
) -> list[tuple[float, int]]:
    """A receiver that takes one message after the other; gives (time, window) at every acknowledgement."""
    now = free_at = 0.0
    coming: list[tuple[float, int, float]] = []
    number, found = itertools.count(), []
    while now < seconds:
        while len(coming) < pace.allowed:
            free_at = max(free_at, now + way_s / 2) + service_s(now)
            heapq.heappush(coming, (free_at + way_s / 2, next(number), now))
        now, _, sent_s = heapq.heappop(coming)
        pace.acknowledged(sent_s, now)
        found.append((now, pace.allowed))
    return found


@pytest.mark.parametrize("way_s", [0.005, 0.1, 0.7])
@pytest.mark.parametrize("service_s", [0.005, 0.05, 0.2])
def test_the_receiver_stays_busy_and_its_queue_short(way_s: float, service_s: float) -> None:
    found = drain(BacklogPace(MOST), way_s, lambda _: service_s, 120.0)
    settled = [window for now, window in found if now > 30.0]

    for window in settled:
        under_way = window * service_s
        wait_s = max(0.0, under_way - way_s - service_s)
        assert wait_s <= max(0.8, 0.25 + 8 * service_s), (window, way_s, service_s)
    most_per_s = min(1 / service_s, MOST / (way_s + service_s))
    assert len(settled) >= 0.8 * most_per_s * 90.0


@pytest.mark.parametrize("round_s", [0.05, 0.3, 4.0])
@pytest.mark.parametrize("service_s", [0.01, 0.1])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_receiver_that_stores_in_rounds_is_given_enough_for_one(
    round_s: float, service_s: float, noise: float
) -> None:
    """Each round takes what has come: a fixed time, a time a message, and a chance that something else delays it."""
    pace, rng = BacklogPace(MOST), random.Random(7)
    now, under_way, done = 0.0, [0.0] * pace.allowed, 0
    seconds = 200 * round_s + 20
    while now < seconds:
        taken, under_way = under_way, []
        now += (round_s + service_s * len(taken)) * (1.0 + noise * rng.random())
        for sent_s in taken:
            pace.acknowledged(sent_s, now)
        done += len(taken)
        under_way = [now] * pace.allowed

    whole_per_s = MOST / (round_s + service_s * MOST) / (1.0 + noise / 2)
    assert done >= 0.25 * whole_per_s * seconds
    round_trip_s = round_s + service_s * pace.allowed
    assert round_trip_s - round_s <= max(0.25, round_s, 10 * service_s)


def test_a_receiver_that_becomes_slower_gets_less_and_one_that_recovers_more() -> None:
    def service_s(now: float) -> float:
        return 0.1 if 40.0 < now < 100.0 else 0.01

    found = drain(BacklogPace(MOST), 0.02, service_s, 160.0)

    fast = max(window for now, window in found if 20.0 < now < 40.0)
    slow = max(window for now, window in found if 60.0 < now < 100.0)
    again = max(window for now, window in found if now > 140.0)
    assert slow < fast / 2
    assert again > fast / 2


def test_the_window_keeps_its_bounds() -> None:
    pace = BacklogPace(1)
    assert pace.allowed == 1
    pace.acknowledged(0.0, 0.0)
    pace.acknowledged(0.0, 100.0)
    assert pace.allowed == 1
    wide = BacklogPace(MOST)
    for step in range(200):
        wide.acknowledged(step / 4, step / 4 + 0.01)
    assert wide.allowed == MOST
    wide.timed_out()
    assert wide.allowed == 1
