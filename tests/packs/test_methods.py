"""Numbers of our own methods: complete, marked as our own, and checked like every other pack."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ovoo_contract.errors import PackError
from ovoo_packs import load_framework, load_methods


def test_the_weights_of_readiness_add_up_to_a_hundred() -> None:
    weights = [row.exact for row in load_methods().rows.values() if row.id.startswith("readiness_weight_")]

    assert sum(weights) == Decimal(100)
    assert len(weights) == 8


def test_our_own_numbers_print_as_reference_only() -> None:
    assert {row.source.mark for row in load_methods().rows.values()} == {"I"}
    assert all(row.reference_only for row in load_methods().rows.values())


def test_an_unknown_number_is_refused_by_name() -> None:
    with pytest.raises(PackError, match="readiness_weight_beauty"):
        load_methods().get("readiness_weight_beauty")


def test_six_scenes_say_which_facts_prove_level_three() -> None:
    proved = {
        scene.id
        for scene in load_framework("sme_2024").scenes
        if any(level.level == 3 and level.measured_by for level in scene.levels)
    }

    assert proved == {"production", "quality", "equipment", "safety", "energy", "decision"}
