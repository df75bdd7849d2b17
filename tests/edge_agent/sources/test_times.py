"""Times as fields write them: every form, zones and clock changes, and what is refused with which advice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import TIME_FROM_RECEIVE
from ovoo_edge.sources.times import LATEST_AHEAD_NS, TimeForm, TimeReader, likely_forms, pick_time

NOW_NS = 1_796_000_000_000_000_000
TEN = 1_795_917_600_000_000_000
"""2026-11-29 10:00:00 in Shanghai."""


@pytest.mark.parametrize(
    ("form", "zone", "value", "expected_ns"),
    [
        ("s", "UTC", TEN // 10**9, TEN),
        ("s", "UTC", TEN / 1e9 + 0.5, TEN + 500_000_000),
        ("s", "UTC", str(TEN // 10**9), TEN),
        ("ms", "UTC", TEN // 10**6, TEN),
        ("ms", "UTC", 1.795917600123e12, TEN + 123_000_000),
        ("us", "UTC", TEN // 1000 + 7, TEN + 7000),
        ("ns", "UTC", str(TEN + 1), TEN + 1),
        ("filetime", "UTC", 134_403_912_000_000_001, TEN + 100),
        ("filetime", "Asia/Shanghai", "134403912000000000", TEN),
        ("excel", "Asia/Shanghai", 46_355 + 10 / 24, TEN),
        ("excel", "Asia/Shanghai", "46355.5", TEN + 2 * 3600 * 10**9),
        ("iso", "UTC", "2026-11-29T02:00:00Z", TEN),
        ("iso", "UTC", "2026-11-29T10:00:00+08:00", TEN),
        ("iso", "UTC", "2026-11-29 10:00:00+08", TEN),
        ("iso", "UTC", "2026-11-29T10:00:00.123456789+0800", TEN + 123_456_789),
        ("iso", "Asia/Shanghai", "2026-11-29T10:00:00", TEN),
        ("iso", "Asia/Shanghai", "2026-11-29 10:00:00", TEN),
        ("iso", "Asia/Shanghai", "2026/11/29 10:00:00.123", TEN + 123_000_000),
        ("iso", "Asia/Shanghai", "2026.11.29 10:00", TEN),
        ("iso", "Asia/Shanghai", "2026年11月29日 10:00:00", TEN),
        ("iso", "Asia/Shanghai", "2026-11-29 10:00:00,5", TEN + 500_000_000),
        ("iso", "Asia/Shanghai", "20261129100000", TEN),
        ("iso", "Asia/Shanghai", 20_261_129_100_000, TEN),
        ("iso", "Asia/Shanghai", 20_261_129_100_000_250, TEN + 250_000_000),
        ("iso", "UTC", "20261129T020000Z", TEN),
        ("iso", "UTC", "2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
    ],
)
def test_every_form_found_in_the_field(form: TimeForm, zone: str, value: Any, expected_ns: int) -> None:
    assert TimeReader(form, zone).read(value) == expected_ns


def test_date_and_time_of_day_in_two_fields() -> None:
    reader = TimeReader("iso", "Asia/Shanghai")

    assert reader.read_two("2026-11-29", "10:00:00") == TEN
    assert reader.read_two(" 2026/11/29", "10:00:00.5 ") == TEN + 500_000_000
    with pytest.raises(PayloadError, match="must be texts"):
        reader.read_two("2026-11-29", 36_000)
    with pytest.raises(PayloadError, match="must be texts"):
        reader.read_two(None, "10:00:00")


@pytest.mark.parametrize(
    ("form", "value", "advice"),
    [
        ("iso", "10:00:00", "date_path"),
        ("iso", "29/11/2026 10:00", "day and month cannot be told apart"),
        ("iso", "05-06-26", "day and month cannot be told apart"),
        ("iso", "1795917600", "time_form"),
        ("iso", 1_795_917_600, "expected form iso"),
        ("iso", "2026-13-01 00:00:00", "month"),
        ("iso", "2026-11-29 24:00:00", "hour"),
        ("iso", "2026-11-29 10:00:61", "seconds go up to 59"),
        ("iso", "yesterday", "such as"),
        ("iso", True, "expected form iso"),
        ("ms", "2026-11-29", "number of ms"),
        ("s", True, "number of s"),
        ("s", 1e300, "number of s"),
        ("excel", 36_000 / 86_400, "days since 1900"),
        ("excel", 60, "days since 1900"),
        ("excel", "1e9", "days since 1900"),
        ("filetime", "now", "number of filetime"),
    ],
)
def test_what_is_no_time_is_refused_with_advice(form: TimeForm, value: Any, advice: str) -> None:
    with pytest.raises(PayloadError, match=advice):
        TimeReader(form, "UTC").read(value)


def test_a_local_time_that_comes_twice_needs_a_setting() -> None:
    twice = "2026-10-25 02:30:00"
    with pytest.raises(PayloadError, match="repeated_hour"):
        TimeReader("iso", "Europe/Berlin", "refuse").read(twice)

    first = TimeReader("iso", "Europe/Berlin", "first").read(twice)
    second = TimeReader("iso", "Europe/Berlin", "second").read(twice)
    assert second - first == 3600 * 10**9
    assert first == TimeReader("iso", "Europe/Berlin", "refuse").read(twice + "+02:00")


@pytest.mark.parametrize("form", ["iso", "excel"])
def test_a_local_time_that_does_not_exist_is_refused(form: TimeForm) -> None:
    with pytest.raises(PayloadError, match="does not exist"):
        TimeReader(form, "Europe/Berlin").read("2026-03-29 02:30:00" if form == "iso" else 46_110 + 2.5 / 24)


def test_a_clock_set_to_local_time_but_read_as_utc_is_eight_hours_ahead_and_not_replaced() -> None:
    """Shanghai as UTC is within a day: it is the zone setting, not the rule of plausible times, that mends it."""
    wrong_ns = TimeReader("iso", "UTC").read("2026-11-29 10:00:00")
    assert wrong_ns - TEN == 8 * 3600 * 10**9
    assert pick_time(wrong_ns, None, TEN) == (wrong_ns, 0)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2100-01-01"],
)
def test_clocks_that_were_never_set_give_way_to_the_receipt(text: str) -> None:
    assert pick_time(TimeReader("iso", "UTC").read(text), None, NOW_NS) == (NOW_NS, TIME_FROM_RECEIVE)


@pytest.mark.parametrize("hours", [-17, 17])
def test_a_skew_of_hours_is_kept_as_it_is(hours: int) -> None:
    source_ns = NOW_NS + hours * 3600 * 10**9
    assert pick_time(source_ns, None, NOW_NS) == (source_ns, 0)


def test_the_bound_ahead_is_one_day() -> None:
    assert pick_time(NOW_NS + LATEST_AHEAD_NS, None, NOW_NS)[1] == 0
    assert pick_time(NOW_NS + LATEST_AHEAD_NS + 1, None, NOW_NS)[1] == TIME_FROM_RECEIVE


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        (TEN // 10**9, ["s"]),
        (TEN // 10**6, ["ms"]),
        (TEN // 10**3, ["us"]),
        (TEN, ["ns"]),
        (134_403_912_000_000_000, ["filetime"]),
        (46_355.4, ["excel"]),
        ("2026-11-29 10:00", ["iso"]),
        (36_000, []),
        ("x", []),
        (None, []),
    ],
)
def test_the_likely_form_of_a_number_is_told(value: Any, forms: list[str]) -> None:
    found = likely_forms(value, "Asia/Shanghai", NOW_NS)
    assert [form for form in found if form != "excel" or forms == ["excel"]] == forms


@given(st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)), st.sampled_from(["T", " "]))
def test_written_and_read_again_is_the_same_moment(moment: datetime, between: str) -> None:
    expected_ns = round(moment.replace(tzinfo=UTC, microsecond=0).timestamp()) * 10**9 + moment.microsecond * 1000
    reader = TimeReader("iso", "UTC")
    assert reader.read(moment.isoformat(sep=between)) == expected_ns
    assert reader.read(moment.isoformat(sep=between) + "Z") == expected_ns
