from __future__ import annotations

import ast
import importlib.resources
import inspect
import re
import string
from collections.abc import Mapping
from types import ModuleType
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from ovoo_cloud.access.invitations import InvitationState
from ovoo_cloud.access.roles import Role
from ovoo_cloud.alarms.machine import AlarmState
from ovoo_cloud.catalogue.energy_inputs import known_inputs
from ovoo_cloud.console import meter_form
from ovoo_cloud.console.centre_faults import fault_key
from ovoo_cloud.console.language import Words, catalogue
from ovoo_cloud.energy.idle_ranking import Verdict
from ovoo_cloud.energy.measure_lines import DETAILS, REASONS
from ovoo_cloud.energy.meter_rows import AMOUNT_UNITS
from ovoo_cloud.readiness.limits import PARTS
from ovoo_cloud.readiness.todo import CAUSES
from ovoo_cloud.reports.resolve import catalogue as printed
from ovoo_models.efficiency.measure_kinds import KINDS, Option
from ovoo_models.efficiency.savings import inspection, screening
from ovoo_models.efficiency.savings.bill_periods import KINDS as BILL_KINDS
from ovoo_models.feedback import Opinion
from ovoo_packs import load_norms, load_tariffs, pack_names

ZH, EN = catalogue("zh"), catalogue("en")
FREE = (
    "people.state.",
    "boosted.",
    "correction.",
    "number.",
    "months.kind.",
    "centre.",
    "vent.kind.",
    "vent.notice.",
    "vent.silence.",
    "vent.silence_text.",
    "vent.state.",
    "baseline.",
    "saving.",
    "event.",
    "screen.",
    "fault.",
    "sec.",
    "energy.",
    "bill.",
    "carbon.",
    "defect.",
    "state.",
    "alarm.",
    "role.",
    "severity.",
    "range.",
    "region.",
    "gateway.",
    "job.",
    "band.",
    "cause.",
    "complete.",
    "reports.file.",
    "verdict.",
    "flow.page.",
    "flow.sub.",
    "flow.range.",
    "flow.carrier.",
    "flow.unit.",
    "flow.kind.",
    "flow.meter_state.",
    "tree.fault.",
    "tree.direction.",
    "waste.verdict.",
    "waste.state.",
    "measure.status.",
    "measure.input.",
    "measure.money.",
    "measure.option.",
    "measure.boundary.",
    "measure.variables.",
    "measure.plan.",
    "measure.problem.",
    "regime.",
    "measure.refused.",
    "measure.detail.",
    "readiness.cause.",
    "readiness.count.",
    "readiness.do.",
    "readiness.part.",
    "case.state.",
    "case.work.",
    "reports.not_available.",
    "case.step.",
    "case.part.",
    "case.class.",
    "case.decided.",
    "case.unit.",
    "intake.add.",
    "intake.beside.",
    "intake.field.",
    "intake.group.",
    "intake.help.",
    "intake.offer.",
    "intake.side.",
    "intake.sub.",
    "intake.unit.",
    "intake.yes_no.",
    "consent.state.",
    "consent.purpose.",
    "framework.method.",
    "framework.state.",
    "framework.class.",
    "lint.",
    "readiness.part.",
    "readiness.do.",
    "readiness.cause.",
    "readiness.count.",
)


def test_both_catalogues_have_the_same_texts_with_the_same_slots() -> None:
    def slots(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert ZH.keys() == EN.keys()
    assert {key for key in ZH if slots(ZH[key]) != slots(EN[key])} == set()
    assert all(ZH.values())
    assert all(EN.values())


def test_every_text_a_template_or_module_names_exists_and_none_is_left_over() -> None:
    package = importlib.resources.files("ovoo_cloud.console")
    folders = [package, package.joinpath("templates")]
    files = [item for folder in folders for item in folder.iterdir() if item.name.endswith((".html", ".py"))]
    text = "\n".join(item.read_text(encoding="utf-8") for item in files)
    named = set(re.findall(r"""["']([a-z_]+\.[a-z0-9_.]+)["']""", text))
    asked = set(re.findall(r"""\bt\(["']([a-z0-9_.]+)["'][,)]""", text))

    assert asked <= ZH.keys()
    assert {key for key in ZH if key not in named and not key.startswith((*FREE, "sector."))} == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_role_sector_and_band_has_its_words(language: str) -> None:
    texts = ZH if language == "zh" else EN
    bands = {band for tariff in load_tariffs().rows.values() for season in tariff.seasons for band in season.bands}

    assert {f"role.{role.value}" for role in Role} <= texts.keys()
    assert {f"alarm.{state.value}" for state in AlarmState} <= texts.keys()
    assert {f"band.{band}" for band in bands} <= texts.keys()
    assert {f"verdict.{opinion}" for opinion in get_args(Opinion)} <= texts.keys()
    assert {f"months.kind.{kind}" for kind in BILL_KINDS} <= texts.keys()
    assert {f"people.state.{state}" for state in get_args(InvitationState)} <= texts.keys()
    assert {f"sector.{name}" for name in pack_names()} <= texts.keys()


def test_every_fault_that_a_register_tells_has_its_words() -> None:
    centre = importlib.resources.files("ovoo_cloud.centre")
    source = "\n".join(item.read_text(encoding="utf-8") for item in centre.iterdir() if item.name.endswith(".py"))
    told = set(re.findall(r'(?:ConfigError|_wrong|Forbidden)\(\s*(?:field, raw(?:\[:80\])?, )?"([a-z][^"]+)"', source))
    ours = {"a kind contradicts itself", "no such type", "groups too small", "this register is not for your role"}
    ours |= {"no such measure", "no such scene, or no level of it", "only the centre takes this step"}

    assert len(told) > 40
    assert {message for message in told - ours if fault_key(message) not in ZH} == set()


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_every_measure_input_option_and_fault_has_its_words(texts: Mapping[str, str]) -> None:
    inputs = {name.partition(".")[2] for name in known_inputs() if "." in name}
    inputs |= {name for kind in KINDS.values() for name in kind.inputs}

    assert {f"measure.input.{name}" for name in inputs} <= texts.keys()
    assert {f"measure.{part}.{kind}" for part in ("boundary", "variables") for kind in KINDS} <= texts.keys()
    assert {f"measure.refused.{reason}" for reason in REASONS} == {
        key for key in texts if key.startswith("measure.refused.")
    }
    assert {f"measure.detail.{name}" for name in DETAILS} == {key for key in texts if key.startswith("measure.detail.")}
    assert {f"measure.option.{option}" for option in get_args(Option)} <= texts.keys()
    assert {f"tree.fault.{key}" for key in {*meter_form._KEYS.values(), "other"}} <= texts.keys()
    assert {f"correction.{each}" for norm in load_norms().rows.values() for each in norm.corrections} <= texts.keys()
    assert {f"number.{each}" for module in (inspection, screening) for each in _numbers(module)} <= texts.keys()
    assert {f"flow.carrier.{carrier}" for carrier in AMOUNT_UNITS} <= texts.keys()
    assert {f"flow.unit.{unit}" for unit in AMOUNT_UNITS.values()} <= texts.keys()
    assert {f"waste.verdict.{verdict}" for verdict in get_args(Verdict)} <= texts.keys()


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_every_part_of_readiness_has_its_name_what_it_looks_at_and_what_to_do(texts: Mapping[str, str]) -> None:
    parts = {f"readiness.part.{part}" for part in PARTS}

    assert parts | {f"{part}.what" for part in parts} == {key for key in texts if key.startswith("readiness.part.")}
    assert {f"readiness.do.{part}" for part in PARTS} == {key for key in texts if key.startswith("readiness.do.")}


def _numbers(module: ModuleType) -> set[str]:
    """The names of the numbers that the module gives with a fault or a refusal."""
    tree = ast.parse(inspect.getsource(module))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    keys = {each.value for node in found for each in node.keys if isinstance(each, ast.Constant)}
    return {str(each) for each in keys} - inspection._CODES.keys()


def test_numbers_times_and_sectors_in_both_languages() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    zh, en = Words("zh", zone, 1_780_624_800 * 10**9), Words("en", zone, 1_780_624_800 * 10**9)

    assert zh.time(zh.now_ns) == "2026年6月5日 10:00:00"
    assert en.time(en.now_ns) == "2026-06-05 10:00:00"
    assert zh.date(zh.now_ns) == "2026年6月5日"
    assert [zh.number(value) for value in (None, float("nan"), 0.0, 1234567.0, 0.01234567)] == [
        "—",
        "—",
        "0",
        "1,234,567",
        "0.01235",
    ]
    assert zh.age(zh.now_ns - 90 * 10**9) == "90 秒"
    assert en.sector("") == "Other sectors" or en.sector("") == EN["sector.other"]
    assert en.sector("brewery") == "brewery"


def test_every_part_and_cause_of_readiness_has_words_for_page_and_report() -> None:
    wanted = {f"readiness.{kind}.{part}" for part in PARTS for kind in ("part", "do")}
    wanted |= {f"readiness.part.{part}.what" for part in PARTS}
    wanted |= {f"readiness.cause.{cause}" for cause in CAUSES}

    for texts in (ZH, EN, printed("zh"), printed("en")):
        assert wanted <= set(texts)
