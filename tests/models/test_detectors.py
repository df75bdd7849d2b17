"""Every detector keeps its promises; hand values for the single ones."""

from __future__ import annotations

import math
from array import array
from typing import Any

import pytest
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_models.base import NORMAL, OFF, SETTLING, UNKNOWN, Detector, FrameBlock, Place, ScoreBlock
from ovoo_models.checks import CheckFailed, check_detector
from ovoo_models.efficiency.integration import EnergyMeter
from ovoo_models.registry import create, model_names

from tests.models.conftest import SECOND, START, machine, odd_rows

PERIOD = 5 * SECOND
BELT = {"kind": "belt", "length_km": 1.2, "e_power_kw": 0.5, "e_flow_t_h": 1.0}
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "mewma": ({"gate": "running", "gate_above": 0.5, "learn_rows": 1500}, (1, 2, 3)),
    "change_point": ({"gate": "running", "gate_above": 0.5, "learn_rows": 1500}, (1, 2, 3)),
    "lagged": ({"gate": "running", "gate_above": 0.5, "learn_rows": 900}, (1, 2, 3)),
    "variance": ({"gate": "running", "gate_above": 0.5}, (2, 1)),
    "pca": ({"gate": "running", "gate_above": 0.5, "learn_rows": 1500, "adapt": 0.01, "follow": 0.01}, (1, 2, 3)),
    "half_space": ({"gate": "running", "gate_above": 0.5, "learn_rows": 1000, "window": 500}, (1, 2, 3)),
    "isolation": ({"gate": "running", "gate_above": 0.5, "learn_rows": 1000}, (1, 2, 3)),
    "range": ({"gate": "running", "gate_above": 0.5}, (2,)),
    "flatline": ({"window_s": 300}, (2,)),
    "rate": ({}, (3,)),
    "novelty": ({}, (2,)),
    "window": ({"gate": "running", "gate_above": 0.5, "learn_steps": 1500}, (2,)),
    "spike": ({}, (3,)),
    "noise": ({"window_s": 600.0}, (3,)),
    "unit_slip": ({"kind": "temperature"}, (3,)),
    "sensor_drift": ({"gate": "running", "gate_above": 0.5, "learn_rows": 1500, "max_missing": 1}, (1, 2, 3)),
    "drift_watch": ({"span_s": 3600.0, "least_rows": 20}, (2, 3)),
    "energy_baseline": ({"gate": "running", "gate_above": 0.5, "learn_rows": 300}, (2, 1)),
    "energy_drift": ({"gate": "running", "gate_above": 0.5, "learn_rows": 300}, (2, 1)),
    "cusum_savings": ({"learn_rows": 300, "degree": 1}, (2, 1)),
    "idle": ({"power_min": 5.0}, (2, 1)),
    "sec": ({"gate": "running", "gate_above": 0.5}, (2, 1)),
    "meter_balance": ({"class_percent": 0.5, "block_s": 600.0}, (2, 1, 3)),
    "demand": ({"target_kw": 60.0}, (2, 1)),
    "equipment": ({**BELT, "gate": "running", "gate_above": 0.5, "learn_rows": 300}, (2, 1)),
}

PERIODS = {"change_point": 60 * SECOND, "meter_balance": 60 * SECOND}
"""Frame periods of detectors that count memory in rows: that of the rows they learn from."""


def make(name: str, **more: Any) -> Detector:
    params, inputs = CASES[name]
    return create(name, {**params, **more}, Place(inputs, 0 if "gate" in params else -1, 4, PERIODS.get(name, PERIOD)))


def single(name: str, params: dict[str, Any]) -> Detector:
    return create(name, params, Place((0,), -1, 1, PERIOD))


def column(*values: float, step_s: int = 60) -> FrameBlock:
    block = FrameBlock.empty(1)
    for i, value in enumerate(values):
        block.time_ns.append(START + i * step_s * SECOND)
        block.values.append(value)
    return block


def scores(detector: Detector, rows: FrameBlock) -> list[float]:
    out = ScoreBlock()
    detector.score_many(rows, out)
    return list(out.score[: len(rows)])


def test_all_models_of_the_registry_are_checked() -> None:
    assert set(CASES) == set(model_names())


@pytest.mark.parametrize("name", CASES)
def test_every_detector_keeps_its_promises(name: str) -> None:
    check_detector(lambda: make(name), machine(7000), odd_rows(300, 4, 7))


def test_the_checks_catch_a_detector_that_breaks_one() -> None:
    class Careless(type(make("sec"))):  # type: ignore[misc]
        def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
            super().score_many(rows, out)
            out.score[0] = 0.0

    with pytest.raises(CheckFailed, match="exactly where it was scored"):
        check_detector(lambda: Careless({}, Place((2, 1), -1, 4, PERIOD)), machine(300), odd_rows(50, 4, 1))


def test_unknown_models_and_parameters_are_named() -> None:
    with pytest.raises(ConfigError, match="no such model"):
        single("oracle", {})
    with pytest.raises(ConfigError, match=r"range\.hihg: unknown parameter"):
        single("range", {"hihg": 3.0})
    with pytest.raises(ConfigError, match=r"flatline\.window_s"):
        single("flatline", {"window_s": "long"})
    with pytest.raises(ConfigError, match="low must be under high"):
        single("range", {"low": 3.0, "high": 2.0})
    with pytest.raises(ConfigError, match=r"rate\.max_per_min"):
        single("rate", {"max_per_min": 0})
    with pytest.raises(ConfigError, match=r"mewma\.guard"):
        single("mewma", {"guard": [4]})
    for name in ("energy_baseline", "idle", "sec"):
        with pytest.raises(ConfigError, match="needed"):
            single(name, {})


def test_range_scores_one_at_the_limit_and_below_zero_inside_the_hysteresis() -> None:
    found = scores(single("range", {"high": 10.0, "hysteresis": 2.0}), column(7.9, 8.0, 9.0, 10.0, 12.0))

    assert found == pytest.approx([-0.05, 0.0, 0.5, 1.0, 2.0])
    assert scores(single("range", {"low": 10.0, "hysteresis": 2.0}), column(12.1, 10.0, 9.0)) == pytest.approx(
        [-0.05, 1.0, 1.5]
    )


def test_range_learns_the_extremes_of_normal_work() -> None:
    detector = single("range", {})
    assert not detector.ready
    detector.learn_many(column(0.0, 5.0, 10.0, math.nan))

    found = scores(detector, column(10.9, 11.0, -1.0, 5.0))

    assert [x >= 1 for x in found] == [False, True, True, False]


def test_flat_line_counts_from_the_last_move() -> None:
    assert scores(single("flatline", {"tolerance": 0.1}), column(1.0, 1.05, 1.2, 1.2, math.nan, 1.2))[:4] == [
        0,
        1,
        0,
        1,
    ]


def test_flat_line_learns_how_long_normal_work_stands_still() -> None:
    detector = single("flatline", {"window_s": 600})
    detector.learn_many(column(1.0, *[2.0] * 31, 3.0))

    assert detector.watch.on_delay_s == pytest.approx(3 * 29 * 60)


def test_rate_is_the_change_per_minute_over_at_least_a_minute() -> None:
    found = scores(single("rate", {"max_per_min": 2.0}), column(0.0, 1.0, 5.0, 4.0))

    assert found == pytest.approx([0.0, 0.5, 2.0, 0.5])


def test_the_gate_scores_only_settled_running() -> None:
    rows = FrameBlock.empty(4)
    for i, running in enumerate([0.0, 1.0, 1.0, 1.0, math.nan, 1.0]):
        rows.time_ns.append(START + i * 60 * SECOND)
        rows.values.extend([running, 50.0, 100.0, 50.0])
    out = ScoreBlock()
    make("range", settle_s=120, high=90.0).score_many(rows, out)

    assert list(out.state[:6]) == [OFF, SETTLING, SETTLING, NORMAL, UNKNOWN, NORMAL]


def test_a_fault_is_scored_and_explained_and_normal_work_is_not() -> None:
    detector = make("mewma")
    detector.learn_many(machine(7000))
    out = ScoreBlock()

    normal = machine(1000, seed=5)
    detector.score_many(normal, out)
    assert not any(out.score[i] >= out.limits[i] for i in range(1000))

    fault = machine(900, seed=6, fault_from=300)
    detector.score_many(fault, out)
    share = sum(out.score[i] >= out.limits[i] for i in range(400, 900)) / 500
    assert share > 0.9
    assert detector.explain(fault, out, 600)[0].column == 2


def test_a_wild_sample_does_not_raise_an_alarm() -> None:
    detector = make("mewma")
    detector.learn_many(machine(7000))
    rows = machine(400, seed=8)
    rows.values[300 * 4 + 2] = 1e9
    out = ScoreBlock()
    detector.score_many(rows, out)

    share = sum(out.score[i] >= out.limits[i] for i in range(300, 400)) / 100
    assert share < 0.3


def test_the_mean_follows_slow_change_but_never_a_fault() -> None:
    steady, following = make("mewma"), make("mewma", adapt=0.001)
    for detector in (steady, following):
        detector.learn_many(machine(7000))
    fault = machine(1200, seed=6, fault_from=100)
    finals = []
    for detector in (steady, following):
        out = ScoreBlock()
        detector.score_many(fault, out)
        finals.append(out.score[1150] / out.limits[1150])
    assert finals[1] > 0.7 * finals[0] > 1


def test_rows_outside_the_guard_are_not_scored() -> None:
    from ovoo_models.anomaly.ewma import Mewma

    detector = make("mewma", guard=[0])
    assert isinstance(detector, Mewma)
    detector.learn_many(machine(7000))
    detector.set_guard([0.0], [70.0])
    rows = machine(600, seed=4)
    out = ScoreBlock()
    detector.score_many(rows, out)

    for i in range(100, 600):
        if rows.values[4 * i] == 1.0 and out.state[i] != SETTLING:
            assert (out.state[i] == NORMAL) == (rows.values[4 * i + 1] <= 70.0)


def test_baseline_finds_the_excess_and_its_energy() -> None:
    detector = make("energy_baseline", slack=0.5)
    detector.learn_many(machine(7000))
    rows = machine(1000, seed=9, fault_from=0)
    out = ScoreBlock()
    detector.score_many(rows, out)
    scored = [i for i in range(1000) if out.state[i] == NORMAL]
    last = scored[-1]

    assert out.score[last] >= out.limits[last]
    truth = sum(rows.values[4 * i + 2] * (1 - 1 / 1.12) for i in scored) / 60
    assert out.trace[4 * last + 2] == pytest.approx(truth, rel=0.1)
    [cause] = detector.explain(rows, out, last)
    assert cause.change == pytest.approx(rows.values[4 * last + 2] * (1 - 1 / 1.12), rel=0.3)
    assert cause.sigma > 1


def test_savings_count_the_other_way_and_never_alarm() -> None:
    detector = make("cusum_savings")
    detector.learn_many(machine(7000))
    rows = machine(600, seed=9, fault_from=0)
    out = ScoreBlock()
    detector.score_many(rows, out)

    last = max(i for i in range(600) if out.state[i] == NORMAL)
    assert out.score[last] < 0
    assert out.limits[last] == math.inf


def test_idle_counts_the_energy_of_the_spell() -> None:
    detector = create("idle", {"power_min": 5.0, "output_max": 1.0}, Place((0, 1), -1, 2, PERIOD))
    rows = FrameBlock.empty(2)
    for i, (power, output) in enumerate([(0, 0), (100, 60), (30, 0), (30, 0), (30, 0), (0, 0)]):
        rows.time_ns.append(START + i * 60 * SECOND)
        rows.values.extend([float(power), float(output)])
    out = ScoreBlock()
    detector.score_many(rows, out)

    assert list(out.score[:6]) == [0, 0, 1, 1, 1, 0]
    assert out.measure[4] == pytest.approx(1.0)


def test_specific_consumption_is_energy_over_output() -> None:
    detector = create("sec", {"over_s": 60}, Place((0, 1), -1, 2, PERIOD))
    rows = FrameBlock.empty(2)
    for i in range(60):
        rows.time_ns.append(START + i * 5 * SECOND)
        rows.values.extend([120.0, 40.0])

    assert scores(detector, rows)[-1] == pytest.approx(3.0)
    assert math.isnan(scores(detector, rows.rows(0, 1))[0])


def test_energy_by_quarter_hour_splits_at_the_edge_and_tells_gaps() -> None:
    meter = EnergyMeter(0)
    quarter = 900 * SECOND
    rows = FrameBlock.empty(1)
    for i in range(0, 3600, 70):
        if not 1000 < i < 2000:
            rows.time_ns.append(START // quarter * quarter + i * SECOND)
            rows.values.append(36.0)
    done = meter.push(rows, array("B", [2]) * len(rows))

    assert done.energy_kwh[0] == pytest.approx(9.0)
    assert list(done.power_kw) == pytest.approx([36.0] * 3)
    assert list(done.state) == [2.0] * 3
    assert done.covered[0] == pytest.approx(1.0)
    assert done.energy_kwh[1] == pytest.approx(9.0 * done.covered[1])
    assert done.covered[1] < 0.5


def test_models_that_do_not_fit_are_refused() -> None:
    from ovoo_models.anomaly.ewma import Mewma
    from ovoo_models.efficiency.baseline import EnergyBaseline

    mewma, baseline = make("mewma"), make("energy_baseline")
    assert isinstance(mewma, Mewma)
    assert isinstance(baseline, EnergyBaseline)
    with pytest.raises(ArtifactError):
        mewma.fit([0.0], [1.0], [1.0], 1.0)
    with pytest.raises(ArtifactError):
        mewma.fit([0.0] * 3, [1.0, 0.0, 1.0], [1.0] * 9, 1.0)
    with pytest.raises(ArtifactError):
        mewma.set_limit(math.nan)
    with pytest.raises(ArtifactError):
        baseline.fit([1.0], 1.0, 1.0, 1.0)
    with pytest.raises(ArtifactError):
        baseline.frame([0.0], [0.0], [0.0], [1.0])
