"""Bundles of earlier versions still verify: the chapters may have changed, the figures may not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.reports.tree import chapters_edition
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import Cut

ISSUED = sorted((Path(__file__).parent / "issued").glob("*.zip"))


@pytest.fixture(params=ISSUED, ids=[path.stem for path in ISSUED])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bundle of an earlier version with the key of its centre beside it."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path / "bundle")
    (tmp_path / "bundle" / "trust.pub.pem").rename(tmp_path / "trust.pub.pem")
    return tmp_path / "bundle"


def store() -> EvidenceSource:
    return mine.source(mine.case(), living=False)


def test_the_bundle_has_chapters_of_another_edition(bundle: Path) -> None:
    assert json.loads((bundle / "report.json").read_bytes()).get("edition") != chapters_edition()


def test_it_verifies_from_the_snapshot_and_from_the_store(bundle: Path) -> None:
    plain = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem")
    deep = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem", deep=store())

    assert [str(each) for each in (*plain.mismatches, *deep.mismatches)] == []
    assert plain.figures > 80
    assert plain.not_measured == ()
    assert set(deep.not_measured) == {"load.base", "load.mean", "load.peak"}


def test_a_store_that_lost_samples_is_named_down_to_the_score_by_the_rules_of_then(bundle: Path) -> None:
    case = mine.case()
    cut = mine.source(case, [Cut("heishan/utilities/air/comp1", 0.3, 0.7)], living=False)

    outcome = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem", deep=cut)

    accused = {each.name for each in outcome.mismatches if each.kind == "figure"}
    assert {"equipment.networked", "score.item.equipment_networked", "score.total"} <= accused
    assert not {"score.item.network_build", "security.gateways"} & accused


def test_a_figure_changed_in_its_document_is_named(bundle: Path) -> None:
    report = json.loads((bundle / "report.json").read_bytes())
    text = json.dumps(report).replace('"value": "2183783.4"', '"value": "2183783.5"', 1)
    assert json.loads(text) != report
    (bundle / "report.json").write_bytes(canonical_json(json.loads(text)))

    outcome = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem")

    assert {(each.kind, each.name) for each in outcome.mismatches} == {
        ("file", "report.json"),
        ("figure", "energy.kwh"),
    }
