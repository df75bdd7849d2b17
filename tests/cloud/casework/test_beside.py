"""A case with further frameworks beside the leading one: named, answered, reviewed, reported, moved, taken along."""

from __future__ import annotations

import csv
import io
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import pytest
from ovoo_cloud.casework import archive, beside, editions, exchange
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.signing import load_trusted_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import VerifyError
from ovoo_packs import load_framework

from tests.cloud.api.plant import NOW, OWN, SYSTEM
from tests.cloud.casework.centre import CASE, PARTS, Centre
from tests.cloud.casework.test_flow import report_folder
from tests.cloud.casework.test_leads import ANSWERS

TOLD = {"assessments": {"sme_2022": {"answers": {"total": {"low": "58", "high": "61"}}}, "smart_mine": ANSWERS}}
BOTH = ["sme_2022", "smart_mine"]


def opened(house: Centre, further: list[str] | None) -> None:
    """A case led by the index of 2024 whose parts are open."""
    house.apply()
    house.done("centre_admin", "accept", {})
    house.done("enterprise_engineer", "consent", house.consent_body())
    house.done("centre_expert", "open_intake", {"framework": "sme_2024", "further": further})


def filled(house: Centre) -> None:
    assert house.upload().status_code == 201
    for part, content in {**PARTS, "assessments": TOLD}.items():
        answer = house.write(part, content)
        assert answer.status_code == 200, answer.text


def override(house: Centre, subject: str, value: dict[str, Any]) -> Any:
    body = {"subject": subject, "decision": "override", "value": value, "reason": "seen in the records"}
    return house.call("centre_expert", "POST", f"/cases/{CASE}/review", json=body)


def confirmed(house: Centre) -> str:
    house.accept_all()
    shown = str(house.done("centre_expert", "propose")["snapshot"])
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    return shown


def issued(house: Centre, revision: int) -> tuple[pathlib.Path, dict[str, Any]]:
    """The folder of the report and its snapshot, once it verifies from the store."""
    shown = confirmed(house)
    house.done("centre_admin", "issue", {"number": "OV-2026-021", "snapshot": shown, "languages": ["zh"]})
    folder = report_folder(house, f"ov-2026-021-r{revision}")
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    verified = verify_bundle(folder, trust=trust, deep=StoreEvidence(house.plant.services, OWN, SYSTEM))
    assert verified.ok, verified.mismatches
    found: dict[str, Any] = json.loads((folder / "snapshot.json").read_bytes())
    return folder, found


def pinned(house: Centre, name: str, rules: Mapping[str, Any]) -> None:
    """Binds the case to another edition of a further framework."""
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        beside.repin(session, row, name, canonical_json(dict(rules)), NOW)


def test_a_report_shows_every_framework_reviewed_and_verifies_from_the_store(house: Centre, tmp_path: Any) -> None:
    opened(house, BOTH)
    pinned(house, "sme_2022", {**json.loads(editions.installed("sme_2022")), "version": "1.0"})
    filled(house)
    house.done("centre_expert", "submit")
    house.done("centre_expert", "freeze")
    table = house.call("centre_expert", "GET", f"/cases/{CASE}/review").json()["items"]
    decided = override(house, "item:smart_mine/must_have", {"options": ["yes"]})
    refused = override(house, "item:smart_mine/experts", {"options": ["yes"]})
    unknown = override(house, "item:gbt_39116/strategy", {"grades": {"1": ["1"]}})
    folder, snapshot = issued(house, 1)

    index, mine = snapshot["assessments"]
    rows = {row["subject"]: row for row in snapshot["review"]["items"]}
    assert {row["framework"] for row in table} == {"sme_2024", *BOTH}
    assert [decided.status_code, refused.status_code, unknown.status_code] == [201, 422, 404]
    assert snapshot["framework"]["id"] == "sme_2024"
    assert (index["rules"]["version"], index["score"]["total"]) == ("1.0", ["58", "61"])
    assert index["comparison"]["total"] == snapshot["score"]["total"]  # of the leading score after its own review
    assert mine["answers"]["must_have"]["sure"] == ["yes"]
    assert rows["item:smart_mine/must_have"]["found"]["sure"] == ["no"]
    assert mine["answers"]["ventilation_air-stable_running"]["class"] == "measured"
    assert "assessment.smart_mine.total" in snapshot["figures"]
    assert set(rows) == {row["subject"] for row in table}
    assert "assessment.smart_mine.item.must_have" in (folder / "report.json").read_text("utf-8")

    house.done("centre_expert", "revise", {"reason": "the records were read again"})
    override(house, "item:sme_2022/total", {"low": "60", "high": "60"})
    second, revised = issued(house, 2)
    printed = (second / "report.json").read_text("utf-8")
    changed = {row["figure"]: row for row in revised["changes"]["figures"]}
    assert changed["assessment.sme_2022.item.total"]["why"] == "seen in the records"
    assert changed["assessment.sme_2022.total"]["because"] == ["assessment.sme_2022.item.total"]
    assert not [name for name in changed if name.startswith("score.")]
    assert "named.assessment.total" in printed
    assert "智能化煤矿验收佐证：" in printed  # an override of a further framework is told with that one's name
    page = house.call("centre_expert", "GET", f"/cases/{CASE}/file").json()
    assert [each["id"] for each in page["further"]] == BOTH
    carried_elsewhere(house, tmp_path)
    followed(house)


def carried_elsewhere(house: Centre, folder: pathlib.Path) -> None:
    """The case goes whole into another installation and out of it again; a file that says otherwise does not."""
    answer = house.call("centre_admin", "GET", f"/cases/{CASE}/export")
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    seal = answer.headers["Ovoo-Seal"].encode() + b"\n"
    files = archive.unpack(answer.content, seal, [load_trusted_key(trust)])
    head = json.loads(files["case.json"])
    head["file"]["further"][0]["edition"] = "0" * 64
    with build_services(Settings(data_dir=folder / "other"), clock=house.plant.clock) as other:
        with pytest.raises(VerifyError, match="further framework"):
            taken(other, {**files, "case.json": canonical_json(head)})
        taken(other, files)
        with other.database.read() as session:
            row = session.get(CaseFile, CASE)
            assert row is not None
            assert exchange.export_case(session, row, other.settings) == answer.content
            assert [each.id for each in beside.frameworks(session, row)] == BOTH
        assert verify_bundle(other.settings.reports_dir / OWN / "ov-2026-021-r2", trust=trust).ok


def followed(house: Centre) -> None:
    """The case that follows begins with the further frameworks of this one, but for the one that leads it now."""
    house.done("centre_expert", "visit", {"date": "2026-06-05", "words": "two actions are done"})
    house.done("centre_admin", "rediagnose", {"id": "heishan-2027", "title": "again"})
    house.done("centre_admin", "accept", {}, "heishan-2027")
    house.done("enterprise_engineer", "consent", house.consent_body(), "heishan-2027")
    house.done("centre_expert", "open_intake", {"framework": "sme_2022"}, "heishan-2027")
    copied = house.call("centre_expert", "GET", "/cases/heishan-2027/parts/assessments").json()["content"]
    assert [each["id"] for each in house.file(case="heishan-2027")["further"]] == ["smart_mine"]
    assert copied == {"assessments": {"smart_mine": ANSWERS}}


def taken(services: Services, files: dict[str, bytes]) -> None:
    with services.database.write() as session:
        exchange.import_case(session, SYSTEM, files, services.settings, NOW)


def test_frameworks_are_refused_or_taken_answered_checked_and_moved(house: Centre) -> None:
    house.apply()
    house.done("centre_admin", "accept", {})
    house.done("enterprise_engineer", "consent", house.consent_body())
    refused = {
        code: house.step("centre_expert", "open_intake", {"framework": "sme_2024", "further": further})
        for code, further in REFUSED.items()
    }
    started = house.file()
    house.done("centre_expert", "open_intake", {"framework": "sme_2024", "further": BOTH})
    step = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]["decision"]

    assert {code: (each.status_code, each.json()["code"]) for code, each in refused.items()} == {
        code: (422, code) for code in REFUSED
    }
    assert (started["state"], started["further"]) == ("consented", [])
    assert [each["framework"] for each in step["further"]] == BOTH
    strange_answers_are_refused(house)
    a_questionnaire_of_all_frameworks_is_read(house)
    one_moves_and_the_others_stay(house)


REFUSED = {
    "case.further_twice": ["sme_2022", "gbt_39116", "sme_2022"],
    "case.further_leads": ["sme_2022", "sme_2024"],
    "case.too_many_further": ["sme_2022", "gbt_39116", "smart_mine", "norms_dairy", "norms_coal_mine"],
    "case.no_such_framework": ["quick_check"],
    "case.no_such_version": ["sme_2022@1999"],
}


def strange_answers_are_refused(house: Centre) -> None:
    """Of a framework that the case does not have at once; of an entry that it does not have before it is measured."""
    assert house.upload().status_code == 201
    for part, content in PARTS.items():
        assert house.write(part, content).status_code == 200
    foreign = house.write("assessments", {"assessments": {"gbt_39116": {"answers": {}}}})
    strange = {
        "sme_2022": {"answers": {"sum": {"value": "1", "evidence": ["none.pdf"]}}, "scenes": {"energy": {"level": "1"}}}
    }
    kept = house.write("assessments", {"assessments": strange})
    told = house.call("centre_expert", "GET", f"/cases/{CASE}/contradictions").json()["items"]
    submitted = house.step("centre_expert", "submit")

    assert (foreign.status_code, kept.status_code, submitted.status_code) == (422, 200, 422)
    assert "intake.no_further_framework" in foreign.text
    assert {row["where"]: row["code"] for row in told} == {
        "assessments.sme_2022.answers.sum": "document_missing",
        "assessments.sme_2022.scenes.energy": "unknown_entry",
    }


def a_questionnaire_of_all_frameworks_is_read(house: Centre) -> None:
    """One file asks for all; a file of old, without the further ones, leaves their answers as they are."""
    path = f"/cases/{CASE}/questionnaire"
    form = house.call("centre_expert", "GET", path, params={"format": "csv"}).content
    given = {"sme_2022/total": "58-61", "smart_mine/must_have": "no"}
    seen = {"format": "csv", "answers_version": 1, "scenes_version": 1, "assessments_version": 1}
    wrong = house.call("centre_expert", "POST", path, params=seen, content=answered(form, {"sme_2022/total": "many"}))
    late = house.call("centre_expert", "POST", path, params={**seen, "assessments_version": 0}, content=form)
    read = house.call("centre_expert", "POST", path, params=seen, content=answered(form, given))
    old = "\r\n".join(line for line in form.decode("utf-8-sig").split("\r\n") if ",sme_2022/" not in line)
    old = "\r\n".join(line for line in old.split("\r\n") if ",smart_mine/" not in line)
    seen = {"format": "csv", "answers_version": 2, "scenes_version": 2}
    without = house.call("centre_expert", "POST", path, params=seen, content=old.encode())

    (section,) = [each["content"]["assessments"] for each in read.json()["items"] if each["part"] == "assessments"]
    assert (wrong.status_code, late.status_code, read.status_code, without.status_code) == (422, 412, 200, 200)
    assert "case.neither_number_nor_range" in wrong.text
    assert section["sme_2022"]["answers"] == {"total": {"low": "58", "high": "61", "class": "declared"}}
    assert section["smart_mine"]["answers"] == {"must_have": {"options": ["no"], "class": "declared"}}
    assert [each["part"] for each in without.json()["items"]] == ["answers", "scenes"]
    assert house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments").json()["version"] == 2


def answered(form: bytes, given: Mapping[str, str]) -> bytes:
    """The exported form with answers by id."""
    rows = list(csv.reader(io.StringIO(form.decode("utf-8-sig"))))
    for row in rows[1:]:
        row[5] = given.get(row[1], "")
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def one_moves_and_the_others_stay(house: Centre) -> None:
    """Another edition of a further framework, one that lacks an item which was answered."""
    older = json.loads(editions.installed("smart_mine"))
    content = {"assessments": {"smart_mine": ANSWERS}}
    assert house.write("assessments", content, 2).status_code == 200
    for part in older["dimensions"]:
        for group in part["groups"]:
            group["items"] = [each for each in group["items"] if each["id"] != "ventilation_air-data_true"]
    pinned(house, "smart_mine", {**older, "version": "1.0"})
    unread = house.step("centre_expert", "submit")
    leads = house.file()["framework"]
    house.done("centre_expert", "move_edition", {"framework": "smart_mine"})
    step = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]["decision"]
    again = house.step("centre_expert", "move_edition", {"framework": "smart_mine"})
    stands = {each["id"]: each["sha256"] for each in house.file()["further"]}

    assert "assessments.smart_mine.answers.ventilation_air-data_true" in unread.text
    assert (step["old"]["framework"], step["old"]["version"]) == ("smart_mine", "1.0")
    assert step["new"]["version"] == load_framework("smart_mine").version
    assert (list(stands), stands["smart_mine"]) == (BOTH, load_framework("smart_mine").sha256)
    assert house.file()["framework"] == leads
    assert (again.status_code, again.json()["code"]) == (422, "case.edition_pinned")
