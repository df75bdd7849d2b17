"""Every template of the packs has models that become ready on two ordinary weeks, without a data scientist."""

from __future__ import annotations

from functools import cache

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_models.bindings import template_bindings
from ovoo_models.monitor import AssetMonitor
from ovoo_models.train import fit
from ovoo_packs import load_pack
from ovoo_simulator.history import SignalColumns, training_columns
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, PLANTS, create_plant
from ovoo_simulator.times import DAY_NS

TEMPLATES = [(pack, name) for pack in PLANTS for name in load_pack(pack).templates]
SWITCHES = ("bool", "int")


@cache
def history(pack: str) -> dict[str, dict[str, SignalColumns]]:
    found = training_columns(create_plant(pack), 10, end_ns=DEFAULT_ORIGIN_NS + 200 * DAY_NS)
    return {path: dict(columns) for path, columns in found.items()}


@pytest.mark.parametrize(("pack", "name"), TEMPLATES, ids=lambda value: value)
def test_models_of_a_new_site_are_ready_after_training(pack: str, name: str) -> None:
    template = load_pack(pack).template(name)
    models = fit(template, history(pack)[template.default_path])
    monitor = AssetMonitor(models, AssetAddress("e", "s", *template.default_path.split("/")))

    waiting = sorted(each for each, ready in monitor.ready().items() if not ready)

    assert models.bindings
    # a reading that never moves by itself, or is rounded to whole steps, has no noise to learn
    assert all(each.startswith(("noise-", "spike-")) for each in waiting), waiting


@pytest.mark.parametrize(("pack", "name"), TEMPLATES, ids=lambda value: value)
def test_every_instrument_is_watched_by_its_checks(pack: str, name: str) -> None:
    template = load_pack(pack).template(name)
    bindings = template_bindings(template)
    watched = {each.inputs[0] for each in bindings if each.model == "flatline"}

    for model in ("spike", "noise", "unit_slip"):
        assert {each.inputs[0] for each in bindings if each.model == model} == watched
    analog = {each.name for each in template.signals if each.type not in SWITCHES and not each.counter}
    assert watched <= analog
    assert watched
