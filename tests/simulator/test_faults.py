from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from ovoo_contract.errors import ConfigError
from ovoo_simulator.faults import Fault, FaultPlan, FaultRule, FaultWindow, iso_time, read_time
from ovoo_simulator.plants import PLANTS, Plant, PlantColumns, create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_midnight_ns

ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)
SITES = {name: create_plant(name, seed=3, origin_ns=ORIGIN_NS) for name in PLANTS}
START_NS = ORIGIN_NS + DAY_NS + 12 * HOUR_NS
NORMAL: dict[str, PlantColumns] = {}
CASES = [
    pytest.param(name, path, rule, id=f"{path.rsplit('/', 1)[1]}-{rule.kind}{'-' if rule.sensor else ''}{rule.sensor}")
    for name, plant in SITES.items()
    for path, rule in plant.fault_rules()
]


def normal(name: str) -> PlantColumns:
    if name not in NORMAL:
        NORMAL[name] = SITES[name].simulate(START_NS, MINUTE_NS, 24 * 60)
    return NORMAL[name]


def faulty(plant: Plant, path: str, rule: FaultRule, size: float) -> PlantColumns:
    fault = Fault(rule.kind, path, rule.sensor, START_NS + HOUR_NS, START_NS + 23 * HOUR_NS, size, rule.affects)
    return plant.simulate(START_NS, MINUTE_NS, 24 * 60, (fault,))


@pytest.mark.parametrize(("name", "path", "rule"), CASES)
def test_a_fault_moves_what_it_should_and_nothing_else(name: str, path: str, rule: FaultRule) -> None:
    plant = SITES[name]
    change = faulty(plant, path, rule, rule.low).value - normal(name).value

    moved = {
        (entry.address.asset_path, entry.address.signal)
        for row, entry in enumerate(plant.entries)
        if np.nan_to_num(change[row]).any()
    }

    expected = {(path, signal) for signal in rule.affects}
    if "power" in rule.affects:
        expected |= {(plant.meter_path, "power"), (plant.meter_path, "energy"), (plant.meter_path, "reactive_energy")}
    assert moved == expected


@pytest.mark.parametrize(("name", "path", "rule"), CASES)
def test_the_smallest_fault_can_be_found_and_ends_with_its_repair(name: str, path: str, rule: FaultRule) -> None:
    plant = SITES[name]
    columns = faulty(plant, path, rule, rule.low)
    change = np.nan_to_num(columns.value - normal(name).value)
    sensors = plant.machine(path).model.sensors
    rows = {entry.address.signal: row for row, entry in enumerate(plant.entries) if entry.address.asset_path == path}

    assert not change[[rows[signal] for signal in rule.affects], :60].any()
    assert not change[[rows[signal] for signal in rule.affects], 23 * 60 :].any()
    if rule.kind == "stuck_sensor":
        held = columns.value[rows[rule.sensor], 60 : 23 * 60]
        assert len(np.unique(held[~np.isnan(held)])) == 1
        return
    grown = slice(14 * 60, 23 * 60)
    strongest = max(
        float(np.quantile(np.abs(change[rows[signal], grown]), 0.9)) / max(sensors[signal].uncertainty, 1e-9)
        for signal in rule.affects
        if sensors[signal].kind in ("analog", "signed")
    )
    assert strongest > 6.0


def test_every_kind_is_there() -> None:
    kinds = {rule.kind for plant in SITES.values() for _, rule in plant.fault_rules()}

    assert kinds == {
        "bearing_wear",
        "leak",
        "fouling",
        "stuck_sensor",
        "drift",
        "idle_running",
        "valve_sticking",
        "diversion",
    }


def test_a_fault_grows_as_it_does_in_reality() -> None:
    fault = Fault("bearing_wear", "a/b/c", "", 0, 1000, 1.0, ())
    times = np.array([-1, 0, 250, 500, 999, 1000], dtype=np.int64)

    progress = fault.progress(times)

    assert progress[[0, 1, 5]].tolist() == [0.0, 0.0, 0.0]
    assert 0.2 < progress[2] < 0.5
    assert progress[[3, 4]].tolist() == [1.0, 1.0]


def test_the_same_seed_draws_the_same_faults_and_another_seed_others() -> None:
    window = FaultWindow(ORIGIN_NS, ORIGIN_NS + 35 * DAY_NS)

    first, again = (FaultPlan.draw(7, SITES["coal_mine"], window) for _ in range(2))
    other = FaultPlan.draw(8, SITES["coal_mine"], window)

    assert first == again
    assert first.faults != other.faults


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drawn_faults_are_two_or_three_a_week_apart_and_on_working_machines(name: str, seed: int) -> None:
    plant = SITES[name]
    window = FaultWindow(ORIGIN_NS, ORIGIN_NS + 35 * DAY_NS)

    faults = FaultPlan.draw(seed, plant, window).faults

    assert len(faults) == window.count == 12
    for number, fault in enumerate(faults):
        assert window.start_ns <= fault.start_ns < fault.end_ns <= window.end_ns
        assert 6 * HOUR_NS - SECOND_NS <= fault.end_ns - fault.start_ns <= 24 * HOUR_NS
        assert all(
            other.asset != fault.asset or other.start_ns >= fault.end_ns + 6 * HOUR_NS for other in faults[number + 1 :]
        )
        times = np.arange(fault.start_ns, fault.end_ns, MINUTE_NS, dtype=np.int64)
        assert plant.working(fault.asset, times).mean() > 0.55


def test_minutes_are_enough_for_a_live_fault() -> None:
    window = FaultWindow(START_NS, START_NS + 20 * MINUTE_NS, 2.5, 4 * MINUTE_NS, 8 * MINUTE_NS)

    plan = FaultPlan.draw(5, SITES["coal_chemical"], window)

    assert len(plan.faults) == 1
    assert plan.faults[0].end_ns <= window.end_ns


def test_truth_file_comes_back(tmp_path: pathlib.Path) -> None:
    plan = FaultPlan.draw(7, SITES["dairy"], FaultWindow(ORIGIN_NS, ORIGIN_NS + 14 * DAY_NS))
    path = tmp_path / "truth.json"

    plan.save(path)

    assert FaultPlan.load(path) == plan
    shown = json.loads(path.read_text(encoding="utf-8"))["faults"][0]
    assert read_time(shown["start"]) == plan.faults[0].start_ns // SECOND_NS * SECOND_NS


@pytest.mark.parametrize("text", ["", "[]", '{"plant": "x", "seed": 1, "faults": [{"kind": "leak"}]}'])
def test_a_broken_truth_file_is_named(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError):
        FaultPlan.load(path)


def test_unknown_kind_and_empty_window_are_refused() -> None:
    with pytest.raises(ConfigError, match="unknown fault kind"):
        Fault("meteor", "a/b/c", "", 0, 1, 1.0, ())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no fault fits"):
        FaultWindow(0, HOUR_NS)


def test_times_are_read_with_and_without_offset() -> None:
    assert read_time("2026-11-01T08:00:00+08:00") == read_time("2026-11-01T00:00:00")
    assert iso_time(read_time("2026-11-01T00:00:00Z")) == "2026-11-01T00:00:00Z"
    with pytest.raises(ConfigError, match="ISO 8601"):
        read_time("yesterday")
