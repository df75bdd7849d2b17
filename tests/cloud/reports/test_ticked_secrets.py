"""Secrets ticked one by one: documents, products, years and figures are in the enterprise's copy and in no other."""

from __future__ import annotations

import io
import json
import pathlib
import re
from typing import Any

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from ovoo_cloud.diagnosis.case import load_case, parse_case
from ovoo_cloud.diagnosis.case_secrets import FIGURE_HEADS
from ovoo_cloud.diagnosis.secrecy import withheld
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.build import render_files
from ovoo_cloud.reports.cuts import centre_copy, secrets_of
from ovoo_cloud.reports.nodes import Facts
from ovoo_cloud.reports.sections.figure_names import figure_name
from ovoo_cloud.reports.tree import build_tree
from ovoo_contract.errors import ConfigErrors

from tests.cloud.diagnosis import mine
from tests.cloud.pdf_text import page_texts

ISSUE = Issue("C-3", "2026-06-08", 1, "test")
OPEN = {"products": "false", "costs": "false", "finance": "false"}
LEDGER, REPORT = "加油台账5月.pdf", "2026年5月产量月报.xlsx"
TICKED = {
    "groups": OPEN,
    "documents": [{"document": LEDGER, "reason": "names the supplier"}, {"document": REPORT, "reason": "output"}],
    "products": [{"product": "slack", "reason": "a contract of supply"}],
    "finance": [{"year": "2025", "reason": "not published yet"}],
    "figures": [{"figure": "load.peak", "reason": "talks about the contract of supply are open"}],
}


def raw_case(secrets: dict[str, Any]) -> dict[str, Any]:
    """The mine with a second product, three years of finance and what it keeps secret."""
    raw: dict[str, Any] = json.loads(json.dumps(mine.case().raw))
    raw["products"].append({"id": "slack", "name": {"zh": "末煤", "en": "Slack coal"}, "unit": "t", "output": "31415"})
    for year in ("2023", "2024", "2025"):
        raw["finance"].setdefault(year, {"cost_yuan": "1", "revenue_yuan": "600000000", "class": "declared"})
        raw["finance"][year]["digital_spend_yuan"] = "83000000"
    raw["answers"].pop("funding")
    return {**raw, "trade_secrets": secrets}


def frozen(secrets: dict[str, Any]) -> Any:
    case = parse_case(raw_case(secrets))
    return freeze(case, mine.source(case), ISSUE)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render_files(frozen(TICKED), ["zh"], centre=True)


def said(files: dict[str, bytes], stem: str, form: str) -> str:
    """The text of one file without white space, and without what breaks long words."""
    content = files[f"{stem}.{form}"]
    if form == "pdf":
        text = "".join(page_texts(content))
    elif form == "docx":
        document = Document(io.BytesIO(content))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        text = "".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    elif form == "xlsx":
        book = load_workbook(io.BytesIO(content), read_only=True)
        text = "".join(str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row if c)
    else:
        text = content.decode()
    return re.sub(r"[\s\u200b\u2060]+", "", text)


def secrets_in(files: dict[str, bytes], form: str) -> list[str]:
    """What must be told to the enterprise alone, as the format writes it."""
    figures = json.loads(files["snapshot.json"])["figures"]
    peak, factor = (figures[name]["value"] for name in ("load.peak", "load.factor_percent"))
    rate = [f'"{peak}"', f'"{factor}"'] if form == "json" else [f"{float(peak):,.1f}", f"{float(factor):,.1f}%"]
    return [LEDGER, REPORT, "末煤", "31,415", "13.5%", *rate]


@pytest.mark.parametrize("form", ["pdf", "docx", "xlsx", "html", "json"])
def test_what_is_ticked_is_in_the_enterprises_copy_only(files: dict[str, bytes], form: str) -> None:
    own, centre = said(files, "report", form), said(files, "report.centre", form)

    for secret in secrets_in(files, form):
        assert secret in own, secret
        assert secret not in centre, secret
    for reason in ("namesthesupplier", "talksaboutthecontractofsupplyareopen"):
        assert reason in own
        assert reason not in centre
    assert "98,500" in centre  # the other product stays


def _figures(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {str(part["id"])} if part.get("t") == "figure" else set()
        return own.union(*(_figures(each) for each in part.values()))
    return set().union(*(_figures(each) for each in part)) if isinstance(part, list) else set()


def _made_of(figures: dict[str, Any], name: str) -> set[str]:
    return {each["figure"] for each in figures[name]["inputs"] if "figure" in each}


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return dict(frozen({"groups": OPEN}).data)


@settings(max_examples=25, deadline=None)
@given(chosen=st.lists(st.sampled_from(FIGURE_HEADS), min_size=1, max_size=3, unique=True))
def test_no_shown_figure_gives_a_secret_one_away(data: dict[str, Any], chosen: list[str]) -> None:
    """Neither a figure that is made of a secret one is left, nor all the parts of a secret one."""
    ticked = [{"figure": each, "reason": "r"} for each in chosen]
    case = {**data["case"], "trade_secrets": {"groups": OPEN, "figures": ticked}}
    snapshot = {**data, "case": case}

    secret = withheld(snapshot).figures
    tree = build_tree(snapshot, "0" * 64)
    shown = _figures(centre_copy(tree, secrets_of(case), withheld(snapshot)))

    assert {each for each in data["figures"] if each.partition(".")[0] in chosen} <= secret
    assert shown == _figures(tree) - secret
    for name in shown:
        assert not _made_of(data["figures"], name) & secret
    for name in secret:
        parts = _made_of(data["figures"], name)
        assert not parts or not parts <= shown, name


def test_a_chart_of_a_secret_figure_is_withheld_and_others_stay(data: dict[str, Any]) -> None:
    ticked = [{"figure": "energy.kwh", "reason": "r"}]
    snapshot = {**data, "case": {**data["case"], "trade_secrets": {"groups": OPEN, "figures": ticked}}}
    tree = build_tree(snapshot, "0" * 64)

    kept = {each["kind"] for each in centre_copy(tree, (), withheld(snapshot))["blocks"] if each["b"] == "chart"}

    assert kept.isdisjoint({"consumers", "flows", "daily", "waterfall"})
    assert {"gate", "radar", "scenes", "timeline"} <= kept


def test_every_beginning_of_a_figure_can_be_ticked(data: dict[str, Any]) -> None:
    assert {name.partition(".")[0] for name in data["figures"]} <= set(FIGURE_HEADS)


def test_the_enterprise_reads_what_it_declared_and_why(data: dict[str, Any]) -> None:
    snapshot = frozen(TICKED).data
    tree = build_tree(snapshot, "0" * 64)
    blocks = [each for each in tree["blocks"] if each.get("caption") == {"t": "key", "key": "annex.secrets.caption"}]

    (listed,) = blocks

    assert [row[3]["text"] for row in listed["rows"]] == [
        *("names the supplier", "output", "a contract of supply", "not published yet"),
        "talks about the contract of supply are open",
    ]
    assert listed["rows"][4][2] == figure_name(Facts(snapshot), "load.peak")
    assert "annex.secrets.title" not in json.dumps(build_tree(data, "0" * 64))


@pytest.mark.parametrize(
    ("secrets", "place", "code"),
    [
        ({"documents": [{"document": "a.pdf"}]}, "trade_secrets.documents[0].reason", "intake.value_missing"),
        ({"products": [{"reason": "r"}]}, "trade_secrets.products[0].product", "intake.value_missing"),
        (
            {"finance": [{"year": "2025", "reason": "字" * 401}]},
            "trade_secrets.finance[0].reason",
            "intake.reason_too_long",
        ),
        (
            {"figures": [{"figure": "load.peak", "reason": "r"}, {"figure": "load.peak", "reason": "s"}]},
            "trade_secrets.figures[1].figure",
            "intake.secret_twice",
        ),
        (
            {"figures": [{"figure": "lode.peak", "reason": "r"}]},
            "trade_secrets.figures[0].figure",
            "intake.no_such_figure",
        ),
        ({"groups": {"recipes": "true"}}, "trade_secrets.groups.recipes", "intake.unknown_key"),
        ({"groups": {"costs": "perhaps"}}, "trade_secrets.groups.costs", "intake.not_yes_or_no"),
        ({"recipes": []}, "trade_secrets.recipes", "intake.unknown_key"),
        ({"documents": "a.pdf"}, "trade_secrets.documents", "intake.rows_expected"),
    ],
)
def test_a_mistake_is_told_at_its_field(secrets: dict[str, Any], place: str, code: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse_case(raw_case(secrets))

    assert [(each.offender.partition(" ")[2], each.code) for each in caught.value.errors] == [(place, code)]


def test_a_file_that_keeps_a_product_secret_which_it_does_not_have_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "case.yaml"
    ticked = {"products": [{"product": "cole", "reason": "r"}], "finance": [{"year": "2031", "reason": "r"}]}
    path.write_text(json.dumps(raw_case(ticked), ensure_ascii=False), encoding="utf-8")

    with pytest.raises(ConfigErrors) as caught:
        load_case(path)

    assert [each.value for each in caught.value.errors] == ["cole", "2031"]
    assert caught.value.errors[0].remedy == "one of: coal, slack"


@pytest.mark.parametrize("told", [None, ["costs"], [], "costs"])
def test_a_case_that_names_groups_only_is_read_as_before(told: Any) -> None:
    raw = raw_case({})
    raw["trade_secrets"] = told

    kept = parse_case(raw).trade_secrets

    assert kept.groups == (("products", "costs", "finance") if told is None else ("costs",) if told else ())
    assert kept.ticked == ()
