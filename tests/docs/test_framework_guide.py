"""The guide of framework packs: its example is sound, and scores what the text says."""

from __future__ import annotations

import re

import pytest
import yaml
from ovoo_cloud.diagnosis.assessments import check_assessments
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_packs.compiler.lint import Linted, lint_framework
from ovoo_packs.loader import norm_rows

from scripts.doc_pages import ROOT
from tests.cloud.diagnosis import mine

BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/guides/framework-pack.md").read_text(encoding="utf-8"), re.S)


@pytest.fixture(scope="module")
def linted() -> Linted:
    return lint_framework(BLOCKS[0].encode(), "quick_check.yaml", norm_rows())


def test_the_example_can_be_published(linted: Linted) -> None:
    assert (linted.errors, linted.unfinished, linted.vectors) == ((), (), 1)
    assert not linted.framework.reference_only


def test_the_example_of_a_case_is_one(linted: Linted) -> None:
    told = yaml.load(BLOCKS[1].replace("fan2", "pump1"), Loader=yaml.BaseLoader)  # all scalars as text
    case = parse_case({**mine.case().raw, "framework": "", **told})
    shelf = Shelf({"quick_check@2026.1": linted.data or {}})

    check_assessments(case, [shelf.framework(name) for name in case.frameworks[1:]])

    assert [each.framework for each in case.assessments] == ["quick_check@2026.1", "smart_mine", "gbt_39116"]
