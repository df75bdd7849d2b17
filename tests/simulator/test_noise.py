from __future__ import annotations

import numpy as np
import pytest
from ovoo_simulator import noise, sensors
from ovoo_simulator.sensors import COUNTER, SWITCH, Sensor
from ovoo_simulator.times import SECOND_NS, Times

START_NS = 1_795_392_000 * SECOND_NS


def test_one_number_equals_the_same_number_of_a_batch() -> None:
    ticks = np.arange(START_NS, START_NS + 5000, dtype=np.int64)

    batch = noise.normal(11, ticks)

    assert all(noise.normal(11, ticks[row : row + 1])[0] == batch[row] for row in (0, 1, 17, 4999))


@pytest.mark.parametrize("step", [1, SECOND_NS, 60 * SECOND_NS])
def test_normal_numbers_have_mean_0_variance_1_and_no_memory(step: int) -> None:
    ticks = START_NS + step * np.arange(200_000, dtype=np.int64)

    numbers = noise.normal(noise.key_of("a", 3), ticks)

    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.std() - 1.0) < 0.01
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.01
    assert np.abs(numbers).max() < 4.9


def test_uniform_numbers_fill_the_unit_interval() -> None:
    numbers = noise.uniform(5, np.arange(100_000, dtype=np.int64))

    counts, _ = np.histogram(numbers, bins=20, range=(0.0, 1.0))
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert np.abs(counts - 5000).max() < 350


def test_keys_give_unrelated_numbers() -> None:
    ticks = np.arange(50_000, dtype=np.int64)

    first, second = noise.normal(noise.key_of("x", 1), ticks), noise.normal(noise.key_of("x", 2), ticks)

    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_smooth_process_has_variance_1_and_changes_slowly() -> None:
    seconds = np.arange(0.0, 4_000_000.0, 10.0)

    values = noise.smooth(9, seconds, 600.0)

    assert abs(values.std() - 1.0) < 0.05
    assert np.abs(np.diff(values)).max() < 0.25


def test_reading_is_truth_plus_noise_rounded() -> None:
    times = Times.at(START_NS + SECOND_NS * np.arange(50_000, dtype=np.int64))
    sensor = Sensor(0.2, 1)

    reading = sensors.measure(sensor, np.full(50_000, 40.0), times, 77)

    assert abs(reading.mean() - 40.0) < 0.01
    assert reading.std() == pytest.approx(sensor.uncertainty, rel=0.02)
    assert np.array_equal(np.round(reading, 1), reading)


def test_low_flow_cut_off_switches_and_counters_carry_no_noise() -> None:
    times = Times.at(START_NS + SECOND_NS * np.arange(1000, dtype=np.int64))

    still = sensors.measure(Sensor(0.5, 2), np.zeros(1000), times, 1)
    switch = sensors.measure(SWITCH, np.ones(1000), times, 1)
    counter = sensors.measure(COUNTER, np.full(1000, 7.9), times, 1)

    assert not still.any()
    assert (switch == 1.0).all()
    assert (counter == 7.0).all()


def test_drop_outs_are_rare_bursts() -> None:
    times = Times.at(START_NS + SECOND_NS * np.arange(7 * 86_400, dtype=np.int64))

    gone = sensors.dropped(times, 4242)

    starts = np.flatnonzero(np.diff(gone.astype(np.int8)) == 1)
    assert 0 < gone.mean() < 0.002
    assert len(starts) < 20
