"""Energy by period, state and batch; base load by hour of the week."""

from __future__ import annotations

import math
import random
from array import array
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.base_load import BaseLoad
from ovoo_models.efficiency.integration import EnergyMeter
from ovoo_models.efficiency.periods import Batch, BatchMeter, PeriodMeter
from ovoo_models.efficiency.power_state import IDLE, LOAD, NO_LOAD, OFF

from tests.models.conftest import SECOND, START, odd_rows
from tests.models.efficiency.test_drift_kernels import assert_same

MINUTE, QUARTER = 60 * SECOND, 900 * SECOND


def block(times_s: list[float], power: list[float]) -> FrameBlock:
    return FrameBlock(array("q", [START + round(t * SECOND) for t in times_s]), array("d", power), 1)


def states(n: int, code: int = LOAD) -> array[int]:
    return array("B", [code]) * n


@pytest.mark.parametrize("period_ns", [MINUTE, QUARTER, 7 * SECOND])
@pytest.mark.parametrize("seed", range(3))
def test_periods_equal_their_twin(seed: int, period_ns: int) -> None:
    rows = odd_rows(200, 2, seed)
    room = 200 * (300 * SECOND // period_ns + 2)
    mode = array("B", [random.Random(seed).choice([0, 1, 2, 3, 255]) for _ in range(200)])
    *_, starts, figures = assert_same(
        "period_rows", rows.time_ns, rows.values, 2, 200, 0, 0.001, mode, 300 * SECOND, period_ns,
        array("q", [-1, -1]), array("d", bytes(88)), array("q", bytes(8 * room)), array("d", bytes(80 * room)),
    )  # fmt: skip
    assert any(starts)
    assert any(figures)


def test_a_minute_is_the_integral_of_its_power() -> None:
    rows = block([0, 30, 60, 90, 120], [60.0, 120.0, 60.0, 60.0, 60.0])

    first, second = PeriodMeter(0).push(rows, states(5))

    assert first.energy_kwh == pytest.approx((90 * 30 + 90 * 30) / 3600)
    assert second.energy_kwh == pytest.approx(1.0)
    assert (first.start_ns, second.start_ns) == (START, START + MINUTE)
    assert first.covered == second.covered == 1.0


def test_a_step_over_several_minutes_is_cut_at_each_and_a_gap_is_bridged_by_nothing() -> None:
    rows = block([0, 240, 1200, 1260, 1320], [60.0, 300.0, 60.0, 60.0, 60.0])

    found = PeriodMeter(0).push(rows, states(5))

    assert [each.energy_kwh for each in found[:4]] == pytest.approx([1.5, 2.5, 3.5, 4.5])
    assert [(each.start_ns - START) // MINUTE for each in found] == [0, 1, 2, 3, 20, 21]


def test_quarters_are_the_sum_of_their_minutes_and_of_the_energy_meter() -> None:
    rng = random.Random(3)
    times = sorted(rng.uniform(0, 4 * 3600) for _ in range(900))
    rows = block(times, [rng.uniform(0, 90) for _ in times])
    minutes = PeriodMeter(0).push(rows, states(900))
    quarters = PeriodMeter(0, period_s=900.0).push(rows, states(900))
    meter = EnergyMeter(0, interval_s=900.0).push(rows, array("B", [2]) * 900)

    for quarter, kwh in zip(quarters, meter.energy_kwh, strict=True):
        own = [each.energy_kwh for each in minutes if quarter.start_ns <= each.start_ns < quarter.start_ns + QUARTER]
        assert math.fsum(own) == pytest.approx(quarter.energy_kwh)
        assert kwh == pytest.approx(quarter.energy_kwh)


def test_state_minutes_and_idle_energy_are_told_apart() -> None:
    rows = block([i * 60.0 for i in range(17)], [0.0] * 4 + [6.0] * 4 + [30.0] * 4 + [90.0] * 5)
    modes = array("B", [OFF] * 4 + [IDLE] * 4 + [NO_LOAD] * 4 + [LOAD] * 3 + [255] * 2)

    (quarter,) = PeriodMeter(0, period_s=900.0).push(rows, modes)

    assert quarter.state_minutes == pytest.approx([3, 4, 4, 3, 1])
    assert quarter.idle_kwh == pytest.approx((3 + 6 * 3 + 18 + 30 * 3) / 60)
    assert math.fsum(quarter.state_kwh) == quarter.energy_kwh


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60))
def test_blocks_and_restarts_do_not_matter(cut: int) -> None:
    rows = odd_rows(60, 1, 5)
    whole = PeriodMeter(0).push(rows, states(60))
    meter = PeriodMeter(0)
    parts = []
    for start in range(0, 60, cut):
        again = PeriodMeter(0)
        again.load(meter.state())
        meter = again
        stop = min(start + cut, 60)
        parts += meter.push(rows.rows(start, stop), states(stop - start))

    assert parts == whole


def test_wrong_meters_are_refused() -> None:
    with pytest.raises(ConfigError, match="period_meter"):
        PeriodMeter(0, period_s=0.0)
    with pytest.raises(ConfigError, match="batch_meter"):
        BatchMeter(0, 1, 2, "t", power_error=-1.0)
    with pytest.raises(ArtifactError, match="period_meter"):
        PeriodMeter(0).load({})


def batches(rows: list[tuple[float, float, float, float]], **options: float) -> list[Batch]:
    block = FrameBlock(array("q", [START + round(row[0] * SECOND) for row in rows]), array("d"), 3)
    for row in rows:
        block.values.extend(row[1:])
    return list(BatchMeter(0, 1, 2, "t", **options).push(block))


def test_a_batch_has_its_energy_product_and_specific_consumption() -> None:
    rows = [(60.0 * i, 60.0, float(i // 10), 100.0 + 0.5 * i) for i in range(31)]

    first, second, third = batches(rows, power_error=0.03, product_error=0.04)

    assert (second.number, third.number) == (1.0, 2.0)
    assert second.energy_kwh == pytest.approx(10.0)
    assert second.product == pytest.approx(5.0)
    assert second.specific.value == pytest.approx(2.0)
    assert second.specific.sigma == pytest.approx(0.1)
    assert second.specific.unit == "kWh/t"
    assert first.end_ns == second.start_ns


def test_a_counter_that_starts_anew_and_a_missing_number_do_not_break_a_batch() -> None:
    rows = [(60.0 * i, 60.0, math.nan if i == 4 else 1.0, (i - 5) * 0.5 if i >= 5 else 90 + 0.5 * i) for i in range(10)]
    rows.append((600.0, 60.0, 2.0, 2.5))

    (only,) = batches(rows)

    assert only.product == pytest.approx(4.5)


def test_a_batch_with_a_hole_or_without_product_has_no_specific_consumption() -> None:
    hole = [(0.0, 60.0, 1.0, 0.0), (60.0, 60.0, 1.0, 1.0), (1200.0, 60.0, 2.0, 2.0)]
    nothing = [(0.0, 60.0, 1.0, 0.0), (60.0, 60.0, 2.0, 0.0)]

    for rows in (hole, nothing):
        (only,) = batches(rows)
        assert math.isnan(only.specific.value)


@pytest.mark.parametrize("shape", ["normal", "two levels", "skewed"])
def test_quantiles_in_fixed_memory_are_near_the_exact_ones(shape: str) -> None:
    rng = np.random.default_rng(1)
    draws = {
        "normal": rng.normal(100, 10, 4000),
        "two levels": np.where(rng.random(4000) < 0.3, 20, 80) + rng.normal(0, 2, 4000),
        "skewed": rng.exponential(50, 4000),
    }[shape]
    load = BaseLoad(ZoneInfo("Asia/Shanghai"))

    for x in draws:
        load.push(START, float(x))

    hour = next(k for k in range(168) if load.count(k))
    low, middle = np.quantile(draws, [0.05, 0.5])
    spread = float(draws.std())
    assert load.base_kw(hour) == pytest.approx(low, abs=0.1 * spread)
    assert load.usual_kw(hour) == pytest.approx(middle, abs=0.15 * spread)


def test_hours_are_those_of_the_local_week_and_few_values_are_exact() -> None:
    load = BaseLoad(ZoneInfo("Asia/Shanghai"))
    monday_8 = 1_767_571_200 * SECOND  # 2026-01-05 00:00 UTC
    for power in (10.0, math.nan, 30.0, 20.0):
        load.push(monday_8, power)
    again = BaseLoad(ZoneInfo("Asia/Shanghai"))
    again.load(load.state())

    assert again.count(8) == 3
    assert again.usual_kw(8) == 20.0
    assert again.base_kw(8) == pytest.approx(11.0)
    assert math.isnan(again.base_kw(9))
