"""Norms: levels, corrections and honesty about them."""

from __future__ import annotations

import pytest
from ovoo_contract.errors import PackError
from ovoo_packs import load_norms


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


def test_every_sector_has_norms() -> None:
    for sector in ("coal_mine", "coal_chemical", "dairy", "power", "data_centre"):
        assert load_norms().of_sector(sector)


def test_unknown_norm_is_named() -> None:
    with pytest.raises(PackError, match="no such norm"):
        load_norms().get("happiness")
