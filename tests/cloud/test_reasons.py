from __future__ import annotations

import pathlib
import re
import string

import ovoo_cloud
import pytest
from ovoo_cloud import reasons
from ovoo_cloud.reasons import reason_of, tell_error, tell_field, tell_reason
from ovoo_contract.errors import ConfigError, EvidenceError, NotFound, StoreUnavailable
from ovoo_models import reasons as engine
from ovoo_models.reasons import catalogue_of
from pydantic import BaseModel, Field, ValidationError

from tests.models.test_reasons import LATIN_SENTENCE
from tests.reason_codes import Codes, codes_of

ROOT = pathlib.Path(ovoo_cloud.__file__).parent
ENERGY = (
    "energy/*.py", "energy_report/*.py", "api/energy*.py", "api/ventilation.py", "catalogue/energy_*.py",
    "catalogue/ideal_rate*.py",
    "catalogue/meter_trees.py", "catalogue/ventilation_networks.py", "console/baseline_*.py", "console/energy*.py",
    "console/flow_pages.py", "console/intensity_pages.py", "console/meter_form.py", "console/saving_pages.py",
    "console/ventilation_pages.py",
)  # fmt: skip
GIVEN_ELSEWHERE = {"defect.fen_for_yuan"}


@pytest.fixture(scope="module")
def raised() -> Codes:
    return codes_of(path for pattern in ENERGY for path in sorted(ROOT.glob(pattern)))


def test_every_error_of_the_energy_pages_has_a_code(raised: Codes) -> None:
    assert raised.bare == []
    assert len(raised.slots) > 80


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_a_sentence_in_both_languages_and_none_is_left_over(raised: Codes, language: str) -> None:
    own, foreign = (catalogue_of(each.__name__, language) for each in (reasons, engine))
    kinds = {code for code in own if code.startswith(("kind.", "form."))}

    assert sorted(raised.slots.keys() - own.keys() - foreign.keys()) == []
    assert sorted(own.keys() - raised.slots.keys() - kinds - GIVEN_ELSEWHERE) == []
    assert sorted(own.keys() & foreign.keys()) == []
    assert {f"kind.{kind}" for kind in reasons._KINDS} <= own.keys()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sentences_use_only_slots_that_every_error_of_their_code_fills(raised: Codes, language: str) -> None:
    own = catalogue_of(reasons.__name__, language)

    missing = {
        code: names - slots
        for code, slots in raised.slots.items()
        if slots is not None and code in own and (names := _names(own[code].values())) - slots
    }

    assert missing == {}


def test_chinese_sentences_are_chinese() -> None:
    zh = catalogue_of(reasons.__name__, "zh")

    assert [code for code, each in zh.items() if not re.search(r"[\u4e00-\u9fff]", each["wrong"])] == []
    assert [code for code, each in zh.items() if LATIN_SENTENCE.search(f"{each['wrong']} {each['remedy']}")] == []


def test_a_kept_reason_is_told_in_either_language_and_an_old_one_as_it_was_written() -> None:
    error = EvidenceError(
        "a signal of another site", code="intervals.signal_of_another_site", slots={"enterprise": "a", "site": "b"},
        offender="signal", value="c/d/e",
    )  # fmt: skip

    kept = reason_of(error)

    assert tell_reason(kept, "zh").remedy == "选 a/b 的信号"
    assert tell_reason(kept, "en").wrong == "a signal of another site"
    assert tell_reason({"what": "of old", "remedy": "wait"}, "zh").wrong == "of old"


def test_errors_without_a_code_are_told_by_their_class_or_as_they_are() -> None:
    assert tell_error(NotFound("not found"), "zh").wrong == "没有找到"
    assert tell_error(StoreUnavailable("away"), "zh").wrong == "时序库没有回答"
    assert tell_error(ConfigError("of another part", remedy="look"), "zh").remedy == "look"


class _Form(BaseModel):
    month: str = Field(pattern="^20[0-9]{2}$")
    days: int = Field(ge=1, le=9)
    note: str = Field(max_length=3)
    document: str


def test_fields_of_a_form_are_told_by_what_is_wrong_with_them() -> None:
    with pytest.raises(ValidationError) as caught:
        _Form.model_validate({"month": "x", "days": 0, "note": "long"})

    told = {str(each["loc"][0]): tell_field(dict(each), "zh") for each in caught.value.errors()}

    assert told["month"].wrong == "写法不对"
    assert told["days"].remedy == "至少 1"
    assert told["note"].remedy == "最多 3 个字符"
    assert told["document"].wrong == "没有填写"
    assert tell_field({"type": "of_tomorrow", "loc": ("x",)}, "zh").wrong == "填写得不对"


def _names(texts: object) -> set[str]:
    assert hasattr(texts, "__iter__")
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
