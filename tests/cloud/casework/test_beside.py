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

MINE = {
    "answers": {
        "variant": {"options": ["production"]},
        "scope": {"options": ["ventilation_air"]},
        "ventilation_air-data_true": {"options": ["yes"]},
        "must_have": {"options": ["no"]},
        "experts": {"value": "7"},
    },
    "machines": {"ventilation_air": ["fan1"]},
}
TOLD = {"assessments": {"sme_2022": {"answers": {"total": {"low": "58", "high": "61"}}}, "smart_mine": MINE}}
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


def pinned_older(house: Centre, name: str) -> dict[str, Any]:
    """Another edition of a further framework, to which the case is bound; gives its compiled rules."""
    older: dict[str, Any] = json.loads(editions.installed(name))
    older["version"] = "1.0"
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        beside.repin(session, row, name, canonical_json(older), NOW)
    return older


def test_a_report_shows_every_framework_reviewed_and_verifies_from_the_store(house: Centre, tmp_path: Any) -> None:
    opened(house, BOTH)
    pinned_older(house, "sme_2022")
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
    assert "中小企业数字化水平评测指标（2022" in (folder / "report.zh.html").read_text("utf-8")

    house.done("centre_expert", "revise", {"reason": "the records were read again"})
    override(house, "item:sme_2022/total", {"low": "60", "high": "60"})
    _, revised = issued(house, 2)
    changed = {row["figure"]: row for row in revised["changes"]["figures"]}
    assert changed["assessment.sme_2022.item.total"]["why"] == "seen in the records"
    assert changed["assessment.sme_2022.total"]["because"] == ["assessment.sme_2022.item.total"]
    assert not [name for name in changed if name.startswith("score.")]
    page = house.call("centre_expert", "GET", f"/cases/{CASE}/file").json()
    assert [each["id"] for each in page["further"]] == BOTH
    carried_elsewhere(house, tmp_path)


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


def taken(services: Services, files: dict[str, bytes]) -> None:
    with services.database.write() as session:
        exchange.import_case(session, SYSTEM, files, services.settings, NOW)


def test_a_further_framework_moves_to_another_edition_and_the_leading_one_stays(house: Centre) -> None:
    opened(house, BOTH)
    older = pinned_older(house, "smart_mine")
    filled(house)
    leads = house.file()["framework"]
    house.done("centre_expert", "move_edition", {"framework": "smart_mine"})
    again = house.step("centre_expert", "move_edition", {"framework": "smart_mine"})

    step = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]["decision"]
    stands = {each["id"]: each["sha256"] for each in house.file()["further"]}
    assert (step["old"]["framework"], step["old"]["version"]) == ("smart_mine", older["version"])
    assert step["new"]["version"] == load_framework("smart_mine").version
    assert (list(stands), stands["smart_mine"]) == (BOTH, load_framework("smart_mine").sha256)
    assert house.file()["framework"] == leads
    assert (again.status_code, again.json()["code"]) == (422, "case.edition_pinned")


@pytest.mark.parametrize("move", ["sme_2022", "sme_2024"])
def test_answers_that_another_edition_cannot_read_are_told_by_their_framework(house: Centre, move: str) -> None:
    opened(house, BOTH)
    older = json.loads(editions.installed("smart_mine"))
    part = next(each for each in older["dimensions"] if each["id"] == "ventilation_air")
    for group in part["groups"]:
        group["items"] = [each for each in group["items"] if each["id"] != "ventilation_air-data_true"]
    filled(house)
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        beside.repin(session, row, "smart_mine", canonical_json(older), NOW)

    refused = house.step("centre_expert", "submit")
    assert refused.status_code == 422
    assert "assessments.smart_mine.answers.ventilation_air-data_true" in refused.text
    assert move
