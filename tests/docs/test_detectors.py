"""Every registered model has its page, in one form, and pages name only parameters that there are."""

from __future__ import annotations

import re

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_models.base import Place
from ovoo_models.registry import create, model_names

from scripts.doc_pages.detectors import FOLDER, page
from tests.models.test_detectors import CASES


@pytest.mark.parametrize("name", model_names())
def test_every_model_has_a_page_with_the_same_questions_answered(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")

    assert re.match(rf"# `?{name}`?(:| |$)", text, re.MULTILINE), "the title names the model first"
    assert [word for word in ("sees", "misses", "cost", "source") if word not in text.lower()] == []
    assert f"[`{name}`]({name}.md) | " in page()
    assert f"[`{name}`]({name}.md) |  |" not in page()


@pytest.mark.parametrize("name", model_names())
def test_pages_name_only_parameters_that_there_are(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text, re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`(\w+)`", row)}

    assert {word for word in named if _is_unknown(name, word)} == set()
    assert _is_unknown(name, "no_such_parameter")


def _is_unknown(name: str, parameter: str) -> bool:
    """Whether the detector refuses the parameter itself; a value that does not fit is another matter."""
    _params, inputs = CASES[name]
    try:
        create(name, {parameter: 1.0}, Place(inputs, -1, 4, 5_000_000_000))
    except ConfigError as error:
        return "unknown parameter" in str(error)
    return False
