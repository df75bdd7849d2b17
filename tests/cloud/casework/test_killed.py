"""A process killed between any two of its calls to the disk: a case is before or after what was done, never between.

A killed process leaves the disk as it is at that moment. So one process does a step and takes a picture of the disk at
each of its calls, and each picture is then started from; the last test holds pictures against real kills.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import shutil
import signal
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import exchange, freezing, reviews, sheet, steps
from ovoo_cloud.casework.documents import DocumentFolder
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseDocument, CaseFile
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.cli import main
from ovoo_cloud.diagnosis.review import subjects
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_packs import load_framework

from tests.cloud.api.plant import DAY, NOW, OWN, SITE, installation
from tests.cloud.casework.centre import CASE, CONTENT, PARTS, PURPOSES, REGISTER, iso
from tests.cloud.casework.strikes import Act, Run, back, keep

pytestmark = pytest.mark.timeout(1200)
ENGINEER, EXPERT, ADMIN = "enterprise_engineer", "centre_expert", "centre_admin"
_RANDOM = re.compile(r"[0-9a-f]{8,}")
_TABLES = (
    "case_steps", "case_parts", "case_documents", "case_reviews", "case_snapshots", "case_editions", "report_numbers",
    "reports", "grants",
)  # fmt: skip


@dataclass
class House:
    """An installation on disk that only processes of their own open, and what those left there."""

    folder: pathlib.Path
    tokens: Mapping[str, str]
    trust: pathlib.Path

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.folder, access_consent="required")

    def run(self, act: Act, *outside: pathlib.Path, pictures: pathlib.Path | None = None, kill_at: int = 0) -> int:
        return Run((self.folder, *outside), self.tokens, (act,), pictures, kill_at).exit_code()

    def does(self, *acts: Act) -> None:
        """The acts, by a process that comes to its end."""
        assert Run((self.folder,), self.tokens, acts).exit_code() == 0, f"{acts[0].name} cannot be done"

    def endures(self, act: Act, *outside: pathlib.Path) -> int:
        """The act, and what a kill at each call of its process would leave: the state before it or after it.

        Where it is the one before, the act can be done again, whatever files lie about. Gives the number of calls.
        """
        paths, pictures = (self.folder, *outside), self.folder.with_name("pictures")
        before, nothing = self.record(*outside), self.left(*outside)
        assert self.run(act, *outside, pictures=pictures) == 0, act.name
        after, done = self.record(*outside), pictures / "done"
        keep(paths, done)
        redone = {nothing} if act.queued else set()  # a report takes long: again only over what was left
        looked: set[tuple[str, frozenset[str]]] = set()
        calls = sorted((each for each in pictures.iterdir() if each != done), key=lambda each: int(each.name))
        for each in calls:
            back(paths, each)
            written, found, left = self.written(), self.record(*outside), self.left(*outside)
            if (written, left) in looked:
                continue
            looked.add((written, left))
            self.holds()
            assert found in (before, after), f"{act.name} stands between at call {each.name}: {found}"
            if found == before and left not in redone:
                redone.add(left)
                self.does(act)
                self.holds()
                assert self.record(*outside) == after, f"{act.name} done again after call {each.name}"
        back(paths, done)
        shutil.rmtree(pictures)
        assert redone, act.name
        return len(calls)

    def record(self, *outside: pathlib.Path) -> str:
        """Where cases stand, how much there is of each table of theirs, and the exported files and what work read under
        grants, as text."""
        files = sorted(each for path in outside for each in path.glob("*.zip"))
        exported = [(each.name, each.stat().st_size, each.with_suffix(".zip.sig").exists()) for each in files]
        with sqlite3.connect(self.folder / "catalogue.db") as opened:
            cases = opened.execute('SELECT "case", state, version, snapshot, number FROM case_files').fetchall()
            counts = [opened.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _TABLES]
            ended = opened.execute("SELECT count(*) FROM grants WHERE withdrawn_ns IS NOT NULL").fetchone()[0]
            read = opened.execute("SELECT count(*) FROM access_lines WHERE operation LIKE 'job %'").fetchone()[0]
        opened.close()
        return json.dumps([cases, counts, ended, read, exported])

    def written(self) -> str:
        """What the database has on disk, by its hash."""
        files = sorted(self.folder.glob("catalogue.db*"))
        return hashlib.sha256(
            b"".join(each.read_bytes() for each in files if not each.name.endswith("-shm"))
        ).hexdigest()

    def left(self, *outside: pathlib.Path) -> frozenset[str]:
        """The files of the house by name, random ones alike, and where the measuring stands."""
        files = {_RANDOM.sub("*", str(each.relative_to(self.folder))) for each in self.folder.rglob("*")}
        files = {each.partition(".making-*")[0] for each in files}
        files |= {f"{each.name} {each.stat().st_size}" for path in outside for each in path.rglob("*")}
        with sqlite3.connect(self.folder / "catalogue.db") as opened:
            work = opened.execute("SELECT DISTINCT state FROM jobs WHERE kind = 'case_evidence'").fetchall()
        opened.close()
        return frozenset({*files, *map(str, work)})

    def shown(self) -> str:
        """The id of the content that lies before people."""
        return str(json.loads(self.record())[0][0][3])

    def grant(self) -> str:
        with sqlite3.connect(self.folder / "catalogue.db") as opened:
            found = opened.execute('SELECT "grant" FROM case_files').fetchone()[0]
        opened.close()
        return str(found)

    def accepts_all(self) -> None:
        """What nobody decided of the review is accepted, in one go."""
        scope = Scope.system("expert")
        with build_services(self.settings, clock=lambda: NOW) as services, services.database.write() as session:
            row = session.get(CaseFile, CASE)
            assert row is not None
            measured = freezing.read(session, row, row.snapshot)
            for subject in set(subjects(measured)) - set(reviews.standing(session, row, row.snapshot)):
                ruling = reviews.Ruling(subject, "accept")
                reviews.decide(session, scope, row, measured, row.snapshot, ruling, NOW)

    def holds(self) -> None:
        """The record of audit and the steps of every case are unbroken, and no row names a file that is not whole."""
        database = Database(self.settings.database)
        with database.read() as session:
            audit.verify_chain(session)
            for row in session.query(CaseFile):
                assert steps.check_chain(steps.steps(session, row)).value == row.state
            for document in session.query(CaseDocument):
                DocumentFolder(self.settings.documents).get(document.sha256)
            for report in session.query(Report).where(Report.case == CASE):
                assert verify_bundle(pathlib.Path(report.folder), trust=self.trust).ok
        database.close()


def step(name: str, role: str, **body: Any) -> Act:
    path = f"/cases/{CASE}/steps/{name}"
    return Act(name, role, "POST", path, {"json": body} if body else {}, queued=name in ("freeze", "issue"))


def part(name: str, content: Mapping[str, Any], version: int = 0) -> Act:
    request = {"json": {"content": content}, "headers": {"If-Match": f'"{version}"'}}
    return Act(f"part {name}", EXPERT, "PUT", f"/cases/{CASE}/parts/{name}", request)


def consent_body() -> dict[str, Any]:
    return {"purposes": PURPOSES, "sites": [SITE], "until": iso(NOW + 90 * DAY), "reason": "diagnosis"}


APPLY = Act("apply", ENGINEER, "POST", "/cases", {"json": {"id": CASE, "title": "黑山 2026", "sites": [SITE]}})
DOCUMENT = Act(
    "document", ENGINEER, "POST", f"/cases/{CASE}/documents",
    {"params": {"name": REGISTER, "sha256": hashlib.sha256(CONTENT).hexdigest()}, "content": CONTENT},
)  # fmt: skip
FORM = Act(
    "questionnaire", EXPERT, "POST", f"/cases/{CASE}/questionnaire",
    {
        "params": {"format": "csv", "answers_version": 0, "scenes_version": 0},
        "content": sheet.write_csv(load_framework("sme_2024")),
    },
)  # fmt: skip

RULING = Act(
    "review", EXPERT, "POST", f"/cases/{CASE}/review",
    {
        "json": {
            "subject": "item:awareness", "decision": "override", "value": {"options": ["step_2"]}, "reason": "seen",
        }
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> House:
    """An installation with a plant and no case of it."""
    folder = tmp_path_factory.mktemp("fresh") / "centre"
    with installation(folder, access_consent="required") as plant:
        tokens = {role: plant.token(role, 86_400) for role in (ENGINEER, EXPERT, ADMIN)}
        return House(folder, tokens, plant.services.settings.signing_key.with_name("report-key.pub.pem"))


@pytest.fixture
def house(fresh: House, tmp_path: pathlib.Path) -> House:
    folder = shutil.copytree(fresh.folder, tmp_path / "killed" / "centre")
    return House(folder, fresh.tokens, fresh.trust)


def test_a_case_is_before_or_after_whatever_its_process_was_doing_when_it_was_killed(
    house: House, tmp_path: pathlib.Path
) -> None:
    house.endures(APPLY)
    house.endures(step("accept", ADMIN, reason=""))
    house.endures(step("consent", ENGINEER, **consent_body()))
    house.endures(step("open_intake", EXPERT, framework="sme_2024"))
    for act in (DOCUMENT, FORM, part("profile", PARTS["profile"])):
        house.endures(act)
    rest = [part(name, PARTS[name], int(name != "equipment")) for name in ("equipment", "answers", "scenes")]
    house.does(*rest)
    house.endures(step("submit", EXPERT))
    house.endures(step("freeze", EXPERT))
    house.endures(RULING)
    house.accepts_all()
    house.endures(step("propose", EXPERT))
    house.endures(step("confirm", ENGINEER, snapshot=house.shown()))
    house.endures(step("issue", ADMIN, number="OV-1", snapshot=house.shown(), languages=["zh"]))
    house.endures(step("revise", EXPERT, reason="a drawing was of another year"))
    withdraw = Act("withdraw", ENGINEER, "POST", f"/grants/{house.grant()}/withdraw", {"json": {"reason": "stop"}})
    house.endures(withdraw)

    assert main(["audit", "verify", "--data-dir", str(house.folder)]) == 0
    assert sorted(each.name for each in (house.settings.reports_dir / OWN).glob("*ov*")) == ["ov-1-r1"]
    goes_elsewhere(house, tmp_path)


def goes_elsewhere(house: House, tmp_path: pathlib.Path) -> None:
    """The case is exported by a command and taken by another installation, and neither command minds a kill."""
    out = tmp_path / "out"
    out.mkdir()
    file, trust = out / "case.zip", house.settings.signing_key.with_name("report-key.pub.pem")

    house.endures(Act("export", argv=("case", "export", CASE, "--out", str(file))), out)
    other = House(tmp_path / "other", {}, trust)
    build_services(other.settings).close()
    other.endures(Act("import", argv=("case", "import", str(file), "--trust", str(trust))))

    assert sorted(each.name for each in out.iterdir()) == ["case.zip", "case.zip.sig"]
    with build_services(other.settings) as services, services.database.read() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        assert exchange.export_case(session, row, services.settings) == file.read_bytes()
    assert main(["audit", "verify", "--data-dir", str(other.folder)]) == 0


def test_a_kill_leaves_what_the_picture_of_its_moment_shows(house: House) -> None:
    house.does(APPLY, step("accept", ADMIN, reason=""), step("consent", ENGINEER, **consent_body()))
    kept, pictures = house.folder.with_name("kept"), house.folder.with_name("pictures")
    keep([house.folder], kept)
    assert house.run(DOCUMENT, pictures=pictures) == 0

    for number in range(1, len(list(pictures.iterdir())) + 1, 4):
        back([house.folder], kept)
        assert house.run(DOCUMENT, kill_at=number) == -signal.SIGKILL
        killed = (house.record(), house.left())
        back([house.folder], pictures / str(number))
        assert (house.record(), house.left()) == killed, f"call {number}"
