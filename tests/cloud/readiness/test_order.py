"""Ordering a readiness report: by job and by command line; the plan from the site's names and the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ovoo_cloud import cli
from ovoo_cloud.access import users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases, jobs
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.jobs.readiness_report import readiness_number
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.readiness.newest import newest_readiness
from ovoo_cloud.readiness.site_plan import LONGEST_DAYS, plan_of_site
from ovoo_cloud.reports.signing import create_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import ConfigError, NotFound

from tests.cloud.diagnosis import mine
from tests.cloud.readiness.plant import DAY, ENTERPRISE, SITE, START
from tests.cloud.readiness.stored import END, SYSTEM, fill

NOW = END + 12_345_678_901
ORDER = {"enterprise": ENTERPRISE, "site": SITE, "languages": ["zh", "en"]}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The mine in the embedded store, a few seconds after its window."""
    with build_services(Settings(data_dir=tmp_path / "data", access_consent="own"), clock=lambda: NOW) as opened:
        case = mine.case()
        fill(opened, mine.batches(case.start_ns, case.end_ns, [mine.Cut("heishan/utilities/air/comp1", 0.9, 1.0)]))
        create_key(opened.settings.authority_dir)
        yield opened


def test_the_plan_is_the_last_thirty_days_to_whole_minutes(services: Services) -> None:
    with services.database.read() as session:
        plan = plan_of_site(session, SYSTEM, ENTERPRISE, SITE, now_ns=NOW)
        early = plan_of_site(session, SYSTEM, ENTERPRISE, SITE, now_ns=NOW, start_ns=START, end_ns=NOW + 9 * DAY)

    assert (plan.start_ns, plan.end_ns) == (END - 30 * DAY, END)
    assert (early.start_ns, early.end_ns) == (START, END)
    assert (plan.site_name.zh, plan.name.en) == ("黑山矿", "Heishan Coal")
    assert readiness_number(plan) == "R-2026-06-04-heishan-heishan-coal"


@pytest.mark.parametrize(
    ("start", "end"), [(END, START), (END - LONGEST_DAYS * DAY - DAY, END), (NOW + DAY, NOW + 2 * DAY)]
)
def test_a_window_that_is_none_is_refused(services: Services, start: int, end: int) -> None:
    with services.database.read() as session, pytest.raises(ConfigError, match="no window"):
        plan_of_site(session, SYSTEM, ENTERPRISE, SITE, now_ns=NOW, start_ns=start, end_ns=end)


def test_a_foreign_site_is_absent(services: Services) -> None:
    with services.database.read() as session, pytest.raises(NotFound):
        plan_of_site(session, Scope("eve", Role.CENTRE_EXPERT, frozenset({"other"})), ENTERPRISE, SITE, now_ns=NOW)


def test_the_job_issues_a_bundle_that_verifies_against_the_store_and_is_the_newest(services: Services) -> None:
    with services.database.write() as session:
        users.create_user(
            session, SYSTEM, "bai", password="a long enough password", role=Role.CENTRE_EXPERT, now_ns=NOW
        )
        scope = Scope("bai", Role.CENTRE_EXPERT, None)
        jobs.enqueue(session, scope, "readiness_report", ORDER, enterprise=ENTERPRISE, now_ns=NOW)

    assert Worker(services).run_next()

    with services.database.read() as session:
        done = jobs.jobs(session, SYSTEM)[0]
        assert done.state == "done", done.error
        row = cases.report(session, SYSTEM, done.result["report"])
        newest = newest_readiness(session, SYSTEM, ENTERPRISE, SITE)
    key = services.settings.authority_dir / "report-key.pub.pem"
    checked = verify_bundle(Path(row.folder), trust=key, deep=StoreEvidence(services, ENTERPRISE, SYSTEM))
    assert (checked.mismatches, checked.level) == ((), 2)
    assert row.summary["kind"] == "readiness"
    assert newest is not None
    assert (newest.report.id, newest.data["format"] if newest.data else "") == (row.id, "ovoo.readiness/1")
    assert newest.data is not None
    assert (newest.data["todo"][0]["asset"], newest.data["todo"][0]["part"]) == (
        f"{ENTERPRISE}/{SITE}/utilities/air/comp1", "continuity",
    )  # fmt: skip


def test_a_report_whose_folder_is_gone_is_listed_without_data(services: Services) -> None:
    with services.database.write() as session:
        jobs.enqueue(session, SYSTEM, "readiness_report", ORDER, enterprise=ENTERPRISE, now_ns=NOW)
    assert Worker(services).run_next()
    with services.database.read() as session:
        before = newest_readiness(session, SYSTEM, ENTERPRISE, SITE)
        assert before is not None
        (Path(before.report.folder) / "snapshot.json").unlink()

        after = newest_readiness(session, SYSTEM, ENTERPRISE, SITE)

    assert after is not None
    assert (after.report.id, after.data) == (before.report.id, None)


def test_the_command_line_issues_and_verifies(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, key = services.settings.data_dir, services.settings.authority_dir / "report-key.pub.pem"
    services.close()
    words = ["--enterprise", ENTERPRISE, "--site", SITE, "--start", "2026-05-01T00:00:00+08:00"]
    shared = ["--data-dir", str(data), "--json"]
    until = ["--end", "2026-05-11T00:00:00+08:00"]

    made = cli.main(["readiness", *shared, *words, *until, "--language", "en", "--out", str(tmp_path / "out")])
    document = json.loads(capsys.readouterr().out)
    checked = cli.main(["verify", *shared, str(tmp_path / "out"), "--trust", str(key), "--deep"])
    verdict = json.loads(capsys.readouterr().out)
    refused = cli.main(["readiness", *shared, *words[:-1], "2026-05-01"])

    assert (made, checked, refused) == (0, 0, 2)
    assert document["figures"]["readiness.covered_percent"]["value"] == "100.00"
    assert document["number"] == "R-2026-05-10-heishan-heishan-coal"
    assert (verdict["ok"], verdict["level"]) == (True, 2)
