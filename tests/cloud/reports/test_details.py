"""Every chart and table that the report promises: there, right by hand, and open where nothing is known."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from openpyxl import load_workbook
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Language, Locale, resolve
from ovoo_cloud.reports.tree import build_tree
from ovoo_contract.findings import Finding
from ovoo_packs import load_pack, pack_names

from tests.cloud.diagnosis import full_mine, mine
from tests.cloud.reports.conftest import Issued

CHARTS = {
    "radar": 1, "scenes": 1, "gate": 2, "classes": 1, "calendar": 1, "flows": 1, "intensity": 1, "load": 1,
    "duration": 1, "pareto": 1, "timeline": 1, "waterfall": 3, "norm": 1, "gantt": 1, "network_map": 1, "finding": 3,
}  # fmt: skip
"""Kind of chart and how many of it a report has at least: two OEE waterfalls and the one of the savings."""
TABLES = (
    "profile.caption", "annex.points.caption", "quality.delivery", "score.items.caption", "scene_facts.caption",
    "energy.balance", "norm.caption", "norm.corrections.caption", "cost.caption", "equipment.ranking",
    "safety.caption", "summary.actions", "roadmap.caption", "plan.caption", "revisit.caption", "annex.evidence.caption",
    "annex.models.caption", "annex.weak.caption", "annex.glossary.caption", "annex.sign.caption", "oee.caption",
    "oee.inputs.caption", "annex.figures.caption", "annex.versions.caption",
)  # fmt: skip


@pytest.fixture(scope="module")
def tree(full: Issued) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads((full.folder / "report.json").read_bytes())
    return document


def charts(tree: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [block for block in tree["blocks"] if block["b"] == "chart" and block["kind"] == kind]


def table(tree: Mapping[str, Any], caption: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        block for block in tree["blocks"] if block["b"] == "table" and block["caption"].get("key") == caption
    )
    return found


def words(block: Mapping[str, Any], language: str = "en") -> list[list[str]]:
    locale = Locale("en" if language == "en" else "zh")
    return [[locale.inline(cell) for cell in row] for row in block["rows"]]


def value(full: Issued, name: str) -> str:
    return str(full.result.snapshot.data["figures"][name]["value"])


@pytest.mark.parametrize("kind", CHARTS)
def test_the_report_has_this_chart_in_both_languages(tree: Mapping[str, Any], kind: str) -> None:
    found = charts(tree, kind)

    assert len(found) >= CHARTS[kind]
    for block in found:
        for language in ("zh", "en"):
            assert draw(kind, block["data"], Locale("zh" if language == "zh" else "en")).startswith("<svg")


@pytest.mark.parametrize("kind", ["flows", "intensity", "norm", "waterfall", "load"])
def test_a_chart_of_figures_names_its_evidence(tree: Mapping[str, Any], full: Issued, kind: str) -> None:
    for block in charts(tree, kind):
        assert block["evidence"]
        assert set(block["evidence"]) <= set(full.result.snapshot.data["evidence"])


@pytest.mark.parametrize("caption", TABLES)
def test_the_report_has_this_table_with_rows(tree: Mapping[str, Any], caption: str) -> None:
    assert table(tree, caption)["rows"]


@pytest.mark.parametrize(("language", "stem"), [("zh", "report"), ("en", "report.en")])
def test_every_table_and_chart_stands_in_excel_word_and_page(full: Issued, language: str, stem: str) -> None:
    document = resolve(json.loads((full.folder / "report.json").read_bytes()), "zh" if language == "zh" else "en", draw)
    captions = [block["caption"] for block in document.blocks if block["b"] == "table" and block["caption"]]
    pictures = [block for block in document.blocks if block["b"] == "chart"]

    sheets = load_workbook(full.folder / f"{stem}.xlsx", read_only=True)
    page = (full.folder / f"{stem}.html").read_text(encoding="utf-8")
    word = (full.folder / f"{stem}.docx").read_bytes()

    assert [sheet["A1"].value for sheet in sheets.worksheets[1:]] == captions
    assert page.count("<figure><svg") >= len(pictures)
    assert word.count(b"word/media/image") // 2 >= len(set(document.charts.values())) - 1  # the same bar twice is one


def test_the_oee_waterfall_adds_up_from_planned_time_to_good_output(full: Issued, tree: Mapping[str, Any]) -> None:
    belt = "oee.belt1"

    rows = charts(tree, "waterfall")[1]["data"]["rows"]

    assert [row["kind"] for row in rows] == ["total", "loss", "loss", "loss", "total"]
    assert value(full, f"{belt}.planned_h") == "900.000"
    assert value(full, f"{belt}.loss_availability_h") == "60.0"  # 35 days of 24 h ran, 900 h were planned
    tonnes = float(value(full, f"{belt}.output"))
    assert float(value(full, f"{belt}.net_h")) == pytest.approx(tonnes / 140, abs=0.05)
    lost = sum(float(value(full, f"{belt}.loss_{each}_h")) for each in ("availability", "performance", "quality"))
    assert 900 - lost == pytest.approx(float(value(full, f"{belt}.good_h")), abs=0.11)
    assert rows[0]["ends"] == ["900.000", "900.000"]
    assert rows[4]["ends"] == [value(full, f"{belt}.good_h")] * 2


@pytest.mark.parametrize(
    ("language", "cause"), [("zh", "证据不足：没有来源说明"), ("en", "Insufficient evidence: nobody told")]
)
def test_what_a_waterfall_does_not_know_stands_there_with_its_cause(
    tree: Mapping[str, Any], language: str, cause: str
) -> None:
    compressor = charts(tree, "waterfall")[0]["data"]

    svg = draw("waterfall", compressor, Locale("zh" if language == "zh" else "en"))

    assert [row["kind"] for row in compressor["rows"]][2:] == ["open", "open", "open"]
    assert svg.count(cause) == 3


def test_more_running_than_planned_is_a_contradiction_not_a_gain() -> None:
    told = full_mine.intake()["operation"]
    told["machines"][0]["planned_h"] = "800"
    case = full_mine.case(operation=told)

    tree = build_tree(freeze(case, full_mine.source(case), Issue("N-1", "2026-06-08", 1, "t")).data, "0" * 64)

    belt = next(each for each in charts(tree, "waterfall") if "beyond" in json.dumps(each["data"]))
    assert belt["data"]["rows"][1]["kind"] == "open"


def test_the_course_of_the_intensity_is_energy_over_output_week_by_week(full: Issued, tree: Mapping[str, Any]) -> None:
    rows = charts(tree, "intensity")[0]["data"]["rows"]

    assert [row["start"] for row in rows] == ["2026-05-01", "2026-05-08", "2026-05-15", "2026-05-22", "2026-05-29"]
    for number, row in enumerate(rows, start=1):
        kwh, tonnes = (float(value(full, f"norm.course.{number}.{part}")) for part in ("kwh", "output"))
        assert kwh == pytest.approx(2600 * 168, rel=2e-3)
        assert float(row["low"]) == pytest.approx(kwh * 0.1229 / tonnes, abs=1e-3)
    assert float(rows[1]["low"]) == pytest.approx(float(rows[0]["low"]) / 0.8, rel=5e-3)  # that week ran slower


@pytest.mark.parametrize(
    ("language", "cause"), [("zh", "证据不足：案卷没有指明产量信号"), ("en", "names no output signal")]
)
def test_without_output_by_time_the_bands_stand_alone_with_the_cause(issued: Issued, language: str, cause: str) -> None:
    tree = json.loads((issued.folder / "report.json").read_bytes())

    data = charts(tree, "intensity")[0]["data"]

    assert data["rows"] == []
    assert cause in draw("intensity", data, Locale("zh" if language == "zh" else "en"))


def test_a_week_with_a_hole_stays_open_in_the_line() -> None:
    case = full_mine.case()
    source = full_mine.source(case, (mine.Cut("*", 0.82, 0.86),))

    tree = build_tree(freeze(case, source, Issue("N-1", "2026-06-08", 1, "t")).data, "0" * 64)

    data = charts(tree, "intensity")[0]["data"]
    assert [row["low"] is None for row in data["rows"]] == [False, False, False, False, True]
    assert "×</text>" in draw("intensity", data, Locale("zh"))


def test_the_norm_is_compared_raw_and_corrected_with_the_gap_to_each_level(
    full: Issued, tree: Mapping[str, Any]
) -> None:
    rows = words(table(tree, "norm.caption"))
    gauge = draw("norm", charts(tree, "norm")[0]["data"], Locale("en"))

    assert rows[1][1:4] == ["2.5 kgce/t", "1.35", "3.375 kgce/t※"]
    assert rows[2][1:4] == ["6.2 kgce/t", "1.35", "8.370 kgce/t※"]
    intensity = float(value(full, "norm.intensity"))
    assert float(value(full, "norm.gap1")) == pytest.approx(intensity - 3.375, abs=1e-3)
    assert float(value(full, "norm.gap2_percent")) == pytest.approx(100 * (intensity - 8.37) / 8.37, abs=0.06)
    assert gauge.count('stroke-dasharray="2 2"') == 3  # the limits of the standard itself


def test_the_saving_waterfall_leaves_today_less_every_saving(full: Issued, tree: Mapping[str, Any]) -> None:
    figures = full.result.snapshot.data["figures"]
    data = charts(tree, "waterfall")[-1]["data"]

    total, last = (
        figures["saving.total"],
        figures[f"saving.after.{full.result.snapshot.data['savings']['steps'][-1]['kind']}"],
    )
    today = float(figures["saving.today"]["value"])
    assert float(last["high"]) == pytest.approx(today - float(total["low"]), abs=1)
    assert float(last["low"]) == pytest.approx(today - float(total["high"]), abs=1)
    assert data["rows"][-1]["ends"] == [last["low"], last["high"]]
    assert "axis starts at" in draw("waterfall", data, Locale("en"))  # a year is much longer than its savings


def test_the_sankey_leads_from_every_carrier_to_what_used_it(full: Issued, tree: Mapping[str, Any]) -> None:
    data = charts(tree, "flows")[0]["data"]

    sources, parts = ([float(each["amount"]) for each in data[side]] for side in ("sources", "parts"))
    assert sum(sources) == pytest.approx(float(value(full, "energy.kgce_calorific")), abs=0.2)
    assert sum(parts) == pytest.approx(sum(sources), abs=0.2)
    svg = draw("flows", data, Locale("en"))
    for label in ("Electricity, total", "Diesel", "Shaft hoist", "Diesel, used directly"):
        assert label in svg


def test_cost_is_told_by_tariff_period(full: Issued, tree: Mapping[str, Any]) -> None:
    rows = words(table(tree, "cost.caption"))

    assert [row[0] for row in rows] == ["Super-peak", "Peak", "Flat", "Valley", "Deep valley", "Total"]
    assert rows[1][2] == "0.78 yuan/kWh"
    assert float(value(full, "cost.peak")) == pytest.approx(0.78 * float(value(full, "energy.band.peak")), abs=0.01)


def test_every_carrier_has_its_factor_and_where_it_is_from(tree: Mapping[str, Any]) -> None:
    rows = {row[0]: row[2] for row in words(table(tree, "energy.balance"))}

    assert rows["Electricity, total"].startswith("0.1229 kgce/kWh (GB/T 2589-2020")
    assert rows["Diesel"].startswith("1.4571 kgce/kg (GB/T 2589-2020")


def test_budget_responsible_and_payback_stand_in_plan_and_gantt(full: Issued, tree: Mapping[str, Any]) -> None:
    rows = words(table(tree, "plan.caption"), "zh")
    gantt = draw("gantt", charts(tree, "gantt")[0]["data"], Locale("zh"))
    idle = full.result.snapshot.data["figures"]["cost.action.idle.payback"]

    assert rows[0][:4] == ["减少空转", "机电科 王工", "2026年9月30日", "12,000–18,000 元"]
    assert "空转电量降 60 %" in rows[0]
    assert any(row[0] == "压缩机治漏与降压" and row[1] == "待企业指定" and row[3] == "证据不足" for row in rows)
    assert "机电科 王工 · 12,000–18,000 元" in gantt
    saved = full.result.snapshot.data["figures"]["cost.action.idle.saved"]
    assert float(idle["low"]) == pytest.approx(12000 / float(saved["high"]), abs=0.05)
    assert float(idle["high"]) == pytest.approx(18000 / float(saved["low"]), abs=0.05)


def test_a_long_chinese_step_of_the_gantt_breaks_behind_a_mark_and_stays_readable() -> None:
    step = "补齐证据（2 个条目），先做：自动采集数据的业务环节、资金保障（近三年数字化投入占营收比）"
    phases = [{"t": "plain", "text": each} for each in ("0-3", "3-12", "12-36")]
    data = {"rows": [{"label": {"t": "plain", "text": step}, "phase": 0}], "phases": phases}

    drawn = re.findall(r'font-size="([0-9.]+)"[^>]*>([^<]+)</text>', draw("gantt", data, Locale("zh")))
    lines = [(float(size), words) for size, words in drawn if words in step and words not in ("0-3", "3-12", "12-36")]

    assert "".join(words for _, words in lines) == step
    assert [words[-1] for _, words in lines] == ["、", "）"]
    assert min(size for size, _ in lines) >= 6.5


def test_limit_alarms_at_core_points_are_listed_or_said_to_be_none(tree: Mapping[str, Any]) -> None:
    case = full_mine.case()
    alarm = Finding(
        code="limit.high", severity="critical", asset=mine.asset("heishan/face/return/gas1"),
        start_ns=case.start_ns + 3_600_000_000_000, end_ns=case.start_ns + 7_200_000_000_000, value=1.12, unit="%CH4",
        uncertainty=None, advice="advice.limit.high", model="limit", open=False, detail={"signal": "methane"},
    )  # fmt: skip
    source = full_mine.source(case, findings=[alarm])

    alarmed = build_tree(freeze(case, source, Issue("N-1", "2026-06-08", 1, "t")).data, "0" * 64)

    rows = words(table(alarmed, "safety.alarms.caption"))
    assert [row[:2] + row[4:6] for row in rows] == [["2026-05-01 01:00", "2026-05-01 02:00", "1.12 %CH4", "closed"]]
    assert any(block.get("parts") == [{"t": "key", "key": "safety.alarms.none"}] for block in tree["blocks"])


def test_items_say_what_was_answered(tree: Mapping[str, Any]) -> None:
    rows = {row[1]: row[2] for row in words(table(tree, "score.items.caption"))}

    assert rows["Network build"] == "Workshop control network, System network links people and machines"
    assert any(answer.endswith("%") for answer in rows.values())


def test_the_restricted_annex_is_in_the_enterprises_copy_only(full: Issued) -> None:
    own = (full.folder / "report.html").read_text(encoding="utf-8")
    centre = (full.folder / "report.centre.html").read_text(encoding="utf-8")
    weak = "台网关没有以自己的证书加密连接"

    assert weak in own
    assert weak not in centre
    assert "附录五" in centre


def test_the_glossary_gives_every_term_in_both_languages(tree: Mapping[str, Any]) -> None:
    zh, en = words(table(tree, "annex.glossary.caption"), "zh"), words(table(tree, "annex.glossary.caption"), "en")

    assert [(row[0], row[1]) for row in zh] == [(row[1], row[0]) for row in en]
    assert len(zh) >= 18


def test_every_model_in_service_has_a_card_that_says_what_it_cannot_see(tree: Mapping[str, Any]) -> None:
    cards = [b for b in tree["blocks"] if b["b"] == "table" and b["caption"].get("key") == "annex.models.caption"]

    assert [words(card)[0][1] for card in cards] == ["baseline", "idle", "mewma"]
    assert not [row for card in cards for row in words(card) if row[1] == "—"]
    assert words(cards[2])[5] == ["Warnings raised", "1"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_model_that_a_pack_binds_has_its_name_and_its_card(language: Language) -> None:
    bound = {
        model.id.partition("-")[0]
        for name in pack_names()
        for template in load_pack(name).templates.values()
        for model in template.models
    }
    wanted = [f"model.{kind}" for kind in bound]
    wanted += [f"card.{kind}.{part}" for kind in bound for part in ("does", "reads", "blind")]

    words = Locale(language)

    assert [code for code in wanted if not words.inline({"t": "maybe", "key": code, "text": ""})] == []


def test_measuring_points_are_listed_with_their_counts(full: Issued, tree: Mapping[str, Any]) -> None:
    rows = words(table(tree, "annex.points.caption"))
    telemetry = [entry for entry in full.source.signals() if entry.measurement == "telemetry"]

    assert len(rows) == len(telemetry)
    assert ["10,080", "100.00 %", "100.0 %"] in [row[4:] for row in rows]
