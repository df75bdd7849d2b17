"""Each problem that can be told has its words in both languages, a case that shows it, and a row in the reference."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from string import Formatter

import ovoo_models.efficiency.readings as package
import pytest

ROOT = Path(__file__).parents[4]
SOURCE = "\n".join(path.read_text("utf-8") for path in Path(str(resources.files(package))).glob("*.py"))
CODES = set(re.findall(r'"((?:file|row|column|meter|unit|number|value|time|date|midnight|daylight|label|stamp|order|'
                       r'interval|duplicate|gap|register|multiplier|power|phase|flow|negative|limit|catch_up|outlier|'
                       r'frozen|zero)(?:\.[a-z0-9_]+)?)"', SOURCE))  # fmt: skip
TEXTS = {
    language: json.loads(resources.files(package).joinpath("texts", f"{language}.json").read_text("utf-8"))
    for language in ("zh", "en")
}


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_slots() -> None:
    assert TEXTS["zh"].keys() == TEXTS["en"].keys()
    for part, texts in TEXTS["en"].items():
        assert texts.keys() == TEXTS["zh"][part].keys()
        for key, text in texts.items():
            assert slots(text) == slots(TEXTS["zh"][part][key]), key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_its_words_and_no_words_are_left_over(language: str) -> None:
    wrong, remedy = TEXTS[language]["wrong"], TEXTS[language]["remedy"]

    assert wrong.keys() == remedy.keys()
    assert wrong.keys() <= CODES
    dotted = {code for code in CODES if "." in code and not code.endswith(".csv")}
    assert dotted <= wrong.keys()


def test_every_code_is_shown_by_a_case() -> None:
    cases = Path(__file__).parent / "cases"
    shown = {
        each["code"]
        for path in cases.glob("*/expected.json")
        for each in json.loads(path.read_text("utf-8"))["problems"]
    }

    assert TEXTS["en"]["wrong"].keys() - shown == set()


def test_the_reference_has_a_row_for_each_code() -> None:
    page = (ROOT / "docs" / "reference" / "energy" / "readings.md").read_text("utf-8")
    listed = set(re.findall(r"`([a-z]+(?:\.[a-z0-9_]+|_up)?)`", page))

    assert TEXTS["en"]["wrong"].keys() - listed == set()
