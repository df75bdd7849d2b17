"""Norm lines: corrections by the rule of the row, mixes by output, editions beside each other."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, UnitError
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.norm_gauge import Correction, Lines, Product, gauge, gauge_editions, gauge_mix
from ovoo_packs import load_norms
from ovoo_packs.norms import NormTable

NORMS = load_norms()
FIVE = {"mining_method": 0.05, "haul_distance": 0.1, "gas_class": 0.2, "inflow": 0.0, "capacity": -0.05}


def coal(value: float, sigma: float = 0.0) -> Estimate:
    return Estimate(value, sigma, "kgce/t")


@pytest.mark.parametrize(("value", "level"), [(1380.0, 1), (1380.1, 2), (1800.0, 3), (1800.1, None)])
def test_a_norm_without_corrections_is_compared_as_it_stands(value: float, level: int | None) -> None:
    found = gauge(coal(value), NORMS.get("methanol_bituminous"))
    assert (found.level, found.factor, found.open_corrections) == (level, 1.0, ())
    assert found.editions == ("GB 29436-2023",)
    assert found.reference_only


def test_one_plus_the_sum_of_five_factors() -> None:
    found = gauge(coal(3.0), NORMS.get("coal_underground"), Correction("site survey", FIVE))
    assert found.factor == pytest.approx(1.3)
    assert found.corrected == Lines(pytest.approx(3.25), pytest.approx(8.06), pytest.approx(14.04))  # type: ignore[arg-type]
    assert (found.raw.level(3.0), found.level) == (2, 1)


def test_the_process_factor_multiplies() -> None:
    found = gauge(
        Estimate(4.0, 0.0, "kWh/t"), NORMS.get("washing_coking"), Correction("survey", {"process_factor": 0.9})
    )  # fmt: skip
    assert found.lines.limit == pytest.approx(7.65)


def test_without_its_corrections_the_comparison_is_raw_and_says_what_is_open() -> None:
    found = gauge(coal(3.0), NORMS.get("coal_underground"), Correction("survey", {"inflow": 0.1}))
    assert found.corrected is None
    assert found.open_corrections == ("mining_method", "haul_distance", "gas_class", "capacity")
    assert found.level == 2


def test_where_the_source_gives_no_rule_only_a_total_is_applied() -> None:
    norm = NORMS.get("coke_top_charged")
    parts = Correction("survey", {"fuel": 1.0, "feed": 1.0, "age": 1.1})
    assert gauge(coal(120.0), norm, parts).open_corrections == ("total",)
    total = gauge(coal(120.0), norm, Correction("worked out by the standard", total=1.1))
    assert (total.level, total.corrected) == (1, Lines(*(pytest.approx(x) for x in (121.0, 121.0, 148.5))))  # type: ignore[arg-type]


def test_a_correction_the_norm_does_not_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="it names mining_method"):
        gauge(coal(3.0), NORMS.get("coal_underground"), Correction("survey", {"weather": 0.1}))
    with pytest.raises(ConfigError, match="without a document"):
        gauge(coal(3.0), NORMS.get("coal_underground"), Correction("", FIVE))
    with pytest.raises(ConfigError, match="not a correction"):
        gauge(coal(3.0), NORMS.get("methanol_lignite"), Correction("survey", total=1.2))


def test_a_level_within_the_error_of_the_meters_is_not_sure() -> None:
    norm = NORMS.get("methanol_bituminous")
    assert not gauge(coal(1390.0, 10.0), norm).sure
    assert gauge(coal(1390.0, 10.0), norm).levels == (1, 3)
    assert gauge(coal(1500.0, 10.0), norm).sure


def test_a_mix_is_weighted_by_output() -> None:
    products = [Product(NORMS.get("methanol_bituminous"), 300.0), Product(NORMS.get("dme_methanol"), 100.0)]
    found = gauge_mix(Estimate(400.0 * 1500, 4000.0, "kgce"), products)
    assert found.consumption == coal(1500.0, 10.0)
    assert found.lines.limit == pytest.approx((300 * 1800 + 100 * 1200) / 400)
    assert found.level == 3
    assert found.norm_ids == ("methanol_bituminous", "dme_methanol")


def test_a_mix_with_an_open_correction_stays_raw() -> None:
    products = [Product(NORMS.get("methanol_bituminous"), 300.0), Product(NORMS.get("coke_top_charged"), 100.0)]
    found = gauge_mix(Estimate(400.0, 0.0, "kgce"), products)
    assert found.corrected is None
    assert found.open_corrections == ("coke_top_charged.fuel", "coke_top_charged.feed", "coke_top_charged.age")


@given(st.floats(0.01, 1e6), st.floats(1.0, 1e6))
def test_a_mix_of_one_product_is_that_product(output: float, consumption: float) -> None:
    norm = NORMS.get("methanol_bituminous")
    found = gauge_mix(Estimate(consumption * output, 0.0, "kgce"), [Product(norm, output)])
    assert found.consumption.value == pytest.approx(consumption)
    assert found.lines == Lines(norm.level1, norm.level2, norm.level3)


def test_products_counted_in_other_units_do_not_mix() -> None:
    with pytest.raises(UnitError, match="units of the mix differ"):
        gauge_mix(Estimate(1.0, 0.0, "kgce"), [Product(NORMS.get("sng"), 1.0), Product(NORMS.get("olefin_mto"), 1.0)])


def test_a_later_edition_stands_beside_the_earlier() -> None:
    old = dataclasses.replace(NORMS.get("methanol_lignite"), id="old", level3=2200.0)
    new = dataclasses.replace(NORMS.get("methanol_lignite"), id="new", supersedes="old")
    found = gauge_editions(coal(2100.0), NormTable("1", "", {"new": new, "old": old}), "new")
    assert [(each.norm_ids, each.level) for each in found] == [(("old",), 3), (("new",), None)]


def test_a_table_whose_access_line_is_stricter_than_the_advanced_one_is_flagged() -> None:
    found = gauge(Estimate(286.0, 0.0, "kgce/MWh"), NORMS.get("supply_coal_sc_600"))
    assert not found.raw.rising


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_what_is_no_consumption_has_no_level(value: float) -> None:
    with pytest.raises(ConfigError, match="not a consumption"):
        gauge(coal(value), NORMS.get("methanol_lignite"))


def test_another_unit_is_refused() -> None:
    with pytest.raises(UnitError, match="another unit"):
        gauge(Estimate(1.4, 0.0, "tce/t"), NORMS.get("methanol_lignite"))
