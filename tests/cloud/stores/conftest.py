"""Every store, empty, behind one fixture."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Iterator

import pytest
from ovoo_cloud.stores.base import TelemetryStore
from ovoo_cloud.stores.embedded import EmbeddedStore
from ovoo_cloud.stores.influx import InfluxSettings, InfluxStore

_TENANTS = itertools.count(1)


@pytest.fixture
def enterprise() -> str:
    """A tenant of the test's own: the InfluxDB server is shared."""
    return f"tenant-{next(_TENANTS)}"


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("influx_v1", marks=pytest.mark.server),
        pytest.param("influx_v2", marks=pytest.mark.server),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: pathlib.Path, enterprise: str) -> Iterator[TelemetryStore]:
    """An empty store with the tenant's database."""
    opened: TelemetryStore
    if request.param == "embedded":
        opened = EmbeddedStore(tmp_path, max_points=10_000)
    elif request.param == "influx_v1":
        server = request.getfixturevalue("influxdb")
        server.create(f"ovoo_{enterprise}")
        opened = InfluxStore(InfluxSettings(server.url, max_points=10_000), lambda address: None)
    else:
        request.getfixturevalue("influxdb").create(f"ovoo_{enterprise}")
        proxy = request.getfixturevalue("influxdb_v2")
        settings = InfluxSettings(proxy.url, token=proxy.token, max_points=10_000)
        opened = InfluxStore(settings, lambda address: None)
    opened.ensure_enterprise(enterprise)
    yield opened
    opened.close()
