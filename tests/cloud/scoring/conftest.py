"""Services over the embedded store and over InfluxDB, with one enrolled gateway."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Iterator

import pytest
from ovoo_cloud.ingest.intake import Intake, Message
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings

from tests.cloud import builders
from tests.cloud.scoring.gateway import END, SECOND

_TENANTS = itertools.count(1)


@pytest.fixture
def enterprise() -> str:
    """A tenant of the test's own: the InfluxDB server is shared."""
    return f"scored-{next(_TENANTS)}"


@pytest.fixture(params=["embedded", pytest.param("influx", marks=pytest.mark.server)])
def services(request: pytest.FixtureRequest, tmp_path: pathlib.Path, enterprise: str) -> Iterator[Services]:
    """Services of each store; the clock stands a minute behind the window."""
    settings = Settings(data_dir=tmp_path / "cloud")
    if request.param == "influx":
        server = request.getfixturevalue("influxdb")
        server.create(f"ovoo_{enterprise}")
        settings = Settings(data_dir=tmp_path / "cloud", store="influx", influx_url=server.url)
    with build_services(settings, clock=lambda: END + 60 * SECOND) as built:
        with built.database.write() as session:
            builders.tenant(session, enterprise)
        yield built


def ingest(services: Services, messages: list[Message]) -> None:
    """Messages as they come from the broker."""
    intake = Intake(services.database, services.store, services.clock, timezone="Asia/Shanghai")
    for start in range(0, len(messages), 50):
        intake.handle(messages[start : start + 50])
    assert not intake.counters.refused, intake.counters
