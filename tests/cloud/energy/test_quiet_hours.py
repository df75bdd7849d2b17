"""Quiet hours: which night a minute belongs to, over midnight, by weekday, and what is no such text."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_cloud.catalogue.quiet_hours import QuietHours
from ovoo_contract.errors import ConfigError

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, tzinfo=ZONE)


def nights(text: str, days: int = 8) -> dict[datetime, int]:
    """Night by local minute."""
    found = QuietHours.parse(text).nights(int(MONDAY.timestamp()) * 10**9, days * 1440, ZONE)
    return {MONDAY + timedelta(minutes=n): night for n, night in enumerate(found)}


def test_hours_across_midnight_are_one_night() -> None:
    found = nights("22:00-05:30")

    quiet = {at: night for at, night in found.items() if night >= 0}
    assert quiet[MONDAY + timedelta(hours=22)] == quiet[MONDAY + timedelta(hours=29)]
    assert MONDAY + timedelta(hours=29, minutes=30) not in quiet
    assert quiet[MONDAY] == quiet[MONDAY + timedelta(hours=5)] != quiet[MONDAY + timedelta(hours=22)]


def test_weekdays_are_those_on_which_it_begins() -> None:
    quiet = [at for at, night in nights("67 22:00-02:00").items() if night >= 0]

    assert {at.isoweekday() for at in quiet if at.hour >= 22} == {6, 7}
    assert {at.isoweekday() for at in quiet if at.hour < 2} == {7, 1}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1439), st.integers(0, 1439))
def test_a_day_has_as_many_quiet_minutes_as_the_text_says(first: int, last: int) -> None:
    if first == last:
        return
    text = f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}"

    found = nights(text, 1)

    assert sum(night >= 0 for night in found.values()) == (last - first) % 1440


@pytest.mark.parametrize(
    "text", ["", "2-5", "02:00-02:00", "25:00-26:00", "02:70-03:00", "8 02:00-03:00", "02:00–05:00"]
)
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not hours of the day"):
        QuietHours.parse(text)
