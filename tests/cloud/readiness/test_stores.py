"""The same samples in memory, in DuckDB and in InfluxDB, in any order, give one readiness to the last byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_cloud.diagnosis.usage import LinkFacts, Usage
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.catalogue import Catalogue

from tests.cloud.diagnosis import mine
from tests.cloud.readiness import plant
from tests.cloud.readiness.stored import SYSTEM, fill


@pytest.fixture(params=["embedded", pytest.param("influx", marks=pytest.mark.server)])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Services over each kind of store."""
    settings = Settings(data_dir=tmp_path)
    if request.param == "influx":
        server = request.getfixturevalue("influxdb")
        server.create(f"ovoo_{plant.ENTERPRISE}")
        settings = Settings(data_dir=tmp_path, store="influx", influx_url=server.url)
    with build_services(settings) as opened:
        yield opened


def test_every_store_and_order_gives_the_snapshot_of_memory(services: Services) -> None:
    case = mine.case()
    cuts = [mine.Cut("heishan/utilities/air/comp1", 0.3, 0.4), mine.Cut("*", 0.6, 0.61)]
    parts = mine.batches(case.start_ns, case.end_ns, cuts)
    fill(services, mine.shuffled(parts, seed=11))
    link = LinkFacts(
        plant.GATEWAY, (plant.SITE,), certificate=False, deliveries=10, late=1, stored=1000, duplicates=0, shifted=0,
        offset_ms=20,
    )  # fmt: skip
    memory = MemorySource(
        mine.entries(),
        parts,
        catalogue_ids=[Catalogue(mine.entries()).id],
        platform=PlatformFacts(gateways=1, gateways_tls=0, roles_enforced=True),
        usage=Usage(links=(link,)),
    )

    stored = freeze_readiness(plant.plan(), StoreEvidence(services, plant.ENTERPRISE, SYSTEM), plant.ISSUE)

    assert stored.to_bytes() == freeze_readiness(plant.plan(), memory, plant.ISSUE).to_bytes()
    assert stored.data["figures"]["readiness.site.coverage"]["value"] == "97.6"
