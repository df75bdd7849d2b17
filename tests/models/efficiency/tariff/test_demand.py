"""The demand meter against windows computed from all samples at once."""

from __future__ import annotations

import itertools
import json
import math
import random
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.demand import DemandMeter
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS

from tests.models.efficiency.tariff.book import MINUTE_NS, first_minute

ZONE = ZoneInfo("Asia/Shanghai")
SECOND = 10**9
START = first_minute(2025, 3) * MINUTE_NS
Samples = list[tuple[int, float]]


def stream(seed: int, samples: int, steps: tuple[int, ...] = (1, 5, 10, 30, 59)) -> Samples:
    rng = random.Random(seed)
    at, power = START + rng.randint(0, 1800) * SECOND, 500.0
    found = []
    for _ in range(samples):
        power = max(power + rng.gauss(0, 40), 0.0)
        found.append((at, power))
        at += rng.choice(steps) * SECOND
    return found


def mean_of(samples: Samples, start: int, end: int, gap: int) -> tuple[float, int]:
    """Energy / window and known time of [start, end), by looking at every sample."""
    energy, known = 0.0, 0
    for (at, power), (following, _) in itertools.pairwise(samples):
        low, high = max(at, start), min(following, at + gap, end)
        if high > low and math.isfinite(power):
            energy += power * (high - low)
            known += high - low
    return energy / (end - start), known


def oracle(samples: Samples, sliding: bool, gap: int) -> tuple[float, int, int, int]:
    """(peak, its start, full windows, unknown windows) of the month of the last sample."""
    step = MINUTE_NS if sliding else QUARTER_NS
    local = datetime.fromtimestamp(samples[-1][0] // SECOND, ZONE)
    first = max(-(-samples[0][0] // step) * step, first_minute(local.year, local.month) * MINUTE_NS)
    best, where, full, windows = math.nan, -1, 0, 0
    for start in range(first, samples[-1][0] - QUARTER_NS + 1, step):
        mean, known = mean_of(samples, start, start + QUARTER_NS, gap)
        windows += 1
        if known == QUARTER_NS:
            full += 1
            if not mean <= best + 1e-9:
                best, where = mean, start
    return best, where, full, windows - full


@pytest.mark.parametrize("sliding", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_peak_is_that_of_all_samples_at_once(sliding: bool, seed: int) -> None:
    samples = stream(seed, 500)
    meter = DemandMeter(ZONE, sliding=sliding)
    assert meter.add_many(*zip(*samples, strict=True)) == 0
    best, where, full, unknown = oracle(samples, sliding, 60 * SECOND)
    peak = meter.peak()
    assert peak.kw == pytest.approx(best, rel=1e-12)
    assert (peak.start_ns, peak.windows, peak.unknown) == (where, full, unknown)


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([1, 30, 60, 900, 5000]))
@settings(max_examples=60, deadline=None)
def test_holes_months_and_unknown_power_are_counted_as_by_looking_at_everything(
    seed: int, sliding: bool, hold_s: int
) -> None:
    rng = random.Random(seed)
    at = first_minute(2025, 4) * MINUTE_NS - rng.randint(0, 20_000) * SECOND
    samples = []
    for _ in range(rng.randint(3, 120)):
        samples.append((at, math.nan if rng.random() < 0.05 else rng.uniform(0, 100)))
        at += rng.choice([0, 1, 7, 30, 60, 61, 300, 2000]) * SECOND
    meter = DemandMeter(ZONE, sliding=sliding, gap_ns=hold_s * SECOND)
    meter.add_many(*zip(*samples, strict=True))
    best, where, full, unknown = oracle(samples, sliding, hold_s * SECOND)
    peak = meter.peak()
    assert (peak.start_ns, peak.windows, peak.unknown) == (where, full, unknown)
    assert peak.kw == pytest.approx(best, rel=1e-9, nan_ok=True)


def test_forty_days_of_silence_leave_the_new_months_windows_unknown() -> None:
    meter = DemandMeter(ZONE)
    meter.add(START, 100.0)
    meter.add(START + 40 * 86_400 * SECOND, 100.0)
    assert meter.peak().windows == 0
    assert meter.peak().unknown == 9 * 96


@pytest.mark.parametrize("sliding", [False, True])
def test_a_window_with_a_hole_is_unknown_and_no_peak(sliding: bool) -> None:
    samples = stream(7, 400, (1, 30, 59, 200, 7000))
    meter = DemandMeter(ZONE, sliding=sliding)
    meter.add_many(*zip(*samples, strict=True))
    best, where, full, unknown = oracle(samples, sliding, 60 * SECOND)
    peak = meter.peak()
    assert (peak.start_ns, peak.windows, peak.unknown) == (where, full, unknown)
    assert peak.kw == pytest.approx(best, rel=1e-12, nan_ok=True)
    assert unknown > 0


def test_every_window_between_the_first_and_the_last_sample_is_counted_once() -> None:
    meter = DemandMeter(ZONE)
    begin = START + 3600 * SECOND
    for at in (begin, begin + 600 * SECOND, begin + 9 * 3600 * SECOND + 900 * SECOND):
        meter.add(at, 100.0)
    peak = meter.peak()
    assert peak.windows + peak.unknown == 37


@given(st.integers(0, 1000), st.integers(1, 899))
@settings(max_examples=30, deadline=None)
def test_the_projection_comes_true_when_power_stays(seed: int, into: int) -> None:
    rng = random.Random(seed)
    meter = DemandMeter(ZONE)
    for second in range(into):
        meter.add(START + second * SECOND, rng.uniform(0, 1000))
    power = rng.uniform(0, 1000)
    meter.add(START + into * SECOND, power)
    found = meter.project(400.0)
    assert found is not None
    left = (900 - into) * SECOND
    for at in range(into + 1, 901):
        meter.add(START + at * SECOND, power)
    assert meter.peak().kw == pytest.approx(found.kw, rel=1e-9)
    assert found.shed_kw == pytest.approx(max(found.kw - 400, 0) * QUARTER_NS / left, abs=1e-6)


@pytest.mark.parametrize("sliding", [False, True])
def test_shedding_what_is_advised_ends_just_at_the_target(sliding: bool) -> None:
    meter = DemandMeter(ZONE, sliding=sliding)
    for second in range(900):
        meter.add(START + second * SECOND, 100.0)
    for second in range(900, 1300):
        meter.add(START + second * SECOND, 900.0)
    found = meter.project(500.0)
    assert found is not None
    assert found.reachable
    assert found.shed_kw > 0
    meter.add(START + 1300 * SECOND, 900.0)
    shed = meter.project(500.0)
    assert shed is not None
    for second in range(1300, 3600):
        meter.add(START + second * SECOND, 900.0 - shed.shed_kw)
    assert meter.peak().kw <= 500.0 + 1e-6
    if not sliding:
        assert meter.peak().kw == pytest.approx(500.0)


def test_a_target_already_missed_is_said_to_be_out_of_reach() -> None:
    meter = DemandMeter(ZONE)
    for second in range(891):
        meter.add(START + second * SECOND, 1000.0)
    found = meter.project(500.0)
    assert found is not None
    assert not found.reachable


def test_a_new_month_begins_with_no_peak() -> None:
    meter = DemandMeter(ZONE)
    end = first_minute(2025, 4) * MINUTE_NS
    for at in range(end - 1800 * SECOND, end, 30 * SECOND):
        meter.add(at, 800.0)
    assert meter.peak().kw == pytest.approx(800.0)
    for at in range(end, end + 901 * SECOND, 30 * SECOND):
        meter.add(at, 200.0)
    assert meter.peak().kw == pytest.approx(200.0)
    assert meter.peak().start_ns == end


def test_time_that_goes_back_is_refused_and_changes_nothing() -> None:
    meter = DemandMeter(ZONE)
    meter.add(START + SECOND, 100.0)
    before = meter.state()
    assert meter.add_many([START], [900.0]) == 1
    assert meter.state() == before


def test_the_state_goes_on_to_the_last_bit() -> None:
    samples = stream(3, 600)
    whole, first, second = (DemandMeter(ZONE) for _ in range(3))
    whole.add_many(*zip(*samples, strict=True))
    first.add_many(*zip(*samples[:251], strict=True))
    second.load(json.loads(json.dumps(first.state())))
    second.add_many(*zip(*samples[251:], strict=True))
    assert second.state() == whole.state()
    assert sum(map(len, whole.state().values())) < 1000


@pytest.mark.parametrize("sliding", [False, True])
def test_many_at_once_are_the_same_bits_as_one_by_one(sliding: bool) -> None:
    samples = stream(5, 900, (0, 1, 1, 1, 20, 61))
    samples = [(at, math.nan if at % 41 == 0 else power) for at, power in samples]
    many, single = DemandMeter(ZONE, sliding=sliding), DemandMeter(ZONE, sliding=sliding)
    many.add_many(*zip(*samples, strict=True))
    for sample in samples:
        single.add(*sample)
    assert many.state() == single.state()


def test_a_window_that_is_no_part_of_an_hour_is_refused() -> None:
    with pytest.raises(ConfigError, match="no such demand window"):
        DemandMeter(ZONE, window_ns=7 * MINUTE_NS)
