"""What a template asks to be watched."""

from __future__ import annotations

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_models.bindings import template_bindings, untrained
from ovoo_models.monitor import AssetMonitor
from ovoo_packs import load_pack, pack_names
from ovoo_packs.templates import AssetTemplate

TEMPLATES = [template for pack in pack_names() for template in load_pack(pack).templates.values()]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.id)
def test_every_template_gives_a_monitor_with_a_legal_catalogue(template: AssetTemplate) -> None:
    model_set = untrained(template, template.default_path)
    watch = AssetMonitor(model_set, AssetAddress.parse(f"e/s/{template.default_path}"))

    assert len(Catalogue(watch.outputs)) == len(watch.outputs)
    assert len({each.id for each in model_set.bindings}) == len(model_set.bindings)


def test_alarm_limits_become_range_checks_with_their_advice() -> None:
    template = load_pack("coal_mine").template("gas_point")
    found = {each.id: each for each in template_bindings(template)}

    methane = found["limit-methane-high"]
    assert methane.params["severity"] == "critical"
    assert methane.params["kind"] == "limit"
    assert "gate" not in methane.params
    assert "range-methane" not in found


def test_low_limits_wait_until_the_machine_runs() -> None:
    template = load_pack("coal_mine").template("air_compressor")
    found = {each.id: each for each in template_bindings(template)}

    assert found["limit-pressure-low"].params["gate"] == "running"


def test_the_weather_guards_what_was_learned() -> None:
    template = load_pack("coal_chemical").template("cooling_tower")
    found = {each.id: each for each in template_bindings(template)}

    for name in ("mewma", "baseline", "drift"):
        assert [found[name].inputs[k] for k in found[name].params["guard"]] == ["wet_bulb"], name
