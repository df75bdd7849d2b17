"""Time-of-use tables: every hour of every month has one band."""

from __future__ import annotations

from collections import Counter

import pytest
from ovoo_contract.errors import PackError
from ovoo_packs import load_tariffs
from ovoo_packs.tariffs import BANDS


@pytest.mark.parametrize("tariff", list(load_tariffs().rows))
def test_hours_add_up_to_a_day_in_every_month(tariff: str) -> None:
    table = load_tariffs().get(tariff)

    for month in range(1, 13):
        bands = [table.band(month, hour) for hour in range(24)]
        assert len(bands) == 24
        assert set(bands) <= set(BANDS)
        assert all(table.ratio(month, hour) > 0 for hour in range(24))


@pytest.mark.parametrize(
    ("tariff", "month", "hours"),
    [
        ("west", 1, {"peak": 6, "flat": 9, "valley": 9}),
        ("west", 7, {"super_peak": 2, "peak": 4, "flat": 13, "valley": 3, "deep_valley": 2}),
        ("east", 1, {"peak": 8, "flat": 8, "valley": 8}),
        ("east", 7, {"super_peak": 2, "peak": 6, "flat": 8, "valley": 6, "deep_valley": 2}),
    ],
)
def test_hours_per_band_as_counted_by_hand(tariff: str, month: int, hours: dict[str, int]) -> None:
    table = load_tariffs().get(tariff)

    assert Counter(table.band(month, hour) for hour in range(24)) == hours


@pytest.mark.parametrize(
    ("tariff", "month", "hour", "ratio"),
    [
        ("west", 1, 6, 1.68),
        ("west", 1, 3, 0.48),
        ("west", 7, 20, 1.848),
        ("west", 7, 14, 0.352),
        ("east", 8, 12, 0.384),
    ],
)
def test_price_ratio_of_an_hour(tariff: str, month: int, hour: int, ratio: float) -> None:
    assert load_tariffs().get(tariff).ratio(month, hour) == pytest.approx(ratio)


def test_tariffs_may_have_been_revised_and_say_so() -> None:
    assert all(table.reference_only for table in load_tariffs().rows.values())


@pytest.mark.parametrize(("month", "hour"), [(13, 0), (1, 24)])
def test_what_is_not_in_the_calendar_is_refused(month: int, hour: int) -> None:
    with pytest.raises(PackError):
        load_tariffs().get("west").band(month, hour)


def test_a_city_finds_its_tariff() -> None:
    table = load_tariffs()

    assert [[row.id for row in table.of_region(city)] for city in ("ordos", "chifeng", "beijing")] == [
        ["west"],
        ["east"],
        [],
    ]


def test_unknown_tariff_is_named() -> None:
    with pytest.raises(PackError, match="one of west, east"):
        load_tariffs().get("north")
