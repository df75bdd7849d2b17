"""Load, machine energy, steady days and safety points against values worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.indicators import DeliveryRule
from ovoo_cloud.diagnosis.running import longest_run, steady_days
from ovoo_cloud.diagnosis.snapshot import Issue, freeze

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import Cut

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
CUT = Cut("heishan/utilities/air/comp1", 0.3, 0.7)


@pytest.fixture(scope="module")
def snapshot() -> dict[str, Any]:
    case = mine.case()
    return dict(freeze(case, mine.source(case, [CUT]), ISSUE).data)


def value(snapshot: dict[str, Any], name: str) -> float:
    return float(snapshot["figures"][name]["value"])


def test_the_load_curve_is_that_of_the_meter(snapshot: dict[str, Any]) -> None:
    """2600 kW with a swing of 120 kW over the day; an hour's mean loses under one per cent of the swing."""
    assert 2717 < value(snapshot, "load.peak") < 2720
    assert value(snapshot, "load.mean") == pytest.approx(2600, rel=5e-4)
    assert value(snapshot, "load.factor_percent") == pytest.approx(100 * 2600 / 2718.6, abs=0.1)
    curve = [float(each) for each in snapshot["energy"]["series"]["duration"]]
    assert curve == sorted(curve, reverse=True)
    assert (curve[0], curve[-1]) == (value(snapshot, "load.peak"), value(snapshot, "load.base"))


def test_a_machine_without_gaps_has_one_energy_and_a_share_of_the_meter(snapshot: dict[str, Any]) -> None:
    """The hoist: 500 kW with a swing that cancels, held to the next of 10,080 samples."""
    assert value(snapshot, "consumer.hoist1.kwh") == pytest.approx(500 * 35 * 24, rel=2e-4)
    assert value(snapshot, "consumer.hoist1.percent") == pytest.approx(100 * 500 / 2600, abs=0.1)
    assert snapshot["energy"]["consumers"][0]["machine"] == "hoist1"


def test_a_machine_with_a_gap_has_a_range_of_energy(snapshot: dict[str, Any]) -> None:
    row = snapshot["figures"]["consumer.comp1.kwh"]

    assert row["value"] is None
    assert row["reason"] == "gap"
    assert float(row["low"]) < 0.62 * 250 * 35 * 24 < float(row["high"])


def test_a_cut_source_loses_exactly_its_days(snapshot: dict[str, Any]) -> None:
    """Cut from day 10.5 to day 24.5 of 35: days 10 to 24 fail, ten days remain on either side."""
    assert value(snapshot, "running.comp1.days") == 20
    assert value(snapshot, "running.comp1.longest") == 10
    assert value(snapshot, "running.hoist1.days") == value(snapshot, "running.hoist1.longest") == 35
    assert value(snapshot, "running.hoist1.hours") == 35 * 24


def test_a_safety_point_states_its_extremes_and_coverage(snapshot: dict[str, Any]) -> None:
    stem = "safety.heishan/face/return/gas1/methane"

    assert value(snapshot, f"{stem}.highest") == pytest.approx(0.40)
    assert value(snapshot, f"{stem}.covered_percent") == 100
    assert value(snapshot, f"{stem}.gaps") == value(snapshot, f"{stem}.limits") == 0
    assert [row["signal"].rpartition("/")[2] for row in snapshot["safety"]] == ["co", "methane"]


@given(st.lists(st.booleans(), max_size=60))
def test_the_longest_run_is_the_longest_word_of_trues(steady: list[bool]) -> None:
    words = "".join("x" if each else " " for each in steady).split()

    assert longest_run(steady) == max(map(len, words), default=0)


def test_a_day_exactly_at_the_share_is_steady_and_a_minute_less_is_not() -> None:
    flags = np.zeros((1, 2 * 1440 + 100), dtype=np.bool_)
    flags[0, : 1440 * 8 // 10] = True
    flags[0, 1440 : 1440 + 1440 * 8 // 10 - 1] = True

    assert steady_days(flags, DeliveryRule(Fraction(8, 10), 30)) == [True, False]
