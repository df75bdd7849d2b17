"""The relational database on both engines, and services over the embedded store."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable, Iterator

import pytest
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings

from tests.cloud import builders
from tests.cloud.builders import T0, S
from tests.cloud.empty import put_empty_catalogue
from tests.servers.postgres import PostgresServer

_NUMBERS = itertools.count(1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_ns = T0 + 60 * S

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def database(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Database]:
    """A migrated, empty database on each engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{put_empty_catalogue(tmp_path, 'c.db')}"
    else:
        url = request.getfixturevalue("migrated_postgres_url")
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """The name of a migrated, empty database that nobody opens: others are made like it."""
    opened = Database(postgres_server.fresh_database("migrated"))
    opened.migrate()
    opened.close()
    return "migrated"


@pytest.fixture
def migrated_postgres_url(postgres_server: PostgresServer, migrated_postgres: str) -> str:
    """The URL of a migrated, empty PostgreSQL database of the test's own."""
    return postgres_server.fresh_database(f"like_{next(_NUMBERS)}", like=migrated_postgres)


@pytest.fixture
def services(tmp_path: pathlib.Path, clock: Callable[[], int]) -> Iterator[Services]:
    """Embedded services with one enterprise, site and gateway."""
    put_empty_catalogue(tmp_path / "data")
    with build_services(Settings(data_dir=tmp_path / "data", access_consent="own"), clock=clock) as built:
        with built.database.write() as session:
            builders.tenant(session)
        yield built
