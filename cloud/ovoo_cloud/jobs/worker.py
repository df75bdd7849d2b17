"""The worker: starts scheduled work when it is due and runs what is queued, one at a time."""

from __future__ import annotations

import logging
import threading
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from ovoo_contract.errors import OvooError, StoreUnavailable
from sqlalchemy import select

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import jobs
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.jobs.schedule_store import ScheduleStore
from ovoo_cloud.jobs.work import KINDS, work_of
from ovoo_cloud.services import Services

__all__ = ["Worker"]

_log = logging.getLogger(__name__)
_POLL_S: Final = 1.0
_SCOPE: Final = Scope.system("scheduler")


class Worker:
    """Runs background work until stopped.

    Schedules live in the database, so a run that was due while nothing ran starts (once) when a worker is back.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ovoo-worker", daemon=True)
        self._scheduler = BackgroundScheduler(timezone=services.settings.zone)
        self._scheduler.add_jobstore(ScheduleStore(services.database, self.launch))

    def start(self) -> None:
        """Registers the schedules, clears up after a dead worker, and starts."""
        with self._services.database.write() as session:
            jobs.recover(session, self._services.clock())
        self._scheduler.start()
        for kind, work in KINDS.items():
            if work.cron is not None and self._scheduler.get_job(kind) is None:
                trigger = CronTrigger(**work.cron, timezone=self._services.settings.zone)
                self._scheduler.add_job(self.launch, trigger, args=(kind,), id=kind, misfire_grace_time=None)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the run in hand."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def launch(self, kind: str) -> None:
        """Queues scheduled work, unless the same work is waiting already."""
        with self._services.database.write() as session:
            waiting = session.scalars(select(Job).where(Job.kind == kind, Job.state == "queued")).first()
            if waiting is None:
                jobs.enqueue(session, _SCOPE, kind, {}, now_ns=self._services.clock())
        self._wake.set()

    def run_next(self) -> bool:
        """Runs the oldest queued work here and now; False when there is none."""
        with self._services.database.write() as session:
            job = jobs.claim(session, self._services.clock())
        if job is None:
            return False
        _log.info("event=job_started id=%s kind=%s", job.id, job.kind)
        try:
            parameters = {**job.parameters, "user": job.user}  # whoever queued it, whatever it says
            result = work_of(job.kind).run(self._services, parameters, lambda share: self._progress(job.id, share))
        except Exception as error:
            # the run failed, the worker goes on: the failure is kept with the run and shown there
            _log.exception("event=job_failed id=%s kind=%s", job.id, job.kind)
            text = str(error) if isinstance(error, OvooError) else f"{type(error).__name__}: {error}"
            with self._services.database.write() as session:
                jobs.finish(session, job.id, self._services.clock(), error=text or type(error).__name__)
            return True
        with self._services.database.write() as session:
            jobs.finish(session, job.id, self._services.clock(), result=result)
        return True

    def _progress(self, job_id: str, share: float) -> None:
        with self._services.database.write() as session:
            jobs.report_progress(session, job_id, share)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                worked = self.run_next()
            except StoreUnavailable as error:
                _log.warning("event=database_unavailable detail=%s", error)
                worked = False
            if not worked:
                self._wake.wait(_POLL_S)
                self._wake.clear()
