"""Novelty and window in the monitor of an asset: trained from history, one finding a fault, one plain sentence."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from ovoo_models import artifact
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.monitor import AssetMonitor
from ovoo_models.phrases import LANGUAGES, render
from ovoo_models.train import fit_frames
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, to_batch
from tests.models.test_window import PERIOD, cycles, turned

ASSET = AssetAddress("e", "s", "drainage", "main", "pump1")
BINDINGS = {
    "novelty": ModelBinding("novelty", "new", ("temperature",), MappingProxyType({"limit": 0.5})),
    "window": ModelBinding("window", "course", ("temperature",), MappingProxyType({})),
}


def block(values: list[float]) -> FrameBlock:
    rows = FrameBlock.empty(1)
    for i, value in enumerate(values):
        rows.time_ns.append(START + i * 60 * SECOND)
        rows.values.append(value)
    return rows


def trained(model: str) -> ModelSet:
    signals = (SignalUse("temperature", "degC", hold_s=90.0),)
    found = fit_frames(ModelSet(str(ASSET), 60.0, signals, (BINDINGS[model],)), block(cycles(6000)), {})
    return artifact.loads(artifact.dumps(found))


def findings(model: str, values: list[float], restart_at: int = 0) -> list[Finding]:
    watch = AssetMonitor(trained(model), ASSET)
    rows = block(values)
    found: list[Finding] = []
    for part in (rows.rows(0, restart_at), rows.rows(restart_at, len(rows))):
        found += watch.process(to_batch(part), {"temperature": 0}, 1).findings
        state: dict[str, Any] = json.loads(watch.state_json())
        watch = AssetMonitor(trained(model), ASSET)
        watch.load(state)
    return [*found, *watch.flush(rows.time_ns[-1] + 60 * SECOND, 1).findings]


@pytest.mark.parametrize("model", BINDINGS)
def test_normal_cycles_give_no_finding(model: str) -> None:
    assert findings(model, cycles(3000, seed=5)) == []


@pytest.mark.parametrize("restart_at", [0, 20 * PERIOD + 30])
@pytest.mark.parametrize(("model", "code"), [("novelty", "anomaly.novelty"), ("window", "anomaly.pattern")])
def test_a_fault_is_one_finding_across_a_restart(model: str, code: str, restart_at: int) -> None:
    values = turned(cycles(2000, seed=5), 20 * PERIOD)
    if model == "novelty":
        values[20 * PERIOD :] = [x + 45.0 for x in values[20 * PERIOD :]]
    found = findings(model, values, restart_at)

    assert {each.code for each in found} == {code}
    assert len({each.start_ns for each in found}) == 1
    assert START + 20 * PERIOD * 60 * SECOND <= found[0].start_ns < START + 21 * PERIOD * 60 * SECOND
    assert not found[-1].open
    for language in LANGUAGES:
        sentence = render(found[0], language)
        assert "°C" in sentence
        assert render(found[0], "zh").startswith("温度")
