"""Reports of unusual cases: almost nothing known, another sector, names of any length."""

from __future__ import annotations

import io
from typing import Any

import pytest
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, freeze
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.pdf import render_pdf
from ovoo_cloud.reports.resolve import resolve
from ovoo_cloud.reports.tree import build_tree
from ovoo_contract.errors import ConfigError
from pypdf import PdfReader

from tests.cloud.diagnosis import mine

ISSUE = Issue("T-2", "2026-06-08", 1, "test")


def text_of(snapshot: Snapshot) -> str:
    document = resolve(build_tree(snapshot.data, "0" * 64), "en", draw)
    pages = PdfReader(io.BytesIO(render_pdf(document, number="T-2", code="0" * 64, issued="2026-06-08"))).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u200b", "")


def test_a_case_of_which_nothing_is_known_still_makes_an_honest_report() -> None:
    raw: dict[str, Any] = {
        "enterprise": "unknown-works",
        "window": {"start": "2026-05-01", "end": "2026-06-05"},
        "profile": {"name": "Unknown works", "sector": "other"},
    }

    snapshot = freeze(parse_case(raw), MemorySource([], []), ISSUE)

    text = text_of(snapshot)
    assert "level open (0–4)" in text
    assert "insufficient evidence" in text
    figures = snapshot.data["figures"]
    assert figures["energy.kwh"]["value"] is None
    assert figures["equipment.networked_percent"]["value"] is None


def test_machines_without_any_sample_are_unknown_and_not_off_line() -> None:
    case = mine.case()

    snapshot = freeze(case, MemorySource(mine.entries(), []), ISSUE)

    networked = snapshot.data["figures"]["equipment.networked"]
    assert (networked["low"], networked["high"]) == ("0", "5")
    assert "insufficient evidence" in text_of(snapshot)


@pytest.mark.parametrize(
    ("sector", "norm", "unit"), [("dairy", "dairy_powder", "MWh/t"), ("coal_chemical", "methanol_lignite", "kgce/t")]
)
def test_other_sectors_compare_with_their_own_norms(sector: str, norm: str, unit: str) -> None:
    case = mine.case()
    raw = {
        **case.raw,
        "profile": {**case.raw["profile"], "sector": sector},
        "energy": {**case.raw["energy"], "norm": {"id": norm, "product": "coal"}, "complete": "true"},
    }

    snapshot = freeze(parse_case(raw), mine.source(case), ISSUE)

    # 2,183,783.4 kWh and 18,359.5 kgce of diesel over 98,500 t
    wanted = {"dairy": "0.024", "coal_chemical": "2.911"}[sector]
    assert (
        snapshot.data["figures"]["norm.intensity"]["value"],
        snapshot.data["figures"]["norm.intensity"]["unit"],
    ) == (
        wanted,
        unit,
    )
    assert f"{wanted} {unit}" in text_of(snapshot).replace("\n", "")


def test_a_norm_for_another_unit_of_output_is_refused() -> None:
    case = mine.case()
    raw = {**case.raw, "energy": {**case.raw["energy"], "norm": {"id": "dairy_heat_treat", "product": "coal"}}}

    with pytest.raises(ConfigError, match="another unit of output"):
        freeze(parse_case(raw), mine.source(case), ISSUE)


def test_a_tariff_document_puts_money_into_the_report_and_marks_fictitious_prices() -> None:
    case = mine.case()
    prices = {"super_peak": "0.9", "peak": "0.8", "flat": "0.5", "valley": "0.25", "deep_valley": "0.2"}
    energy = {**case.raw["energy"], "tariff": {"document": "prices.pdf", "fictitious": "true", "prices": prices}}

    snapshot = freeze(parse_case({**case.raw, "energy": energy}), mine.source(case), ISSUE)

    text = text_of(snapshot)
    assert "prices.pdf" in text
    assert "fictitious" in text
    assert "yuan" in text


def test_very_long_names_stay_on_the_page() -> None:
    case = mine.case()
    long_name = "内蒙古自治区黑山煤业集团有限责任公司第一矿井主通风机房一号对旋轴流式通风机组" * 2
    machines = [{**machine, "name": long_name} for machine in case.raw["equipment"]]
    raw = {**case.raw, "equipment": machines, "profile": {**case.raw["profile"], "name": long_name}}

    text = text_of(freeze(parse_case(raw), mine.source(case), ISSUE))

    assert long_name in text.replace("\n", "")
