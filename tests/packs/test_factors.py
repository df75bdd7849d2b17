"""Factors: values as printed, marks kept, the latest year found."""

from __future__ import annotations

import pytest
from ovoo_contract.errors import PackError
from ovoo_packs import load_factors


@pytest.mark.parametrize(
    ("factor", "value"),
    [("coal_electricity", 0.1229), ("coal_raw_coal", 0.7143), ("coal_diesel", 1.4571), ("coal_heat", 0.03412)],
)
def test_seen_coefficients_print_plainly(factor: str, value: float) -> None:
    row = load_factors().get(factor)

    assert row.value == value
    assert not row.reference_only


def test_electricity_coefficient_agrees_with_physics() -> None:
    # 3.6/29.3076 is 0.12284; the standard prints 0.1229
    assert load_factors().get("coal_electricity").value == pytest.approx(3.6 / 29.3076, abs=1e-4)


@pytest.mark.parametrize(
    "factor", ["coal_natural_gas", "coal_new_water", "coal_compressed_air", "coal_electricity_equivalent"]
)
def test_conflicting_or_remembered_rows_are_for_reference_only(factor: str) -> None:
    assert load_factors().get(factor).reference_only


def test_a_range_has_no_value_to_be_taken_by_mistake() -> None:
    gas = load_factors().get("coal_natural_gas")

    assert (gas.value, gas.low, gas.high) == (None, 1.1, 1.33)


def test_grid_factor_of_the_latest_known_year() -> None:
    factors = load_factors()

    assert factors.grid_co2("inner_mongolia", 2026).value == 0.6479
    assert not factors.grid_co2("inner_mongolia", 2026).reference_only
    assert factors.grid_co2("inner_mongolia", 2022).value == 0.6849
    assert factors.grid_co2("inner_mongolia", 2022).reference_only
    assert [factors.grid_co2("national", year).value for year in (2021, 2022, 2023)] == [0.5568, 0.5366, 0.5306]


def test_unknown_rows_are_named() -> None:
    with pytest.raises(PackError, match=r"no grid factor .*'atlantis 2023'"):
        load_factors().grid_co2("atlantis", 2023)
    with pytest.raises(PackError, match=r"no such factor .*'coal_gold'"):
        load_factors().get("coal_gold")


def test_every_row_has_source_edition_and_mark() -> None:
    for row in load_factors().rows.values():
        assert row.source.text
        assert row.source.edition
        assert row.source.mark in ("S", "M", "I", "X")
