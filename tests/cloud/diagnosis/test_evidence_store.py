"""The port over the real embedded store: the same samples give the same snapshot as in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, findings, gateways, signals
from ovoo_cloud.catalogue.tables import AlarmRecord
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.evidence import EvidenceSource, PlatformFacts
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.diagnosis.usage import AlarmLife, LinkFacts, Usage
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.base import Delivery
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import NotFound
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader

from tests.cloud.diagnosis import mine

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
SYSTEM = Scope.system()
HOUR = 3_600_000_000_000
FAN = "heishan-coal/heishan/ventilation/main/fan1"


@pytest.fixture(params=["embedded", pytest.param("influx", marks=pytest.mark.server)])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Services over each kind of store."""
    settings = Settings(data_dir=tmp_path)
    if request.param == "influx":
        server = request.getfixturevalue("influxdb")
        server.create("ovoo_heishan-coal")
        settings = Settings(data_dir=tmp_path, store="influx", influx_url=server.url)
    with build_services(settings) as opened:
        yield opened


def fill(services: Services, case: Case, parts: list[SampleBatch]) -> None:
    """Register the mine and store its samples, delivery by delivery."""
    catalogue = Catalogue(mine.entries())
    with services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, "heishan-coal")
        enterprises.save_site(session, SYSTEM, "heishan-coal", "heishan")
        gateway = gateways.register(
            session, SYSTEM, "heishan-gw1", enterprise="heishan-coal", sites=["heishan"], now_ns=case.end_ns
        )
        signals.save_catalogue(session, gateway, catalogue, now_ns=case.end_ns)
        for finding in mine.findings(case.start_ns):
            findings.upsert(session, "heishan-gw1", finding, case.end_ns)
    services.store.ensure_enterprise("heishan-coal")
    for seq, batch in enumerate(parts, start=1):
        header = BatchHeader(catalogue_id=catalogue.id, epoch=7, seq=seq, receive_ns=case.end_ns, flags=1)
        services.store.write(Delivery("heishan-gw1", "heishan-coal", header, catalogue, batch.sorted()))


def test_the_store_gives_the_snapshot_of_the_same_samples_in_memory(services: Services) -> None:
    case = mine.case()
    parts = mine.batches(case.start_ns, case.end_ns)
    random.Random(5).shuffle(parts)
    fill(services, case, parts)
    stored = StoreEvidence(services, "heishan-coal", SYSTEM)
    facts = PlatformFacts(gateways=1, gateways_tls=0, roles_enforced=True)

    life = AlarmLife("f", FAN, "limit.high", "warning", case.start_ns + HOUR, case.start_ns + 2 * HOUR)
    keep_alarm(services, case, life)
    person = sha256_hex(b"heishan-coal/li")[:8]
    usage = Usage(
        alarms=(replace(life, finding=mine.findings(case.start_ns)[0].id, acknowledged_by=person),),
        links=(LinkFacts("heishan-gw1", ("heishan",), certificate=False),),
        simulations=0,
        forecasts=0,
    )

    snapshot = freeze(case, stored, ISSUE)

    assert isinstance(stored, EvidenceSource)
    in_memory = freeze(case, mine.source(case, facts=facts, usage=usage), ISSUE)
    assert snapshot.data["figures"] == in_memory.data["figures"]
    assert snapshot.to_bytes() == in_memory.to_bytes()
    assert snapshot.data["figures"]["handling.warning.acknowledged_median"]["value"] == "60.0"


def keep_alarm(services: Services, case: Case, life: AlarmLife) -> None:
    """The alarm of the mine's first finding, acknowledged, and one that was returned after the window."""
    finding = mine.findings(case.start_ns)[0].id
    with services.database.write() as session:
        session.add(
            AlarmRecord(
                finding=finding, enterprise="heishan-coal", site="heishan", asset=life.asset, code=life.code,
                severity=life.severity, state="active_acknowledged", raised_ns=life.raised_ns,
                acknowledged_ns=life.acknowledged_ns, acknowledged_by="li", comment="", returned_ns=case.end_ns + HOUR,
            )
        )  # fmt: skip


def test_a_foreign_enterprise_is_absent(services: Services) -> None:
    with pytest.raises(NotFound):
        StoreEvidence(services, "heishan-coal", Scope("eve", Role.ENTERPRISE_ENGINEER, frozenset({"other"})))
