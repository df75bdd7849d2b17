"""Whatever an intake or a step is refused for has a code, and a sentence for it in both languages."""

from __future__ import annotations

import ast
import pathlib
import re
import string

import ovoo_cloud
import pytest
from ovoo_cloud.reasons import cases, tell_error
from ovoo_contract.errors import ConfigError
from ovoo_models.reasons import catalogue_of

from tests.models.test_reasons import LATIN_SENTENCE
from tests.reason_codes import Codes, codes_of

ROOT = pathlib.Path(ovoo_cloud.__file__).parent
# a case as a file: for programs
NOT_ON_PAGES = {"archive.py", *(path.name for path in (ROOT / "casework").glob("exchange*.py"))}
INTAKE = (
    *("intake", "case", "case_answers", "case_assessments", "case_energy", "case_operation", "case_plan"),
    *("case_secrets", "case_window", "instants", "answers", "review"),
)
SOURCES = [
    *(path for path in sorted((ROOT / "casework").glob("*.py")) if path.name not in NOT_ON_PAGES),
    *(ROOT / "diagnosis" / f"{name}.py" for name in INTAKE),
    ROOT / "access" / "grants.py",
    *sorted((ROOT / "console" / "intake").glob("*.py")),
    *sorted((ROOT / "console").glob("case_*.py")),
    ROOT / "console" / "consent_pages.py",
]
WITHOUT = {
    "contradictions.py ConfigError(self.message",
    "documents.py StoreError(error.strerror",  # of the disk, told by its class
    "sheet_cell.py ConfigError(message",
    "intake.py ConfigError(message",
    "reviews.py ConfigError(error.message",  # what the method itself says of an answer
    "grants.py ConfigError('holding consents",  # ordered at the server's command line only
}


@pytest.fixture(scope="module")
def raised() -> Codes:
    return codes_of(SOURCES)


def contradiction_codes() -> set[str]:
    """What the checks of contradictions give, by their first argument or the sentence they name."""
    tree = ast.parse((ROOT / "casework" / "contradictions.py").read_text("utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Contradiction"
    ]
    assert len(calls) >= 10
    found = set()
    for call in calls:
        named = call.args[6] if len(call.args) > 6 else None
        if named is None:
            assert isinstance(call.args[0], ast.Constant)
            found.add(f"contradiction.{call.args[0].value!s}")
        elif isinstance(named, ast.Constant):
            found.add(str(named.value))
    return found


def test_every_refusal_of_a_case_has_a_code(raised: Codes) -> None:
    bare = {re.sub(r":\d+ ", " ", each) for each in raised.bare}

    assert [each for each in sorted(bare) if not any(each.startswith(known) for known in WITHOUT)] == []
    assert len(raised.slots) > 80


def test_every_mistake_that_a_reader_of_the_intake_notes_has_a_code() -> None:
    calls = [
        (path.name, node.lineno, {each.arg for each in node.keywords})
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fail"
    ]

    assert len(calls) > 20
    assert [(name, line) for name, line, given in calls if "code" not in given] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_a_sentence_in_both_languages_and_none_is_left_over(raised: Codes, language: str) -> None:
    told = catalogue_of(cases.__name__, language)

    assert sorted((raised.slots.keys() | contradiction_codes()) ^ told.keys()) == []
    assert [code for code, each in told.items() if not each["wrong"] or not each["remedy"]] == []


def test_both_languages_fill_the_same_sentences() -> None:
    zh, en = (catalogue_of(cases.__name__, language) for language in ("zh", "en"))

    def names(entry: object) -> set[str]:
        assert isinstance(entry, dict)
        found = {name for text in entry.values() for _, name, _, _ in string.Formatter().parse(text) if name}
        return {name.removesuffix("_en") for name in found}

    assert {code: names(zh[code]) ^ names(en[code]) for code in zh if names(zh[code]) != names(en[code])} == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sentences_use_only_slots_that_their_errors_fill(raised: Codes, language: str) -> None:
    told = catalogue_of(cases.__name__, language)

    missing = {
        code: wanted - slots
        for code, slots in raised.slots.items()
        if slots is not None
        and (
            wanted := {name for text in told[code].values() for _, name, _, _ in string.Formatter().parse(text) if name}
        )
        - slots
    }

    assert missing == {}


def test_chinese_sentences_are_chinese() -> None:
    zh = catalogue_of(cases.__name__, "zh")

    assert [code for code, each in zh.items() if not re.search(r"[\u4e00-\u9fff]", each["wrong"])] == []
    assert [code for code, each in zh.items() if LATIN_SENTENCE.search(f"{each['wrong']} {each['remedy']}")] == []


def test_an_error_of_a_case_is_told_in_the_readers_language() -> None:
    error = ConfigError("a day to come", code="case.day_to_come", slots={"today": "2026-06-05"}, offender="issue_date")

    assert (tell_error(error, "zh").wrong, tell_error(error, "zh").remedy) == ("日期尚未到来", "今天是 2026-06-05")
    assert tell_error(error, "en").remedy == "today is 2026-06-05"
