"""Norms: levels, corrections and honesty about them."""

from __future__ import annotations

import dataclasses

import pytest
from ovoo_contract.errors import PackError
from ovoo_packs import load_norms
from ovoo_packs.norms import NormTable, norms_from_data


@pytest.mark.parametrize(
    ("norm", "levels", "unit"),
    [
        ("coal_underground", (2.5, 6.2, 10.8), "kgce/t"),
        ("methanol_bituminous", (1380, 1400, 1800), "kgce/t"),
        ("olefin_mto", (900, 1200, 1600), "kgce/t"),
        ("supply_coal_usc_1000", (268, 276, 283), "kgce/MWh"),
        ("pue", (1.2, 1.3, 1.5), "1"),
    ],
)
def test_levels_are_those_of_the_reference(norm: str, levels: tuple[float, ...], unit: str) -> None:
    row = load_norms().get(norm)

    assert (row.level1, row.level2, row.level3) == levels
    assert row.unit == unit
    assert row.reference_only


@pytest.mark.parametrize(("value", "level"), [(2.5, 1), (2.51, 2), (6.2, 2), (10.8, 3), (10.81, None)])
def test_a_value_on_a_limit_reaches_the_level(value: float, level: int | None) -> None:
    assert load_norms().get("coal_underground").level(value) == level


def test_a_level_the_source_lacks_is_skipped() -> None:
    row = load_norms().get("supply_coal_le_200")

    assert (row.level1, row.level2) == (None, None)
    assert row.level(300) == 3


def test_norms_that_need_corrections_say_so() -> None:
    assert len(load_norms().get("coal_underground").corrections) == 5
    assert load_norms().get("methanol_lignite").corrections == ()


@pytest.mark.parametrize(
    ("norm", "rule"),
    [
        ("coal_underground", "one_plus_sum"),
        ("washing_coking", "product"),
        ("coke_top_charged", "unknown"),
        ("methanol_lignite", "none"),
    ],
)
def test_a_norm_says_how_its_corrections_count(norm: str, rule: str) -> None:
    assert load_norms().get(norm).correction_rule == rule


def test_editions_are_a_line_from_the_earliest_whichever_is_asked_for() -> None:
    row = load_norms().get("methanol_lignite")
    rows = {
        "c": dataclasses.replace(row, id="c", supersedes="b"),
        "b": dataclasses.replace(row, id="b", supersedes="a"),
        "a": dataclasses.replace(row, id="a"),
    }
    table = NormTable("1", "", rows)

    assert [[each.id for each in table.editions(name)] for name in "abc"] == [["a", "b", "c"]] * 3


def test_tables_compiled_before_these_keys_are_still_read() -> None:
    row = dataclasses.asdict(load_norms().get("methanol_lignite"))
    del row["correction_rule"], row["supersedes"]

    found = norms_from_data({"version": "2026.1", "rows": [row]}, "").get("methanol_lignite")

    assert found == load_norms().get("methanol_lignite")


def test_every_sector_has_norms() -> None:
    for sector in ("coal_mine", "coal_chemical", "dairy", "power", "data_centre"):
        assert load_norms().of_sector(sector)


def test_unknown_norm_is_named() -> None:
    with pytest.raises(PackError, match="no such norm"):
        load_norms().get("happiness")
