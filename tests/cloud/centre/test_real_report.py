"""The centre's services over a report that the product itself issued: signed, whole, and then with one byte changed."""

from __future__ import annotations

import datetime
import hashlib
import pathlib
from typing import Any

import pytest
from ovoo_cloud.centre.benchmark import read_chunk
from ovoo_cloud.centre.issued import Issued, measured_percent, read_snapshot
from ovoo_cloud.centre.kpi_sources import centre_kpis
from ovoo_cloud.centre.matching import match
from ovoo_cloud.centre.needs import match_inputs
from ovoo_cloud.reports.build import ReportSettings, build_report, summary
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_contract.canonical import canonical_json

from tests.cloud.centre.conftest import NOW, OWN, SYSTEM, Centre
from tests.cloud.diagnosis import mine

pytestmark = pytest.mark.timeout(600)
DAY = 86_400 * 10**9


@pytest.fixture
def issued(centre: Centre, tmp_path: pathlib.Path) -> pathlib.Path:
    """A bundle of the sample mine, registered as the installation would; its key is the installation's."""
    create_key(centre.services.settings.authority_dir)
    case = mine.case()
    settings = ReportSettings("HS-1", "2026-06-08", load_signing_key(centre.services.settings.signing_key))
    made = build_report(case, mine.source(case), settings, tmp_path / "bundle")
    centre.report(
        "hs-1-r1", folder=str(made.folder), snapshot_sha256=made.snapshot_sha256, number="HS-1",
        summary=summary(made.snapshot.data), created_ns=NOW - DAY,
    )  # fmt: skip
    return made.folder


def kpis(centre: Centre) -> dict[str, Any]:
    found = centre_kpis(centre.services, SYSTEM, NOW - 30 * DAY, NOW)
    return {each["id"]: each["value"] for each in found["figures"]}


def test_a_report_verifies_until_a_byte_of_it_changes(centre: Centre, issued: pathlib.Path) -> None:
    before = kpis(centre)
    (issued / "report.pdf").write_bytes((issued / "report.pdf").read_bytes() + b"\n")
    after = kpis(centre)

    assert (before["diagnoses_issued"], before["verified_share"], before["measured_share_80"]) == ("1", "100.0", "0.0")
    assert after["verified_share"] == "0.0"


def test_its_snapshot_says_what_is_needed_and_what_is_compared(centre: Centre, issued: pathlib.Path) -> None:
    centre.put("provider", "p", name_zh="甲", services=["software"])
    centre.put("solution", "s", name_zh="方案", provider="p", measures=["fan_pump"])
    with centre.services.database.read() as session:
        need, offers, broken = match_inputs(session, SYSTEM, OWN, datetime.date(2026, 6, 9))
        row = Issued("hs-1-r1", OWN, "", "HS-1", 1, NOW, str(issued), _sha(issued), 2)
    found = match(need, offers)
    reading = read_chunk([row])[0]

    assert broken == []
    assert {"idle", "compressed_air", "fan_pump", "peak_shift"} == set(need.measures)
    assert need.scenes
    assert [each["id"] for each in found["solution"]] == ["s"]
    assert "measure:idle" in found["unmet"]
    assert canonical_json(found)
    assert reading.figures is not None
    assert "score.total" not in reading.figures  # a range is not compared
    assert reading.figures["equipment.networked_percent"] == "62.5"
    assert reading.figures["norm.intensity/coal_underground"] == "2.911"
    percent = measured_percent(read_snapshot(row))
    assert percent is not None
    assert f"{percent:.1f}" == "12.6"  # with the reach of the control network, which the platform sees


def _sha(folder: pathlib.Path) -> str:
    return hashlib.sha256((folder / "snapshot.json").read_bytes()).hexdigest()
