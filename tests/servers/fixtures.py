"""pytest fixtures over the real servers; a missing program skips with a message that .ci/run treats as a failure."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable, Iterator

import pytest

from tests.servers import process
from tests.servers.influxdb import InfluxServer, InfluxV2Proxy
from tests.servers.mosquitto import MosquittoServer
from tests.servers.postgres import PostgresServer

_DATABASES = itertools.count(1)
DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def free_port() -> int:
    """A free loopback TCP port."""
    return process.free_port()


@pytest.fixture
def shared_data() -> Callable[[str], pathlib.Path]:
    """A function that gives a file of ../shared/data, or skips the test naming it."""

    def find(name: str) -> pathlib.Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"data set absent: ../shared/data/{name}")
        return path

    return find


@pytest.fixture
def mosquitto(tmp_path: pathlib.Path) -> Iterator[MosquittoServer]:
    """A running anonymous broker of this test's own."""
    try:
        server = MosquittoServer(tmp_path / "mosquitto")
        server.start()
    except process.ServerUnavailable as error:
        pytest.skip(f"server missing: {error}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """One influxd for the session; take a database name of your own from `influx_database`."""
    try:
        server = InfluxServer(tmp_path_factory.mktemp("influxdb"))
        server.start()
    except process.ServerUnavailable as error:
        pytest.skip(f"server missing: {error}")
    yield server
    server.stop()


@pytest.fixture
def influx_database(influxdb: InfluxServer) -> str:
    """The name of a new, empty database."""
    name = f"test_{next(_DATABASES)}"
    influxdb.create(name)
    return name


@pytest.fixture(scope="session")
def influxdb_v2(influxdb: InfluxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxV2Proxy]:
    """The 2.x write dialect in front of the session's influxd."""
    try:
        proxy = InfluxV2Proxy(tmp_path_factory.mktemp("nginx"), influxdb)
        proxy.start()
    except process.ServerUnavailable as error:
        pytest.skip(f"server missing: {error}")
    yield proxy
    proxy.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session."""
    try:
        server = PostgresServer()
    except process.ServerUnavailable as error:
        pytest.skip(f"server missing: {error}")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of a new, empty PostgreSQL database."""
    return postgres_server.fresh_database(f"test_{next(_DATABASES)}")
