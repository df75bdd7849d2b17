"""When which work is due, in the catalogue: an APScheduler job store that keeps plain data, never pickles."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from apscheduler.job import Job as ScheduledJob
from apscheduler.jobstores.base import BaseJobStore, ConflictingIdError, JobLookupError
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import delete, func, select

from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Schedule

__all__ = ["ScheduleStore"]


class ScheduleStore(BaseJobStore):  # type: ignore[misc]  # APScheduler has no types
    """Cron schedules as rows: kind of work, cron fields, next run. `launch(kind)` is what every job calls."""

    def __init__(self, database: Database, launch: Callable[[str], None]) -> None:
        super().__init__()
        self._database = database
        self._launch = launch

    def lookup_job(self, job_id: str) -> ScheduledJob | None:
        """One schedule, None when absent."""
        with self._database.read() as session:
            row = session.get(Schedule, job_id)
        return None if row is None else self._job(row)

    def get_due_jobs(self, now: datetime.datetime) -> list[ScheduledJob]:
        """Schedules whose time has come, earliest first."""
        query = select(Schedule).where(Schedule.next_run_ns <= _to_ns(now)).order_by(Schedule.next_run_ns)
        with self._database.read() as session:
            return [self._job(row) for row in session.scalars(query)]

    def get_next_run_time(self) -> datetime.datetime | None:
        """The earliest next run."""
        with self._database.read() as session:
            return _to_moment(session.scalar(select(func.min(Schedule.next_run_ns))))

    def get_all_jobs(self) -> list[ScheduledJob]:
        """All schedules, earliest first, paused ones last."""
        with self._database.read() as session:
            jobs = [self._job(row) for row in session.scalars(select(Schedule).order_by(Schedule.next_run_ns))]
        self._fix_paused_jobs_sorting(jobs)
        return jobs

    def add_job(self, job: ScheduledJob) -> None:
        """Adds a schedule; ConflictingIdError when its id is taken."""
        with self._database.write() as session:
            if session.get(Schedule, job.id) is not None:
                raise ConflictingIdError(job.id)
            row = Schedule(id=job.id, parameters={})
            _fill(row, job)
            session.add(row)

    def update_job(self, job: ScheduledJob) -> None:
        """Changes a schedule; JobLookupError when it is absent."""
        with self._database.write() as session:
            row = session.get(Schedule, job.id)
            if row is None:
                raise JobLookupError(job.id)
            _fill(row, job)

    def remove_job(self, job_id: str) -> None:
        """Removes a schedule; JobLookupError when it is absent."""
        with self._database.write() as session:
            row = session.get(Schedule, job_id)
            if row is None:
                raise JobLookupError(job_id)
            session.delete(row)

    def remove_all_jobs(self) -> None:
        """Removes all schedules."""
        with self._database.write() as session:
            session.execute(delete(Schedule))

    def _job(self, row: Schedule) -> ScheduledJob:
        job = ScheduledJob.__new__(ScheduledJob)
        job.__setstate__(
            {
                "version": 1,
                "id": row.id,
                "func": "builtins:len",  # replaced below: a bound method has no textual reference
                "args": (row.kind,),
                "kwargs": {},
                "name": row.id,
                "trigger": CronTrigger(**row.trigger),
                "executor": "default",
                "misfire_grace_time": None,
                "coalesce": True,
                "max_instances": 1,
                "next_run_time": _to_moment(row.next_run_ns),
            }
        )
        job.func = self._launch
        job._scheduler, job._jobstore_alias = self._scheduler, self._alias
        return job


def _fill(row: Schedule, job: ScheduledJob) -> None:
    fields: dict[str, Any] = {item.name: str(item) for item in job.trigger.fields if not item.is_default}
    row.kind = job.args[0]
    row.trigger = {**fields, "timezone": str(job.trigger.timezone)}
    row.next_run_ns = None if job.next_run_time is None else _to_ns(job.next_run_time)


def _to_ns(moment: datetime.datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def _to_moment(time_ns: int | None) -> datetime.datetime | None:
    return None if time_ns is None else datetime.datetime.fromtimestamp(time_ns / 1e9, datetime.UTC)
