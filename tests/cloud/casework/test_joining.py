"""A further framework that joins an open intake, and one that leaves it: refused, recorded, measured, carried."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ovoo_cloud.casework import archive, beside, exchange
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.reports.signing import load_trusted_key
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import VerifyError
from ovoo_packs import load_framework

from tests.cloud.api.plant import SYSTEM
from tests.cloud.casework.centre import CASE, PARTS, Centre
from tests.cloud.casework.test_leads import ANSWERS

INDEX = {"answers": {"total": {"low": "58", "high": "61"}}}
REASON = "the mine is not up for acceptance this year"
LEAVES = {"framework": "smart_mine", "reason": REASON}
REFUSED: tuple[tuple[str, dict[str, str], int, str], ...] = (
    ("add_framework", {"framework": "smart_mine"}, 422, "case.further_there"),
    ("add_framework", {"framework": "sme_2024"}, 422, "case.further_leads"),
    ("add_framework", {"framework": "quick_check"}, 422, "case.no_such_framework"),
    ("add_framework", {"framework": "gbt_39116@1999"}, 422, "case.no_such_version"),
    ("remove_framework", {"framework": "sme_2024", "reason": "x"}, 422, "case.leading_stays"),
    ("remove_framework", {"framework": "gbt_39116", "reason": "x"}, 422, "case.not_beside"),
    ("remove_framework", {"framework": "smart_mine", "reason": " "}, 422, "case.removal_reason"),
)


def ids(house: Centre) -> list[str]:
    return [each["id"] for each in house.file()["further"]]


def last_step(house: Centre) -> dict[str, Any]:
    found: dict[str, Any] = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]
    return found


def test_frameworks_join_and_leave_an_open_intake_and_the_record_keeps_what_was_answered(
    house: Centre, tmp_path: pathlib.Path
) -> None:
    house.to_intake()
    house.done("enterprise_engineer", "add_framework", {"framework": "smart_mine"})
    joined = last_step(house)
    assert house.upload().status_code == 201
    for part, content in PARTS.items():
        assert house.write(part, content).status_code == 200
    refused = [(house.step("centre_expert", step, body), status, code) for step, body, status, code in REFUSED]
    house.done("centre_admin", "add_framework", {"framework": "sme_2022"})
    told = {"assessments": {"smart_mine": ANSWERS, "sme_2022": INDEX}}
    assert house.write("assessments", told).status_code == 200
    house.done("centre_expert", "remove_framework", LEAVES)
    left = last_step(house)

    edition = load_framework("smart_mine")
    pinned = {"framework": "smart_mine", "edition": edition.sha256, "version": edition.version}
    assert (joined["step"], joined["role"], joined["decision"]) == ("add_framework", "enterprise_engineer", pinned)
    assert [(each.status_code, each.json()["code"]) for each, _, _ in refused] == [each[1:] for each in refused]
    assert left["decision"] == {**pinned, "reason": REASON, "answers": 1}
    assert ids(house) == ["sme_2022"]
    versions = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments/versions").json()["items"]
    assert [each["content"]["assessments"] for each in versions] == [{"sme_2022": INDEX}, told["assessments"]]
    changed = {**ANSWERS, "answers": {"experts": {"value": "8"}}}
    stale = house.write("assessments", {"assessments": {"smart_mine": changed, "sme_2022": INDEX}}, 1)
    assert (stale.status_code, stale.json()["code"]) == (412, "case.part_stale")
    only_while_the_intake_is_open(house)
    the_case_travels_with_its_frameworks(house, tmp_path)


def only_while_the_intake_is_open(house: Centre) -> None:
    """A submitted case refuses both; what it measures has the one that stayed; opened again it takes one more."""
    house.done("centre_expert", "submit")
    late = [house.step("centre_expert", "add_framework", {"framework": "gbt_39116"})]
    late.append(house.step("centre_expert", "remove_framework", {"framework": "sme_2022", "reason": "x"}))
    house.done("centre_expert", "freeze")
    late.append(house.step("centre_expert", "add_framework", {"framework": "gbt_39116"}))
    measured = house.call("centre_expert", "GET", f"/cases/{CASE}/snapshot").json()["data"]
    subjects = {row["framework"] for row in house.call("centre_expert", "GET", f"/cases/{CASE}/review").json()["items"]}

    assert [(each.status_code, each.json()["code"]) for each in late] == [(409, "case.step_out_of_order")] * 3
    assert [each["rules"]["id"] for each in measured["assessments"]] == ["sme_2022"]
    assert subjects == {"sme_2024", "sme_2022"}
    house.done("centre_expert", "reopen", {"reason": "one more is wanted"})
    house.done("centre_expert", "remove_framework", {"framework": "sme_2022", "reason": "the newer one leads"})
    assert ids(house) == []
    contents = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments").json()["content"]
    assert contents == {"assessments": {}}
    house.done("centre_expert", "add_framework", {"framework": "smart_mine"})
    house.done("centre_expert", "submit")


def the_case_travels_with_its_frameworks(house: Centre, folder: pathlib.Path) -> None:
    """Another installation takes the case with the frameworks that its steps set, and refuses any other list."""
    answer = house.call("centre_admin", "GET", f"/cases/{CASE}/export")
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    files = archive.unpack(answer.content, answer.headers["Ovoo-Seal"].encode() + b"\n", [load_trusted_key(trust)])
    head = json.loads(files["case.json"])
    there = head["file"]["further"]
    others = [each for each in json.loads(files["editions.json"]) if each["name"] == "sme_2022"]
    again = {"framework": "sme_2022", "edition": others[0]["sha256"]}
    with build_services(Settings(data_dir=folder / "other"), clock=house.plant.clock) as other:
        for further in ([], None, [again], [*there, again]):
            told = canonical_json({**head, "file": {**head["file"], "further": further}})
            with pytest.raises(VerifyError, match="do not follow from the steps"), other.database.write() as session:
                exchange.import_case(session, SYSTEM, {**files, "case.json": told}, other.settings, house.plant.clock())
        with other.database.write() as session:
            exchange.import_case(session, SYSTEM, files, other.settings, house.plant.clock())
        with other.database.read() as session:
            row = session.get_one(CaseFile, CASE)
            assert beside.names(row) == ("smart_mine",)
            assert exchange.export_case(session, row, other.settings) == answer.content


def test_a_case_has_four_further_frameworks_at_most_and_another_tenant_does_not_find_it(house: Centre) -> None:
    house.apply()
    early = house.step("enterprise_engineer", "add_framework", {"framework": "sme_2022"})
    house.done("centre_admin", "accept", {})
    house.done("enterprise_engineer", "consent", house.consent_body())
    four = ["sme_2022", "gbt_39116", "smart_mine", "norms_dairy"]
    house.done("centre_expert", "open_intake", {"framework": "sme_2024", "further": four})
    fifth = house.step("centre_expert", "add_framework", {"framework": "norms_coal_mine"})
    reader = house.step("enterprise_viewer", "add_framework", {"framework": "norms_coal_mine"})
    foreign = house.step("stranger", "remove_framework", {"framework": "sme_2022", "reason": "x"})

    assert (early.status_code, early.json()["code"]) == (409, "case.step_out_of_order")
    assert (fifth.status_code, fifth.json()["code"]) == (422, "case.too_many_further")
    assert (reader.status_code, foreign.status_code) == (403, 404)
    assert ids(house) == four
