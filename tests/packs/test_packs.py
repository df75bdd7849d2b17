"""The sector packs hold exactly the templates and signals that the other parts build on."""

from __future__ import annotations

import pathlib
import re

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import PackError
from ovoo_packs import AssetTemplate, Formula, instantiate, load_pack, pack_names

ARCHITECTURE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
TEMPLATES = [
    pytest.param(name, template, id=f"{name}/{template.id}")
    for name in pack_names()
    for template in load_pack(name).templates.values()
]
_ROW = re.compile(r"\| (coal_mine|coal_chemical|dairy|all) \| (\w+) \| ([\w/]+) \| (.+) \|")
_PRODUCTION = {"power", "energy", "load", "payload", "trips", "coal_feed", "syngas_flow"}
_PRODUCTION |= {"methanol_output", "powder_output", "volume"}

COUNTERS = {"trips", "volume", "energy", "reactive_energy", "reactive_energy_export"}
"""What is read as an increase, by indicators or by bills."""


def _architecture() -> dict[tuple[str, str], tuple[str, list[tuple[str, str]]]]:
    """(pack, template) -> (default path, [(signal, unit or type)]) as docs/architecture.md lists them."""
    table = {}
    for pack, template, path, signals in _ROW.findall(ARCHITECTURE.read_text(encoding="utf-8")):
        plain = [re.sub(r" \((core|counter)\)", "", signal).strip() for signal in signals.split(", ")]
        pairs = [(name, unit) for name, _, unit in (signal.partition(" ") for signal in plain)]
        for name in pack_names() if pack == "all" else (pack,):
            table[name, template] = (path, pairs)
    return table


def test_there_are_three_sectors() -> None:
    assert pack_names() == ("coal_chemical", "coal_mine", "dairy")


def test_templates_and_signals_are_those_of_the_architecture() -> None:
    packs = {
        (name, template.id): (
            template.default_path,
            [_name_and_unit(template, position) for position in range(len(template.signals))],
        )
        for name in pack_names()
        for template in load_pack(name).templates.values()
    }

    assert packs == _architecture()


def _name_and_unit(template: AssetTemplate, position: int) -> tuple[str, str]:
    signal = template.signals[position]
    return signal.name, signal.type if signal.type == "bool" or signal.name == "phase" else signal.unit


@pytest.mark.parametrize(("pack", "template"), TEMPLATES)
def test_signals_are_classed_and_paced(pack: str, template: AssetTemplate) -> None:
    for signal in template.signals:
        gas = signal.name in ("methane", "co")
        assert (signal.data_class == "core") == gas
        if signal.name in _PRODUCTION:
            assert signal.data_class == "important"
        assert signal.uplink == ("on_change" if signal.type == "bool" or signal.name == "phase" else "raw")
        assert signal.period_s == 1.0
        assert signal.low is not None
        assert signal.high is not None
        assert signal.low < signal.high


@pytest.mark.parametrize(("pack", "template"), TEMPLATES)
def test_every_asset_has_alarms_kpis_models_and_panels_with_sources(pack: str, template: AssetTemplate) -> None:
    assert template.alarms
    assert template.kpis
    assert template.models
    assert template.dashboard.panels
    for source in [alarm.source for alarm in template.alarms] + [kpi.source for kpi in template.kpis]:
        assert source.text
        if source.mark != "S":
            assert source.reference_only
    for kpi in template.kpis:
        names = {signal for _, signal in Formula.parse(kpi.formula).terms}
        assert names <= {signal.name for signal in template.signals}


@pytest.mark.parametrize(("pack", "template"), TEMPLATES)
def test_every_analog_signal_is_on_a_panel_or_in_a_model(pack: str, template: AssetTemplate) -> None:
    shown = {name for panel in template.dashboard.panels for name in panel.signals}
    watched = {name for binding in template.models for name in binding.inputs}

    assert {signal.name for signal in template.signals} - shown - watched - COUNTERS == set()


def test_alarms_become_thresholds_of_panels() -> None:
    fan = load_pack("coal_mine").template("main_fan")
    panel = next(panel for panel in fan.dashboard.panels if panel.id == "vibration")

    assert [(line.kind, line.value, line.severity) for line in panel.thresholds] == [
        ("high", 4.6, "warning"),
        ("high", 7.1, "critical"),
    ]


def test_methane_limit_waits_for_a_check_of_the_new_edition() -> None:
    alarm = load_pack("coal_mine").template("gas_point").alarms[0]

    assert (alarm.signal, alarm.limit, alarm.source.mark, alarm.source.reference_only) == ("methane", 1.0, "S", True)


@pytest.mark.parametrize(
    ("template", "fault_signals"),
    [
        ("coal_mine/main_fan", {"vibration", "bearing_temp"}),
        ("coal_mine/drainage_pump", {"vibration", "bearing_temp", "flow", "power"}),
        ("coal_mine/belt_conveyor", {"vibration", "load", "power"}),
        ("coal_mine/air_compressor", {"flow", "power"}),
        ("coal_mine/gas_point", {"methane", "co", "air_temp"}),
        ("coal_chemical/asu_compressor", {"vibration", "bearing_temp"}),
        ("coal_chemical/cooling_tower", {"supply_temp", "return_temp", "wet_bulb"}),
        ("coal_chemical/boiler", {"flue_temp"}),
        ("coal_chemical/methanol_loop", {"valve_position", "purge_flow"}),
        ("dairy/htst_pasteuriser", {"regen_temp", "diversion"}),
        ("dairy/homogeniser", {"power", "flow"}),
    ],
)
def test_models_and_limits_watch_the_signals_that_faults_show_in(template: str, fault_signals: set[str]) -> None:
    pack, _, name = template.partition("/")
    found = load_pack(pack).template(name)

    watched = {signal for binding in found.models for signal in binding.inputs}
    assert fault_signals <= watched | {alarm.signal for alarm in found.alarms}


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(PackError, match=r"no such pack .*'oil'; one of coal_chemical, coal_mine, dairy"):
        load_pack("oil")
    with pytest.raises(PackError, match=r"no such template .*one of gas_point, main_fan"):
        load_pack("coal_mine").template("rocket")
    with pytest.raises(PackError, match=r"no such signal .*one of running, speed"):
        load_pack("coal_mine").template("main_fan").signal("colour")


@pytest.mark.parametrize(("pack", "template"), TEMPLATES)
def test_a_template_becomes_catalogue_entries(pack: str, template: AssetTemplate) -> None:
    asset = AssetAddress.parse(f"demo/site/{template.default_path}")

    entries = instantiate(template, asset)

    assert [entry.address.signal for entry in entries] == [signal.name for signal in template.signals]
    assert len(Catalogue(entries)) == len(template.signals)
    first, signal = entries[0], template.signals[0]
    assert (first.unit, first.low, first.high, first.data_class) == (
        signal.unit,
        signal.low,
        signal.high,
        signal.data_class,
    )
    assert (first.name_zh, first.name_en, first.uplink) == (signal.name_zh, signal.name_en, signal.uplink)


def test_signals_are_found_by_role() -> None:
    fan = load_pack("coal_mine").template("main_fan")

    assert [signal.name for signal in fan.by_role("power")] == ["power"]
