from __future__ import annotations

import datetime
import pathlib

import pytest
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from ovoo_cloud import diagnosis
from ovoo_cloud.access import users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, cases, enterprises, jobs, ledger, signals
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.ledger import LedgerEntry
from ovoo_cloud.catalogue.tables import EnergyDay, Gateway, Schedule, TouchedDay
from ovoo_cloud.diagnosis.case import load_case
from ovoo_cloud.jobs.schedule_store import ScheduleStore
from ovoo_cloud.jobs.work import KINDS, work_of
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.reports.signing import create_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services
from ovoo_contract.errors import ConfigError
from sqlalchemy import select

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0, S
from tests.cloud.conftest import Clock
from tests.servers.process import wait_until

SYSTEM = Scope.system()
HOUR = 3600 * S
EXAMPLE = pathlib.Path(diagnosis.__file__).with_name("example_case.yaml")


def stored_day(services: Services, kw: float = 60.0, seq: int = 1) -> None:
    """Power of one local day, 2025-10-09, every ten minutes."""
    listed = builders.catalogue()
    start = T0 - 17 * HOUR
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, listed, now_ns=T0)
    rows = [(1, start + n * 600 * S, kw, 0) for n in range(145)]
    services.store.write(builders.delivery(builders.batch(rows), seq))


def test_the_nightly_roll_up_writes_a_row_per_asset_and_day(services: Services, clock: Clock) -> None:
    stored_day(services)
    clock.now_ns = T0 + 12 * HOUR  # the next local day

    result = work_of("energy_rollup").run(services, {"days": 1}, lambda share: None)

    assert result == {"sites": 1, "days": 1}
    with services.database.read() as session:
        rows = session.scalars(select(EnergyDay).order_by(EnergyDay.asset)).all()
    assert [(row.asset.rsplit("/", 1)[-1], row.day) for row in rows] == [("", "2025-10-09"), ("fan1", "2025-10-09")]
    assert [row.energy_kwh for row in rows] == pytest.approx([1440.0, 1440.0])


def test_a_touched_day_is_rolled_up_again_and_others_are_left(services: Services, clock: Clock) -> None:
    clock.now_ns = T0 + 12 * HOUR
    run = work_of("energy_rollup").run
    run(services, {"days": 1}, lambda share: None)
    stored_day(services)
    assert run(services, {"days": 1}, lambda share: None)["days"] == 0

    with services.database.write() as session:
        session.add(TouchedDay(enterprise=ENTERPRISE, site=SITE, day="2025-10-09"))
    assert run(services, {"days": 1}, lambda share: None)["days"] == 1

    with services.database.read() as session:
        row = session.get(EnergyDay, (ENTERPRISE, SITE, "", "2025-10-09"))
        assert row is not None
        assert row.energy_kwh == pytest.approx(1440.0)
        assert session.scalars(select(TouchedDay)).all() == []


def test_new_gaps_are_audited_once(services: Services) -> None:
    with services.database.write() as session:
        ledger.record(session, LedgerEntry(GATEWAY, 7, 3, 5, 1, None, None), T0)
    run = work_of("ledger_check").run

    assert run(services, {}, lambda share: None) == {"gateways": 1, "missing": {GATEWAY: 2}}
    run(services, {}, lambda share: None)

    with services.database.read() as session:
        lines = [line for line in audit.listing(session, SYSTEM) if line.action == "ledger.gaps"]
    assert [line.detail for line in lines] == [{"gaps": [["0000000000000007", 1, 2]]}]


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="energy_rollup"):
        work_of("coffee")


def test_the_worker_runs_what_is_queued_and_keeps_failures(services: Services) -> None:
    with services.database.write() as session:
        good = jobs.enqueue(session, SYSTEM, "ledger_check", {}, now_ns=T0)
        bad = jobs.enqueue(session, SYSTEM, "report", {"case": "absent", "number": "1"}, now_ns=T0 + S)
    worker = Worker(services)

    assert [worker.run_next() for _ in range(3)] == [True, True, False]

    with services.database.read() as session:
        assert jobs.job(session, SYSTEM, good.id).result["gateways"] == 1
        failed = jobs.job(session, SYSTEM, bad.id)
    assert (failed.state, "not found" in failed.error) == ("failed", True)


def test_a_report_is_issued_in_the_name_of_who_asked(services: Services) -> None:
    create_key(services.settings.authority_dir)
    case = load_case(EXAMPLE)
    with services.database.write() as session:
        for name, enterprise in (("bai", ENTERPRISE), ("wang", "bayan-chem")):
            enterprises.save_enterprise(session, SYSTEM, enterprise)
            users.create_user(
                session,
                SYSTEM,
                name,
                password="long enough!",
                role=Role.CENTRE_EXPERT,
                enterprises=[enterprise],
                now_ns=T0,
            )
        cases.save_case(
            session, SYSTEM, "case-1", enterprise=ENTERPRISE, site=SITE, title="x", intake=case.raw, now_ns=T0
        )
        parameters = {"case": "case-1", "number": "HS/2026 001", "issue_date": "2026-06-10", "user": "system"}
        for number, name in enumerate(("bai", "wang", "gone")):
            scope = Scope(name, Role.CENTRE_EXPERT, None)
            jobs.enqueue(session, scope, "report", parameters, now_ns=T0 + number)
    worker = Worker(services)
    while worker.run_next():
        pass

    with services.database.read() as session:
        done = {job.user: job for job in jobs.jobs(session, SYSTEM)}
        (row,) = cases.reports(session, SYSTEM)
    assert {name: job.state for name, job in done.items()} == {"bai": "done", "wang": "failed", "gone": "failed"}
    assert "not found" in done["wang"].error
    assert (row.id, row.created_by) == ("w-hs-2026-001-r1", "bai")
    trust = services.settings.signing_key.with_name("report-key.pub.pem")
    assert verify_bundle(pathlib.Path(row.folder), trust=trust).ok


def test_started_it_registers_schedules_once_and_wakes_for_work(services: Services) -> None:
    for _ in range(2):
        worker = Worker(services)
        worker.start()
        worker.launch("ledger_check")
        worker.launch("ledger_check")
        wait_until(lambda: not _waiting(services), what="the run is done")
        worker.stop()

    with services.database.read() as session:
        rows = session.scalars(select(Schedule).order_by(Schedule.id)).all()
        done = jobs.jobs(session, SYSTEM)
    assert [row.id for row in rows] == sorted(kind for kind, work in KINDS.items() if work.cron is not None)
    rollup = next(row for row in rows if row.id == "energy_rollup")
    assert rollup.trigger == {"hour": "1", "minute": "10", "timezone": "Asia/Shanghai"}
    assert {job.state for job in done} == {"done"}


def _waiting(services: Services) -> bool:
    with services.database.read() as session:
        return any(job.state in ("queued", "running") for job in jobs.jobs(session, SYSTEM))


def test_schedules_survive_as_plain_data(database: Database) -> None:
    fired: list[str] = []
    scheduler = BackgroundScheduler(timezone="Asia/Shanghai")
    store = ScheduleStore(database, fired.append)
    scheduler.add_jobstore(store)
    scheduler.start(paused=True)
    trigger = CronTrigger(hour="1", minute="10", timezone="Asia/Shanghai")
    scheduler.add_job(fired.append, trigger, args=("energy_rollup",), id="energy_rollup")

    (job,) = store.get_all_jobs()
    assert (job.args, str(job.trigger)) == (("energy_rollup",), str(trigger))
    assert store.get_next_run_time() == job.next_run_time
    far = job.next_run_time + datetime.timedelta(seconds=1)
    assert [item.id for item in store.get_due_jobs(far)] == ["energy_rollup"]
    job.func(*job.args)
    assert fired == ["energy_rollup"]
    with pytest.raises(ConflictingIdError):
        store.add_job(job)
    store.remove_job("energy_rollup")
    with pytest.raises(JobLookupError):
        store.remove_job("energy_rollup")
    with pytest.raises(JobLookupError):
        store.update_job(job)
    assert store.lookup_job("energy_rollup") is None
    scheduler.shutdown(wait=False)
