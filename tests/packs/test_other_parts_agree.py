"""The packs against the parts that use them: every binding is a model, every plant stays in its ranges."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from ovoo_models import registry
from ovoo_models.base import Place
from ovoo_packs import AssetTemplate, ModelBinding, load_pack, pack_names
from ovoo_packs.compiler.rules import MODEL_NAMES
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, Plant, PlantColumns, create_plant

MINUTE_NS = 60_000_000_000
DAYS = 7
TEMPLATES = [
    pytest.param(template, id=f"{name}/{template.id}")
    for name in pack_names()
    for template in load_pack(name).templates.values()
]


def _template_at(pack: str, path: str) -> AssetTemplate:
    return next(each for each in load_pack(pack).templates.values() if each.default_path == path)


@functools.cache
def _healthy_week(pack: str) -> tuple[Plant, PlantColumns]:
    plant = create_plant(pack)
    return plant, plant.simulate(DEFAULT_ORIGIN_NS, MINUTE_NS, DAYS * 1440)


def test_model_names_are_those_of_the_registry() -> None:
    assert set(registry.model_names()) == set(MODEL_NAMES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_binding_makes_a_model(template: AssetTemplate) -> None:
    columns = {signal.name: column for column, signal in enumerate(template.signals)}

    for binding in template.models:
        gate, load = binding.params.get("gate"), binding.params.get("load")
        place = Place(
            inputs=tuple(columns[name] for name in binding.inputs),
            gate=columns[gate] if gate else -1,
            width=len(columns),
            period_ns=MINUTE_NS,
            load=columns[load] if load else -1,
        )
        assert registry.create(binding.model, binding.params, place).place is place


@pytest.mark.parametrize("template", TEMPLATES)
def test_energy_models_read_power_first(template: AssetTemplate) -> None:
    for binding in template.models:
        if binding.model in ("energy_baseline", "idle", "sec"):
            assert template.signal(binding.inputs[0]).role == "power"


@pytest.mark.parametrize("pack", pack_names())
def test_a_healthy_plant_stays_in_range_and_raises_no_alarm(pack: str) -> None:
    plant, columns = _healthy_week(pack)

    for row, entry in enumerate(plant.entries):
        template = _template_at(pack, entry.address.asset_path)
        signal = template.signal(entry.address.signal)
        values = columns.value[row][columns.present[row]]
        assert signal.low is not None
        assert signal.high is not None
        assert signal.low <= np.min(values), entry.address
        assert np.max(values) <= signal.high, entry.address
        for alarm in template.alarms:
            if alarm.signal == signal.name:
                beyond = values >= alarm.limit if alarm.kind == "high" else values <= alarm.limit
                assert not np.any(beyond), f"{entry.address} {alarm.kind} {alarm.limit}"


def _watched(bindings: tuple[ModelBinding, ...]) -> set[str]:
    return {name for binding in bindings for name in binding.inputs}


@pytest.mark.parametrize("pack", pack_names())
def test_every_fault_shows_in_a_signal_that_a_model_watches(pack: str) -> None:
    for path, rule in create_plant(pack).fault_rules():
        template = _template_at(pack, path)
        bindings = template.models
        watched = _watched(bindings) | {alarm.signal for alarm in template.alarms}
        assert watched & set(rule.affects), f"{path}: {rule.kind}"
        if rule.kind == "stuck_sensor":
            flat = [binding for binding in bindings if binding.model == "flatline"]
            assert rule.sensor in {name for binding in flat for name in binding.inputs}, f"{path}: {rule.sensor}"
        if rule.kind == "drift":
            several = [binding for binding in bindings if binding.model == "mewma"]
            assert rule.sensor in {name for binding in several for name in binding.inputs}, f"{path}: {rule.sensor}"
        if rule.kind == "idle_running":
            assert any(binding.model == "idle" for binding in bindings), path
