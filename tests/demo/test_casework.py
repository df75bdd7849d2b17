"""The demo's cases against a served centre: each step by its own person, a revision, a visit, verified reports."""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass
from typing import Any

import pytest
from ovoo_cloud.access import standing, users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.jobs.worker import Worker

from scripts.demo import aftercare, casework, people, registers, report
from scripts.demo.children import ChildFailed
from scripts.demo.place import PLANTS, Place
from scripts.demo.plants import Timeline
from scripts.demo.site import Api, read_secret
from tests.cloud.api.plant import NOW, SYSTEM
from tests.cloud.casework.centre import DAY, Centre, centre

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]
MINE, CHEMICAL, DAIRY = PLANTS
TIMELINE = Timeline(NOW - 35 * DAY, NOW - DAY, NOW)


@dataclass
class Done:
    """What the whole way of two of the demo's plants left."""

    place: Place
    steps: dict[str, list[dict[str, Any]]]
    parts: dict[str, dict[str, Any]]
    held: dict[str, int]
    later: list[tuple[str, str]]
    told: dict[str, dict[str, Any]]


def place_at(house: Centre, folder: pathlib.Path) -> Place:
    place = Place(folder / "state", folder / "out", 0, int(house.plant.url.rpartition(":")[2]))
    place.out.mkdir(parents=True)
    with house.plant.services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, DAIRY.enterprise, name_zh=DAIRY.name_zh, sector=DAIRY.pack)
        enterprises.save_site(session, SYSTEM, DAIRY.enterprise, DAIRY.site)
        for enterprise in {plant.enterprise for plant in PLANTS}:
            for speaker in standing.speakers(session, enterprise):  # people of the test plant, not of the demo
                standing.end(session, speaker, "test", NOW)
        for name in (people.ADMIN, people.DEPUTY):
            password = read_secret(place, name)
            users.create_user(session, SYSTEM, name, password=password, role=Role.CENTRE_ADMIN, now_ns=NOW)
    house.plant.services.store.ensure_enterprise(DAIRY.enterprise)
    people.enter(place)
    return place


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("demo")
    data = folder / "state" / "cloud"
    with centre(data) as house:
        place = place_at(house, folder)
        worker = Worker(house.plant.services)
        worker.start()
        everybody = casework.cases(place)
        casework.open_intakes(everybody, NOW)
        held = registers.enter(place)
        cases = [case for case in everybody if case.plant in (MINE, DAIRY)]
        casework.fill_in(cases, place, TIMELINE)
        casework.measure(cases)
        report.share_trust(place)
        for case, issued in zip(cases, casework.issue(cases), strict=True):
            report.fetch(place, case, issued)
        later = []
        for case, step, issued in aftercare.follow_up(cases, TIMELINE, NOW):
            later.append((case.id, step))
            if issued:
                report.fetch(place, case, issued)
        steps = {
            name: cases[0].people.head.get(f"/api/v1/enterprises/{plant.enterprise}/cases/{name}/steps")["items"]
            for plant, name in ((MINE, "heishan-demo"), (DAIRY, "xilin-demo"), (DAIRY, "xilin-demo-2"))
        }
        parts = {each["part"]: each for each in cases[0].people.engineer.get(f"{cases[0].home}/parts")["items"]}
        worker.stop()
    (place.state / "cloud.toml").write_text(f'data_dir = "{data}"\n', encoding="utf-8")
    checked = [report.check(place, deep=deep) for deep in (False, True)]
    return Done(
        place,
        steps,
        parts,
        held,
        later,
        {plant.site: report.summed_up(place, plant, checked) for plant in (MINE, DAIRY)},
    )


def test_every_step_is_taken_by_the_one_who_may(done: Done) -> None:
    first = ["apply", "accept", "consent", "open_intake", "submit", "freeze", "propose", "confirm", "issue"]
    mine = [row["step"] for row in done.steps["heishan-demo"]]
    actors = {row["step"]: row["actor"] for row in done.steps["heishan-demo"]}

    assert mine == [*first, "revise", "propose", "confirm", "issue"]
    assert [row["step"] for row in done.steps["xilin-demo"]] == [*first, "visit", "rediagnose"]
    assert [row["step"] for row in done.steps["xilin-demo-2"]] == first
    assert {step for step, actor in actors.items() if actor == "heishan-engineer"} == {
        "apply",
        "consent",
        "submit",
        "confirm",
    }
    assert (actors["accept"], actors["freeze"], actors["issue"]) == ("admin", "expert", "admin")
    assert done.later == [("heishan-demo", "revise"), ("xilin-demo", "visit"), ("xilin-demo-2", "rediagnose")]


def test_what_is_verified_on_site_is_written_by_the_expert(done: Done) -> None:
    assert {part: (each["version"], each["author"]) for part, each in done.parts.items()} == {
        "profile": (2, "expert"),
        "equipment": (2, "expert"),
        "answers": (2, "expert"),
        "scenes": (2, "expert"),
        "finance": (1, "heishan-engineer"),
        "energy": (1, "heishan-engineer"),
        "secrets": (1, "heishan-engineer"),
    }


def test_reports_verify_offline_and_from_the_store(done: Done) -> None:
    for told in done.told.values():
        assert told["verified"], told["checks"]
        for offline, deep in told["checks"].values():
            assert (offline["level"], deep["level"]) == (1, 2)
    assert list(done.told["heishan"]["checks"]) == ["heishan", "heishan-r2"]
    assert list(done.told["xilin"]["checks"]) == ["xilin", "xilin-2"]


def test_the_revision_lists_what_the_visit_on_site_changed(done: Done) -> None:
    snapshot = json.loads((done.place.out / "bundles" / "heishan-r2" / "snapshot.json").read_text(encoding="utf-8"))
    changed = {row["figure"]: row for row in snapshot["changes"]["figures"]}

    assert done.told["heishan"]["revision"] == 2
    assert changed["score.item.talent"]["why"] == "现场见到数字化部门及其任命文件（虚构）"
    assert float(changed["score.item.talent"]["new"]["value"]) > float(changed["score.item.talent"]["old"]["value"])
    assert snapshot["answers"]["talent"]["class"] == "verified"
    assert len(changed) == done.told["heishan"]["changes"]


def test_a_plant_is_summed_up_in_one_line_with_shares_of_the_whole(done: Done) -> None:
    told = done.told["xilin"]

    assert sum(float(share) for share in told["share_percent"].values()) == pytest.approx(100, abs=0.3)
    shown = report.line("xilin", told)
    assert shown.startswith("xilin: OVOO-DEMO-004 revision 1, before and after against OVOO-DEMO-003; level ")
    assert "; examples that fit: " in shown
    assert "verified offline and deep" in shown
    assert shown.endswith(str(done.place.out / "bundles" / "xilin-2" / "report.pdf"))


def snapshot_of(done: Done, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((done.place.out / "bundles" / name / "snapshot.json").read_text("utf-8"))
    return found


def test_the_second_diagnosis_measures_a_later_window_and_stands_beside_the_first(done: Done) -> None:
    first, second = snapshot_of(done, "xilin"), snapshot_of(done, "xilin-2")

    assert int(second["window"]["start_ns"]) == int(first["window"]["end_ns"])
    assert int(first["window"]["end_ns"]) - int(first["window"]["start_ns"]) == DAIRY.earlier_days * DAY
    assert second["before"]["number"] == "OVOO-DEMO-003"
    assert second["before"]["figures"]["score.total"] == first["figures"]["score.total"]


def test_what_was_done_in_between_rests_on_documents_of_the_second_case(done: Done) -> None:
    first, second = snapshot_of(done, "xilin"), snapshot_of(done, "xilin-2")

    assert first["answers"].get("data_security", {}).get("documents", []) == []
    assert second["answers"]["data_security"]["documents"] == ["数据安全管理制度.pdf"]
    storage = [next(row for row in each["score"]["scenes"] if row["id"] == "storage") for each in (first, second)]
    assert [(row["levels"], row["class"]) for row in storage] == [([1, 1], "verified"), ([2, 2], "verified")]
    assert float(second["figures"]["score.total"]["low"]) > float(first["figures"]["score.total"]["low"])


def test_every_register_holds_its_file_and_every_report_matches_with_examples_only(done: Done) -> None:
    assert set(done.held) == set(registers.KINDS)
    assert min(done.held.values()) > 0
    for name in ("heishan-r2", "xilin", "xilin-2"):
        matched = snapshot_of(done, name)["matching"]
        for kind in ("solution", "course", "provider", "policy"):
            assert matched[kind], (name, kind)
            assert all("示例" in row["name_zh"] and "xample" in row["name_en"] for row in matched[kind])
        assert "example-policy-over" not in {row["id"] for row in matched["policy"]}
        assert matched["rules"]["statement"]


def test_a_changed_bundle_is_named_and_sums_up_as_not_verified(done: Done, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in (done.place.out / "bundles" / "xilin").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "report.docx").write_bytes(b"something else")

    found = report.verify(done.place, folder, deep=False)

    assert not found["ok"]
    assert [each["name"] for each in found["mismatches"]] == ["report.docx"]
    assert "NOT VERIFIED" in report.line("xilin", {**done.told["xilin"], "verified": found["ok"]})


def test_passwords_are_random_and_their_owner_alone_reads_them(done: Done) -> None:
    told = people.sign_in_file(done.place)
    lines = dict(line.split() for line in told.read_text(encoding="utf-8").splitlines()[1:])

    assert list(lines) == ["admin", "deputy", "expert", "heishan-engineer", "bayan-engineer", "xilin-engineer"]
    assert len(set(lines.values())) == 6
    assert {path.stat().st_mode & 0o777 for path in (told, *(done.place.secret(name) for name in lines))} == {0o600}


def test_without_consent_the_centre_sees_nothing_of_a_plant(tmp_path: pathlib.Path) -> None:
    with centre(tmp_path / "cloud") as house:
        place = place_at(house, tmp_path)

        with pytest.raises(ChildFailed, match="404"):
            Api(place, people.EXPERT).get(f"/api/v1/enterprises/{CHEMICAL.enterprise}/reports")
