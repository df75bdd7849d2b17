"""The cover tells where the case stands, and says pre-assessment until the rating is signed on site."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, content_id
from ovoo_cloud.reports.build import ReportSettings, issue_bundle
from ovoo_cloud.reports.seal import seal_of
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import verify_bundle

from tests.cloud.casework.centre import CASE, OWN, REGISTER, Centre

pytestmark = pytest.mark.server
SIGNATURE = {"date": "2026-06-05", "assessors": ["王工", "李工"], "document": REGISTER}


def draft(house: Centre, role: str = "enterprise_engineer", language: str = "zh") -> str:
    answer = house.call(role, "GET", f"/cases/{CASE}/draft", params={"format": "html", "language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


def cover(text: str) -> str:
    return text.partition("<header")[2].partition("</header>")[0]


def issued(house: Centre) -> tuple[pathlib.Path, dict[str, Any]]:
    folder = house.plant.services.settings.reports_dir / OWN / "ov-2026-001-r1"
    return folder, json.loads((folder / "snapshot.json").read_bytes())


def test_the_cover_goes_with_the_case_and_what_was_confirmed_is_what_is_issued(house: Centre) -> None:
    house.to_review()
    house.accept_all()
    proposed = house.done("centre_expert", "propose")["snapshot"]
    before = draft(house)
    house.done("enterprise_engineer", "confirm", {"snapshot": proposed})
    after = draft(house, language="en")
    same = draft(house, language="en")
    house.done("centre_admin", "issue", {"number": "OV-2026-001", "snapshot": proposed, "languages": ["zh", "en"]})
    folder, snapshot = issued(house)
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    gone = house.call("centre_expert", "GET", f"/cases/{CASE}/draft")

    assert "预评稿（未经企业确认）" in cover(before)
    assert "OV-2026-001" not in before
    assert "Pre-assessment, confirmed by the enterprise (not issued)" in cover(after)
    assert proposed in cover(after)
    assert after == same
    assert snapshot["issue"]["status"] == "issued"
    assert snapshot["issue"]["confirmed"]["content"] == content_id(snapshot) == proposed
    assert "预评 · 已签发" in cover((folder / "report.html").read_text("utf-8"))
    assert "不是官方评定" in cover((folder / "report.html").read_text("utf-8"))
    assert verify_bundle(folder, trust=trust).mismatches == ()
    assert gone.status_code == 409


def test_a_report_of_another_content_than_the_confirmed_one_does_not_verify(
    house: Centre, tmp_path: pathlib.Path
) -> None:
    house.to_issued()
    _, snapshot = issued(house)
    settings = house.plant.services.settings
    key, trust = seal_of("", "", settings.signing_key), settings.signing_key.with_name("report-key.pub.pem")
    other = {**snapshot["packs"]["factors"], "sha256": "0" * 64}
    changed = {**snapshot, "packs": {**snapshot["packs"], "factors": other}}
    confirmed = snapshot["issue"]["confirmed"]

    def issue(name: str, data: dict[str, Any], **rest: Any) -> set[str]:
        made = ReportSettings("OV-9", "2026-06-05", key, formats=(), **rest)
        issue_bundle(lambda given: Snapshot({**data, "issue": given.to_json()}), made, tmp_path / name)
        return {each.name for each in verify_bundle(tmp_path / name, trust=trust).mismatches}

    assert issue("kept", snapshot, status="issued", confirmed=confirmed) == set()
    assert issue("changed", changed, status="issued", confirmed=confirmed) == {"issue/confirmed"}
    assert issue("unsaid", snapshot, status="issued") == {"issue/status"}


def test_a_rating_signed_on_site_is_no_pre_assessment_and_is_part_of_what_is_confirmed(house: Centre) -> None:
    house.to_review()
    house.accept_all()
    unsigned = house.done("centre_expert", "propose")["snapshot"]
    house.done("enterprise_engineer", "object", {"reason": "the visit is tomorrow"})
    house.done("centre_expert", "on_site", SIGNATURE)
    signed = house.done("centre_expert", "propose")["snapshot"]
    text = draft(house)

    assert signed != unsigned
    assert "预评" not in cover(text)
    assert "王工、李工" in cover(text)
    assert "现场评定已于2026年6月5日由王工、李工签字" in text
    assert "未作现场评定" not in text


def test_what_is_measured_anew_is_rated_anew(house: Centre) -> None:
    house.to_review()
    house.done("centre_expert", "on_site", SIGNATURE)
    house.done("centre_expert", "reopen", {"reason": "a machine is missing"})
    house.done("centre_expert", "submit")
    house.done("centre_expert", "freeze")
    house.accept_all()
    house.done("centre_expert", "propose")

    assert "on_site" not in house.call("centre_expert", "GET", f"/cases/{CASE}/snapshot").json()["data"]


@pytest.mark.parametrize(
    ("body", "offender"),
    [({**SIGNATURE, "document": "absent.pdf"}, "document"), ({**SIGNATURE, "assessors": [" "]}, "assessors")],
)
def test_a_signature_needs_names_and_its_record(reviewed: Centre, body: dict[str, Any], offender: str) -> None:
    answer = reviewed.step("centre_expert", "on_site", body)

    assert (answer.status_code, answer.json()["offender"]) == (422, offender)
    assert reviewed.step("enterprise_engineer", "on_site", SIGNATURE).status_code == 403


def test_a_snapshot_of_old_keeps_its_cover(reviewed: Centre) -> None:
    data = reviewed.call("centre_expert", "GET", f"/cases/{CASE}/snapshot").json()["data"]
    old = {**data, "issue": Issue("N-1", "2026-06-05", 1, "old").to_json()}

    found = build_tree(old, "0" * 64)["cover"]

    assert (found["status"]["key"], found["status_note"]["key"]) == ("cover.status.pre", "cover.status.note")
    assert set(old["issue"]) == {"number", "date", "revision", "tool"}
