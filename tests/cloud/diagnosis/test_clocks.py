"""Clocks over a window, and what of a difference is way and what is clock, against worlds whose truth is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.clocks import ClockFacts, OwnClock, separate, zone_hours
from ovoo_cloud.diagnosis.usage import LinkFacts, Usage

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def facts(errors: list[int], step: int = HOUR) -> ClockFacts:
    return ClockFacts("plc", tuple((at * step, error) for at, error in enumerate(errors)))


def test_worst_median_and_drift_are_those_of_the_hours() -> None:
    """A clock that gains 50 ms a day from -100 on, with one wild hour."""
    clock = facts([-100 + 50 * (hour // 24) if hour != 77 else -9000 for hour in range(240)])

    assert (clock.worst_ms, clock.median_ms, clock.drift_ms) == (-9000, 100, 50)
    assert (clock.ahead(300), clock.zone_h) == (24, 0)


@pytest.mark.parametrize(
    ("errors", "hours"),
    [
        ([28_800_500] * 20, 8),
        ([-28_799_000] * 20, -8),
        ([28_800_500] * 9 + [0], 8),
        ([28_800_500] * 8 + [0] * 2, 0),
        ([5_400_000] * 20, 0),
        ([200] * 20, 0),
        ([15 * 3_600_000] * 20, 0),
        ([], 0),
    ],
    ids=["utc as local", "local as utc", "one other", "two others", "half hours", "right", "no zone", "none"],
)
def test_whole_hours_are_a_time_zone_and_anything_else_is_not(errors: list[int], hours: int) -> None:
    assert zone_hours(errors) == hours


def test_without_a_bound_latency_and_clock_cannot_be_told_apart() -> None:
    found = separate(OwnClock(((0, -40), (HOUR, -42))))

    assert (found.by, found.latency_ms, found.skew_ms) == ("", None, None)


def test_a_round_trip_and_a_kernel_that_contradict_each_other_say_so() -> None:
    """The state seems a second under way, the round trip takes 50 ms, and the kernel vouches for 10 ms."""
    found = separate(OwnClock(((0, -1000),), error_ms=10, round_trip_ms=50))

    assert (found.by, found.latency_ms) == ("apart", None)


@given(
    st.integers(-5000, 5000),
    st.lists(st.integers(1, 400), min_size=1, max_size=30),
    st.integers(0, 300),
    st.booleans(),
    st.booleans(),
)
def test_the_truth_lies_in_both_ranges(
    skew: int, ways: list[int], back: int, told_trip: bool, told_kernel: bool
) -> None:
    """A gateway `skew` ms ahead; the fastest state of every hour took `ways` ms, acknowledgements `back` ms more."""
    own = OwnClock(
        tuple((at * HOUR, skew - way) for at, way in enumerate(ways)),
        error_ms=abs(skew) + 1 if told_kernel else None,
        round_trip_ms=max(ways) + back if told_trip else None,
    )

    found = separate(own)

    if not told_trip and not told_kernel:
        assert found.latency_ms is None
        return
    assert found.latency_ms is not None
    assert found.skew_ms is not None
    way = skew - own.difference_ms
    assert found.latency_ms[0] <= way <= found.latency_ms[1]
    assert found.skew_ms[0] <= skew <= found.skew_ms[1]


@given(st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=60), st.integers(-10, 10))
def test_drift_follows_a_slope_and_no_shift(errors: list[int], slope: int) -> None:
    plain = facts(errors, DAY)
    tilted = facts([error + slope * at for at, error in enumerate(errors)], DAY)
    moved = facts([error + 1234 for error in errors], DAY)

    assert abs(tilted.drift_ms - plain.drift_ms - slope) <= 1 or len(errors) < 7
    assert moved.drift_ms == plain.drift_ms


def test_links_with_clocks_survive_the_snapshot_and_without_them_look_as_before() -> None:
    told = LinkFacts("gw1", clocks=(facts([5, -7]),), own=OwnClock(((0, 3),), 1, 20, 30), posture={"listening": {}})
    plain = LinkFacts("gw2", offset_ms=4)
    usage = Usage(links=(told, plain))

    data = usage.to_json()

    assert Usage.from_json(data) == usage
    assert set(data["links"][1]) == {
        "gateway", "sites", "certificate", "deliveries", "late", "stored", "duplicates", "shifted", "expected", "lost",
        "delay_ms", "offset_ms",
    }  # fmt: skip
