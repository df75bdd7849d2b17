"""Scoring as background work: ordered by a person, within what that person may see."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ovoo_cloud.access import users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import jobs
from ovoo_cloud.catalogue.tables import Job
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.services import Services
from ovoo_models import artifact

from tests.cloud import builders
from tests.cloud.scoring.conftest import ingest
from tests.cloud.scoring.gateway import END, SECOND, START, FanGateway, pieces, trained

SYSTEM = Scope.system("cli")


@pytest.fixture
def gateway(services: Services, enterprise: str, tmp_path: pathlib.Path) -> FanGateway:
    built = FanGateway(enterprise, tmp_path)
    ingest(services, [built.listing(), *built.send(pieces(300 * SECOND))])
    return built


def run(services: Services, scope: Scope, gateway: FanGateway, **more: Any) -> Job:
    wanted = {
        "asset": str(gateway.asset),
        "model": json.loads(artifact.dumps(trained())),
        "start_ns": START,
        "end_ns": END,
        **more,
    }
    with services.database.write() as session:
        job = jobs.enqueue(session, scope, "rescore", wanted, enterprise=gateway.enterprise, now_ns=END)
    assert Worker(services).run_next()
    with services.database.read() as session:
        return jobs.job(session, SYSTEM, job.id)


def test_the_result_says_how_equal_the_scores_are(services: Services, gateway: FanGateway) -> None:
    job = run(services, SYSTEM, gateway, compare=True)

    assert (job.state, job.error, job.progress) == ("done", "", 1.0)
    assert job.result["comparison"]["greatest"] == 0.0
    assert job.result["comparison"]["compared"] > 5000
    assert job.result["findings"]


def test_storing_over_a_gateway_fails_and_says_why(services: Services, gateway: FanGateway) -> None:
    job = run(services, SYSTEM, gateway, store=True)

    assert job.state == "failed"
    assert "never written over" in job.error


def test_a_job_sees_what_its_owner_sees(services: Services, gateway: FanGateway) -> None:
    with services.database.write() as session:
        builders.tenant(session, "somebody-else", "elsewhere", "elsewhere-gw1")
        users.create_user(
            session,
            SYSTEM,
            "wang",
            password="a long enough password",
            role=Role.CENTRE_EXPERT,
            enterprises=["somebody-else"],
            now_ns=END,
        )

    found = run(services, Scope("wang", Role.CENTRE_EXPERT), gateway)

    assert (found.state, found.result) == ("failed", {})
    assert "not found" in found.error
