"""Saving ranges against hand values on simple columns."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from ovoo_cloud.diagnosis.actions import KINDS, drift_saving, idle_energy, percentile, specific_saving
from ovoo_cloud.diagnosis.snapshot import Issue, freeze

from tests.cloud.diagnosis import mine

DAY = 1440


def test_idle_energy_counts_minutes_that_run_without_work() -> None:
    """20 days at 100 kW; two hours a day without work at 30 kW: 20 * 2 * 30 = 1200 kWh."""
    power, work = np.full(20 * DAY, 100.0), np.full(20 * DAY, 5.0)
    for day in range(20):
        power[day * DAY : day * DAY + 120] = 30.0
        work[day * DAY : day * DAY + 120] = 0.0

    assert idle_energy(power, work) == (600.0, 1200.0)


def test_a_machine_that_is_off_does_not_idle() -> None:
    power, work = np.full(20 * DAY, 100.0), np.full(20 * DAY, 5.0)
    power[:600], work[:600] = 0.0, 0.0

    assert idle_energy(power, work) == (0.0, 0.0)


def test_less_than_fourteen_days_prove_nothing() -> None:
    power, work = np.full(13 * DAY, 100.0), np.full(13 * DAY, 5.0)

    assert idle_energy(power, work) is None
    assert specific_saving(power, work) is None
    assert drift_saving(power, work) is None


def test_missing_minutes_are_left_out_and_not_taken_as_idle() -> None:
    power, work = np.full(20 * DAY, 100.0), np.full(20 * DAY, 5.0)
    work[: 2 * DAY] = np.nan

    assert idle_energy(power, work) == (0.0, 0.0)


def test_specific_saving_compares_with_the_assets_own_best_days() -> None:
    """20 days, ten at 100 kW and ten at 110 kW for the same work: the best quarter is 100, so 10 days save 240 kWh."""
    power, work = np.full(20 * DAY, 100.0), np.full(20 * DAY, 1.0)
    power[10 * DAY :] = 110.0

    low, high = specific_saving(power, work) or (0.0, 0.0)

    assert low == pytest.approx(2400.0)
    assert high == pytest.approx(2400.0)


def test_drift_is_the_last_third_against_the_first() -> None:
    """21 days; 100 kW in the first week, 106 kW after: 14 days * 24 h * 6 kW = 2016 kWh."""
    power, work = np.full(21 * DAY, 100.0), np.full(21 * DAY, 1.0)
    power[7 * DAY :] = 106.0

    low, high = drift_saving(power, work) or (0.0, 0.0)

    assert low == pytest.approx(1008.0)
    assert high == pytest.approx(2016.0)


def test_percentile_interpolates_between_order_statistics() -> None:
    values = np.array([4.0, 1.0, 3.0, 2.0])

    assert [percentile(values, share) for share in (0, 25, 50, 100)] == [1.0, 1.75, 2.5, 4.0]


def test_five_actions_with_ranges_in_energy_coal_and_carbon() -> None:
    case = mine.case()

    data = freeze(case, mine.source(case), Issue("T-1", "2026-06-08", 1, "test")).data

    assert sorted(action["kind"] for action in data["actions"]) == sorted(KINDS)
    figures = data["figures"]
    low, high = (Decimal(figures["action.idle.kwh"][end]) for end in ("low", "high"))
    # belt: 2 h a day at 90 kW, compressor: 2 h at 70 kW, 35 days, scaled by 365/35
    assert high == pytest.approx(Decimal(2 * (90 + 70) * 365), rel=Decimal("0.01"))
    assert low == high / 2
    assert Decimal(figures["action.idle.tce"]["high"]) == (high * Decimal("0.1229") / 1000).quantize(Decimal("0.1"))
    assert Decimal(figures["action.idle.tco2"]["high"]) == (high * Decimal("0.6479") / 1000).quantize(Decimal("0.1"))


def test_an_action_without_signals_says_which_evidence_is_missing() -> None:
    case = mine.case()

    data = freeze(case, mine.source(case), Issue("T-1", "2026-06-08", 1, "test")).data

    fouling = next(action for action in data["actions"] if action["kind"] == "fouling")
    assert fouling["reason"] == "no_data"
    assert data["figures"]["action.fouling.kwh"]["value"] is None
    assert data["figures"]["action.fouling.kwh"]["low"] is None


def test_peak_shift_moves_energy_and_saves_none() -> None:
    case = mine.case()

    data = freeze(case, mine.source(case), Issue("T-1", "2026-06-08", 1, "test")).data

    assert "action.peak_shift.tce" not in data["figures"]
    # the pump draws about 330 kW in six peak hours a day over 35 days
    assert Decimal(data["figures"]["action.peak_shift.window_kwh"]["high"]) == pytest.approx(
        Decimal(330 * 6 * 35), rel=Decimal("0.03")
    )
