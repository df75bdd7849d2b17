"""The clock part of the score rests on every hour of the window, and says what is wrong with the clock."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.clocks import ClockFacts, OwnClock
from ovoo_cloud.readiness.clock_faults import clock_faults, clock_share
from ovoo_cloud.readiness.score import link_state
from ovoo_cloud.readiness.snapshot import freeze_readiness

from tests.cloud.readiness import plant
from tests.cloud.readiness.plant import HOUR, LINK, Made, entry, every_minute, wave

LIMIT = 1000


def clock(errors: list[int], source: str = "plc") -> ClockFacts:
    return ClockFacts(source, tuple((plant.START + at * HOUR, error) for at, error in enumerate(errors)))


def frozen(*clocks: ClockFacts, own: OwnClock | None = None) -> Any:
    link = replace(LINK, clocks=clocks, own=own)
    made = Made(entry("temp", "degC"), every_minute(2, wave))
    return freeze_readiness(plant.plan(2), plant.source_of(made, links=[link]), plant.ISSUE).data


def test_one_bad_day_of_two_costs_its_hours_though_the_last_word_is_right() -> None:
    """24 hours 4 s off get a quarter of their points, 24 are right: 62.5; with the other half, 81.25."""
    data = frozen(clock([4000] * 24 + [0] * 24))

    assert data["machines"][0]["signals"][0]["parts"]["clock"] == ["81.2500", "81.2500"]
    assert data["figures"]["readiness.asset.hall/line1/press1.clock"]["formula"] == "readiness/2"
    first = next(row for row in data["todo"] if row["part"] == "clock")
    assert first["causes"] == ["clock_ahead"]


@pytest.mark.parametrize(
    ("errors", "causes"),
    [
        ([28_800_000] * 48, ("clock_zone:+8",)),
        ([-28_800_000] * 48, ("clock_zone:-8",)),
        ([2000] * 48, ("clock_ahead",)),
        ([-2000] * 48, ("clock_behind",)),
        ([4 * hour for hour in range(200)], ("clock_drift",)),
        ([300, -300] * 24, ()),
    ],
)
def test_each_mistake_of_a_clock_has_its_name(errors: list[int], causes: tuple[str, ...]) -> None:
    assert clock_faults([], [clock(errors)], LIMIT) == causes


def test_a_gateway_whose_clock_was_set_back_is_named() -> None:
    own = OwnClock(((plant.START, 0),), steps_back=1)

    assert link_state([replace(LINK, own=own)], plant.SITE).faults == ("clock_back",)


def test_without_hours_the_last_word_stands_as_before() -> None:
    state = link_state([LINK], plant.SITE)

    assert (state.clock_share, state.formula, state.faults) == (None, "readiness/1", ())


@given(st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=50), st.integers(-LIMIT, LIMIT))
def test_a_right_hour_more_never_lowers_and_a_wrong_one_never_raises(errors: list[int], right: int) -> None:
    before = clock_share([clock(errors)], LIMIT)
    assert before is not None
    better, worse = clock_share([clock([*errors, right])], LIMIT), clock_share([clock([*errors, 10**9])], LIMIT)

    assert better is not None
    assert worse is not None
    assert worse <= before <= better
    assert Fraction(0) < worse <= better <= 1
