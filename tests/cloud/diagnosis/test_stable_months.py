"""Whole months of a run, and what the platform could not see."""

from __future__ import annotations

import datetime

import pytest
from ovoo_cloud.diagnosis.stable_months import whole_months


@pytest.mark.parametrize(
    ("start", "first", "length", "months"),
    [
        ("2026-05-01", 0, 30, 0),  # to 31 May
        ("2026-05-01", 0, 31, 1),  # to 1 June
        ("2026-05-01", 0, 61, 2),  # to 1 July
        ("2026-05-01", 0, 91, 2),  # to 31 July
        ("2026-05-01", 0, 92, 3),  # to 1 August
        ("2026-01-31", 0, 28, 0),  # to 28 February: no 31st of it
        ("2026-01-31", 0, 29, 1),  # to 1 March
        ("2026-02-01", 0, 28, 1),  # to 1 March
        ("2026-12-15", 0, 31, 1),  # over the new year
        ("2026-05-01", 10, 31, 1),  # 11 May to 11 June
        ("2026-05-01", 5, 0, 0),
    ],
)
def test_a_month_counts_from_a_day_to_the_same_day(start: str, first: int, length: int, months: int) -> None:
    assert whole_months(datetime.date.fromisoformat(start), first, length) == months
