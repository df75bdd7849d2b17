"""The truth of what a fault costs: kW and kWh of leaks, fouling, idle runs and moved set-points."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from ovoo_simulator.excess import excess_kw, fault_energy
from ovoo_simulator.faults import DRAWN_KINDS, Fault, FaultKind, FaultPlan
from ovoo_simulator.laws.compression import isentropic_power_kw
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS

COMPRESSOR, BELT = "utilities/air/comp1", "transport/main/belt1"
START = DEFAULT_ORIGIN_NS + 60 * DAY_NS


def fault(kind: FaultKind, asset: str, size: float, hours: int = 24, signal: str = "") -> Fault:
    return Fault(kind, asset, signal, START, START + hours * HOUR_NS, size, ())


@pytest.mark.parametrize(
    ("kind", "size", "low", "high"),
    [("leak", 0.2, 15.0, 45.0), ("fouling", 0.15, 10.0, 20.0), ("setpoint_drift", 0.12, 8.0, 20.0)],
)
def test_compressor_faults_cost_power_that_grows_with_the_fault(
    kind: FaultKind, size: float, low: float, high: float
) -> None:
    plant = create_plant("coal_mine", seed=3)
    times = np.arange(START, START + 24 * HOUR_NS, MINUTE_NS)

    excess = excess_kw(plant, fault(kind, COMPRESSOR, size), times)

    assert abs(excess[0]) < 1e-9
    assert low < excess[-60:].mean() < high
    assert np.all(excess >= -1e-9)


def test_a_moved_set_point_is_the_isentropic_work_of_the_higher_pressure() -> None:
    plant = create_plant("coal_mine", seed=3)
    moved = fault("setpoint_drift", COMPRESSOR, 0.10)
    times = np.arange(START + 20 * HOUR_NS, START + 21 * HOUR_NS, MINUTE_NS)
    truth, normal = plant.truth(times, [moved])[COMPRESSOR], plant.truth(times)[COMPRESSOR]

    assert truth["pressure"] - normal["pressure"] == pytest.approx(np.full(60, 0.075))
    efficiency = isentropic_power_kw(normal["flow"], normal["pressure"], np.ones(60)) / normal["power"]
    expected = isentropic_power_kw(normal["flow"], truth["pressure"], efficiency)
    assert truth["power"] == pytest.approx(expected)


def test_all_that_an_idle_run_draws_is_excess() -> None:
    plant = create_plant("coal_mine", seed=3)
    idle = fault("idle_running", BELT, 1.0, hours=3)
    times = np.arange(idle.start_ns, idle.end_ns, MINUTE_NS)
    power = plant.truth(times, [idle])[BELT]["power"]

    found = fault_energy(plant, idle)

    assert power.min() > 5.0
    assert found.excess_kwh == pytest.approx(float(power.mean()) * 3, rel=1e-3)


def test_energy_of_a_part_is_the_mean_power_of_that_part_and_a_lying_sensor_costs_nothing() -> None:
    plant = create_plant("coal_mine", seed=3)
    leak = fault("leak", COMPRESSOR, 0.2)

    whole = fault_energy(plant, leak)
    halves = [fault_energy(plant, leak, (START + k * 12 * HOUR_NS, START + (k + 1) * 12 * HOUR_NS)) for k in (0, 1)]

    assert sum(half.excess_kwh for half in halves) == pytest.approx(whole.excess_kwh)
    assert whole.mean_kw == pytest.approx(whole.excess_kwh / 24)
    assert fault_energy(plant, fault("stuck_sensor", COMPRESSOR, 1.0, signal="flow")).excess_kwh == 0.0


def test_set_points_move_only_where_a_plan_says_so(tmp_path: pathlib.Path) -> None:
    plant = create_plant("coal_mine", seed=3)
    assert "setpoint_drift" not in DRAWN_KINDS
    assert "setpoint_drift" not in {rule.kind for _path, rule in plant.fault_rules()}
    moved = fault("setpoint_drift", COMPRESSOR, 0.1)
    plan = FaultPlan("coal_mine", 1, (moved,))
    plan.save(tmp_path / "truth.json", [fault_energy(plant, moved).to_dict()])

    assert FaultPlan.load(tmp_path / "truth.json") == plan
    (energy,) = json.loads((tmp_path / "truth.json").read_text())["energy"]
    assert energy["mean_kw"] > 5.0
