"""The relational database on both engines, and services over the embedded store."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import pytest
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings

from tests.cloud import builders
from tests.cloud.builders import T0, S


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
    url = f"sqlite:///{tmp_path / 'c.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Database(url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def services(tmp_path: pathlib.Path, clock: Callable[[], int]) -> Iterator[Services]:
    """Embedded services with one enterprise, site and gateway."""
    with build_services(Settings(data_dir=tmp_path / "data", access_consent="own"), clock=clock) as built:
        with built.database.write() as session:
            builders.tenant(session)
        yield built
