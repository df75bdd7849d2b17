from __future__ import annotations

import pathlib
import re
import string

import ovoo_models
import ovoo_packs
import pytest
from ovoo_contract.errors import ConfigError, ConfigErrors, EvidenceError
from ovoo_models.cli import main
from ovoo_models.reasons import catalogue_of, error_lines, tell

from tests.reason_codes import Codes, codes_of

ROOT = pathlib.Path(ovoo_models.__file__).parent
ZH, EN = (catalogue_of("ovoo_models.reasons", language) for language in ("zh", "en"))
LATIN_SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,;:]+){3,}\b[A-Za-z]{2,}\b")


@pytest.fixture(scope="module")
def raised() -> Codes:
    found = codes_of(
        [
            *sorted((ROOT / "efficiency").rglob("*.py")),
            *sorted(ROOT.glob("cli_energy*.py")),
            ROOT / "train/challenger.py",
        ]
    )
    found.slots.update(codes_of(sorted(pathlib.Path(ovoo_packs.__file__).parent.glob("*.py"))).slots)
    return found


def test_every_error_and_defect_of_the_energy_engine_has_a_code(raised: Codes) -> None:
    assert raised.bare == []
    assert len(raised.slots) > 300


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_a_sentence_and_a_remedy_in_both_languages(raised: Codes, language: str) -> None:
    catalogue = catalogue_of("ovoo_models.reasons", language)

    assert sorted(raised.slots.keys() - catalogue.keys()) == []
    assert sorted(catalogue.keys() - raised.slots.keys() - {"line"}) == []
    assert [code for code in raised.slots if not catalogue[code]["wrong"].strip()] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sentences_use_only_slots_that_every_error_of_their_code_fills(raised: Codes, language: str) -> None:
    catalogue = catalogue_of("ovoo_models.reasons", language)

    missing = {
        code: names - slots
        for code, slots in raised.slots.items()
        if slots is not None and (names := _names(catalogue[code])) - slots
    }

    assert missing == {}


def test_chinese_sentences_are_chinese_with_a_remedy() -> None:
    spoken = {code: entry for code, entry in ZH.items() if code not in ("line", "readings.refused")}

    assert [code for code, entry in spoken.items() if not re.search(r"[\u4e00-\u9fff]", entry["wrong"])] == []
    assert [
        code for code, entry in spoken.items() if LATIN_SENTENCE.search(f"{entry['wrong']} {entry['remedy']}")
    ] == []
    assert [code for code, entry in spoken.items() if not entry["remedy"]] == []


def test_lists_are_written_out_and_unknown_codes_say_nothing() -> None:
    catalogue = {"a.b": {"wrong": "no such {what}", "remedy": "one of {known}"}}

    told = tell(catalogue, "a.b", {"what": "meter", "known": ("main", "press")})

    assert told is not None
    assert (told.wrong, told.remedy) == ("no such meter", "one of main, press")
    assert tell(catalogue, "a.c", {}) is None


def test_lines_name_the_offender_and_the_value_of_every_error() -> None:
    first = EvidenceError("no reading", code="equipment.no_reading", slots={"unit": "kW"}, offender="pump.power")
    second = ConfigError("no such time zone", code="readings.no_such_time_zone", offender="zone", value="Mars")

    third = ConfigError("a cell is empty", code="ventilation.cell_empty", offender="line 3 to", value="",
                        slots={"line": 3, "column": "to"})  # fmt: skip

    assert error_lines(first, "zh") == ["pump.power：没有读数。请以 kW 给出"]
    assert error_lines(third, "zh") == ["第 3 行 to：单元格是空的。填上，或去掉这一行"]
    assert error_lines(ConfigErrors([second]), "zh") == ["zone：没有这个时区（Mars）。例如 Asia/Shanghai"]
    assert error_lines(ConfigError("without a code"), "zh") == []


def _names(entry: object) -> set[str]:
    assert isinstance(entry, dict)
    return {name for text in entry.values() for _, name, _, _ in string.Formatter().parse(text) if name}


def test_a_refused_command_speaks_the_language_it_was_asked_in(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = tmp_path / "meter.csv"
    export.write_text("时间,电量(kWh)\n2026-01-01 00:00,1\n2026-01-01 01:00,2\n", encoding="utf-8")
    words = ["energy", "check", str(export), "--zone", "Mars/Olympus"]

    assert main([*words, "--language", "zh"]) == 1
    chinese = capsys.readouterr().err.splitlines()
    assert main([*words, "--language", "en"]) == 1
    english = capsys.readouterr().err

    assert chinese[0] == "ovoo-models: zone：没有这个时区（Mars/Olympus）。例如 Asia/Shanghai"
    assert "no such time zone" in english
    assert not re.search(r"[\u4e00-\u9fff]", english)


def test_a_refused_export_is_told_by_its_own_sentence(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = tmp_path / "money.csv"
    export.write_text("时间,金额(元)\n2026-01-01 00:00,1\n2026-01-01 01:00,2\n", encoding="utf-8")

    assert main(["energy", "profile", str(export), "--language", "zh"]) == 1

    first = capsys.readouterr().err.splitlines()[0]
    assert "电量" in first
    assert "整个文件不予采用" in first
    assert not LATIN_SENTENCE.search(first.partition("money.csv")[2])
