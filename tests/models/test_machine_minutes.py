"""A machine's minutes: energy, idling, drift with its band, specific consumption."""

from __future__ import annotations

import math
import random
from array import array
from functools import cache
from types import MappingProxyType

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.quality import GOOD, UNCERTAIN
from ovoo_contract.samples import SampleBatch
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.monitor import AssetMonitor
from ovoo_models.train.fit import fit_frames
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START

ASSET = AssetAddress.parse("demo/heishan/utilities/air/comp1")
SIGNALS = (
    SignalUse("running", hold_s=60.0),
    SignalUse("flow", "m3/min", hold_s=60.0),
    SignalUse("power", "kW", hold_s=60.0, data_class="important"),
)
INDEX = {use.name: place for place, use in enumerate(SIGNALS)}
GATE = {"gate": "running", "gate_above": 0.5, "settle_s": 0.0}
BINDINGS = (
    ModelBinding("energy_drift", "energy-drift", ("power", "flow"), MappingProxyType({**GATE, "mean_h": 1.0})),
    ModelBinding("sec", "sec", ("power", "flow"), MappingProxyType(GATE)),
)
STEP = 20 * SECOND


def compressor(rows: int, seed: int, more_kw: float = 0.0) -> FrameBlock:
    """Two hours of work, then ten minutes without flow at 20 kW."""
    rng = random.Random(seed)
    block = FrameBlock.empty(3)
    for i in range(rows):
        idle = i % 390 >= 360
        flow = 0.0 if idle else 30.0 + 6.0 * math.sin(i / 40.0) + rng.gauss(0.0, 0.2)
        power = 20.0 + rng.gauss(0.0, 0.2) if idle else 40.0 + 5.0 * flow + more_kw + rng.gauss(0.0, 1.0)
        block.time_ns.append(START + i * STEP)
        block.values.extend([1.0, flow, power])
    return block


@cache
def trained() -> ModelSet:
    return fit_frames(ModelSet(str(ASSET), 20.0, SIGNALS, BINDINGS), compressor(8000, 1), {})


def batch_of(block: FrameBlock) -> SampleBatch:
    batch = SampleBatch.empty()
    for column in range(3):
        batch.signal.extend(array("I", [column]) * len(block))
        batch.time_ns.extend(block.time_ns)
        batch.value.extend(block.values[column::3])
        batch.quality.extend(array("I", [GOOD]) * len(block))
    return batch


def minutes(block: FrameBlock, cuts: int = 0) -> dict[str, dict[int, tuple[float, int]]]:
    """Value and quality of each figure by minute since the start."""
    watch = AssetMonitor(trained(), ASSET)
    names = [entry.address.signal for entry in watch.outputs]
    found: dict[str, dict[int, tuple[float, int]]] = {name: {} for name in names}
    step = cuts or len(block)
    batches = [
        watch.process(batch_of(block.rows(at, min(at + step, len(block)))), INDEX, 0).batch
        for at in range(0, len(block), step)
    ]
    for batch in (*batches, watch.flush(block.time_ns[-1] + STEP, 0).batch):
        for signal, at, value, quality in zip(batch.signal, batch.time_ns, batch.value, batch.quality, strict=True):
            found[names[signal]][(at - START) // (60 * SECOND)] = (value, quality)
    return found


def test_the_figures_are_signals_of_the_minute_with_units() -> None:
    entries = [each for each in AssetMonitor(trained(), ASSET).outputs if each.measurement == "telemetry_1m"]

    assert {each.address.signal: each.unit for each in entries} == {
        "machine-energy_kwh": "kWh", "machine-idle_min": "min", "machine-idle_kwh": "kWh", "machine-drift_kw": "kW",
        "machine-state": "1", "machine-mean_flow": "m3/min",
        "machine-drift_band_kw": "kW", "machine-drift_kwh": "kWh", "machine-specific": "kW/(m3/min)",
    }  # fmt: skip
    assert all((each.field, each.model) == ("last", each.address.signal) for each in entries)


def test_minutes_add_up_to_the_quarter_hours_and_idling_is_told_apart() -> None:
    found = minutes(compressor(1200, 2))

    for start, (kwh, _quality) in found["energy-energy_kwh"].items():
        own = math.fsum(found["machine-energy_kwh"][start + k][0] for k in range(15))
        assert own == pytest.approx(kwh)
    assert found["machine-idle_min"][60] == (0.0, GOOD)
    assert found["machine-idle_min"][125][0] == pytest.approx(1.0)
    assert found["machine-idle_kwh"][125][0] == pytest.approx(20.0 / 60.0, rel=0.05)
    assert found["machine-specific"][100][0] == pytest.approx(5.0 + 40.0 / 30.0, rel=0.1)
    assert 125 not in found["machine-drift_kw"]


def test_drift_leaves_its_band_when_the_machine_needs_more_and_only_then() -> None:
    usual, worse = minutes(compressor(3000, 3)), minutes(compressor(3000, 3, more_kw=15.0))
    last = max(worse["machine-drift_kw"])

    assert abs(usual["machine-drift_kw"][last][0]) <= 2.0 * usual["machine-drift_band_kw"][last][0]
    assert worse["machine-drift_kw"][last][0] == pytest.approx(15.0, abs=2.0 * worse["machine-drift_band_kw"][last][0])
    assert worse["machine-drift_kw"][last][0] > worse["machine-drift_band_kw"][last][0]
    assert worse["machine-drift_kwh"][last][0] > 50.0


@pytest.mark.parametrize("cuts", [1, 7, 100])
def test_cuts_of_the_stream_do_not_matter(cuts: int) -> None:
    block = compressor(500, 4)

    assert minutes(block, cuts) == minutes(block)


def test_a_minute_with_a_hole_is_uncertain() -> None:
    whole = compressor(400, 5)
    block = whole.rows(0, 100)
    late = whole.rows(160, 400)
    block.time_ns.extend(late.time_ns)
    block.values.extend(late.values)
    found = minutes(block)

    assert found["machine-energy_kwh"][10][1] == GOOD
    assert UNCERTAIN in {quality for _value, quality in found["machine-energy_kwh"].values()}
