"""Which meter is wrong over weeks: named, with form, size and band; nothing named where nothing is wrong."""

from __future__ import annotations

import math
from array import array
from typing import Literal

import numpy as np
import pytest
from ovoo_contract.errors import ConfigError, NotReady
from ovoo_models.efficiency.balance import Biases, BiasSearch

from benchmarks.meter_trees import Plant, draw_plant
from tests.models.efficiency.test_balance import meter, plant


def small(seed: int, days: int = 6) -> tuple[Plant, np.random.Generator]:
    rng = np.random.default_rng([7, seed])
    return draw_plant(rng, days=days, meters=12), rng


def searched(drawn: Plant, readings: np.ndarray) -> Biases:
    search = BiasSearch(drawn.tree, [each.name for each in drawn.tree.meters])
    search.add(array("d", readings.ravel().tolist()))
    return search.search()


@pytest.mark.parametrize("seed", range(12))
def test_a_meter_off_in_proportion_is_named_with_its_size(seed: int) -> None:
    drawn, rng = small(seed)
    biased = int(rng.integers(12))
    size = 0.05 if seed % 2 else -0.05

    found = searched(drawn, drawn.readings(rng, biased, "gain", size)).found

    assert len(found) == 1
    assert found[0].named == drawn.tree.meters[biased].name
    assert found[0].form == "gain"
    assert abs(found[0].gain.value - size) < 3 * found[0].gain.sigma
    assert found[0].gain.sigma < 0.01


@pytest.mark.parametrize("seed", range(8))
def test_sound_meters_are_not_named(seed: int) -> None:
    drawn, rng = small(seed)

    found = searched(drawn, drawn.readings(rng, 0, "gain", 0.0))

    assert found.found == ()
    assert found.imbalance_share < 1e-4


def balanced(rows: int, seed: int) -> np.ndarray:
    """Readings of `plant()`: main, hall, office, sun, press, kiln, mill, with loads of their own and 0.1 % noise."""
    rng = np.random.default_rng(seed)
    press, kiln, mill, office, sun = (
        size * np.exp(0.4 * rng.standard_normal(rows)) for size in (300.0, 400.0, 100.0, 200.0, 60.0)
    )
    hall = press + kiln + mill
    flows = np.stack([hall + office - sun, hall, office, sun, press, kiln, mill], axis=1)
    return np.asarray(flows * (1 + 0.001 * rng.standard_normal(flows.shape)))


NAMES = ["main", "hall", "office", "sun", "press", "kiln", "mill"]


def search_of(readings: np.ndarray) -> Biases:
    search = BiasSearch(plant(), NAMES)
    search.add(array("d", readings.ravel().tolist()))
    return search.search()


@pytest.mark.parametrize("form", ["gain", "offset"])
def test_gain_and_offset_are_told_apart_and_corrected(form: Literal["gain", "offset"]) -> None:
    readings = balanced(2000, 1)
    readings[:, 5] = readings[:, 5] * 1.05 if form == "gain" else readings[:, 5] + 40.0

    found = search_of(readings)

    assert found.found[0].form == form
    assert "kiln" in found.found[0].meters
    if form == "gain":
        assert found.found[0].named == "kiln"
        assert found.found[0].gain.value == pytest.approx(0.05, abs=0.003)
        assert found.factor["kiln"] == pytest.approx(1 / 1.05, abs=0.003)
    else:
        assert set(found.found[0].meters) >= {"press", "kiln", "mill"}
        assert found.found[0].offset.value == pytest.approx(40.0, abs=3.0)
    assert found.imbalance_share < 1e-3


def test_two_wrong_meters_are_named_one_after_the_other() -> None:
    readings = balanced(2000, 2)
    readings[:, 4] *= 1.06
    readings[:, 2] *= 0.93

    found = search_of(readings).found

    assert {each.named for each in found} == {"press", "office"}


def test_loads_that_never_vary_leave_a_set() -> None:
    readings = np.repeat(balanced(1, 3), 500, axis=0)
    readings *= 1 + 0.001 * np.random.default_rng(4).standard_normal(readings.shape)
    readings[:, 5] *= 1.1

    found = search_of(readings).found

    assert found[0].named is None
    assert found[0].form == "either"
    assert {"press", "kiln", "mill"} <= set(found[0].meters)


def test_blocks_add_up_to_the_whole() -> None:
    readings = balanced(400, 5)
    readings[7, 2] = math.nan
    whole, parts = BiasSearch(plant(), NAMES), BiasSearch(plant(), NAMES)
    whole.add(array("d", readings.ravel().tolist()))
    used = sum(parts.add(array("d", part.ravel().tolist())) for part in np.split(readings, 8))

    assert used == whole.rows == parts.rows == 399
    assert whole.search() == parts.search()


def test_a_meter_that_reads_nothing_at_all_is_named() -> None:
    readings = balanced(1000, 8)
    readings[:, 5] = 0.0

    found = search_of(readings).found

    assert "kiln" in found[0].meters


def test_a_missing_meter_costs_only_its_own_balance() -> None:
    readings = balanced(2000, 6)
    readings[:, 2] *= 1.05
    search = BiasSearch(plant(), NAMES[:6])
    search.add(array("d", readings[:, :6].ravel().tolist()))

    found = search.search().found

    assert [each.named for each in found] == ["office"]


def test_input_that_cannot_be_is_named() -> None:
    search = BiasSearch(plant(), NAMES)
    with pytest.raises(NotReady, match="too few rows"):
        search.search()
    with pytest.raises(ConfigError, match="rows are not whole"):
        search.add(array("d", [1.0] * 8))
    with pytest.raises(ConfigError, match="kiln: a flow cannot be"):
        search.add(array("d", [1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 1.0]))
    with pytest.raises(ConfigError, match="listed twice"):
        BiasSearch(plant(), ["main", "hall", "main"])
    with pytest.raises(ConfigError, match="no such meter"):
        BiasSearch(plant(), ["main", meter("x").name])
    lonely = BiasSearch(plant(), ["main", "press"])
    lonely.add(array("d", [1.0, 2.0] * 20))
    with pytest.raises(NotReady, match="no balance"):
        lonely.search()
