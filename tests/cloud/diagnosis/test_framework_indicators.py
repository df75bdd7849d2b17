"""What frameworks may name and what the platform answers are the same words."""

from __future__ import annotations

import pytest
from ovoo_cloud.diagnosis.indicators import FACT_NAMES, FINANCE, INDICATORS, MEASURED_BY, TOLD
from ovoo_packs import Framework, framework_names, load_framework
from ovoo_packs.compiler.framework_rules import INDICATORS as NAMES


def named(framework: Framework) -> set[str]:
    """Every indicator that items, options and scene levels of a framework name."""
    items = {item.indicator for item in framework.items}
    options = {option.measured_by for item in framework.items for option in item.options}
    levels = {name for scene in framework.scenes for level in scene.levels for name in level.measured_by}
    return (items | options | levels) - {""}


def test_every_name_that_a_framework_may_use_is_answered_by_exactly_one_source() -> None:
    assert sorted([*MEASURED_BY, *FINANCE, *TOLD]) == sorted(NAMES)


def test_what_is_measured_is_an_indicator_of_the_registry() -> None:
    assert set(MEASURED_BY.values()) <= set(INDICATORS)


def test_every_fact_of_use_may_be_named() -> None:
    assert set(FACT_NAMES) <= set(MEASURED_BY)


@pytest.mark.parametrize("name", framework_names())
def test_a_framework_of_the_packs_names_nothing_else(name: str) -> None:
    assert named(load_framework(name)) <= {*MEASURED_BY, *FINANCE, *TOLD}


def test_the_frameworks_do_name_indicators() -> None:
    assert {"link_energy", "equipment_networked", "stable_running_months"} <= {
        each for name in framework_names() for each in named(load_framework(name))
    }
