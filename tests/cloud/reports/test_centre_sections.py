"""What the centre adds to a report: matching whose order anyone can draw again, medians only of groups large enough."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.centre.frozen_matching import disagreements, freeze_matching
from ovoo_cloud.centre.matching import Need, Offer
from ovoo_cloud.centre.sector_medians import faults_of, sector_medians
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.reports.build import ReportSettings, build_report
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Language, Resolved, catalogue, resolve
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json, sha256_hex

from tests.cloud.diagnosis import mine

NEED = Need("case-1", "2026-06-08", {"sector": "coal_mine", "size": None}, ("idle", "other"), {"safety_control": 2})
OFFERS = (
    Offer("solution", "less-idle", 3, {"name_zh": "减少空转", "provider": "acme", "measures": ["idle"], "note": "x"}),
    Offer(
        "solution",
        "proven-idle",
        1,
        {"name_zh": "空转治理", "name_en": "Idle cure", "measures": ["idle"], "sectors": ["coal_mine"]},
        ("r-1",),
    ),
    Offer("solution", "for-dairies", 1, {"name_zh": "乳业", "measures": ["idle"], "sectors": ["dairy"]}),
    Offer("provider", "acme", 2, {"name_zh": "甲公司", "contact": "office 7"}),
    Offer(
        "policy",
        "grant",
        1,
        {
            "name_zh": "补助",
            "valid_from": "2026-01-01",
            "conditions": [{"fact": "size", "sign": "in", "values": ["small"]}],
        },
    ),
)
PLACES = "0" * 64
RULES = {"id": "sme_2024", "dimensions": [{"id": "a", "name": {"zh": "甲", "en": "A"}}]}


def benchmark(rules: Mapping[str, Any], n: int = 7) -> dict[str, Any]:
    """A benchmark in which the sector's group may be shown."""
    row = {"n": n, "unit": "%", "p25": "31.0", "p50": "42.5", "p75": "60.0"}
    figures = {f"score.dimension/{rules['id']}/{part['id']}": row for part in rules["dimensions"]}
    figures["score.total"] = {**row, "unit": "points", "p50": "43.21"}
    groups = [
        {"sector": None, "size": None, "region": None, "figures": {}},
        {"sector": "coal_mine", "size": None, "region": None, "figures": figures},
        {"sector": "coal_mine", "size": "small", "region": None, "figures": {"score.total": {**row, "p50": "99.99"}}},
    ]
    return {"edition": "ovoo.benchmark/2", "quarter": "2026-Q1", "minimum": 5, "groups": groups}


def test_the_frozen_matching_follows_from_what_is_frozen_with_it() -> None:
    section = json.loads(canonical_json(freeze_matching(NEED, OFFERS)))

    assert [row["id"] for row in section["solution"]] == ["proven-idle", "less-idle"]
    assert {(row["kind"], row["id"]) for row in section["offers"]} == {
        ("solution", "less-idle"), ("solution", "proven-idle"), ("provider", "acme"), ("policy", "grant"),
    }  # fmt: skip
    assert "office 7" not in json.dumps(section)
    assert section["unmet"] == ["measure:other", "scene:safety_control"]
    assert list(disagreements(section)) == []


@pytest.mark.parametrize("kind", ["swap", "met", "rules", "proof"])
def test_a_turned_order_or_a_bent_rule_is_named(kind: str) -> None:
    section = copy.deepcopy(json.loads(canonical_json(freeze_matching(NEED, OFFERS))))
    if kind == "swap":
        section["solution"].reverse()
    elif kind == "met":
        section["provider"][0]["met"].append("sector")
    elif kind == "proof":
        section["offers"] = [{**each, "proven": []} for each in section["offers"]]
    else:
        section["rules"]["order"].pop()

    found = set(disagreements(section))

    assert {"swap": "solution", "met": "provider", "rules": "rules", "proof": "solution"}[kind] in found


def test_under_rules_of_another_edition_only_their_hash_is_checked() -> None:
    section = json.loads(canonical_json(freeze_matching(NEED, OFFERS)))
    section["edition"] = section["rules"]["edition"] = "ovoo.matching/0"
    section["rules_sha256"] = sha256_hex(canonical_json(section["rules"]))
    section["solution"].reverse()

    assert list(disagreements(section)) == []


def test_medians_are_those_of_the_whole_sector() -> None:
    section = sector_medians(benchmark(RULES), "coal_mine", RULES, PLACES)

    assert section["total"]["p50"] == "43.21"
    assert section["dimensions"] == {"a": {"n": 7, "unit": "%", "p25": "31.0", "p50": "42.5", "p75": "60.0"}}
    assert section["scenes"] is None
    assert list(faults_of(section)) == []


@pytest.mark.parametrize("sector", ["", "-", "dairy"])
def test_no_median_for_an_unknown_or_hidden_sector(sector: str) -> None:
    section = sector_medians(benchmark(RULES), sector, RULES, PLACES)

    assert (section["total"], section["dimensions"], section["scenes"]) == (None, {}, None)


def test_medians_of_another_framework_do_not_count() -> None:
    section = sector_medians(benchmark(RULES), "coal_mine", {**RULES, "id": "own_check"}, PLACES)

    assert section["dimensions"] == {}


def test_a_group_below_the_minimum_in_a_snapshot_is_a_fault() -> None:
    section = sector_medians(benchmark(RULES, n=4), "coal_mine", RULES, PLACES)

    assert set(faults_of(section)) == {"total", "a"}
    assert "minimum" in set(faults_of({**section, "minimum": 2}))


@pytest.fixture(scope="module")
def source() -> MemorySource:
    return mine.source(mine.case())


def bundle(folder: Path, source: MemorySource, sections: Any) -> tuple[Path, Path]:
    private, public = create_key(folder / "keys")
    settings = ReportSettings("N-1", "2026-06-08", load_signing_key(private), languages=("zh", "en"), formats=("pdf",))
    build_report(mine.case(), source, settings, folder / "bundle", centre=sections)
    return folder / "bundle", public


def words(document: Resolved) -> str:
    return json.dumps([document.blocks, document.charts], ensure_ascii=False)


def read(folder: Path, language: Language) -> str:
    return words(resolve(json.loads((folder / "report.json").read_bytes()), language, draw))


def test_a_report_with_both_verifies_and_survives_the_store(tmp_path: Path, source: MemorySource) -> None:
    folder, public = bundle(
        tmp_path,
        source,
        lambda data: {
            "matching": freeze_matching(NEED, OFFERS),
            "benchmark": sector_medians(benchmark(data["framework"]), "coal_mine", data["framework"], PLACES),
        },
    )

    found = verify_bundle(folder, trust=public, deep=source)

    assert found.ok, found.mismatches
    for language in ("zh", "en"):
        text, told = read(folder, language), catalogue(language)
        assert told["matching.title"] in text
        assert told["chart.radar.sector"] in text
        assert "proven-idle v1" in text
        assert text.index("proven-idle v1") < text.index("less-idle v3")
        assert "42.5" in text
        assert "99.99" not in text
        assert "SHA-256" in text  # the third rule of the order, in words


def test_a_changed_order_is_named_by_verify(tmp_path: Path, source: MemorySource) -> None:
    section = freeze_matching(NEED, OFFERS)
    section["solution"].reverse()
    folder, public = bundle(tmp_path, source, lambda data: {"matching": section})

    found = verify_bundle(folder, trust=public)

    assert [str(each) for each in found.mismatches] == [
        "entry matching/solution: does not follow from need, offers and rules"
    ]


def test_a_small_group_gives_a_sentence_and_no_line(tmp_path: Path, source: MemorySource) -> None:
    folder, public = bundle(
        tmp_path,
        source,
        lambda data: {"benchmark": sector_medians(benchmark(data["framework"]), "dairy", data["framework"], PLACES)},
    )
    text = read(folder, "en")

    assert verify_bundle(folder, trust=public).ok
    assert "no median of the sector is stated" in text
    assert catalogue("en")["chart.radar.sector"] not in text
    assert catalogue("en")["matching.title"] not in text
