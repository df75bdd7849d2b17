"""The readiness as a signed bundle: same bytes again, recomputed from the store, every change named."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.readiness.build import build_readiness_report
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_cloud.reports.build import ReportResult, ReportSettings
from ovoo_cloud.reports.bundle import manifest_bytes
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Resolved, catalogue, resolve
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.quality import BAD, CLOCK_SUSPECT
from pypdf import PdfReader

from tests.cloud.diagnosis.mine import Cut
from tests.cloud.readiness import plant
from tests.cloud.readiness.plant import LINK, Made, entry, every_minute, wave

CUTS = (Cut("heishan/utilities/air/comp1", 0.3, 0.7), Cut("heishan/shaft/main/hoist1", 0.0, 1.0))
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Issued:
    """A bundle on disk with its keys and source."""

    folder: Path
    private_key: Path
    public_key: Path
    source: MemorySource
    result: ReportResult

    def settings(self) -> ReportSettings:
        """The settings it was issued with."""
        return settings_with(self.private_key)


VERIFY_URL = "https://plant.example/verify"


def settings_with(private_key: Path) -> ReportSettings:
    key = load_signing_key(private_key)
    return ReportSettings("R-1", "2026-06-08", key, languages=("zh", "en"), verify_url=VERIFY_URL)


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """The mine with a compressor cut and a silent hoist, in both languages."""
    root = tmp_path_factory.mktemp("readiness")
    private_key, public_key = create_key(root / "keys")
    source = plant.mine_source(cuts=CUTS)
    result = build_readiness_report(plant.plan(), source, settings_with(private_key), root / "bundle")
    return Issued(root / "bundle", private_key, public_key, source, result)


@pytest.fixture
def copy(issued: Issued, tmp_path: Path) -> Path:
    """A copy of the bundle to spoil."""
    return Path(shutil.copytree(issued.folder, tmp_path / "copy"))


def names(outcome: Verification, kind: str) -> set[str]:
    return {each.name for each in outcome.mismatches if each.kind == kind}


def test_it_has_the_same_bytes_again_also_from_shuffled_samples(issued: Issued, tmp_path: Path) -> None:
    again = build_readiness_report(
        plant.plan(), plant.mine_source(shuffle=4, cuts=CUTS), issued.settings(), tmp_path / "again"
    )

    assert again.files == issued.result.files


def test_an_untouched_bundle_verifies_from_snapshot_and_store(issued: Issued) -> None:
    for deep in (None, issued.source):
        assert verify_bundle(issued.folder, trust=issued.public_key, deep=deep).mismatches == ()


def test_other_samples_in_the_store_name_the_machine_and_its_points(issued: Issued) -> None:
    found = verify_bundle(issued.folder, trust=issued.public_key, deep=plant.mine_source(cuts=CUTS[1:]))

    assert "readiness.asset.utilities/air/comp1.coverage" in names(found, "figure")
    assert "readiness.asset.drainage/main/pump1.coverage" not in names(found, "figure")
    assert names(found, "evidence")


def test_its_cover_leads_to_the_verification_page_and_it_is_a_web_page_too(issued: Issued) -> None:
    cover = json.loads((issued.folder / "report.json").read_bytes())["cover"]

    assert cover["code"] == f"{VERIFY_URL}?number=R-1&revision=1&code={issued.result.snapshot_sha256}"
    for name, words in (("report.html", "没有任何样本"), ("report.en.html", "no sample at all")):
        assert words in (issued.folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["snapshot.json", "report.pdf", "report.en.docx", "report.xlsx", "report.en.html"])
def test_a_changed_byte_names_its_file(issued: Issued, copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)

    assert name in names(verify_bundle(copy, trust=issued.public_key), "file")


@pytest.mark.parametrize(
    "figure",
    [
        "readiness.site.score",
        "readiness.asset.utilities/air/comp1.coverage",
        "readiness.signal.utilities/air/comp1/flow.score",
    ],
)
def test_a_changed_score_is_named_even_when_signed_again(issued: Issued, copy: Path, figure: str) -> None:
    data = json.loads((copy / "snapshot.json").read_bytes())
    data["figures"][figure]["value"] = "99.9"
    (copy / "snapshot.json").write_bytes(canonical_json(data))
    files = {path.name: path.read_bytes() for path in copy.iterdir() if not path.name.startswith("manifest")}
    manifest = manifest_bytes(files, data)
    (copy / "manifest.json").write_bytes(manifest)
    (copy / "manifest.sig").write_bytes(sign(load_signing_key(issued.private_key), manifest))

    assert figure in names(verify_bundle(copy, trust=issued.public_key), "figure")


def test_pdf_of_both_languages_names_the_silent_machine_and_holds_no_nul(issued: Issued) -> None:
    for name, words in (("report.pdf", "没有任何样本"), ("report.en.pdf", "no sample at all")):
        text = " ".join(page.extract_text() for page in PdfReader(issued.folder / name).pages)
        assert words.replace(" ", "") in "".join(text.split())
        assert "shaft/main/hoist1" in "".join(text.split())
        assert "\x00" not in text


def documents(data: Any) -> tuple[Resolved, Resolved]:
    tree = build_tree(data, "0" * 64)
    return resolve(tree, "zh", draw), resolve(tree, "en", draw)


def test_both_languages_carry_the_same_numbers_in_every_table(issued: Issued) -> None:
    zh, en = documents(issued.result.snapshot.data)

    tables = [(a["rows"], b["rows"]) for a, b in zip(zh.blocks, en.blocks, strict=True) if a["b"] == "table"]
    assert len(tables) > 6
    for left, right in tables[3:6]:
        for a, b in zip(left, right, strict=True):
            assert [_NUMBER.findall(cell) for cell in a[:3]] == [_NUMBER.findall(cell) for cell in b[:3]]


def test_the_words_of_both_languages_are_complete() -> None:
    assert catalogue("zh").keys() == catalogue("en").keys()


def test_a_site_with_every_kind_of_fault_can_be_printed() -> None:
    def quality(n: int) -> int:
        return BAD if n % 7 == 0 else CLOCK_SUSPECT if n % 7 == 1 else 0

    source = plant.source_of(
        Made(entry("pressure", "MPa", high=1.6), every_minute(2, lambda n: 7.2 + n % 5 / 100)),
        Made(entry("power", "kW", low=None, high=None), every_minute(2, lambda n: 1000.0 + n)),
        Made(entry("energy", "kWh", low=None, high=None), every_minute(2, lambda n: 400.0 + n * 37 % 20)),
        Made(entry("temp", "degC", name_zh="", name_en=""), every_minute(2, wave, quality)),
        Made(entry("flow", "m3/h"), every_minute(2, lambda n: 50.0)),
        Made(entry("level", "m", high=45.0), every_minute(1, wave)),
        links=[LINK],
    )
    data = freeze_readiness(plant.plan(2), source, plant.ISSUE).data

    zh, en = documents(data)

    text = json.dumps(zh.blocks, ensure_ascii=False)
    for words in (
        "数值像是 bar",
        "写作功率，像是累计电量",
        "写作电量，像是功率",
        "缺中文名",
        "时间戳存疑",
        "不变 48.0 h",
    ):
        assert words in text, words
    assert "values look like bar" in json.dumps(en.blocks)
    assert data["figures"]["readiness.suspects"]["value"] == "3"


def test_an_empty_site_says_so(tmp_path: Path) -> None:
    data = freeze_readiness(plant.plan(site="elsewhere"), plant.mine_source(), plant.ISSUE).data

    zh, _ = documents(data)

    assert "无法评分" in json.dumps(zh.blocks, ensure_ascii=False)
