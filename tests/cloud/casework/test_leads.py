"""A case led by the acceptance of its sector, from intake to a report that verifies; and an edition moved under it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from ovoo_cloud.casework import editions, questionnaire, sheet
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ConfigErrors
from ovoo_packs import load_framework

from tests.cloud.api.plant import OWN, SYSTEM
from tests.cloud.casework.centre import CASE, NOW, PARTS, Centre
from tests.cloud.casework.test_flow import report_folder

ANSWERS = {
    "answers": {
        "variant": {"options": ["production"]},
        "scope": {"options": ["ventilation_air"]},
        "ventilation_air-data_true": {"options": ["yes"]},
        "must_have": {"options": ["no"]},
        "experts": {"value": "7"},
    },
    "machines": {"ventilation_air": ["fan1"]},
}


def measured(house: Centre) -> None:
    """A case of the sector's own framework under review."""
    house.to_intake("")
    assert house.upload().status_code == 201
    for part in ("profile", "equipment"):
        assert house.write(part, PARTS[part]).status_code == 200
    answer = house.write("answers", ANSWERS)
    assert answer.status_code == 200, answer.text
    house.done("centre_expert", "submit")
    house.done("centre_expert", "freeze")


def override(house: Centre, subject: str, value: dict[str, Any]) -> Any:
    body = {"subject": subject, "decision": "override", "value": value, "reason": "seen in the list of must-haves"}
    return house.call("centre_expert", "POST", f"/cases/{CASE}/review", json=body)


def test_a_coal_mine_is_led_by_the_acceptance_from_intake_to_a_report_that_verifies(house: Centre) -> None:
    measured(house)
    subjects = {row["subject"] for row in house.call("centre_expert", "GET", f"/cases/{CASE}/review").json()["items"]}
    decided = override(house, "item:must_have", {"options": ["yes"]})
    refused = override(house, "item:experts", {"options": ["yes"]})
    house.accept_all()
    shown = house.done("centre_expert", "propose")["snapshot"]
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    house.done("centre_admin", "issue", {"number": "OV-2026-007", "snapshot": shown, "languages": ["zh", "en"]})

    folder = report_folder(house, "ov-2026-007-r1")
    snapshot = json.loads((folder / "snapshot.json").read_bytes())
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    verified = verify_bundle(folder, trust=trust, deep=StoreEvidence(house.plant.services, OWN, SYSTEM))
    assert verified.ok, verified.mismatches
    assert (snapshot["framework"]["id"], snapshot["framework"]["method"]) == ("smart_mine", "acceptance")
    assert "item:gas-data_true" not in subjects  # not applied for
    assert decided.status_code == 201, decided.text
    assert refused.status_code == 422
    assert snapshot["answers"]["must_have"]["sure"] == ["yes"]
    assert snapshot["answers"]["ventilation_air-stable_running"]["class"] == "measured"
    assert snapshot["score"]["level"] == 0  # a single day of the record is no month


def test_a_report_by_an_older_edition_verifies_deep_and_a_moved_case_uses_the_new_one(house: Centre) -> None:
    house.to_intake()
    older = json.loads(editions.installed("sme_2024"))
    older["version"] = "2024.0"
    for option in older["dimensions"][0]["groups"][0]["items"][0]["options"]:
        option["points"] = 1.5
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        editions.pin(session, row, "sme_2024", canonical_json(older), NOW)
    assert house.upload().status_code == 201
    for part, content in PARTS.items():
        assert house.write(part, content).status_code == 200
    house.done("centre_expert", "submit")
    house.done("centre_expert", "freeze")
    house.accept_all()
    shown = house.done("centre_expert", "propose")["snapshot"]
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    house.done("centre_admin", "issue", {"number": "OV-2026-008", "snapshot": shown})
    house.done("centre_expert", "revise", {"reason": "a newer edition came"})
    house.done("centre_expert", "move_edition", {})
    step = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]["decision"]

    folder = report_folder(house, "ov-2026-008-r1")
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    verified = verify_bundle(folder, trust=trust, deep=StoreEvidence(house.plant.services, OWN, SYSTEM))
    snapshot = json.loads((folder / "snapshot.json").read_bytes())
    assert snapshot["framework"]["version"] == "2024.0"
    assert verified.ok, verified.mismatches
    assert (step["old"]["version"], step["new"]["version"]) == ("2024.0", load_framework("sme_2024").version)
    assert step["old"]["total"] == snapshot["score"]["total"]
    assert step["new"]["total"] != step["old"]["total"]
    with house.plant.services.database.read() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        assert editions.pinned(session, row).version == load_framework("sme_2024").version
        kept = editions.kept_rules(house.plant.services.database)(snapshot["framework"]["sha256"])
    assert kept == older


FILLED = {
    "smart_mine": {
        ("variant", "production"): ("是", "", ""),
        ("variant", "henan"): ("否", "", ""),
        ("scope", "ventilation_air"): ("x", "", ""),
        ("ventilation_air-data_true", ""): ("yes", "核实", "抽查记录.pdf"),
        ("ventilation_air-stable_running", ""): ("2 - 3", "", ""),
        ("must_have", ""): ("no", "", ""),
        ("self_report", ""): ("?", "", ""),
        ("experts", ""): ("7", "", ""),
    },
    "gbt_39116": {("strategy", "1"): ("1, 0.5", "", ""), ("strategy", "2"): ("0.8；?", "", "记录.pdf")},
    "norms_coal_mine": {
        ("washing_coking", ""): ("6.9", "", ""),
        ("washing_coking", "process_factor"): ("0.8", "", ""),
    },
    "sme_2022": {("total", ""): ("58-61", "", "")},
}
WANTED = {
    "smart_mine": {
        "variant": {"options": ["production"], "class": "declared"},
        "scope": {"options": ["ventilation_air"], "class": "declared"},
        "ventilation_air-data_true": {"options": ["yes"], "class": "verified", "evidence": ["抽查记录.pdf"]},
        "ventilation_air-stable_running": {"low": "2", "high": "3", "class": "declared"},
        "must_have": {"options": ["no"], "class": "declared"},
        "experts": {"value": "7", "class": "declared"},
    },
    "gbt_39116": {
        "strategy": {"grades": {"1": ["1", "0.5"], "2": ["0.8", "?"]}, "class": "declared", "evidence": ["记录.pdf"]}
    },
    "norms_coal_mine": {
        "washing_coking": {"value": "6.9", "corrections": {"process_factor": "0.8"}, "class": "declared"}
    },
    "sme_2022": {"total": {"low": "58", "high": "61", "class": "declared"}},
}


def form(name: str, filled: dict[tuple[str, str], tuple[str, str, str]]) -> list[Any]:
    """The exported form with answers, read back."""
    framework = load_framework(name)
    rows = list(csv.reader(io.StringIO(sheet.write_csv(framework).decode("utf-8-sig"))))
    there = {(row[1], row[2]) for row in rows[1:]}
    assert set(filled) <= there
    for row in rows[1:]:
        row[5:] = filled.get((row[1], row[2]), ("", "", ""))
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return sheet.read_csv(out.getvalue().encode())


@pytest.mark.parametrize("name", FILLED)
def test_a_filled_questionnaire_of_any_method_says_what_people_wrote(name: str) -> None:
    told = questionnaire.parts_of_rows(form(name, FILLED[name]), load_framework(name))

    assert told == {"answers": {"answers": WANTED[name]}}


@pytest.mark.parametrize(
    ("name", "place", "text", "words"),
    [
        ("smart_mine", ("must_have", ""), "perhaps", "not an answer"),
        ("smart_mine", ("experts", ""), "seven", "neither number nor range"),
        ("norms_coal_mine", ("washing_coking", "process_factor"), "big", "not a number"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_cell(name: str, place: tuple[str, str], text: str, words: str) -> None:
    with pytest.raises(ConfigErrors, match=rf"line \d+ column 6: {words}"):
        questionnaire.parts_of_rows(form(name, {place: (text, "", "")}), load_framework(name))
