"""A whole report led by each method: made, verified from snapshot and store, forged, cut; in both languages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.casework.freezing import compared
from ovoo_cloud.centre.issued import gated_score
from ovoo_cloud.centre.needs import need_of
from ovoo_cloud.centre.sector_medians import sector_medians
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.build import ReportSettings, build_report, render_files, summary
from ovoo_cloud.reports.bundle import manifest_bytes
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.cuts import centre_copy
from ovoo_cloud.reports.resolve import Language, resolve
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ConfigErrors

from tests.cloud.diagnosis import mine
from tests.cloud.pdf_text import page_texts
from tests.cloud.reports.conftest import Issued
from tests.cloud.reports.leads import LEADS, lead_case, lead_shelf

ISSUE = Issue("T-9", "2026-06-08", 1, "test")


@pytest.fixture(scope="module", params=LEADS)
def led(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Issued]:
    """A bundle led by each method in turn."""
    root = tmp_path_factory.mktemp(request.param)
    private_key, public_key = create_key(root / "keys")
    source = mine.source(mine.case())
    settings = ReportSettings("OVOO-2026-0009", "2026-06-08", load_signing_key(private_key), languages=("zh", "en"))
    result = build_report(lead_case(request.param), source, settings, root / "bundle", lead_shelf())
    return request.param, Issued(root / "bundle", private_key, public_key, source, result)


def data_of(issued: Issued) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((issued.folder / "snapshot.json").read_bytes())
    return found


def text_of(path: Path) -> str:
    return "".join("".join(page_texts(path)).replace("\u200b", "").split())


def test_it_verifies_from_the_snapshot_and_from_the_store(led: tuple[str, Issued]) -> None:
    _, issued = led
    deep = verify_bundle(issued.folder, trust=issued.public_key, deep=issued.source)

    assert [str(each) for each in deep.mismatches] == []
    assert deep.level == 2
    assert deep.not_measured == ()


WORDS = {
    "maturity": (["成熟度自评", "距“规划级”", "各要素和子域的权重未查到"], ["Maturityself-check", "weightsofelements"]),
    "acceptance": (["验收佐证", "主通风机：35天", "佐证未齐备"], ["Evidenceforacceptance", "Mainfan:35d"]),
    "norm_table": (["能耗限额对标", "修正系数", "须降低"], ["Consumptionagainstitslimits", "tobeloweredby"]),
    "bands": (["分级对照", "距“良好”", "总分由他人评出"], ["Levelbybands", 'To"Good"']),
}


def test_both_languages_say_the_result_by_the_methods_own_means(led: tuple[str, Issued]) -> None:
    method, issued = led
    zh, en = WORDS[method]
    texts = {name: text_of(issued.folder / name) for name in ("report.pdf", "report.en.pdf")}

    assert [each for each in zh if each not in texts["report.pdf"]] == []
    assert [each for each in en if each not in texts["report.en.pdf"]] == []
    assert "等级门槛" not in texts["report.pdf"]  # the gate of points is not this method's
    unverified = data_of(issued)["framework"]["reference_only"]
    assert ("仅供参考）" in texts["report.pdf"]) == unverified


def test_figures_of_an_unsigned_framework_carry_the_mark(led: tuple[str, Issued]) -> None:
    data = data_of(led[1])
    marks = {row["reference_only"] for name, row in data["figures"].items() if name.startswith("score.")}

    assert marks == {data["framework"]["reference_only"]}


FIGURES = {
    "maturity": "score.gap",
    "acceptance": "score.gap",
    "norm_table": "score.excess.washing_coking",
    "bands": "score.gap",
}


def test_a_changed_byte_of_the_new_section_names_the_figure(led: tuple[str, Issued], tmp_path: Path) -> None:
    method, issued = led
    folder = Path(shutil.copytree(issued.folder, tmp_path / "copy"))
    report = (folder / "report.json").read_bytes()
    place = report.index(f'"id":"{FIGURES[method]}"'.encode())
    start = report.index(b'"high":"', place - 60) + len(b'"high":"')
    digit = b"7" if report[start : start + 1] != b"7" else b"8"
    (folder / "report.json").write_bytes(report[:start] + digit + report[start + 1 :])

    outcome = verify_bundle(folder, trust=issued.public_key)

    assert {(each.kind, each.name) for each in outcome.mismatches} == {
        ("file", "report.json"),
        ("figure", FIGURES[method]),
    }


def _gap(data: dict[str, Any], name: str) -> None:
    data["figures"][name]["high"] = "99"


def _level(data: dict[str, Any], _name: str) -> None:
    data["score"]["level_high"] += 1


def _edition(data: dict[str, Any], _name: str) -> None:
    next(iter(data["editions"].values()))["name_zh"] = "另一个"


def _rules(data: dict[str, Any], _name: str) -> None:
    data["framework"]["levels"][0]["name"]["zh"] = "另一级"


FORGERIES: dict[str, tuple[Callable[[dict[str, Any], str], None], str]] = {
    "figure": (_gap, "{figure}"),
    "level": (_level, "level_high"),
    "edition": (_edition, "editions/{reference}"),
    "rules": (_rules, "{framework}.levels"),
}


@pytest.mark.parametrize(("change", "accused"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_named_even_when_signed_again(
    led: tuple[str, Issued], tmp_path: Path, change: Callable[[dict[str, Any], str], None], accused: str
) -> None:
    method, issued = led
    folder = Path(shutil.copytree(issued.folder, tmp_path / "copy"))
    data = data_of(issued)
    reference = next(iter(data["editions"]))
    change(data, FIGURES[method])
    (folder / "snapshot.json").write_bytes(canonical_json(data))
    files = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith("manifest")}
    manifest = manifest_bytes(files, data)
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "manifest.sig").write_bytes(sign(load_signing_key(issued.private_key), manifest))

    outcome = verify_bundle(folder, trust=issued.public_key)

    wanted = accused.format(figure=FIGURES[method], reference=reference, framework=data["framework"]["id"])
    assert wanted in {each.name for each in outcome.mismatches}


def test_the_same_snapshot_gives_the_same_bytes(led: tuple[str, Issued]) -> None:
    result = led[1].result

    again = render_files(result.snapshot, ("zh",), ("xlsx", "docx"))

    for name in ("report.xlsx", "report.docx", "report.json", "snapshot.json"):
        assert again[name] == (led[1].folder / name).read_bytes()


def test_the_centres_copy_withholds_unit_consumption_where_products_are_secret() -> None:
    snapshot = freeze(lead_case("norm_table"), mine.source(mine.case()), ISSUE).data
    tree = build_tree(snapshot, "0" * 64)

    cut = json.dumps(centre_copy(tree, ("products",)))

    for name in ("consumption", "excess"):
        assert f'"id": "score.{name}.washing_coking"' in json.dumps(tree)
        assert f'"id": "score.{name}.' not in cut


@pytest.mark.parametrize("method", LEADS)
def test_another_methods_level_is_no_digital_level(method: str) -> None:
    snapshot = freeze(lead_case(method), mine.source(mine.case()), ISSUE, lead_shelf()).data

    need = need_of("coal_mine", {}, snapshot, key="k", day="2026-06-08")
    medians = sector_medians(
        {"edition": "e", "quarter": "2026Q1", "minimum": 5, "groups": []}, "coal_mine", snapshot["framework"], "0" * 64
    )

    assert gated_score(snapshot) is None
    assert (need.facts["level"], need.facts["score"], need.scenes) == (None, None, {})
    assert need.measures  # what the samples prove is needed under every method
    assert (medians["total"], medians["dimensions"], medians["scenes"]) == (None, {}, None)
    assert summary(snapshot)["method"] == method


def test_a_digital_level_beside_the_leading_method_still_says_what_is_needed() -> None:
    told = mine.case().raw
    beside = {"sme_2024": {"answers": told["answers"], "scenes": told["scenes"]}}
    case = lead_case("acceptance", frameworks=["smart_mine", "sme_2024"], assessments=beside)
    alone = freeze(mine.case(), mine.source(mine.case()), ISSUE).data

    snapshot = freeze(case, mine.source(mine.case()), ISSUE).data

    found = gated_score(snapshot)
    assert found is not None
    assert [Decimal(end) for end in found["total"]] == [Decimal(end) for end in alone["score"]["total"]]
    assert need_of("coal_mine", {}, snapshot, key="k", day="2026-06-08").scenes


def test_medians_are_absent_with_their_reason() -> None:
    snapshot = freeze(lead_case("maturity"), mine.source(mine.case()), ISSUE).data
    medians = sector_medians({"edition": "e", "quarter": "2026Q1", "minimum": 5, "groups": []}, "coal_mine", {
        **snapshot["framework"]}, "0" * 64)  # fmt: skip

    tree = build_tree({**snapshot, "benchmark": medians}, "0" * 64)

    assert '"lead.no_medians"' in json.dumps(tree)


def _keys(tree: dict[str, Any]) -> str:
    return json.dumps(tree["blocks"], ensure_ascii=False)


@pytest.mark.parametrize("method", LEADS)
def test_before_and_after_compare_level_and_total_within_one_framework_only(method: str) -> None:
    snapshot = freeze(lead_case(method), mine.source(mine.case()), ISSUE, lead_shelf()).data
    other = freeze(mine.case(), mine.source(mine.case()), ISSUE).data

    same = _keys(build_tree({**snapshot, "before": compared(snapshot)}, "0" * 64))
    unlike = _keys(build_tree({**snapshot, "before": compared(other)}, "0" * 64))

    assert '"revisit.compare.caption"' in same
    assert '"lead.revisit.other"' not in same
    assert '"lead.revisit.other"' in unlike
    assert other["figures"]["score.total"]["low"] not in unlike.partition('"revisit.compare.caption"')[2]
    assert other["figures"]["equipment.networked_percent"]["value"] in unlike.partition('"revisit.compare.caption"')[2]


def test_before_says_when_it_was_measured_and_its_range_carries_a_unit_in_words() -> None:
    snapshot = freeze(mine.case(), mine.source(mine.case()), ISSUE).data
    earlier = {**snapshot, "window": {**snapshot["window"], "start_ns": "1767196800000000000"}}
    total = {**snapshot["figures"]["score.total"], "value": None, "low": "40", "high": "61.5"}
    before = compared({**earlier, "figures": {**snapshot["figures"], "score.total": total}})
    tree = build_tree({**snapshot, "before": before}, "0" * 64)

    languages: tuple[Language, ...] = ("zh", "en")
    chinese, english = (json.dumps(resolve(tree, each, draw).blocks, ensure_ascii=False) for each in languages)

    assert "上次实测时段：2026年1月1日至" in chinese
    assert "40–61.5 分" in chinese
    assert "Measured before: 1 January 2026 to" in english
    assert "40–61.5 points" in english


def test_a_report_from_before_windows_were_kept_says_nothing_of_them() -> None:
    snapshot = freeze(mine.case(), mine.source(mine.case()), ISSUE).data
    before = {name: each for name, each in compared(snapshot).items() if name != "window"}

    assert '"revisit.compare.windows"' not in _keys(build_tree({**snapshot, "before": before}, "0" * 64))


def test_a_case_that_names_no_framework_is_led_by_that_of_its_sector() -> None:
    raw = {**mine.case().raw, "framework": "", "scenes": {}, "answers": {"must_have": {"options": ["yes"]}}}
    mines = lead_case("acceptance", frameworks="", **{key: raw[key] for key in ("answers",)}, machines={})
    dairy = lead_case("acceptance", frameworks="", profile={**raw["profile"], "sector": "dairy"})

    assert mines.framework == "smart_mine"
    assert dairy.framework == "sme_2024"
    assert freeze(mines, mine.source(mine.case()), ISSUE).data["framework"]["method"] == "acceptance"


def test_answers_of_another_framework_are_refused_with_the_one_that_leads_by_sector() -> None:
    raw = mine.case().raw
    case = lead_case("acceptance", frameworks="", answers=raw["answers"], scenes=raw["scenes"], machines={})

    with pytest.raises(ConfigErrors, match=r"names no framework[\s\S]*smart_mine"):
        freeze(case, mine.source(mine.case()), ISSUE)


@pytest.mark.parametrize(
    ("method", "changes", "words"),
    [
        ("maturity", {"answers": {"luck": {"grades": {"1": [1]}}}}, "answers.luck"),
        ("acceptance", {"machines": {"volcano": ["fan1"]}}, "machines.volcano"),
        ("acceptance", {"machines": {"gas": ["fan9"]}}, "no such machine"),
        ("acceptance", {"scenes": {"energy": {"level": 1}}}, "has no scenes"),
        ("norm_table", {"answers": {"washing_coking": {"options": ["yes"]}}}, "wrong form of answer|not a range"),
        ("bands", {"answers": {"total": {"value": 101}}}, "no such entry"),
    ],
)
def test_what_the_leading_framework_does_not_have_is_refused(method: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigErrors, match=words):
        freeze(lead_case(method, **changes), mine.source(mine.case()), ISSUE, lead_shelf())


def test_a_grade_for_an_item_of_points_is_refused() -> None:
    case = lead_case("maturity", frameworks=["sme_2024"], answers={"talent": {"grades": {"1": [1]}}})

    with pytest.raises(ConfigErrors, match=r"answers\.talent: wrong form of answer"):
        freeze(case, mine.source(mine.case()), ISSUE)
