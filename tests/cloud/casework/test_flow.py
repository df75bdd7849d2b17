"""A whole case through the API: from application to a verified report, a revision, a visit and a re-diagnosis."""

from __future__ import annotations

import json
import pathlib

from ovoo_cloud.casework import steps
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.verify import verify_bundle

from tests.cloud.api.plant import OWN, SYSTEM
from tests.cloud.casework.centre import CASE, DAY, Centre, check_exports


def report_folder(house: Centre, number: str) -> pathlib.Path:
    return house.plant.services.settings.reports_dir / OWN / number


def test_a_case_goes_from_application_to_a_report_that_verifies(house: Centre) -> None:
    house.to_review()
    override = {
        "subject": "item:awareness",
        "decision": "override",
        "value": {"options": ["step_2"]},
        "reason": "the plan was not carried out",
    }
    decided = house.call("centre_expert", "POST", f"/cases/{CASE}/review", json=override)
    house.accept_all()
    shown = house.done("centre_expert", "propose")["snapshot"]
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    issued = house.done(
        "centre_admin", "issue", {"number": "OV-2026-001", "snapshot": shown, "languages": ["zh", "en"]}
    )

    folder = report_folder(house, "ov-2026-001-r1")
    settings = house.plant.services.settings
    trust = settings.signing_key.with_name("report-key.pub.pem")
    snapshot = json.loads((folder / "snapshot.json").read_bytes())
    deep = StoreEvidence(house.plant.services, OWN, SYSTEM)
    verified = verify_bundle(folder, trust=trust, deep=deep)
    assert decided.status_code == 201, decided.text
    assert (issued["state"], issued["number"]) == ("issued", "OV-2026-001")
    assert verified.ok, verified.mismatches
    (changed,) = [row for row in snapshot["review"]["items"] if row["decision"] == "override"]
    assert (changed["reviewer"], changed["found"]["sure"]) == ("centre_expert", ["step_3"])
    assert snapshot["answers"]["awareness"]["sure"] == ["step_2"]
    assert (folder / "report.en.pdf").exists()
    with house.plant.services.database.read() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        taken = steps.steps(session, row)
        assert steps.check_chain(taken) is State.ISSUED
        lines = {line.detail.get("hash") for line in audit.listing(session, SYSTEM, limit=1000)}
        assert audit.verify_chain(session) > 0
    assert {step.hash for step in taken} <= lines
    assert [step.step for step in taken] == [
        "apply", "accept", "consent", "open_intake", "submit", "freeze", "propose", "confirm", "issue",
    ]  # fmt: skip


def test_a_revision_keeps_its_number_and_lists_what_changed_and_why(house: Centre) -> None:
    house.to_issued()
    house.done("centre_expert", "revise", {"reason": "the network drawing was of another year"})
    override = {
        "subject": "item:network_build",
        "decision": "override",
        "value": {"options": []},
        "reason": "drawing of 2019",
    }
    assert house.call("centre_expert", "POST", f"/cases/{CASE}/review", json=override).status_code == 201
    shown = house.done("centre_expert", "propose")["snapshot"]
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    other = house.step("centre_admin", "issue", {"number": "OV-2026-002", "snapshot": shown})
    house.work()
    refused = house.call("centre_admin", "GET", f"/jobs/{other.json()['id']}").json()
    house.done("centre_admin", "issue", {"number": "OV-2026-001", "snapshot": shown})

    folder = report_folder(house, "ov-2026-001-r2")
    snapshot = json.loads((folder / "snapshot.json").read_bytes())
    changes = {row["figure"]: row for row in snapshot["changes"]["figures"]}
    assert (refused["state"], "a revision keeps its number" in refused["error"]) == ("failed", True)
    assert snapshot["changes"]["revision"] == 1
    assert changes["score.item.network_build"]["why"] == "drawing of 2019"
    assert changes["score.total"]["why"] == "the network drawing was of another year"
    assert changes["score.item.network_build"]["old"]["value"] != changes["score.item.network_build"]["new"]["value"]
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    assert verify_bundle(folder, trust=trust).ok
    check_exports(house)


def test_a_rediagnosis_goes_through_every_step_and_compares_with_before(house: Centre) -> None:
    house.to_issued()
    house.done("centre_expert", "visit", {"date": "2026-06-05", "words": "two actions are done"})
    followed = house.done("centre_admin", "rediagnose", {"id": "heishan-2027", "title": "again"})
    again = house.file("centre_admin", "heishan-2027")
    house.plant.clock.now_ns += DAY
    house.done("centre_admin", "accept", {}, "heishan-2027")
    house.done("enterprise_engineer", "consent", house.consent_body(), "heishan-2027")
    house.done("centre_expert", "open_intake", {}, "heishan-2027")
    copied = house.call("centre_expert", "GET", "/cases/heishan-2027/parts/equipment").json()
    house.upload(case="heishan-2027")
    house.done("centre_expert", "submit", None, "heishan-2027")
    house.done("centre_expert", "freeze", None, "heishan-2027")
    house.accept_all(case="heishan-2027")
    shown = house.done("centre_expert", "propose", None, "heishan-2027")["snapshot"]
    house.done("enterprise_engineer", "confirm", {"snapshot": shown}, "heishan-2027")
    house.done("centre_admin", "issue", {"number": "OV-2027-001", "snapshot": shown}, "heishan-2027")

    folder = report_folder(house, "ov-2027-001-r1")
    snapshot = json.loads((folder / "snapshot.json").read_bytes())
    assert (followed["state"], again["state"], again["previous"]) == ("follow_up", "applied", CASE)
    assert copied["version"] == 1
    assert snapshot["before"]["number"] == "OV-2026-001"
    assert snapshot["before"]["figures"]["score.total"]["unit"] == "points"
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    assert verify_bundle(folder, trust=trust).ok
    check_exports(house)
