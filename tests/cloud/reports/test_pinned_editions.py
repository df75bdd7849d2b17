"""A report is measured again by the rules it was made with, whatever edition is installed by now."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.catalogue.frameworks import lint_text
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, freeze
from ovoo_cloud.reports.build import ReportSettings, build_report, issue_bundle
from ovoo_cloud.reports.diagnosis_report import KIND
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import PackError
from ovoo_packs import load_framework
from ovoo_packs.loader import framework_data

from tests.cloud.api.own_framework import own_text
from tests.cloud.diagnosis import mine

ISSUE = Issue("T-4", "2026-06-08", 1, "test")


def older() -> dict[str, Any]:
    """Last year's edition: other points, nothing measured of the network, and half of the samples was enough."""
    data = copy.deepcopy(framework_data("sme_2024"))
    data["version"] = "2024.0"
    data["connected"]["share"] = 0.5
    for option in data["dimensions"][0]["groups"][0]["items"][0]["options"]:
        option["points"], option["measured_by"] = 1.5, ""
    return data


class Made:
    """A bundle with its key and its samples."""

    def __init__(self, root: Path) -> None:
        self.private_key, self.public_key = create_key(root / "keys")
        self.folder = root / "bundle"
        self.source = mine.source(mine.case())

    @property
    def settings(self) -> ReportSettings:
        return ReportSettings("OVOO-2026-0004", "2026-06-08", load_signing_key(self.private_key), formats=())

    def verify(self, **rest: Any) -> Verification:
        return verify_bundle(self.folder, trust=self.public_key, deep=self.source, **rest)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_an_older_report_verifies_from_the_store_with_equal_figures_after_a_newer_edition_came(made: Made) -> None:
    built = build_report(mine.case(), made.source, made.settings, made.folder, Shelf({"sme_2024": older()}))
    snapshot = json.loads((made.folder / "snapshot.json").read_bytes())

    outcome = made.verify()
    again = KIND.again(snapshot, made.source)

    assert snapshot["framework"]["version"] == "2024.0"
    assert load_framework("sme_2024").version != "2024.0"
    assert [str(each) for each in outcome.mismatches] == []
    assert outcome.level == 2
    assert again["figures"] == snapshot["figures"]
    today = freeze(mine.case(), made.source, ISSUE).data
    assert today["score"]["total"] != built.snapshot.data["score"]["total"]


def _without_editions(made: Made, case: Case, shelf: Shelf) -> None:
    """A bundle as earlier versions made it: only a centre's own frameworks travelled along."""

    def make(issue: Issue) -> Snapshot:
        data = dict(freeze(case, made.source, issue, shelf).data)
        del data["editions"], data["delivery_rule"]
        return Snapshot(data)

    issue_bundle(make, made.settings, made.folder)


def test_a_report_that_carries_no_rules_is_measured_by_those_its_house_keeps(made: Made) -> None:
    rules = older()
    _without_editions(made, mine.case(), Shelf({"sme_2024": rules}))

    def kept(sha256: str) -> Mapping[str, Any] | None:
        return rules if sha256 == sha256_hex(canonical_json(rules)) else None

    assert [str(each) for each in made.verify(kept=kept).mismatches] == []


def test_it_is_refused_clearly_where_neither_carried_nor_kept_nor_installed_rules_are_at_hand(made: Made) -> None:
    case = parse_case({**mine.case().raw, "framework": "own_check@1", "answers": {}, "scenes": {}})
    _without_editions(made, case, Shelf({"own_check@1": lint_text(own_text(), "own.yaml").data or {}}))

    (mismatch,) = made.verify().mismatches

    assert (mismatch.kind, mismatch.name) == ("store", "snapshot.json")
    assert "no such framework" in mismatch.detail
    assert "own_check@1" in mismatch.detail


def test_a_case_that_names_a_version_is_not_measured_by_another() -> None:
    case = parse_case({**mine.case().raw, "framework": "sme_2024@2024.0"})

    with pytest.raises(PackError, match="no such version"):
        freeze(case, mine.source(case), ISSUE)
    pinned = freeze(case, mine.source(case), ISSUE, Shelf({"sme_2024@2024.0": older()})).data
    assert pinned["framework"]["version"] == "2024.0"
    assert list(KIND.check(json.loads(canonical_json(pinned)))) == []


def test_a_report_of_a_case_without_a_framework_keeps_its_leading_one(made: Made) -> None:
    """A newer pack may let another framework lead the sector; the report was led by its own."""
    _without_editions(made, mine.case(), Shelf())
    snapshot = json.loads((made.folder / "snapshot.json").read_bytes())
    del snapshot["case"]["framework"]

    again = KIND.again(snapshot, made.source)

    assert again["framework"]["id"] == "sme_2024"  # and not that of coal mines
