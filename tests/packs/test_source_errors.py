"""Every error names file:line, the offending key and a remedy; all errors of all files come together."""

from __future__ import annotations

import pathlib

import pytest
from ovoo_packs.compiler.assembly import compile_sources
from ovoo_packs.compiler.problems import PackErrors

from tests.packs.conftest import SOURCES, Break

FAN = "coal_mine/main_fan.yaml"
CASES = {
    "missing key": (FAN, "default_path: ventilation/main/fan1\n", "", ":1 default_path: missing key"),
    "unknown key": (FAN, "default_path:", "colour: red\ndefault_path:", ":4 colour: unknown key"),
    "unknown unit": (FAN, "unit: m3/s", "unit: m3/fortnight", ":8 signals[2].unit: unknown unit"),
    "range inverted": (FAN, "low: 0, high: 1500", "low: 1500, high: 0", ":7 signals[1].low: range inverted"),
    "duplicate signal": (FAN, "name: flow", "name: speed", ":8 signals[2].name: duplicate name"),
    "key twice": (FAN, "id: main_fan", "id: main_fan\nid: fan", ":3 id: key given twice"),
    "not text": (FAN, "zh: 转速", "zh: 42", ":7 signals[1].zh: expected text"),
    "no english": (FAN, ", en: Main fan}", "}", ":3 name.en: missing key"),
    "not a number": (FAN, "limit: 4.6", "limit: 4.6 mm/s", ":17 alarms[0].limit: expected a number"),
    "alarm of no signal": (FAN, "signal: vibration", "signal: vibes", ":15 alarms[0].signal: unknown signal"),
    "limit out of range": (FAN, "limit: 4.6", "limit: 460", ":17 alarms[0].limit: limit outside"),
    "unknown source": (FAN, "source: fan_vibration", "source: hearsay", ":21 alarms[0].source: unknown source"),
    "instruments without a source": (
        FAN,
        "}, source: instrument_class}",
        "}}",
        ": instrument classes without a source",
    ),
    "model of an unknown source": (FAN, "source: instrument_class", "source: hearsay", ".source: unknown source"),
    "unknown model": (FAN, "model: mewma", "model: oracle", ".model: unknown model"),
    "model of no signal": (FAN, "inputs: [speed,", "inputs: [sped,", ".inputs[0]: unknown signal"),
    "formula": (FAN, "formula: mean(flow)", "formula: open(flow)", ".formula: not part of the formula language"),
    "panel of two units": (FAN, "signals: [flow]}", "signals: [flow, power]}", ".signals: units differ"),
    "not an address": (FAN, "ventilation/main/fan1", "Ventilation/main", "default_path: not"),
    "bad date": ("coal_mine/pack.yaml", "2022-04-01", "2022-13-01", ":9 sources.methane_rule.valid_from: not a date"),
    "ends before it starts": (
        "coal_mine/pack.yaml",
        "valid_from: 2022-04-01",
        "valid_from: 2022-04-01\n    valid_to: 2021-01-01",
        "sources.methane_rule.valid_to: ends before it starts",
    ),
    "no such leading framework": (
        "coal_mine/pack.yaml",
        "leading_framework: smart_mine",
        "leading_framework: luck",
        "leading_framework: unknown framework",
    ),
    "yaml syntax": (FAN, "kpis:", "kpis: [", "not valid YAML"),
    "kind": (FAN, "kind: template", "kind: poem", ":1 kind: not a known kind"),
    "hours": ("tariffs/tariffs.yaml", "valley: [00-04, 11-16]", "valley: [00-04]", "hours do not add up to 24"),
    "hour twice": ("tariffs/tariffs.yaml", "flat: [04-06,", "flat: [03-06,", "hour given twice"),
    "months": ("tariffs/tariffs.yaml", "months: [6, 7, 8]", "months: [6, 7]", "not every month once"),
    "weights": ("frameworks/sme_2024.yaml", "weight: 40", "weight: 41", "weights do not add up"),
    "points": ("frameworks/sme_2024.yaml", "points: 8\n", "points: 9\n", "points do not add up"),
    "brackets": ("frameworks/sme_2024.yaml", "{upto: 20,", "{upto: 9,", "brackets do not cover"),
    "factor": (
        "factors/factors.yaml",
        "low: 1.1000, high: 1.3300",
        "low: 1.4, high: 1.33",
        "neither a value nor a range",
    ),
    "norm": ("norms/norms.yaml", "levels: [2.5, 6.2, 10.8]", "levels: [2.5, 6.2]", ".levels: "),
    "corrections without a rule": (
        "norms/norms.yaml",
        ", correction_rule: one_plus_sum",
        "",
        "rows[0]: corrections without their rule",
    ),
    "rule without corrections": (
        "norms/norms.yaml",
        "levels: [1380, 1400, 1800],",
        "levels: [1380, 1400, 1800], correction_rule: product,",
        "corrections without their rule",
    ),
    "supersedes nothing": (
        "norms/norms.yaml",
        "levels: [1380, 1400, 1800],",
        "levels: [1380, 1400, 1800], supersedes: methanol_old,",
        ".supersedes: unknown norm",
    ),
    "supersedes itself": (
        "norms/norms.yaml",
        "levels: [1380, 1400, 1800],",
        "levels: [1380, 1400, 1800], supersedes: methanol_bituminous,",
        ".supersedes: no line of editions",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "expected"), CASES.values(), ids=CASES)
def test_each_mistake_is_named(broken: Break, file: str, old: str, new: str, expected: str) -> None:
    folder = broken(file, old, new)

    with pytest.raises(PackErrors) as caught:
        compile_sources(folder)

    message = str(caught.value)
    assert f"sources/{file}:" in message
    assert expected in message
    # a duplicated signal is no longer known under its old name, shared brackets are wrong in each item
    assert len(caught.value.errors) <= 12
    assert all(error.remedy for error in caught.value.errors)


def test_gbk_file_is_recognised(broken: Break) -> None:
    folder = broken(FAN, "zh: 主通风机", "zh: 主通风机")
    path = folder / FAN
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))

    with pytest.raises(PackErrors, match=rf"sources/{FAN}:3: not UTF-8 .*looks like GBK: save the file as UTF-8"):
        compile_sources(folder)


def test_empty_file_is_named(broken: Break) -> None:
    folder = broken(FAN, "kind", "kind")
    (folder / FAN).write_bytes(b"")

    with pytest.raises(PackErrors, match=rf"sources/{FAN}:1: the file is empty"):
        compile_sources(folder)


def test_errors_of_all_files_come_together_in_order(broken: Break) -> None:
    broken(FAN, "unit: m3/s", "unit: m3/fortnight")
    broken(FAN, "zh: 转速", "zh: 42")
    broken("tariffs/tariffs.yaml", "months: [6, 7, 8]", "months: [6, 7]")
    folder = broken("dairy/cip.yaml", "unit: mS/cm", "unit: mS")

    with pytest.raises(PackErrors) as caught:
        compile_sources(folder)

    offenders = [error.offender for error in caught.value.errors]
    assert len(offenders) == 4
    assert offenders == sorted(offenders)
    assert {offender.split(":")[0] for offender in offenders} == {
        "sources/coal_mine/main_fan.yaml",
        "sources/dairy/cip.yaml",
        "sources/tariffs/tariffs.yaml",
    }


def test_template_without_pack_file_is_named(broken: Break) -> None:
    folder = broken(FAN, "kind", "kind")
    (folder / "coal_mine" / "pack.yaml").unlink()

    with pytest.raises(PackErrors, match=r"main_fan\.yaml:1: no pack\.yaml"):
        compile_sources(folder)


def test_folder_without_sources_is_named(tmp_path: pathlib.Path) -> None:
    from ovoo_contract.errors import PackError

    with pytest.raises(PackError, match="no pack sources"):
        compile_sources(tmp_path)


def test_every_data_file_ends_up_compiled() -> None:
    names = {path.name for path in SOURCES.glob("*/*.yaml")}

    assert len(names) >= 24
