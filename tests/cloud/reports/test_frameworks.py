"""A report of several frameworks: its tables by method, its figures, what verification says when one is changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.catalogue.frameworks import lint_text
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.build import ReportSettings, build_report
from ovoo_cloud.reports.bundle import manifest_bytes
from ovoo_cloud.reports.diagnosis_report import KIND
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ConfigErrors, PackError

from tests.cloud.api.own_framework import own_text
from tests.cloud.diagnosis import mine
from tests.cloud.pdf_text import page_texts
from tests.cloud.reports.conftest import Issued

ISSUE = Issue("T-3", "2026-06-08", 1, "test")
FRAMEWORKS = ["sme_2024", "gbt_39116", "smart_mine", "norms_coal_mine", "sme_2022", "own_check@1"]
ASSESSMENTS: dict[str, Any] = {
    "gbt_39116": {"answers": {"strategy": {"grades": {"1": [1, "?"], "2": [0.5]}, "class": "declared"}}},
    "smart_mine": {
        "machines": {"ventilation_air": ["fan1"]},
        "answers": {
            "variant": {"options": ["production"]},
            "scope": {"options": ["ventilation_air"]},
            "ventilation_air-data_true": {"options": ["yes"], "class": "verified", "evidence": ["抽查记录.pdf"]},
            "must_have": {"options": ["no"]},
        },
    },
    "norms_coal_mine": {
        "answers": {"washing_coking": {"value": 6.9, "corrections": {"process_factor": 0.8}, "class": "declared"}}
    },
    "sme_2022": {"answers": {"total": {"low": 58, "high": 61}}},
    "own_check": {"answers": {"ledger": {"options": ["system"]}}, "scenes": {"energy": {"level": 2}}},
}


def shelf() -> Shelf:
    return Shelf({"own_check@1": lint_text(own_text(), "own.yaml").data or {}})


def case(**changes: Any) -> Case:
    return parse_case(
        {**mine.case().raw, "framework": "", "frameworks": FRAMEWORKS, "assessments": ASSESSMENTS, **changes}
    )


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    root = tmp_path_factory.mktemp("several")
    private_key, public_key = create_key(root / "keys")
    source = mine.source(mine.case())
    settings = ReportSettings("OVOO-2026-0002", "2026-06-08", load_signing_key(private_key), languages=("zh", "en"))
    result = build_report(case(), source, settings, root / "bundle", shelf())
    return Issued(root / "bundle", private_key, public_key, source, result)


def data_of(issued: Issued) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((issued.folder / "snapshot.json").read_bytes())
    return found


def test_one_framework_leaves_the_snapshot_as_it_was() -> None:
    data = freeze(mine.case(), mine.source(mine.case()), ISSUE).data

    assert "assessments" not in data
    assert list(data["editions"]) == ["sme_2024"]


def test_each_method_is_scored_and_its_figures_carry_the_reference_mark(several: Issued) -> None:
    data = data_of(several)

    scores = {each["rules"]["id"]: each["score"] for each in data["assessments"]}
    assert list(scores) == [name.partition("@")[0] for name in FRAMEWORKS[1:]]
    assert scores["smart_mine"]["level"] == 0  # a must-have is not met
    assert scores["norms_coal_mine"]["level"] == 4  # 6.9 above 8.5 x 0.8 = 6.8
    assert (scores["sme_2022"]["level_low"], scores["sme_2022"]["level_high"]) == (2, 3)
    assert Decimal(scores["own_check"]["total"][0]) == 100  # 60 told, 40 measured: five of eight networked, above 50 %
    assert data["figures"]["assessment.sme_2022.total"]["low"] == "58"
    assert data["figures"]["assessment.sme_2022.total"]["reference_only"]
    assert not data["figures"]["assessment.own_check.total"]["reference_only"]
    assert "comparison" in data["assessments"][3]


def test_months_of_the_named_machine_are_measured_with_evidence(several: Issued) -> None:
    answers = data_of(several)["assessments"][1]["answers"]

    assert answers["ventilation_air-stable_running"]["class"] == "measured"
    assert answers["ventilation_air-stable_running"]["low"] == "1"  # 1 May to 5 June
    assert set(answers["ventilation_air-stable_running"]["evidence"]) <= set(data_of(several)["evidence"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "report.pdf",
            ["其他标准对标", "智能制造能力成熟度自评", "超过限定值", "与本次主要标准对照", "本中心快速评测"],
        ),
        ("report.en.pdf", ["Further frameworks", "Evidence for smart-mine acceptance", "not met", "Above the limit"]),
    ],
)
def test_the_report_has_a_section_for_each(several: Issued, name: str, words: list[str]) -> None:
    text = "\n".join(page_texts(several.folder / name)).replace("\u200b", "").replace("\n", "")

    assert all(each.replace(" ", "") in text.replace(" ", "") for each in words)


def test_it_verifies_from_the_snapshot_and_from_the_store(several: Issued) -> None:
    plain = verify_bundle(several.folder, trust=several.public_key)
    deep = verify_bundle(several.folder, trust=several.public_key, deep=several.source)

    assert (plain.mismatches, deep.mismatches) == ((), ())


def _raise_total(data: dict[str, Any]) -> None:
    data["assessments"][3]["score"]["total"] = ["90", "90"]


def _raise_answer(data: dict[str, Any]) -> None:
    data["assessments"][3]["answers"]["total"]["high"] = "85"


def _raise_figure(data: dict[str, Any]) -> None:
    data["figures"]["assessment.own_check.total"]["value"] = "99"


def _raise_comparison(data: dict[str, Any]) -> None:
    data["assessments"][3]["comparison"]["levels"] = [4, 4]


def _lower_gate(data: dict[str, Any]) -> None:
    data["assessments"][4]["rules"]["gate"][1]["scenes"] = 1


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "total": (_raise_total, "assessment.sme_2022.total"),
    "answer": (_raise_answer, "assessment.sme_2022.level_high"),
    "figure": (_raise_figure, "assessment.own_check.total"),
    "comparison": (_raise_comparison, "assessment.sme_2022.comparison"),
    "rule": (_lower_gate, "assessment.own_check.gate"),
}


@pytest.mark.parametrize(("change", "accused"), CHANGES.values(), ids=CHANGES)
def test_a_forged_assessment_is_named_even_when_signed_again(
    several: Issued, tmp_path: Path, change: Callable[[dict[str, Any]], None], accused: str
) -> None:
    folder = Path(shutil.copytree(several.folder, tmp_path / "copy"))
    data = data_of(several)
    change(data)
    (folder / "snapshot.json").write_bytes(canonical_json(data))
    files = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith("manifest")}
    manifest = manifest_bytes(files, data)
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "manifest.sig").write_bytes(sign(load_signing_key(several.private_key), manifest))

    outcome = verify_bundle(folder, trust=several.public_key)

    assert accused in {each.name for each in outcome.mismatches}


def test_a_snapshot_from_before_there_were_methods_still_verifies() -> None:
    data = json.loads(freeze(mine.case(), mine.source(mine.case()), ISSUE).to_bytes())
    del data["framework"]["method"]

    assert list(KIND.check(data)) == []


@pytest.mark.parametrize(
    ("assessments", "words"),
    [
        ({"gbt_39116": {"answers": {"luck": {"grades": {"1": [1]}}}}}, "assessments.gbt_39116.answers.luck"),
        ({"gbt_39116": {"answers": {"strategy": {"grades": {"1": [0.7]}}}}}, "no such grade"),
        ({"gbt_39116": {"answers": {"strategy": {"value": 1}}}}, "wrong form of answer"),
        ({"smart_mine": {"answers": {"experts": {"low": 8, "high": 7}}}}, "contradicts itself"),
        ({"smart_mine": {"machines": {"volcano": ["fan1"]}}}, "no such part"),
        ({"smart_mine": {"machines": {"gas": ["fan9"]}}}, "no such machine"),
        (
            {"norms_coal_mine": {"answers": {"washing_coking": {"value": 1, "corrections": {"luck": 2}}}}},
            "no such entry",
        ),
        ({"own_check": {"answers": {"ledger": {"options": ["gold"]}}}}, "answers.ledger.options"),
        ({"own_check": {"scenes": {"moon": {"level": 1}}}}, "scenes.moon"),
    ],
)
def test_an_answer_that_its_framework_does_not_have_is_refused_by_name(assessments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigErrors, match=words.replace(".", r"\.")):
        freeze(case(assessments=assessments), mine.source(mine.case()), ISSUE, shelf())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frameworks": ["sme_2024", "sme_2024@2024.2"], "assessments": {}}, "named twice"),
        ({"framework": "sme_2024", "assessments": {}}, "named twice"),
        ({"frameworks": ["sme_2024"]}, "no further framework"),
        ({"assessments": {"sme_2022": {"answers": {"total": {"low": 1}}}}}, "half a range"),
        (
            {"assessments": {"sme_2022": {"answers": {"total": {"value": 1, "class": "verified"}}}}},
            "without a document",
        ),
        ({"assessments": {"sme_2022": {"luck": 1}}}, "unknown key"),
    ],
)
def test_a_case_that_names_its_frameworks_wrongly_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigErrors, match=words):
        case(**changes)


def test_only_what_is_at_hand_can_be_named() -> None:
    source = mine.source(mine.case())
    with pytest.raises(PackError, match="no such framework"):
        freeze(case(frameworks=["own_check"], assessments={}), source, ISSUE)
    with pytest.raises(PackError, match="no such version"):
        freeze(case(frameworks=["sme_2024@1999"], assessments={}), source, ISSUE)


def test_a_centres_own_framework_may_lead() -> None:
    told = case(frameworks=["own_check@1"], assessments={}, answers={"ledger": {"options": ["paper"]}},
                scenes={"energy": {"level": 1}, "safety": {"level": 1}})  # fmt: skip

    data = freeze(told, mine.source(mine.case()), ISSUE, shelf()).data

    assert [Decimal(each) for each in data["score"]["total"]] == [60, 60]  # 20 told and 40 measured
    assert data["score"]["level"] == 1
    assert data["editions"]["own_check@1"]["id"] == "own_check"
