"""What people do wrong, and what becomes of it: a clear refusal or a defined result, and nothing lost."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from tests.cloud.api.plant import NOW, OWN
from tests.cloud.casework.centre import CASE, DAY, PARTS, REGISTER, Centre


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_two_experts_at_once_get_both_versions_and_lose_neither(house: Centre) -> None:
    house.to_intake()
    first = house.write("answers", PARTS["answers"])
    other = {"answers": {"awareness": {"options": ["step_1"]}}}

    late = problem(house.write("answers", other, role="centre_admin"), 412)
    unnamed = house.call("centre_expert", "PUT", f"/cases/{CASE}/parts/answers", json={"content": other})
    joined = house.write("answers", {"answers": {**PARTS["answers"]["answers"], **other["answers"]}}, 1, "centre_admin")
    kept = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/answers/versions").json()["items"]

    assert first.headers["ETag"] == '"1"'
    assert late["versions"] == {
        "yours": {"version": 0, "content": other},
        "theirs": {"version": 1, "author": "centre_expert", "content": PARTS["answers"]},
    }
    assert problem(unnamed, 422)["offender"] == "If-Match"
    assert joined.headers["ETag"] == '"2"'
    assert [(row["version"], row["author"]) for row in kept] == [(2, "centre_admin"), (1, "centre_expert")]


def test_an_intake_that_contradicts_itself_is_not_closed_and_every_point_is_named(house: Centre) -> None:
    house.to_intake()
    wrong = {
        **PARTS,
        "equipment": {
            "equipment": [
                {"id": "fan1", "name": "f", "asset": "heishan/ventilation/main/fan1", "digital": "false"},
                {"id": "far", "name": "f", "asset": "moon/a/b/c", "digital": "true"},
                {"id": "winch", "name": "w", "count": "2", "digital": "false"},
            ]
        },
        "answers": {
            "answers": {
                "equipment_networked": {"ratio": "0.9"},
                "systems_covered": {"options": ["none", "one"]},
                "network_build": {"options": ["control_network"], "open": ["control_network"]},
                "awareness": {"options": ["step_9"]},
                "cost": {"direction": "better"},
                "rules": {"options": ["workflow"], "class": "verified", "evidence": ["absent.pdf"]},
            }
        },
        "scenes": {"scenes": {"equipment": {"levels_met": [1, 2, 4]}, "energy": {"levels_met": ["3"]}}},
        "finance": {
            "finance": {
                "2024": {"revenue_yuan": "100", "cost_yuan": "50"},
                "2025": {"revenue_yuan": "100", "cost_yuan": "60"},
            }
        },
    }
    items = {item["id"] for part in _rules(house)["dimensions"] for item in part["items"]}
    wrong["answers"]["answers"] = {k: v for k, v in wrong["answers"]["answers"].items() if k in items}
    for part, content in wrong.items():
        assert house.write(part, content).status_code == 200

    beyond = house.write("scenes", {"scenes": {"energy": {"levels_met": [7]}}}, 1)
    listed = house.call("centre_expert", "GET", f"/cases/{CASE}/contradictions").json()
    refused = problem(house.step("centre_expert", "submit"), 422)

    found = {(row["code"], row["where"].split(".")[0]) for row in listed["items"]}
    assert {
        ("networked_without_digital", "equipment"),
        ("site_outside", "equipment"),
        ("options_exclude", "answers"),
        ("unknown_entry", "answers"),
        ("level_without_lower", "scenes"),
        ("no_such_level", "scenes"),
        ("document_missing", "answers"),
    } <= found
    assert len(refused["errors"]) == len(listed["items"])  # type: ignore[arg-type]
    assert "no such level" in problem(beyond, 422)["errors"][0]["message"]  # type: ignore[index]
    assert house.file()["state"] == "intake"


def _rules(house: Centre) -> dict[str, list[dict[str, list[dict[str, str]]]]]:
    from ovoo_cloud.diagnosis.scoring import rules_of
    from ovoo_packs import load_framework

    return rules_of(load_framework("sme_2024"))


def test_a_document_with_a_wrong_hash_type_name_or_size_is_refused(house: Centre) -> None:
    house.to_intake()
    good = b"%PDF-1.7 x"
    code = hashlib.sha256(good).hexdigest()
    tries = {
        "hash": ({"name": "a.pdf", "sha256": "0" * 64}, good, "SHA-256"),
        "kind": ({"name": "a.exe", "sha256": code}, good, "type"),
        "content": ({"name": "a.png", "sha256": code}, good, "content"),
        "path": ({"name": "../a.pdf", "sha256": code}, good, "file name"),
        "empty": ({"name": "a.pdf", "sha256": hashlib.sha256(b"").hexdigest()}, b"", "empty"),
    }

    for query, content, words in tries.values():
        answer = house.call("enterprise_engineer", "POST", f"/cases/{CASE}/documents", params=query, content=content)
        assert words in str(problem(answer, 422)["title"]), answer.text
    assert house.upload().status_code == 201
    again = house.upload()
    taken = house.call(
        "enterprise_engineer",
        "POST",
        f"/cases/{CASE}/documents",
        params={"name": REGISTER, "sha256": code},
        content=good,
    )
    listed = house.call("centre_expert", "GET", f"/cases/{CASE}/documents").json()["items"]
    given = house.call("centre_expert", "GET", f"/cases/{CASE}/documents/{listed[0]['sha256']}")
    path = next(house.plant.services.settings.documents.rglob(listed[0]["sha256"]))
    path.write_bytes(b"%PDF-1.7 somebody changed it")
    damaged = house.call("centre_expert", "GET", f"/cases/{CASE}/documents/{listed[0]['sha256']}")

    assert again.status_code == 201
    assert problem(taken, 409)["offender"] == REGISTER
    assert len(listed) == 1
    assert hashlib.sha256(given.content).hexdigest() == listed[0]["sha256"]
    assert "changed on disk" in str(problem(damaged, 503)["title"])


def test_consent_withdrawn_midway_suspends_and_a_new_one_goes_on_where_it_stood(house: Centre) -> None:
    house.to_review()
    before = house.file()
    withdrawn = house.call(
        "enterprise_engineer", "POST", f"/grants/{before['grant']}/withdraw", json={"reason": "stop"}
    )
    seen = house.file("centre_admin")
    reading = house.call("centre_expert", "GET", f"/cases/{CASE}/review")
    proposing = house.step("centre_expert", "propose")
    own = house.call("enterprise_engineer", "GET", f"/cases/{CASE}/review")
    house.done("enterprise_engineer", "resume", house.consent_body())
    after = house.file("centre_admin")

    assert withdrawn.status_code == 200
    assert (seen["state"], seen["stood"], seen["snapshot"]) == ("suspended", "review", before["snapshot"])
    assert (reading.status_code, proposing.status_code, own.status_code) == (404, 404, 200)
    assert (after["state"], after["snapshot"]) == ("review", before["snapshot"])
    assert house.call("centre_expert", "GET", f"/cases/{CASE}/review").status_code == 200


def test_consent_that_runs_out_suspends_without_anybody_doing_anything(house: Centre) -> None:
    house.to_intake()
    house.plant.clock.now_ns += 91 * DAY

    assert house.file("centre_admin")["state"] == "suspended"
    assert problem(house.step("enterprise_engineer", "submit"), 409)["value"] == "'suspended'"
    taken = house.call("enterprise_engineer", "GET", f"/cases/{CASE}/steps").json()["items"]
    assert [(row["step"], row["actor"]) for row in taken][-1] == ("suspend", "installation")
    assert taken[-1]["decision"]["grant_state"] == "expired"


def test_a_number_is_never_given_twice_and_the_clock_never_goes_back(house: Centre) -> None:
    house.to_issued("OV-1")
    plant = house.plant
    with plant.services.database.write() as session:
        from ovoo_cloud.casework import numbers
        from ovoo_contract.errors import ConfigError, Conflict

        with pytest.raises(Conflict, match="another case"):
            numbers.claim(session, "OV-1", "heishan-other", "2026-06-05", "2026-06-05", NOW)
        with pytest.raises(Conflict, match="a report has this number"):
            numbers.claim(session, "heishan-2026-001", CASE, "2026-06-05", "2026-06-05", NOW)
        with pytest.raises(Conflict, match="clock"):
            numbers.claim(session, "OV-2", CASE, "2026-06-04", "2026-06-04", NOW)
        with pytest.raises(ConfigError, match="to come"):
            numbers.claim(session, "OV-2", CASE, "2026-06-06", "2026-06-05", NOW)
    issued = house.step("centre_admin", "issue", {"number": "OV-2", "snapshot": "0" * 64})
    house.work()

    job = house.call("centre_admin", "GET", f"/jobs/{issued.json()['id']}").json()
    assert (job["state"], "does not stand where this step begins" in job["error"]) == ("failed", True)


def test_what_was_confirmed_is_what_is_issued(house: Centre) -> None:
    house.to_review()
    house.accept_all(but=("item:rules",))
    unfinished = problem(house.step("centre_expert", "propose"), 422)
    house.accept_all()
    shown = house.done("centre_expert", "propose")["snapshot"]
    other = problem(house.step("enterprise_engineer", "confirm", {"snapshot": "0" * 64}), 412)
    objected = house.done("enterprise_engineer", "object", {"reason": "the winch is digital"})
    stale = house.step("enterprise_engineer", "confirm", {"snapshot": shown})

    assert [row["where"] for row in unfinished["errors"]] == ["item:rules"]  # type: ignore[attr-defined]
    assert other["versions"] == {"yours": "0" * 64, "theirs": shown}
    assert objected["state"] == "review"
    assert stale.status_code == 409


def _override(subject: str, value: dict[str, object]) -> dict[str, object]:
    return {"subject": subject, "decision": "override", "value": value, "reason": "x"}


@pytest.mark.parametrize(
    ("ruling", "words"),
    [
        ({"subject": "item:awareness", "decision": "override", "value": {"options": ["step_1"]}}, "reason"),
        (_override("item:awareness", {"options": ["step_9"]}), "no such"),
        (_override("item:awareness", {"ratio": "0.5"}), "wrong form"),
        (_override("item:talent", {"options": ["staff"]}), "nothing"),
        (_override("scene:energy", {"level": 5}), "level"),
        ({**_override("scene:energy", {"level": 2}), "document": "n"}, "no such"),
        ({"subject": "item:awareness", "decision": "accept", "value": {"options": []}}, "accepted"),
    ],
)  # fmt: skip
def test_an_override_that_does_not_fit_is_refused(reviewed: Centre, ruling: dict[str, object], words: str) -> None:
    answer = reviewed.call("centre_expert", "POST", f"/cases/{CASE}/review", json=ruling)

    assert words in str(problem(answer, 422)["detail"])


def test_an_override_raises_the_class_only_with_a_visit_on_site(reviewed: Centre) -> None:
    from ovoo_cloud.diagnosis.review import overridden

    told = {"sure": ["staff"], "open": [], "class": "declared", "evidence": [], "documents": []}
    row = {"subject": "item:talent", "value": {"options": ["staff"]}, "on_site": False, "document": "a.pdf"}

    assert overridden(row, told)["class"] == "declared"
    assert overridden({**row, "on_site": True}, told)["class"] == "verified"
    assert overridden({**row, "on_site": True}, None)["class"] == "verified"
    assert overridden(row, {**told, "class": "measured"})["class"] == "declared"


def test_a_newer_edition_changes_nothing_until_it_is_moved_to(house: Centre) -> None:
    from ovoo_cloud.casework import editions
    from ovoo_cloud.catalogue.case_tables import CaseFile
    from ovoo_contract.canonical import canonical_json

    house.to_review()
    older = json.loads(editions.installed("sme_2024"))
    older["version"] = "2024.0"
    with house.plant.services.database.write() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        editions.pin(session, row, "sme_2024", canonical_json(older), NOW)
    house.done("centre_expert", "reopen", {"reason": "test"})
    house.done("centre_expert", "submit")
    house.done("centre_expert", "freeze")
    kept = house.call("centre_expert", "GET", f"/cases/{CASE}/snapshot").json()["data"]["framework"]["version"]
    moved = house.done("centre_expert", "move_edition", {})
    step = house.call("centre_expert", "GET", f"/cases/{CASE}/steps").json()["items"][-1]

    assert kept == "2024.0"
    assert moved["state"] == "intake"
    assert step["decision"]["old"]["version"] == "2024.0"
    assert step["decision"]["new"]["version"] != "2024.0"
    assert step["decision"]["old"]["total"] == step["decision"]["new"]["total"]
    assert problem(house.step("centre_expert", "move_edition", {}), 422)["offender"] == "framework"


def test_no_way_leads_around_the_steps(house: Centre) -> None:
    house.to_intake()
    plain = house.call("centre_admin", "PUT", f"/cases/{CASE}", json={"title": "x", "intake": {"enterprise": OWN}})
    ordered = house.call("centre_admin", "POST", f"/cases/{CASE}/reports", json={"number": "X-1"})

    assert plain.status_code in (409, 422)
    assert ordered.status_code == 409
