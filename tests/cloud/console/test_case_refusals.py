"""What the pages of a case refuse, told in the reader's language: every form of a case filled in wrong."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx
import pytest

from tests.cloud.casework.centre import CASE, OWN, Centre, centre
from tests.cloud.console.test_refused_forms import _words
from tests.models.test_reasons import LATIN_SENTENCE

pytestmark = pytest.mark.server
HOME = f"/cases/{OWN}/{CASE}"
OVERRIDE = {"subject": "item:awareness", "decision": "override", "option": "step_1"}


@dataclass(frozen=True)
class Form:
    """A form filled in wrong, by whom, and the code of the reason that the page must tell."""

    path: str
    code: str
    data: Mapping[str, str | list[str]] = field(default_factory=dict)
    user: str = "centre_expert"
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


FORMS = (
    Form("/steps/reopen", "case.reopen_reason"),
    Form("/steps/propose", "case.undecided"),
    Form("/steps/submit", "case.step_out_of_order"),
    Form("/steps/on_site", "case.no_such_document", {"date": "2026-06-05", "assessors": "王工", "document": "无.pdf"}),
    Form("/steps/on_site", "case.not_date", {"date": "昨天", "assessors": "王工", "document": "无.pdf"}),
    Form("/steps/on_site", "case.field_missing", {"assessors": "王工"}),
    Form("/steps/visit", "case.field_missing", {"date": "2026-06-05"}),
    Form("/steps/decline", "case.refusal_reason", user="centre_admin"),
    Form("/review", "case.override_reason", OVERRIDE),
    Form("/review", "case.no_such_option", {**OVERRIDE, "option": "step_9", "reason": "看过"}),
    Form("/review", "case.no_such_document", {**OVERRIDE, "reason": "看过", "document": "无.pdf"}),
    Form("/documents", "case.document_type", files={"file": ("a.exe", b"MZ")}),
    Form("/documents", "case.document_content", files={"file": ("a.png", b"%PDF-1.7")}),
    Form(
        "/questionnaire",
        "case.not_questionnaire_file",
        {"answers": "1", "scenes": "1"},
        files={"file": ("a.pdf", b"x")},
    ),
    Form("/questionnaire", "case.not_workbook", {"answers": "1", "scenes": "1"}, files={"file": ("a.xlsx", b"x")}),
    Form(
        "/questionnaire", "case.not_questionnaire", {"answers": "1", "scenes": "1"}, files={"file": ("a.csv", b"a,b")}
    ),
    Form("/edition", "case.edition_pinned", {"framework": "sme_2024", "version": "1"}),
    Form("/steps/add_framework", "case.step_out_of_order", {"framework": "sme_2022"}),
    Form("/parts/equipment", "case.not_version"),
    Form(
        "/consent",
        "case.consent_backwards",
        {"purpose": ["report", "documents"], "until": "2020-01-01", "reason": "x"},
        "enterprise_engineer",
    ),
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre(pathlib.Path(tmp_path_factory.mktemp("refusals"))) as opened:
        opened.to_review()
        yield opened


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("form", FORMS, ids=lambda each: f"{each.path[1:]}-{each.code}")
def test_a_refused_form_of_a_case_is_told_in_the_readers_language(house: Centre, form: Form, language: str) -> None:
    plant = house.plant
    cookies = {"ovoo_language": language, "ovoo_session": plant.session(form.user)}
    with httpx.Client(base_url=plant.url, cookies=cookies, headers={"accept": "text/html"}, timeout=60) as client:
        sent = {"origin": plant.url}
        page = client.post(HOME + form.path, data=dict(form.data), files=dict(form.files) or None, headers=sent)
    words = _words(page.text)

    assert 400 <= page.status_code < 500, page.text[:400]
    assert f'data-reason="{form.code}"' in page.text, words
    if language == "zh":
        assert re.search(r"[\u4e00-\u9fff]{2}", words)
        assert not LATIN_SENTENCE.search(words), LATIN_SENTENCE.findall(words)
