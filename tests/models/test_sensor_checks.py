"""Sensors are judged before machines: spikes, noise, units, drift; what is distrusted is missing for other models."""

from __future__ import annotations

import math
import random
import statistics
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_contract.findings import Finding
from ovoo_models import _sensor_kernels_py
from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.ewma import Mewma
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import ALARM, NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.monitor import AssetMonitor
from ovoo_models.registry import create
from ovoo_models.sensor import Mask
from ovoo_models.train import fit_frames
from ovoo_models.train.sensor_drift import fit_sensor_drift
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, machine, odd_rows, to_batch
from tests.models.test_kernels import PAIRS, assert_same, gates, precision, zeros

PERIOD = 5 * SECOND
ASSET = AssetAddress("e", "s", "drainage", "main", "pump1")
PAIRS["sensor"] = (sensor_kernels, _sensor_kernels_py)


def noisy(rows: int, seed: int = 3, sigma: float = 0.3, step_s: int = 60) -> FrameBlock:
    """One signal about 50 that moves slowly, with noise."""
    rng = random.Random(seed)
    block = FrameBlock.empty(1)
    for i in range(rows):
        block.time_ns.append(START + i * step_s * SECOND)
        block.values.append(50 + 4 * math.sin(i / 200) + rng.gauss(0, sigma))
    return block


def learned(name: str, params: dict[str, Any], rows: FrameBlock) -> Any:
    detector = create(name, params, Place((0,), -1, 1, PERIOD))
    detector.learn_many(rows)
    assert detector.ready
    return detector


def violations(detector: Any, rows: FrameBlock) -> list[int]:
    out = ScoreBlock()
    detector.score_many(rows, out)
    return [i for i in range(len(rows)) if out.state[i] == NORMAL and out.score[i] >= out.limits[i]]


@pytest.mark.parametrize("seed", range(6))
def test_kernels_equal_their_twins(seed: int) -> None:
    rows, n = odd_rows(200, 4, seed), 200
    gate, results = gates(n, seed), [zeros(n) for _ in range(3)]
    common = (rows.time_ns, rows.values, 4, n, gate, 2)

    assert_same("sensor", "spike_rows", *common, 30.0, 2, 900 * SECOND, zeros(6), array("q", [0, 0, 0, -1]), *results,
         zeros(n, "B"), zeros(n, "B"))  # fmt: skip
    assert_same("sensor", "noise_rows", *common, 40.0, 1.5, 0.4, 0.1, 25.0, 3, 60 * SECOND, 900 * SECOND,
         array("d", [0.0, 1.0]), array("q", [-1, 0]), *results, zeros(n, "B"))  # fmt: skip
    assert_same("sensor", "unit_rows", *common, 40.0, 60.0, 20.0, 5.0, array("d", [1.8, 0.1, 10.0]),
         array("d", [32.0, 0.0, 0.0]), 900 * SECOND, array("d", [50.0]), array("q", [0, 0, 0]), *results,
         zeros(n, "B"))  # fmt: skip
    assert_same("sensor", "watch_rows",
         rows.time_ns, rows.values, 4, n, gate, array("i", [1, 3]), array("d", [30.0, 30.0]),
         array("d", [70.0, 70.0]), array("d", [50.0, 49.0]), array("d", [0.05, 0.1]), 0.3, 0.4, 900 * SECOND, 3,
         zeros(2), zeros(2), zeros(4, "q"), array("q", [-1, 0]), *results, zeros(n, "B"), zeros(2 * n))  # fmt: skip
    assert_same("sensor", "mask_rows", rows.values, 4, n, array("B", [5 if g == 1 else g for g in gate]),
         array("i", [i % 4 for i in range(n)]), array("q", [-1]))  # fmt: skip


@pytest.mark.parametrize("d", [3, 7, 9])
def test_the_drift_kernel_equals_its_twin_and_numpy(d: int) -> None:
    rng = np.random.default_rng(d)
    n, p, z = 60, precision(d, d), rng.normal(size=(60, d))
    p_matrix = np.array(p).reshape(d, d)
    t2 = np.einsum("ij,jk,ik->i", z, p_matrix, z)
    reach = array("d", (1 + rng.random(d)).tolist())
    args = (array("d", z.ravel().tolist()), n, p, array("d", [2.0] * d), reach, 1.5, array("i", range(d)),
            array("d", t2.tolist()), zeros(n), zeros(n), array("B", [NORMAL] * n), zeros(n, "i"))  # fmt: skip

    _, twin = assert_same("sensor", "drift_rows", *args)

    for i in range(n):
        # the best correction of one signal, by least squares instead of the closed form
        gains = [t2[i] - _without(p_matrix, z[i], k) for k in range(d)]
        k = int(np.argmax(gains))
        left = t2[i] - gains[k]
        assert twin[-1][i] == k
        score = gains[k] / reach[k]
        if left > 1.5:
            score = min(score, 1.0) * 1.5 / left
        second = sorted(gains)[-2]
        if second > 0.5 * gains[k]:
            score = min(score, 1.0) * 0.5 * gains[k] / second
        assert twin[7][i] == pytest.approx(score)


def _without(p: np.ndarray[Any, Any], z: np.ndarray[Any, Any], k: int) -> float:
    """Least T2 that moving signal k alone can reach."""
    best = z.copy()
    others = [j for j in range(len(z)) if j != k]
    best[k] = -(p[k, others] @ z[others]) / p[k, k]
    return float(best @ p @ best)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=12, max_size=60), st.floats(0.5, 50))
def test_the_spike_score_is_the_distance_from_the_median_of_the_last_accepted(
    values: list[float], limit: float
) -> None:
    rows = FrameBlock(array("q", [START + i * SECOND for i in range(len(values))]), array("d", values), 1)
    detector = create("spike", {"limit": limit}, Place((0,), -1, 1, PERIOD))
    out = ScoreBlock()

    detector.score_many(rows, out)

    kept, away = list(values[:5]), []
    for i, x in enumerate(values[5:], start=5):
        distance = x - statistics.median(kept[-5:])
        if abs(distance) >= limit:
            away.append(distance)
            assert out.score[i] == 0.0
            if len(away) > 3:
                kept, away = [x] * 5, []
        else:
            assert out.score[i] == (max(map(abs, away)) if away else abs(distance))
            kept, away = [*kept, x], []


def test_a_spike_is_found_and_a_step_is_not() -> None:
    detector = learned("spike", {}, noisy(4000))
    rows = noisy(400, seed=4)
    rows.values[150] += 20.0
    for i in range(250, 400):
        rows.values[i] += 20.0

    assert violations(detector, rows) == [151]


def test_the_spike_itself_is_held_back_from_other_models() -> None:
    detector = learned("spike", {}, noisy(4000))
    rows = noisy(300, seed=4)
    rows.values[150] += 20.0
    out = ScoreBlock()
    detector.score_many(rows, out)

    trusted = Mask(detector).hide(rows, out, rows)

    assert [i for i in range(300) if math.isnan(trusted.values[i])] == [150]
    assert not any(math.isnan(x) for x in rows.values)


def test_more_noise_and_less_noise_are_found() -> None:
    detector = learned("noise", {}, noisy(6000))
    loud, quiet = noisy(600, seed=5, sigma=0.9), noisy(600, seed=6, sigma=0.02)

    assert not violations(detector, noisy(2000, seed=7))
    assert len(violations(detector, loud)) > 400
    assert len(violations(detector, quiet)) > 400


def test_noise_means_the_same_at_a_row_a_minute_and_at_a_row_each_five_seconds() -> None:
    detector = learned("noise", {}, noisy(6000))

    assert not violations(detector, noisy(9000, seed=8, step_s=5))


@pytest.mark.parametrize(("kind", "factor", "offset"), [("temperature", 1.8, 32.0), ("pressure", 1000.0, 0.0)])
def test_a_slipped_unit_is_named_by_its_factor(kind: str, factor: float, offset: float) -> None:
    detector = learned("unit_slip", {"kind": kind}, noisy(4000))
    rows = noisy(400, seed=9)
    for i in range(100, 300):
        rows.values[i] = rows.values[i] * factor + offset
    out = ScoreBlock()

    detector.score_many(rows, out)

    assert [i for i in range(400) if out.score[i] >= 1.0] == list(range(100, 300))
    assert {out.measure[i] for i in range(100, 300)} == {factor}


def test_a_slow_walk_out_of_the_range_is_no_slipped_unit() -> None:
    detector = learned("unit_slip", {"kind": "temperature"}, noisy(4000))
    rows = noisy(4000, seed=9)
    for i in range(4000):
        rows.values[i] += i * 0.03

    assert not violations(detector, rows)


def four_signals(rows: int, seed: int, drift_from: int = 10**9, fault_from: int = 10**9) -> FrameBlock:
    """Load, power, temperature, current that follow the load; one sensor walks, or a fault moves two of them."""
    rng = random.Random(seed)
    block, slow = FrameBlock.empty(4), 0.0
    for i in range(rows):
        slow += 0.02 * (rng.gauss(0, 1) - slow)
        load = 60 + 20 * math.sin(i / 230) + 40 * slow
        power = 20 + 1.5 * load
        row = [load, power, 25 + 0.3 * power, power * 0.4]
        if i >= fault_from:
            row[1], row[2] = row[1] * 1.2, row[2] - 8.0
        row = [x + rng.gauss(0, 0.3) for x in row]
        if i >= drift_from:
            row[2] += min(0.02 * (i - drift_from), 6.0)
        block.time_ns.append(START + i * 60 * SECOND)
        block.values.extend(row)
    return block


def drift_check() -> Any:
    detector, _ = fit_sensor_drift({}, Place((0, 1, 2, 3), -1, 4, PERIOD), four_signals(8000, 1))
    return detector


def test_a_walking_sensor_is_blamed() -> None:
    detector, rows, out = drift_check(), four_signals(1500, 2, drift_from=500), ScoreBlock()

    detector.score_many(rows, out)

    _state, blamed = detector.suspects(out, 1500)
    assert max(out.score[i] for i in range(500)) < 1.0
    assert min(out.score[i] for i in range(1200, 1500)) >= 1.0
    assert {blamed[i] for i in range(1200, 1500)} == {2}
    assert out.measure[1499] == pytest.approx(6.0, abs=0.7)


def test_a_fault_that_moves_two_signals_is_no_drift() -> None:
    # a row or two while the average moves; the on-delay is half an hour
    assert len(violations(drift_check(), four_signals(1500, 2, fault_from=500))) <= 3


def test_a_signal_of_which_the_others_know_nothing_is_never_blamed() -> None:
    rng = random.Random(5)

    def rows(seed: int, shift: float) -> FrameBlock:
        block = four_signals(6000, seed)
        for i in range(6000):
            block.values[4 * i + 3] = rng.gauss(shift, 1.0)
        return block

    detector, _ = fit_sensor_drift({}, Place((0, 1, 2, 3), -1, 4, PERIOD), rows(1, 0.0))

    assert not violations(detector, rows(2, 30.0))


def test_limits_that_mean_nothing_are_refused() -> None:
    detector = create("sensor_drift", {}, Place((0, 1, 2), -1, 3, PERIOD))

    with pytest.raises(ArtifactError, match="reach"):
        detector.set_limits([1.0, 0.0, 1.0], 1.0)  # type: ignore[attr-defined]
    with pytest.raises(ArtifactError, match="another place"):
        detector.take(Mewma({}, Place((0, 1), -1, 3, PERIOD)))  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="three inputs"):
        create("sensor_drift", {}, Place((0, 1), -1, 3, PERIOD))


def pump_set() -> ModelSet:
    signals = tuple(SignalUse(name) for name in ("running", "load", "power", "temperature"))
    inputs = ("load", "power", "temperature")
    gate = {"gate": "running", "gate_above": 0.5}
    bindings = (
        ModelBinding("mewma", "mewma", inputs, gate),
        ModelBinding("flatline", "flat-temperature", ("temperature",), {"window_s": 1200.0, **gate}),
    )
    return fit_frames(ModelSet("a", 5.0, signals, bindings), machine(8000), {})


def run(models: ModelSet, rows: FrameBlock) -> list[Finding]:
    monitor = AssetMonitor(models, ASSET)
    index = {use.name: k for k, use in enumerate(models.signals)}
    return [*monitor.process(to_batch(rows), index, 10).findings, *monitor.flush(2**62, 10).findings]


def test_a_stuck_sensor_is_left_out_of_the_machine_model_while_it_lasts() -> None:
    models = pump_set()
    rows = machine(600, seed=5)
    for i in range(200, 600):
        rows.values[4 * i + 3] = rows.values[4 * 200 + 3] + 40.0
    found = {each.id: each for each in run(models, rows)}
    machine_says = [each for each in found.values() if each.code == "anomaly.multivariate"]

    assert {each.code for each in found.values()} == {"signal.flatline", "anomaly.multivariate"}
    flat_at = START + 220 * 60 * SECOND
    assert all(not each.open and each.end_ns < flat_at + 3600 * SECOND for each in machine_says)


def test_a_mask_goes_on_through_rows_that_were_not_scored() -> None:
    detector = create("flatline", {}, Place((1,), -1, 2, PERIOD))
    rows = FrameBlock(array("q", range(6)), array("d", range(12)), 2)
    mask, out = Mask(detector), ScoreBlock()
    out.resize(6, 0)
    out.state[:6] = array("B", [NORMAL, ALARM, UNKNOWN, UNKNOWN, NORMAL, NORMAL])

    trusted = mask.hide(rows, out, rows)

    assert [i for i in range(6) if math.isnan(trusted.values[2 * i + 1])] == [1, 2, 3]
    assert [trusted.values[2 * i] for i in range(6)] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_the_watch_says_when_the_inputs_no_longer_look_like_the_training() -> None:
    detector = create("drift_watch", {}, Place((0, 1, 2, 3), -1, 4, PERIOD))
    detector.learn_many(four_signals(8000, 1))
    usual, moved = four_signals(6000, 2), four_signals(6000, 3)
    for i in range(3000, 6000):
        moved.values[4 * i + 2] += 60.0
    out = ScoreBlock()

    assert not violations(detector, usual)
    detector = create("drift_watch", {}, Place((0, 1, 2, 3), -1, 4, PERIOD))
    detector.learn_many(four_signals(8000, 1))
    detector.score_many(moved, out)

    odd = [i for i in range(6000) if out.state[i] == NORMAL and out.score[i] >= 1.0]
    days = [moved.time_ns[i] // (86_400 * SECOND) - moved.time_ns[3000] // (86_400 * SECOND) for i in (odd[0], odd[-1])]
    assert days[0] in (1, 2), "told once a day that moved is over"
    assert detector.explain(moved, out, odd[-1])[0].column == 2


def test_a_huge_value_does_not_drown_a_day() -> None:
    detector = create("drift_watch", {}, Place((0,), -1, 1, PERIOD))
    detector.learn_many(noisy(4000))
    rows = noisy(4000, seed=4)
    rows.values[100] = 1e308

    assert not violations(detector, rows)
