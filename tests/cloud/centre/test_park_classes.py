"""Classes per mu: by the centre's own table, exactly at its bounds, and none without a table."""

from __future__ import annotations

from typing import Any

import pytest
from ovoo_cloud.centre.facts import Row
from ovoo_cloud.centre.park_classes import classed, table_of
from ovoo_cloud.centre.parks import MEASURES, park_benefit
from ovoo_contract.errors import ConfigErrors

from tests.cloud.centre.conftest import Centre


def bound(grade: str, figure: str, at_least: str, **changes: Any) -> Row:
    content = {
        "table": "示例表（虚构）", "park": None, "grade": grade, "figure": figure, "at_least": at_least,
        "valid_from": "2024-01-01", "valid_until": None, "source": "示例", "edition": "1", "document": "示例",
        "mark": "M",
    }  # fmt: skip
    return Row("park_class", f"{grade}-{figure}", 1, content | changes)


TABLE = [
    bound("a", "tax_per_mu", "10"), bound("a", "value_added_per_tce", "2"),
    bound("b", "tax_per_mu", "5"), bound("c", "tax_per_mu", "1"),
]  # fmt: skip


def tenant(tax: str | None, energy: str | None = "100", **changes: Any) -> dict[str, Any]:
    content = {
        "park": "P", "name_zh": "厂", "year": 2025, "area_mu": "3", "tax_10k_yuan": tax, "energy_tce": energy,
        "value_added_10k_yuan": "300", "document": "示例",
    }  # fmt: skip
    return content | changes


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (tenant("30"), ("a", "")),
        (tenant("29.999999"), ("b", "")),  # shown as 10.00, and not ten
        (tenant("15"), ("b", "")),
        (tenant("30", energy="151"), ("b", "")),
        (tenant("30", energy=None), (None, "missing")),  # might be A
        (tenant("20", energy=None), ("b", "")),  # cannot be A
        (tenant(None), (None, "missing")),
        (tenant("2.9"), (None, "below")),
        (tenant("3"), ("c", "")),
    ],
)
def test_a_class_is_the_best_whose_bounds_are_all_reached(content: dict[str, Any], wanted: tuple[Any, str]) -> None:
    found = classed(TABLE, content, MEASURES)

    assert (found["grade"], found["reason"]) == wanted


def test_without_a_table_there_is_no_class() -> None:
    rows = [Row("park", "p1", 1, tenant("30"))]

    without = park_benefit(rows, "P", 2025, "tax_per_mu")
    within = park_benefit(rows, "P", 2025, "tax_per_mu", TABLE)

    assert (without["table"], without["items"][0]["class"]) == (None, {"grade": None, "reason": "no_table"})
    assert within["items"][0]["class"]["grade"] == "a"
    assert within["table"]["reference_only"] is True
    assert within["table"]["rows"] == [each.source for each in TABLE]


@pytest.mark.parametrize(
    ("year", "park", "names"),
    [(2023, "P", set()), (2024, "P", {"old"}), (2025, "P", {"own"}), (2025, "Q", {"new"})],
)
def test_the_table_in_force_at_the_end_of_the_year_counts_and_that_of_the_park_first(
    year: int, park: str, names: set[str]
) -> None:
    rows = [
        bound("a", "tax_per_mu", "1", table="old", valid_from="2024-01-01", valid_until="2025-06-30"),
        bound("a", "tax_per_mu", "2", table="new", valid_from="2025-07-01"),
        bound("a", "tax_per_mu", "3", table="own", valid_from="2025-01-01", park="P"),
    ]

    assert {row.content["table"] for row in table_of(rows, park, year)} == names


def test_a_row_without_source_or_document_is_refused(centre: Centre) -> None:
    content = {**TABLE[0].content, "source": None, "document": None, "valid_until": "2023-01-01"}
    with pytest.raises(ConfigErrors) as caught:
        centre.put("park_class", "x", **content)

    assert {each.offender for each in caught.value.errors} == {"source", "document"}
    with pytest.raises(ConfigErrors, match="ends before"):
        centre.put("park_class", "x", **{**TABLE[0].content, "valid_until": "2023-01-01"})
