"""The monitor of an asset: findings with one life a fault, derived signals, restart, cuts."""

from __future__ import annotations

import json
import math
import random
from array import array
from functools import cache
from types import MappingProxyType
from typing import Any

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.monitor import AssetMonitor, MonitorOutput
from ovoo_models.phrases import render
from ovoo_models.train import fit_frames
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, machine, to_batch

ASSET = AssetAddress("heishan-coal", "heishan", "drainage", "main", "pump1")
NAMES = ("running", "load", "power", "temperature")
INDEX = {name: place for place, name in enumerate(NAMES)}
SIGNALS = (
    SignalUse("running", hold_s=90_000),
    SignalUse("load", "m3/h"),
    SignalUse("power", "kW", data_class="important"),
    SignalUse("temperature", "degC"),
)


def binding(model: str, name: str, inputs: tuple[str, ...], **params: Any) -> ModelBinding:
    return ModelBinding(model, name, inputs, MappingProxyType(params))


GATE = {"gate": "running", "gate_above": 0.5}
BINDINGS = (
    binding("mewma", "mewma", ("load", "power", "temperature"), **GATE),
    binding("energy_baseline", "energy", ("power", "load"), **GATE),
    binding("flatline", "flat-temperature", ("temperature",), window_s=1800),
    binding(
        "range",
        "limit-temperature-high",
        ("temperature",),
        high=90.0,
        hysteresis=2.0,
        delay_s=120,
        kind="limit",
        severity="critical",
        advice="check_cooling",
    ),
    binding("idle", "idle", ("power", "load"), power_min=5.0, output_max=1.0, after_s=900),
)


@cache
def trained() -> ModelSet:
    return fit_frames(ModelSet(str(ASSET), 5.0, SIGNALS, BINDINGS), machine(7 * 1440), {})


def monitor() -> AssetMonitor:
    return AssetMonitor(trained(), ASSET)


def run(block: FrameBlock, watch: AssetMonitor | None = None) -> MonitorOutput:
    watch = watch or monitor()
    first = watch.process(to_batch(block), INDEX, 10)
    last = watch.flush(block.time_ns[-1] + 60 * SECOND, 10)
    return MonitorOutput(SampleBatch.concat([first.batch, last.batch]), first.findings + last.findings)


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in findings}


def test_normal_work_gives_no_findings_and_all_derived_signals() -> None:
    watch = monitor()
    output = run(machine(3 * 1440, seed=3), watch)

    assert output.findings == ()
    names = [entry.address.signal for entry in watch.outputs]
    assert names == [
        "mewma-score", "mewma-limit", "mewma-state", "energy-baseline-score", "energy-baseline-limit",
        "energy-baseline-state", "energy-power_kw", "energy-energy_kwh", "energy-state",
        "machine-energy_kwh", "machine-idle_min", "machine-idle_kwh",
    ]  # fmt: skip
    assert set(output.batch.signal) == set(range(10, 10 + len(names)))
    assert len(Catalogue(watch.outputs)) == len(names)


def test_a_power_fault_is_found_with_cause_energy_and_uncertainty() -> None:
    output = run(machine(2000, seed=4, fault_from=700))

    assert {"anomaly.multivariate", "energy.excess"} <= codes(output.findings)
    cause = next(each for each in output.findings if each.code == "anomaly.multivariate")
    assert cause.detail["signal_1"] == "power"
    assert cause.start_ns >= START + 700 * 60 * SECOND
    excess = [each for each in output.findings if each.code == "energy.excess"][-1]
    assert excess.unit == "kWh"
    assert excess.value is not None
    assert excess.uncertainty is not None
    assert 0 < excess.uncertainty < excess.value


def test_one_fault_is_one_finding_that_opens_goes_on_and_closes() -> None:
    block = machine(3000, seed=4)
    for i in range(800, 1400):
        block.values[4 * i + 3] = 95.0 + (i % 3)
    found = [each for each in run(block).findings if each.code == "limit.high"]

    assert len({each.id for each in found}) == 1
    assert [each.open for each in found] == [True] * (len(found) - 1) + [False]
    assert len(found) > 3
    assert found[0].start_ns == START + 800 * 60 * SECOND
    assert found[-1].end_ns == START + 1400 * 60 * SECOND
    assert (found[-1].value, found[-1].unit, found[-1].severity) == (97.0, "degC", "critical")
    assert found[-1].advice == "check_cooling"


def test_the_same_again_soon_continues_the_finding() -> None:
    block = machine(3000, seed=4)
    for i in (*range(800, 900), *range(1000, 1100), *range(2400, 2500)):
        block.values[4 * i + 3] = 95.0
    found = [each for each in run(block).findings if each.code == "limit.high"]

    assert len({each.id for each in found}) == 2


def test_a_stuck_sensor_is_found_from_its_first_still_row() -> None:
    block = machine(1000, seed=4)
    for i in range(500, 700):
        block.values[4 * i + 3] = block.values[4 * 499 + 3]
    found = [each for each in run(block).findings if each.code == "signal.flatline"]

    assert found[0].start_ns == START + 500 * 60 * SECOND
    assert found[-1].detail["signal"] == "temperature"
    assert not found[-1].open


def test_idle_running_is_found_with_its_energy() -> None:
    block = machine(700, seed=4)
    for i in range(300, 420):
        block.values[4 * i + 1], block.values[4 * i + 2] = 0.0, 30.0
    found = [each for each in run(block).findings if each.code == "energy.idle"]

    assert found[-1].value == pytest.approx(30.0 * 119 / 60)


def test_stops_and_starts_are_no_faults() -> None:
    rng = random.Random(5)
    block = machine(3000, seed=5)
    for start in range(100, 2900, 150):
        for i in range(start, start + rng.randrange(5, 60)):
            block.values[4 * i : 4 * i + 3] = array("d", [0.0, 0.0, 0.0])

    assert codes(run(block).findings) <= {"energy.idle"}


def test_energy_of_the_quarter_hours_is_that_of_the_power() -> None:
    block = machine(1440, seed=6)
    watch = monitor()
    output = run(block, watch)
    place = 10 + [str(entry.field) for entry in watch.outputs].index("energy_kwh")
    total = math.fsum(v for s, v in zip(output.batch.signal, output.batch.value, strict=True) if s == place)

    power = block.values[2::4]
    hours = len([s for s in output.batch.signal if s == place]) / 4
    rows = int(hours * 60)
    assert total == pytest.approx(sum(power[:rows]) / 60, rel=2e-3)


@pytest.mark.parametrize("seed", range(6))
def test_random_cuts_give_the_same_bits_and_findings(seed: int) -> None:
    block = machine(900, seed=seed, fault_from=400)
    whole = run(block)
    rng = random.Random(seed)
    watch = monitor()
    parts: list[MonitorOutput] = []
    start = 0
    while start < len(block):
        stop = start + rng.choice([1, 2, 7, 40, 200])
        parts.append(watch.process(to_batch(block.rows(start, min(stop, len(block)))), INDEX, 10))
        start = stop
        if rng.random() < 0.2:
            state = json.loads(watch.state_json())
            watch = monitor()
            watch.load(state)
    parts.append(watch.flush(block.time_ns[-1] + 60 * SECOND, 10))

    joined = SampleBatch.concat([part.batch for part in parts]).sorted()
    assert joined.columns_equal(whole.batch.sorted())
    assert tuple(finding for part in parts for finding in part.findings) == whole.findings


def test_history_by_the_minute_and_live_by_the_second_run_through_one_monitor() -> None:
    watch = monitor()
    history = machine(600, seed=7)
    watch.process(to_batch(history), INDEX, 10)
    live = machine(900, seed=8, step_s=1, fault_from=300)
    shift = history.time_ns[-1] + 60 * SECOND - live.time_ns[0]
    for i in range(len(live)):
        live.time_ns[i] += shift
    found = watch.process(to_batch(live), INDEX, 10).findings

    assert found
    assert found[0].start_ns >= live.time_ns[300]
    opened = [each for each in found if each.code == "anomaly.multivariate"]
    assert opened[0].end_ns - live.time_ns[300] < 420 * SECOND


def test_rows_of_other_assets_are_passed_over_and_missing_signals_allowed() -> None:
    block = machine(300, seed=9)
    batch = to_batch(block)
    watch = monitor()
    alone = run(block)
    for place in range(len(batch)):
        batch.signal[place] += 100
    other = watch.process(batch, INDEX, 10)
    assert len(other.batch) == 0

    moved = {name: place + 100 for name, place in INDEX.items()}
    first = watch.process(batch, moved, 10)
    last = watch.flush(block.time_ns[-1] + 60 * SECOND, 10)
    assert SampleBatch.concat([first.batch, last.batch]).sorted().columns_equal(alone.batch.sorted())
    assert len(monitor().process(batch, {"power": 102}, 10).findings) == 0


def test_state_of_another_model_is_refused() -> None:
    other = AssetMonitor(ModelSet(str(ASSET), 5.0, SIGNALS, BINDINGS[2:]), ASSET)
    with pytest.raises(ArtifactError, match="another model"):
        other.load(monitor().state())
    state = monitor().state()
    del state["frames"]
    with pytest.raises(ArtifactError, match="parts are missing"):
        monitor().load(state)
    with pytest.raises(ConfigError):
        AssetMonitor(trained(), ASSET, period_s=-1.0)


def test_an_untrained_set_says_what_is_not_ready_and_scores_nothing() -> None:
    watch = AssetMonitor(ModelSet(str(ASSET), 5.0, SIGNALS, BINDINGS), ASSET)

    assert watch.ready() == {
        "mewma": False, "energy": False, "flat-temperature": True, "limit-temperature-high": True, "idle": True,
    }  # fmt: skip
    output = run(machine(400, seed=2), watch)
    score = [i for i, entry in enumerate(watch.outputs) if entry.field == "score"]
    assert not any(signal - 10 in score for signal in output.batch.signal)


def test_a_loop_that_no_longer_fits_and_a_swinging_signal_are_findings_with_their_sentence() -> None:
    bindings = (
        binding("lagged", "loops", ("load", "power", "temperature"), step_s=60, **GATE),
        binding("variance", "swing", ("power", "load"), **GATE),
    )
    fitted = fit_frames(ModelSet(ASSET.path, 5.0, SIGNALS, bindings), machine(7000), {"trained_by": "test"})
    assert set(fitted.card["models"]["loops"]) == {"model", "rows", "held_max", "limit"}

    monitor = AssetMonitor(fitted, ASSET)
    rows = machine(1000, seed=6)
    rng = random.Random(9)
    for i in range(300, 1000):
        rows.values[4 * i + 2] += 8.0 * rng.gauss(0, 1)
    found = monitor.process(to_batch(rows), INDEX, out_base=10).findings

    opened = {each.code: each for each in found}
    assert {"anomaly.dynamic", "anomaly.variance"} <= set(opened)
    assert opened["anomaly.dynamic"].detail["signal_1"] == "power"
    assert opened["anomaly.variance"].detail["signal"] == "power"
    assert opened["anomaly.variance"].unit == opened["anomaly.dynamic"].unit == "1"
    assert "功率" in render(opened["anomaly.variance"], "zh")
    assert "Power" in render(opened["anomaly.dynamic"], "en")
    early = START + 300 * 60 * SECOND
    assert all(each.start_ns >= early for each in opened.values())
