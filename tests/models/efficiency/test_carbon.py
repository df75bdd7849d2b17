"""Coal equivalent and carbon: by hand, by measured heating value, and under two editions."""

from __future__ import annotations

import dataclasses
import math

import pytest
from ovoo_contract.errors import ConfigError, PackError, UnitError
from ovoo_models.efficiency.carbon import Amount, FactorChoice, Span, convert_electricity, footprint, side_by_side
from ovoo_packs import load_factors
from ovoo_packs.factors import Factor, FactorTable
from ovoo_packs.source_ref import SourceRef

TABLE = load_factors()
CHOICE = FactorChoice(2023)
CASE = SourceRef("supplier's contract, fictitious", "2025", "2025-01-01", None, "S")


def factor(name: str, value: float, per_unit: str) -> Factor:
    return Factor(name, "co2_fuel", "甲", "a", "kgCO2", per_unit, value, None, None, "", None, CASE)


def test_electricity_by_hand() -> None:
    found = footprint([Amount("grid", "electricity", 2.0, "MWh")], TABLE, CHOICE)
    assert found.kgce.value == pytest.approx(2000 * 0.1229)
    assert found.kgco2 == Span(2000 * 0.6479, 2000 * 0.6479)
    assert found.factors == {"coal_electricity": "GB/T 2589-2020", "grid_inner_mongolia_2023": "2023 factors"}
    assert not found.reference_only


def test_the_short_form_gives_the_same_digits() -> None:
    short = convert_electricity(1234.5, 2023, TABLE, "inner_mongolia")
    long = footprint([Amount("grid", "electricity", 1234.5, "kWh")], TABLE, CHOICE)
    assert (short.kgce, short.kgco2) == (long.kgce.value, long.kgco2.value if long.kgco2 else None)


def test_steam_counts_by_its_enthalpy() -> None:
    found = footprint([Amount("steam", "steam", 10.0, "t", enthalpy_kj_kg=2700.0)], TABLE, CHOICE)
    assert found.kgce.value == pytest.approx(27000 * 0.03412)
    assert found.known_kgco2.value == pytest.approx(27.0 * 110)
    with pytest.raises(ConfigError, match="steam without enthalpy"):
        footprint([Amount("steam", "steam", 10.0, "t")], TABLE, CHOICE)


def test_a_measured_heating_value_goes_before_the_table() -> None:
    by_table, measured = Amount("coal", "raw_coal", 1.0, "t"), Amount("coal", "raw_coal", 1.0, "t", 20.0)
    assert footprint([by_table], TABLE, CHOICE).kgce.value == pytest.approx(714.3)
    assert footprint([measured], TABLE, CHOICE).kgce.value == pytest.approx(20000 / 29.3076)


def test_a_range_of_the_table_stays_a_range() -> None:
    found = footprint([Amount("gas", "natural_gas", 100.0, "m3")], TABLE, CHOICE)
    assert found.kgce == Span(pytest.approx(110.0), pytest.approx(133.0))  # type: ignore[arg-type]
    assert found.kgce.value is None
    assert found.reference_only


def test_a_fuel_without_emission_factor_is_named_and_not_zero() -> None:
    found = footprint(
        [Amount("grid", "electricity", 1000.0, "kWh"), Amount("coal", "raw_coal", 1.0, "t")], TABLE, CHOICE
    )  # fmt: skip
    assert found.kgco2 is None
    assert found.without_co2 == ("coal",)
    assert found.known_kgco2.value == pytest.approx(647.9)


@pytest.mark.parametrize(("per_unit", "value", "expected"), [("kg", 1.9, 1900.0), ("GJ", 95.0, 1900.0)])
def test_the_case_may_bring_an_emission_factor(per_unit: str, value: float, expected: float) -> None:
    coal = Amount("coal", "raw_coal", 1.0, "t", 20.0, co2_factor=factor("case_coal", value, per_unit))
    assert footprint([coal], TABLE, CHOICE).known_kgco2.value == pytest.approx(expected)


def test_market_based_electricity_uses_the_suppliers_row_and_says_so() -> None:
    row = dataclasses.replace(factor("supplier", 0.1, "kWh"), kind="co2_grid")
    choice = FactorChoice(2023, supplier=row)
    found = footprint([Amount("grid", "electricity", 1000.0, "kWh")], TABLE, choice)
    assert choice.method == "market"
    assert found.known_kgco2.value == pytest.approx(100.0)


def test_another_edition_leaves_both_results_visible() -> None:
    amounts = [Amount("grid", "electricity", 1000.0, "kWh"), Amount("heat", "heat", 1.0, "GJ")]
    both = side_by_side(amounts, (TABLE, FactorChoice(2022)), (TABLE, CHOICE))
    assert both.first.lines[0].kgco2 == Span(684.9, 684.9)
    assert both.second.lines[0].kgco2 == Span(647.9, 647.9)
    assert [first.amount.name for first, _ in both.changed] == ["grid"]
    assert both.kgco2_change == pytest.approx(-37.0)
    assert both.first.reference_only


def test_a_new_table_does_not_touch_the_old_result() -> None:
    newer = dataclasses.replace(TABLE.get("coal_electricity"), value=0.1230)
    table = FactorTable("2027.1", "0" * 64, {**TABLE.rows, "coal_electricity": newer})
    amounts = [Amount("grid", "electricity", 1000.0, "kWh")]
    old = footprint(amounts, TABLE, CHOICE)
    both = side_by_side(amounts, (TABLE, CHOICE), (table, CHOICE))
    assert both.first == old
    assert both.second.kgce.value == pytest.approx(123.0)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_what_is_no_amount_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match="not an amount"):
        footprint([Amount("grid", "electricity", value, "kWh")], TABLE, CHOICE)


def test_power_given_as_energy_is_refused_by_its_unit() -> None:
    with pytest.raises(UnitError, match="does not convert"):
        footprint([Amount("grid", "electricity", 100.0, "kW")], TABLE, CHOICE)


def test_an_unknown_carrier_is_named() -> None:
    with pytest.raises(PackError, match="coal_peat"):
        footprint([Amount("peat", "peat", 1.0, "t")], TABLE, CHOICE)


def test_an_amount_given_twice_is_refused() -> None:
    grid = Amount("grid", "electricity", 1.0, "kWh")
    with pytest.raises(ConfigError, match="given twice"):
        footprint([grid, grid], TABLE, CHOICE)
