"""Wrong series are found and named; none is priced."""

from __future__ import annotations

import dataclasses
import math
import random
from array import array
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.tariff.bands import BandCalendar, local_instant, month_bounds
from ovoo_models.efficiency.tariff.defects import MeterFacts, examine, repeated_months
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.usage import measure_usage
from ovoo_packs import load_tariffs

from tests.models.efficiency.tariff.book import MINUTE_NS, first_minute

ZONE = ZoneInfo("Asia/Shanghai")
START = first_minute(2025, 3) * MINUTE_NS


def day(kwh: float = 25.0) -> Intervals:
    return Intervals.regular(START, QUARTER_NS, [kwh] * 96)


def without(intervals: Intervals, rows: range) -> Intervals:
    keep = [row for row in range(len(intervals)) if row not in rows]
    columns = (intervals.start_ns, intervals.end_ns)
    starts, ends = (array("q", [column[row] for row in keep]) for column in columns)
    return Intervals(starts, ends, array("d", [intervals.kwh[row] for row in keep]))


def kinds(intervals: Intervals, facts: MeterFacts | None = None) -> list[str]:
    return [each.kind for each in examine(intervals, START, START + 96 * QUARTER_NS, ZONE, facts)]


def test_a_sound_day_has_no_defect() -> None:
    assert kinds(day(), MeterFacts(capacity_kva=200.0, register_kwh=2400.0)) == []


@pytest.mark.parametrize("rows", [range(3), range(40, 42), range(95, 96)])
def test_a_gap_is_named_with_its_length(rows: range) -> None:
    (gap,) = examine(without(day(), rows), START, START + 96 * QUARTER_NS, ZONE)
    assert (gap.kind, gap.value) == ("gap", f"{15 * len(rows)} min")


def test_a_repeated_row_and_a_missing_and_a_negative_reading_are_named() -> None:
    intervals = day()
    intervals.start_ns[5], intervals.end_ns[5] = intervals.start_ns[4], intervals.end_ns[4]
    intervals.kwh[10], intervals.kwh[11] = math.nan, -1.0
    assert kinds(intervals) == ["repeated", "gap", "missing", "negative"]


def test_export_may_be_negative_where_it_is_said() -> None:
    intervals = day()
    intervals.kwh[11] = -1.0
    assert kinds(intervals, MeterFacts(may_export=True)) == []


def test_midnight_stamps_of_the_day_before_are_named() -> None:
    intervals = day()
    intervals.start_ns[95], intervals.end_ns[95] = START - QUARTER_NS, START + 1
    assert "backwards" in kinds(intervals)


def test_power_given_as_energy_is_told_by_the_capacity() -> None:
    assert set(kinds(day(100.0), MeterFacts(capacity_kva=200.0))) == {"power_as_energy"}


def test_power_given_as_energy_is_told_by_the_register() -> None:
    (found,) = examine(day(100.0), START, START + 96 * QUARTER_NS, ZONE, MeterFacts(register_kwh=2400.0))
    assert found.kind == "power_as_energy"
    assert "multiply by 0.25 h" in found.remedy


def test_another_register_is_only_named_so() -> None:
    assert kinds(day(), MeterFacts(register_kwh=3000.0)) == ["register"]


@pytest.mark.parametrize(("first", "kind"), [((2025, 3, 29), "daylight_saving"), ((2025, 10, 25), "gap")])
def test_stamps_read_in_a_zone_with_daylight_saving_are_told(first: tuple[int, int, int], kind: str) -> None:
    """A sound local series, read as if its clock were that of Berlin."""
    wrong = ZoneInfo("Europe/Berlin")
    starts = array("q")
    for step in range(3 * 96):
        clock = datetime(*first) + timedelta(minutes=15 * step)
        if not (first[1] == 3 and clock.day == 30 and clock.hour == 2):
            starts.append(local_instant(clock, wrong))
        else:
            starts.append(local_instant(clock + timedelta(hours=1), wrong))
    ends = array("q", (start + QUARTER_NS for start in starts))
    found = examine(Intervals(starts, ends, array("d", [1.0] * len(starts))), starts[0], ends[-1], ZONE)
    assert kind in [each.kind for each in found if "daylight saving" in each.remedy]


def test_a_month_given_twice_is_named() -> None:
    rng = random.Random(1)
    march = [rng.uniform(10, 30) for _ in range(31 * 96)]
    april = [rng.uniform(10, 30) for _ in range(30 * 96)]
    twice = Intervals.regular(START, QUARTER_NS, march + march[: 30 * 96])
    sound = Intervals.regular(START, QUARTER_NS, march + april)
    assert [each.value for each in repeated_months(twice, ZONE)] == ["2025-04 repeats 2025-03"]
    assert repeated_months(sound, ZONE) == ()
    calendar = BandCalendar(load_tariffs().get("west"))
    bounds = month_bounds(2025, 4, ZONE)
    with pytest.raises(EvidenceError, match=r"repeated_month .* 2688 readings are those from row 0 on"):
        measure_usage(twice, calendar, *bounds)
    assert measure_usage(sound, calendar, *bounds).complete


def test_a_tariff_that_was_not_in_force_prices_nothing() -> None:
    west = load_tariffs().get("west")
    later = dataclasses.replace(west, source=dataclasses.replace(west.source, valid_from="2025-03-02"))
    with pytest.raises(EvidenceError, match=r"tariff not in force .*2025-03-01"):
        measure_usage(day(), BandCalendar(later), START, START + 96 * QUARTER_NS)


def test_no_bill_is_made_from_a_series_with_a_hole_unless_it_is_accepted_and_listed() -> None:
    intervals = without(day(), range(40, 42))
    calendar = BandCalendar(load_tariffs().get("west"))
    end = START + 96 * QUARTER_NS
    with pytest.raises(EvidenceError, match=r"gap 17\d+.*30 min"):
        measure_usage(intervals, calendar, START, end)
    usage = measure_usage(intervals, calendar, START, end, accept_holes=True)
    assert not usage.complete
    assert usage.total_kwh() == 94 * 25


def test_what_cannot_be_accepted_stays_refused() -> None:
    intervals = day()
    intervals.kwh[3] = -5.0
    with pytest.raises(EvidenceError, match="negative"):
        measure_usage(
            intervals, BandCalendar(load_tariffs().get("west")), START, START + 96 * QUARTER_NS, accept_holes=True
        )  # fmt: skip
