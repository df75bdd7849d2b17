"""Runs of background work: queued, running, done or failed, with progress and result."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue.tables import Case, Job

__all__ = ["JobState", "claim", "enqueue", "finish", "job", "jobs", "recover", "report_progress"]

JobState = Literal["queued", "running", "done", "failed"]


def enqueue(
    session: Session,
    scope: Scope,
    kind: str,
    parameters: Mapping[str, Any],
    *,
    enterprise: str = "",
    now_ns: int,
    permission: Permission = Permission.RUN_REPORT,
) -> Job:
    """Queues a run in the caller's name; the worker takes it within a second."""
    scope = scope.under(permission)
    if enterprise:
        scope.require_enterprise(enterprise)
    job = Job(
        id=secrets.token_hex(8),
        kind=kind,
        enterprise=enterprise,
        parameters=dict(parameters),
        state="queued",
        progress=0.0,
        result={},
        error="",
        user=scope.user,
        created_ns=now_ns,
    )
    session.add(job)
    session.flush()
    return job


def claim(session: Session, now_ns: int) -> Job | None:
    """Takes the oldest queued run; two workers never take the same one."""
    query = select(Job).where(Job.state == "queued").order_by(Job.created_ns, Job.id).limit(1)
    job = session.scalars(query.with_for_update(skip_locked=True)).first()
    if job is not None:
        job.state, job.started_ns = "running", now_ns
        session.flush()
    return job


def report_progress(session: Session, job_id: str, progress: float) -> None:
    """Keeps how far a run is, 0 to 1."""
    job = session.get(Job, job_id)
    if job is not None:
        job.progress = min(max(progress, 0.0), 1.0)


def finish(
    session: Session, job_id: str, now_ns: int, *, result: Mapping[str, Any] | None = None, error: str = ""
) -> None:
    """Ends a run: done with `result`, or failed with `error`."""
    job = session.get(Job, job_id)
    if job is None:
        return
    job.state, job.finished_ns = ("failed" if error else "done"), now_ns
    job.result, job.error = dict(result or {}), error
    job.progress = job.progress if error else 1.0


def recover(session: Session, now_ns: int) -> int:
    """Marks runs that a dead process left running as failed; called when a worker starts. Gives their number."""
    left = session.scalars(select(Job).where(Job.state == "running")).all()
    for job in left:
        finish(session, job.id, now_ns, error="the process ended while this ran; start it again")
    return len(left)


def job(session: Session, scope: Scope, job_id: str) -> Job:
    """One run; NotFound when absent or foreign."""
    scope = scope.under(Permission.READ_REPORT)
    found = session.get(Job, job_id)
    if found is None or not _visible(session, scope, found):
        raise absent(f"job {job_id}")
    return found


def jobs(session: Session, scope: Scope, *, enterprise: str | None = None, limit: int = 100) -> Sequence[Job]:
    """The newest runs in the scope."""
    scope = scope.under(Permission.READ_REPORT)
    query = select(Job).order_by(Job.created_ns.desc(), Job.id).limit(limit)
    if enterprise is not None:
        scope.require_enterprise(enterprise)
        query = query.where(Job.enterprise == enterprise)
    if scope.enterprises is not None:
        query = query.where(Job.enterprise.in_(scope.enterprises))
    rows = session.scalars(query).all()
    return rows if scope.purpose is None else [row for row in rows if _visible(session, scope, row)]


def _visible(session: Session, scope: Scope, job: Job) -> bool:
    """Whether the work is inside the scope; under grants also the site that it is about."""
    if not job.enterprise:
        return scope.enterprises is None
    site = _site(session, job)
    return scope.sees(job.enterprise) if site is None else scope.sees_site(job.enterprise, site)


def _site(session: Session, job: Job) -> str | None:
    """The site that work is about, None for work about a whole enterprise."""
    told = job.parameters
    if "case" in told:
        case = session.get(Case, told["case"])
        return None if case is None else case.site
    if "asset" in told:
        return "".join(str(told["asset"]).split("/")[1:2])
    return str(told["site"]) if "site" in told else None
