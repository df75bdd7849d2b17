"""The same samples in memory, in DuckDB and in InfluxDB, in any order, give one month to the last byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.catalogue import Catalogue

from tests.cloud.energy_report import dairy
from tests.cloud.energy_report.conftest import ISSUE
from tests.cloud.energy_report.stored import SYSTEM, fill


@pytest.fixture(params=["embedded", pytest.param("influx", marks=pytest.mark.server)])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Services over each kind of store."""
    settings = Settings(data_dir=tmp_path)
    if request.param == "influx":
        server = request.getfixturevalue("influxdb")
        server.create(f"ovoo_{dairy.ENTERPRISE}")
        settings = Settings(data_dir=tmp_path, store="influx", influx_url=server.url)
    with build_services(settings) as opened:
        yield opened


def test_every_store_and_order_gives_the_snapshot_of_memory(services: Services) -> None:
    parts = dairy.batches(start="2026-04-01", cuts=[("2026-05-10", "2026-05-12")])
    fill(services, dairy.shuffled(parts, seed=11))
    memory = MemorySource(
        dairy.entries(),
        parts,
        catalogue_ids=[Catalogue(dairy.entries()).id],
        platform=PlatformFacts(gateways=1, gateways_tls=0, roles_enforced=True),
    )
    plan = dairy.plan(baseline=None)

    stored = freeze_month(plan, StoreEvidence(services, dairy.ENTERPRISE, SYSTEM), ISSUE)

    assert stored.to_bytes() == freeze_month(plan, memory, ISSUE).to_bytes()
    assert stored.data["figures"]["energy.kwh"]["value"] is not None
