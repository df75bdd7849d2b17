"""A centre with registers lays its matching before the enterprise; what is confirmed is what is issued."""

from __future__ import annotations

import json

from ovoo_cloud.centre import entries
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.verify import verify_bundle

from tests.cloud.api.plant import NOW, OWN, SYSTEM
from tests.cloud.casework.centre import CASE, Centre

SCENES = ["planning", "production", "equipment", "safety", "energy", "decision"]


def test_a_case_of_a_centre_with_registers_is_issued_with_its_matching(house: Centre) -> None:
    services = house.plant.services
    with services.database.write() as session:
        entries.save(
            session, SYSTEM, "provider", "acme", {"name_zh": "甲公司", "services": ["consulting"]}, read=0, now_ns=NOW
        )
        fields = {"name_zh": "方案", "provider": "acme", "measures": ["idle"], "scenes": SCENES}
        entries.save(session, SYSTEM, "solution", "cure", fields, read=0, now_ns=NOW)
    house.to_issued()
    folder = services.settings.reports_dir / OWN / "ov-2026-001-r1"
    snapshot = json.loads((folder / "snapshot.json").read_bytes())

    trust = services.settings.signing_key.with_name("report-key.pub.pem")
    verified = verify_bundle(folder, trust=trust, deep=StoreEvidence(services, OWN, SYSTEM))

    assert verified.ok, verified.mismatches
    assert snapshot["matching"]["need"]["key"] == CASE
    assert snapshot["matching"]["need"]["scenes"]
    assert [row["id"] for row in snapshot["matching"]["solution"]] == ["cure"]
    assert [row["id"] for row in snapshot["matching"]["provider"]] == ["acme"]
    assert snapshot["benchmark"]["total"] is None  # two enterprises are no group
