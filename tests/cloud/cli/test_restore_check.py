"""A restored copy is compared with the installation it came from; only a whole one becomes evidence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.access import users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.cli import main
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.jobs.readiness_report import issue_readiness, readiness_number
from ovoo_cloud.jobs.report import Order, today
from ovoo_cloud.readiness.site_plan import plan_of_site
from ovoo_cloud.reports.signing import create_key
from ovoo_cloud.restore_check import KEPT_NS, RestoreCheck, check_restore, restored_since
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from sqlalchemy import text

from tests.cloud.diagnosis import mine
from tests.cloud.readiness.plant import DAY, ENTERPRISE, SITE
from tests.cloud.readiness.stored import END, SYSTEM, fill

NOW = END + 60_000_000_000


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The data folder of the mine with one report, closed."""
    case = mine.case()
    with build_services(Settings(data_dir=tmp_path / "live"), clock=lambda: NOW) as services:
        fill(services, mine.batches(case.end_ns - 2 * DAY, case.end_ns))
        create_key(services.settings.authority_dir)
        with services.database.read() as session:
            plan = plan_of_site(session, SYSTEM, ENTERPRISE, SITE, now_ns=NOW, start_ns=END - DAY)
        issue_readiness(services, SYSTEM, plan, Order(readiness_number(plan), today(services), ["zh"]))
    return tmp_path / "live"


@pytest.fixture
def copy(live: Path) -> Path:
    """A backup of it, unpacked elsewhere."""
    return Path(shutil.copytree(live, live.parent / "restored"))


def opened(folder: Path, now_ns: int = NOW) -> Services:
    return build_services(Settings(data_dir=folder), clock=lambda: now_ns)


@pytest.fixture
def both(live: Path, copy: Path) -> Iterator[tuple[Services, Services]]:
    with opened(live) as own, opened(copy) as restored:
        yield own, restored


def test_a_whole_copy_passes_becomes_a_line_of_audit_and_evidence_for_a_year(both: tuple[Services, Services]) -> None:
    own, restored = both
    before = StoreEvidence(own, ENTERPRISE, SYSTEM).platform().backup_restored

    found = check_restore(own, restored, SYSTEM)

    assert found.whole, found.differences
    assert (found.signals, found.reports) == (18, 1)
    assert found.samples == 18 * 289
    assert (before, StoreEvidence(own, ENTERPRISE, SYSTEM).platform().backup_restored) == (None, True)
    with own.database.read() as session:
        assert restored_since(session, NOW - KEPT_NS)
        assert not restored_since(session, NOW + 1)


def test_what_came_after_the_copy_is_not_missed(live: Path, copy: Path) -> None:
    with opened(live) as own:
        with own.database.read() as session:
            plan = plan_of_site(session, SYSTEM, ENTERPRISE, SITE, now_ns=NOW, start_ns=END - DAY // 2)
        issue_readiness(own, SYSTEM, plan, Order("LATER-1", today(own), ["zh"]))
        with opened(copy) as restored:
            assert check_restore(own, restored, SYSTEM).whole


def spoil_samples(folder: Path) -> None:
    with opened(folder) as services:
        signal = mine.asset("heishan/ventilation/main/fan1").signal("power")
        found = services.store.raw(signal, END - DAY, END, 1)
        assert len(found) == 1
    shutil.rmtree(folder / "telemetry")


def spoil_report(folder: Path) -> None:
    path = next((folder / "reports").rglob("snapshot.json"))
    path.write_bytes(path.read_bytes() + b" ")


def spoil_audit(folder: Path) -> None:
    with opened(folder) as services, services.database.write() as session:
        session.execute(text("UPDATE audit SET actor = 'mallory' WHERE seq = 2"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(spoil_samples, "samples"), (spoil_report, "snapshot is missing"), (spoil_audit, "audit line 2")],
)
def test_a_spoilt_copy_is_named_and_no_evidence(live: Path, copy: Path, spoil: Any, words: str) -> None:
    spoil(copy)

    with opened(live) as own, opened(copy) as restored:
        found: RestoreCheck = check_restore(own, restored, SYSTEM)
        assert StoreEvidence(own, ENTERPRISE, SYSTEM).platform().backup_restored is None

    assert not found.whole
    assert any(words in each for each in found.differences), found.differences


def test_samples_that_differ_are_counted(live: Path, copy: Path) -> None:
    """The live store has lost its history: every row of the copy is missing there."""
    shutil.rmtree(live / "telemetry")

    with opened(live) as own, opened(copy) as restored:
        found = check_restore(own, restored, SYSTEM)

    assert len(found.differences) == 18
    assert "289 of 289 rows" in found.differences[0]


def test_the_copy_of_another_installation_is_refused(live: Path, tmp_path: Path) -> None:
    case = mine.case()
    with opened(tmp_path / "other", NOW + 5) as other:
        with other.database.write() as session:
            users.create_user(
                session, SYSTEM, "li", password="a long enough password", role=Role.CENTRE_ADMIN, now_ns=NOW
            )
        fill(other, mine.batches(case.end_ns - DAY, case.end_ns))
        with opened(live) as own:
            found = check_restore(own, other, SYSTEM)

    assert any("not that of this installation" in each for each in found.differences)


def test_the_command_tells_whole_and_refuses_a_wrong_folder(
    live: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ["--data-dir", str(live), "--json"]

    whole = main(["restore-check", *shared, str(copy)])
    document = json.loads(capsys.readouterr().out)
    itself = main(["restore-check", *shared, str(live)])
    empty = main(["restore-check", *shared, str(live.parent)])
    capsys.readouterr()
    spoil_report(copy)
    broken = main(["restore-check", *shared, str(copy)])

    assert (whole, itself, empty, broken) == (0, 2, 2, 3)
    assert (document["whole"], document["signals"]) == (True, 18)
