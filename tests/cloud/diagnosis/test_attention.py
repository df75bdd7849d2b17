"""What people do counts, what a script or a click for all does counts for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Enterprise, Job
from ovoo_cloud.diagnosis.indicators.attention import AttentionRule, attended
from ovoo_cloud.diagnosis.snapshot import freeze
from ovoo_cloud.diagnosis.usage import AlarmLife, Usage
from ovoo_cloud.usage_store import usage_of
from ovoo_packs import load_methods

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.test_indicator_facts import (
    COUNTERS,
    FAN,
    ISSUE,
    TOLD,
    counted,
    entry,
    model,
    operated,
    value,
)
from tests.cloud.readiness.stored import SYSTEM

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
RULE = AttentionRule.of(load_methods())


def life(number: int, raised_ns: int, ack_ns: int | None, by: str = "a") -> AlarmLife:
    back = None if ack_ns is None else ack_ns + HOUR
    return AlarmLife(f"fi_{number:04d}", FAN, "limit.high", "warning", raised_ns, ack_ns, back, by if ack_ns else "")


def unread(*lives: AlarmLife) -> list[bool]:
    return [each.unread for each in attended(Usage(alarms=lives), RULE).alarms]


def test_an_acknowledgement_needs_the_time_to_read() -> None:
    assert unread(life(1, 0, 4 * SECOND), life(2, HOUR, HOUR + 5 * SECOND), life(3, DAY, None)) == [True, False, False]


def test_five_within_ten_seconds_by_one_person_are_one_click_and_four_are_not() -> None:
    five = [life(n, n * HOUR, DAY + n * SECOND) for n in range(5)]
    two_people = [life(n, n * HOUR, DAY + n * SECOND, by="ab"[n % 2]) for n in range(5)]
    slow = [life(n, n * HOUR, DAY + 3 * n * SECOND) for n in range(5)]

    assert unread(*five) == [True] * 5
    assert unread(*five[:4]) == [False] * 4
    assert unread(*two_people) == [False] * 5
    assert unread(*slow) == [False] * 5


alarms = st.lists(
    st.tuples(st.integers(0, 200), st.none() | st.integers(0, 60), st.sampled_from("abc")), min_size=1, max_size=25
).map(
    lambda rows: [
        life(n, at * SECOND, None if after is None else (at + after) * SECOND, by)
        for n, (at, after, by) in enumerate(rows)
    ]
)


@given(alarms, alarms)
def test_more_clicks_never_make_another_alarm_count(first: list[AlarmLife], more: list[AlarmLife]) -> None:
    before = unread(*first)
    after = unread(*first, *more)[: len(first)]

    assert all(now or not then for then, now in zip(before, after, strict=True))


@given(alarms)
def test_a_script_that_acknowledges_everything_at_once_closes_nothing(lives: list[AlarmLife]) -> None:
    last = max(each.raised_ns for each in lives) + SECOND
    at_once = [life(n, each.raised_ns, last) for n, each in enumerate(lives)]

    found = attended(Usage(alarms=tuple(at_once)), RULE).alarms

    slow = [each for each in found if last - each.raised_ns >= RULE.reading_ns]
    assert not any(each.closed for each in found) or len(at_once) < RULE.burst
    assert all(each.unread for each in found if each not in slow)


def frozen(lives: list[AlarmLife]) -> Any:
    case = mine.case()
    return freeze(case, counted(case, model("mewma"), usage=Usage(alarms=tuple(lives))), ISSUE).data


def test_bulk_acknowledgement_proves_no_scene_level_and_stands_in_the_report() -> None:
    start = mine.case().start_ns
    read = [life(n, start + n * DAY, start + n * DAY + HOUR) for n in range(6)]
    bulk = [life(n, start + n * DAY, start + 20 * DAY + n * SECOND) for n in range(6)]

    honest, bought = frozen(read), frozen(bulk)

    assert honest["scene_facts"]["safety"]["proved"] == 4
    assert bought["scene_facts"]["safety"]["proved"] == 3
    assert bought["scene_facts"]["safety"]["missing"] == ["warnings_closed"]
    assert (value(bought, "handling.warning.closed"), value(bought, "handling.warning.unread")) == ("0", "6")
    assert bought["figures"]["handling.warning.acknowledged_median"]["value"] is None
    assert value(honest, "handling.warning.acknowledged_median") == "60.0"


def test_a_limit_that_flaps_warns_once_a_day() -> None:
    start = mine.case().start_ns
    flapping = [life(n, start + n * 60 * SECOND, start + DAY + n * HOUR) for n in range(20)]

    facts = frozen(flapping)["scene_facts"]["safety"]["facts"]

    assert facts["warnings_issued"]["verdict"] == "no"


def test_output_and_good_output_from_one_counter_prove_no_quality() -> None:
    case = operated(**{**TOLD, "good": TOLD["output"]})

    data = freeze(case, counted(case, COUNTERS), ISSUE).data

    row = data["figures"]["oee.hoist1.quality"]
    assert data["indicators"]["oee"][0]["missing"] == {"quality": "same_signal"}
    assert (row["low"], row["high"], row["class"]) == ("0.0", "100.0", "insufficient")
    assert value(data, "oee.hoist1.days") == "0"


def test_days_on_which_a_running_machine_counts_nothing_compute_no_oee() -> None:
    """The counter stands from the eleventh day on: ten days, and not 35."""
    stuck = {
        entry("trips", "count"): [float(min(n, 10 * 288 - 1)) for n in range(35 * 288)],
        entry("good_trips", "count"): [0.9 * min(n, 10 * 288 - 1) for n in range(35 * 288)],
    }
    case = operated(**TOLD)

    data = freeze(case, counted(case, stuck), ISSUE).data

    assert value(data, "oee.hoist1.days") == "10"


@pytest.mark.parametrize(("asked", "counted_as"), [([1, 1, 1], 1), ([1, 2, 3], 3)], ids=["same again", "different"])
def test_the_same_simulation_run_again_is_one(database: Database, asked: list[int], counted_as: int) -> None:
    with database.write() as session:
        session.add(Enterprise(id="heishan", name_zh="", name_en="", sector=""))
        for number, days in enumerate(asked):
            session.add(
                Job(
                    id=f"job{number}", kind="rescore", enterprise="heishan", parameters={"days": days}, state="done",
                    progress=1.0, result={}, error="", user="li", created_ns=1, finished_ns=5,
                )
            )  # fmt: skip
    with database.read() as session:
        assert usage_of(session, SYSTEM, "heishan", 0, 10).simulations == counted_as
