"""Bands against a plain book by the minute, in years with and without a leap day, and in zones that move the clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.bands import BandCalendar, local_instant, month_bounds
from ovoo_models.efficiency.tariff.intervals import HOUR_NS
from ovoo_packs import load_tariffs

from tests.models.efficiency.tariff.book import MINUTE_NS, first_minute, minutes_of


@pytest.mark.parametrize("tariff", ["west", "east"])
@pytest.mark.parametrize(("year", "month"), [(2024, 2), (2025, 2), (2025, 5), (2025, 6), (2025, 8), (2025, 12)])
def test_every_minute_has_the_band_of_the_book(tariff: str, year: int, month: int) -> None:
    calendar = BandCalendar(load_tariffs().get(tariff))
    wrong = [
        minute
        for minute, band, ratio in minutes_of(year, month, tariff)
        if (span := calendar.span_at(minute * MINUTE_NS)).band != band or abs(span.ratio - ratio) > 1e-12
    ]
    assert wrong == []


@pytest.mark.parametrize(("year", "month"), [(2024, 2), (2024, 12), (2025, 1), (2026, 3)])
def test_a_month_begins_at_local_midnight(year: int, month: int) -> None:
    start, end = month_bounds(year, month, ZoneInfo("Asia/Shanghai"))
    following = first_minute(year + month // 12, month % 12 + 1)
    assert (start, end) == (first_minute(year, month) * MINUTE_NS, following * MINUTE_NS)


def test_the_last_nanosecond_before_a_border_is_of_the_old_band() -> None:
    calendar = BandCalendar(load_tariffs().get("west"))
    border = (first_minute(2025, 6) + 19 * 60) * MINUTE_NS
    assert [calendar.span_at(border + shift).band for shift in (-1, 0)] == ["peak", "super_peak"]


def test_the_year_end_cuts_no_band_short() -> None:
    calendar = BandCalendar(load_tariffs().get("west"))
    border = first_minute(2026, 1) * MINUTE_NS
    spans = list(calendar.spans(border - HOUR_NS, border + HOUR_NS))
    assert [(span.band, span.end_ns - span.start_ns) for span in spans] == [("flat", HOUR_NS), ("valley", HOUR_NS)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", (2025, 3, 30), 23),
        ("Europe/Berlin", (2025, 10, 26), 25),
        ("Australia/Lord_Howe", (2025, 10, 5), 23.5),
        ("Australia/Lord_Howe", (2025, 4, 6), 24.5),
        ("Asia/Kolkata", (2025, 4, 6), 24),
    ],
)
def test_a_day_of_a_moved_clock_is_covered_without_hole_or_doubling(
    zone: str, day: tuple[int, int, int], hours: float
) -> None:
    place = ZoneInfo(zone)
    calendar = BandCalendar(load_tariffs().get("west"), place)
    start = local_instant(datetime(*day), place)
    end = local_instant(datetime(day[0], day[1], day[2] + 1), place)
    spans = list(calendar.spans(start, end))

    assert end - start == hours * HOUR_NS
    assert [spans[0].start_ns, *(span.end_ns for span in spans)] == [*(span.start_ns for span in spans), end]
    for span in spans:
        first = datetime.fromtimestamp(span.start_ns / 1e9, place)
        last = datetime.fromtimestamp(span.end_ns / 1e9 - 1, place)
        assert (first.hour, first.utcoffset()) == (last.hour, last.utcoffset())


def test_a_time_the_clock_never_showed_is_refused() -> None:
    with pytest.raises(ConfigError, match="the clock never showed this"):
        local_instant(datetime(2025, 3, 30, 2, 15), ZoneInfo("Europe/Berlin"))
