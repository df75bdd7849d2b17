"""The centre's copy: trade secrets are nowhere in it, everything else is as in the enterprise's report."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.case_secrets import SECRET_GROUPS
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.build import render_files
from ovoo_cloud.reports.cuts import SECRETS, centre_copy, secrets_of
from ovoo_cloud.reports.tree import build_tree
from ovoo_contract.errors import ConfigErrors

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.test_indicator_facts import COUNTERS, TOLD, counted, operated
from tests.cloud.pdf_text import page_texts
from tests.cloud.reports.conftest import Issued

OUTPUT = "312,500"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Both sets of documents of a mine whose output is known and whose price is a secret."""
    raw = json.loads(json.dumps(mine.case().raw))
    raw["products"][0]["output"] = "312500"
    raw["energy"]["tariff"] = {
        "document": "合同2026.pdf",
        "prices": {
            "super_peak": "0.9137",
            "peak": "0.7613",
            "flat": "0.5113",
            "valley": "0.3113",
            "deep_valley": "0.2113",
        },
    }
    case = parse_case(raw)
    snapshot = freeze(case, mine.source(case), Issue("C-1", "2026-06-08", 1, "test"))
    made = render_files(snapshot, ["en"], centre=True)
    assert snapshot.data["figures"]["product.output"]["value"] == "312500.000"
    return made


def words(files: dict[str, bytes], stem: str) -> dict[str, str]:
    """The text of every format, without white space."""
    document = Document(io.BytesIO(files[f"{stem}.docx"]))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    book = load_workbook(io.BytesIO(files[f"{stem}.xlsx"]), read_only=True)
    texts = {
        "pdf": "".join(page_texts(files[f"{stem}.pdf"])),
        "docx": "".join([*(paragraph.text for paragraph in document.paragraphs), *cells]),
        "xlsx": "".join(str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row if c),
        "html": files[f"{stem}.html"].decode(),
    }
    return {form: re.sub(r"[\s\u200b]+", "", text) for form, text in texts.items()}


@pytest.fixture(scope="module")
def told(files: dict[str, bytes]) -> dict[str, dict[str, str]]:
    """The text of every format of both reports."""
    return {stem: words(files, stem) for stem in ("report", "report.centre")}


@pytest.mark.parametrize("form", ["pdf", "docx", "xlsx", "html"])
def test_output_and_cost_are_in_the_enterprises_report_only(
    files: dict[str, bytes], told: dict[str, dict[str, str]], form: str
) -> None:
    snapshot = json.loads(files["snapshot.json"])
    cost = f"{float(snapshot['figures']['cost.total']['value']):,.2f}"
    intensity = f"{float(snapshot['figures']['norm.intensity']['value']):,.3f}"

    own, centre = told["report"][form], told["report.centre"][form]

    for secret in (OUTPUT, cost, intensity):
        assert secret in own, secret
        assert secret not in centre, secret
    assert "(withheld)" in centre
    assert "(withheld)" not in own


def _figures(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {str(part["id"])} if part.get("t") == "figure" else set()
        return own.union(*(_figures(each) for each in part.values()))
    return set().union(*(_figures(each) for each in part)) if isinstance(part, list) else set()


def test_every_other_figure_stays(issued: Issued) -> None:
    tree = build_tree(issued.result.snapshot.data, "0" * 64)
    prefixes = tuple(prefix for group in SECRETS.values() for prefix in group)

    kept = _figures(centre_copy(tree, tuple(SECRETS))["blocks"])

    assert kept == {name for name in _figures(tree["blocks"]) if not name.startswith(prefixes)}
    assert len(kept) > 60


def test_amounts_of_machines_are_output_too() -> None:
    case = operated(**TOLD)
    snapshot = freeze(case, counted(case, COUNTERS), Issue("C-2", "2026-06-08", 1, "test")).data
    tree = build_tree(snapshot, "0" * 64)

    gone = _figures(tree["blocks"]) - _figures(centre_copy(tree, ("products",))["blocks"])

    assert {name for name in gone if name.startswith("oee.")} == {
        f"oee.hoist1.{part}" for part in ("output", "good", "ideal_output", "ideal_per_h")
    }
    assert "per_output.machine.hoist1" in gone
    assert _figures(centre_copy(tree, ("costs",))["blocks"]) == _figures(tree["blocks"])


def test_a_case_without_secrets_has_the_same_pages_but_the_restricted_annex(issued: Issued) -> None:
    tree = build_tree(issued.result.snapshot.data, "0" * 64)

    cut = centre_copy(tree, ())["blocks"]

    other = [own for own, kept in zip(tree["blocks"], cut, strict=True) if own != kept]
    assert [block["secret"] for block in other] == ["restricted"]
    assert "annex.weak.caption" in json.dumps(other)


def test_a_case_keeps_all_groups_unless_it_names_some() -> None:
    assert secrets_of({}) == tuple(SECRETS) == SECRET_GROUPS
    assert secrets_of({"trade_secrets": ["costs"]}) == ("costs",)
    assert secrets_of({"trade_secrets": []}) == ()


def test_an_unknown_group_of_secrets_is_named_with_the_remedy() -> None:
    raw = {**mine.case().raw, "trade_secrets": ["recipes"]}

    with pytest.raises(ConfigErrors, match=r"trade_secrets.*products, costs, finance"):
        parse_case(raw)
