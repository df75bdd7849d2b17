"""The centre's services over a report that the product itself issued: signed, whole, and then with one byte changed."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import pathlib
from typing import Any

import pytest
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.centre_tables import RegisterVersion
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre import entries
from ovoo_cloud.centre.benchmark import read_chunk
from ovoo_cloud.centre.issued import Issued, measured_percent, read_snapshot
from ovoo_cloud.centre.kpi_sources import centre_kpis
from ovoo_cloud.centre.matching import match
from ovoo_cloud.centre.needs import match_inputs
from ovoo_cloud.centre.report_sections import benchmark_section, matching_section, sections_again
from ovoo_cloud.reports.build import ReportSettings, build_report, summary
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json
from sqlalchemy import update

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


class Deep:
    """The samples of the mine beside the registers and issued reports of the installation."""

    def __init__(self, centre: Centre, samples: Any) -> None:
        self._centre = centre
        self._samples = samples

    def __getattr__(self, name: str) -> Any:
        return getattr(self._samples, name)

    def centre_sections(self, snapshot: Any) -> Any:
        return sections_again(self._centre.services, OWN, snapshot)


@pytest.fixture
def added(centre: Centre, tmp_path: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, Any]:
    """A bundle with matching and medians in it, its trusted key, and the source to verify it from."""
    services = centre.services
    _, key = create_key(services.settings.authority_dir)
    for n in range(6):
        name, folder = f"coal-{n}", tmp_path / f"coal-{n}"
        folder.mkdir()
        raw = canonical_json({"figures": {"score.total": {"value": str(40 + n)}}})
        (folder / "snapshot.json").write_bytes(raw)
        with services.database.write() as session:
            enterprises.save_enterprise(session, SYSTEM, name, sector="coal_mine")
        centre.report(
            f"c-{n}", name, folder=str(folder), snapshot_sha256=hashlib.sha256(raw).hexdigest(), summary={"level": 1},
            created_ns=NOW - 90 * DAY,
        )  # fmt: skip
    centre.put("provider", "p", name_zh="甲", services=["software"])
    centre.put("solution", "s", name_zh="方案", provider="p", measures=["fan_pump", "idle", "peak_shift"])
    centre.put("profile", "own", enterprise=OWN, size="medium", region="呼和浩特")
    case = mine.case()

    def sections(data: Any) -> Any:
        with services.database.read() as session:
            matched = matching_section(session, SYSTEM, OWN, data, key="K", day="2026-06-08", now_ns=NOW)
        return {**matched, **benchmark_section(services, SYSTEM, OWN, data["framework"])}

    settings = ReportSettings("HS-2", "2026-06-08", load_signing_key(services.settings.signing_key), formats=["html"])
    made = build_report(case, mine.source(case), settings, tmp_path / "added", None, sections)
    return made.folder, key, Deep(centre, mine.source(case))


def centre_faults(added: tuple[pathlib.Path, pathlib.Path, Any]) -> set[str]:
    found = verify_bundle(added[0], trust=added[1], deep=added[2])
    assert {each.kind for each in found.mismatches} <= {"entry"}, found.mismatches
    return {each.name for each in found.mismatches}


def test_matching_and_medians_are_made_again_from_what_they_were_made_of(centre: Centre, added: Any) -> None:
    snapshot = json.loads((added[0] / "snapshot.json").read_bytes())
    assert snapshot["benchmark"]["total"]["p50"] == "42.50"
    assert [each["id"] for each in snapshot["matching"]["solution"]] == ["s"]
    assert not centre_faults(added)

    later = Centre(dataclasses.replace(centre.services, clock=lambda: NOW + DAY))
    with later.services.database.write() as session:
        entries.save(
            session, SYSTEM, "solution", "s2", {"name_zh": "后来", "provider": "p", "measures": ["fan_pump"]}, read=0,
            now_ns=NOW + DAY,
        )  # fmt: skip
        entries.save(
            session, SYSTEM, "profile", "own", {"enterprise": OWN, "size": "large", "region": "包头"}, read=1,
            now_ns=NOW + DAY,
        )  # fmt: skip
        for n in range(6):
            enterprises.save_enterprise(session, SYSTEM, f"coal-{n}", sector="power")

    assert not centre_faults(added)  # rows and places as they stood then


def test_a_row_or_a_report_that_was_not_so_is_told(centre: Centre, added: Any) -> None:
    with centre.services.database.write() as session:
        session.execute(update(RegisterVersion).where(RegisterVersion.id == "s").values(content={
            "name_zh": "另一方案", "provider": "p", "measures": ["fan_pump"],
        }))  # fmt: skip
        row = session.get(Report, "c-0")
        assert row is not None
        path = pathlib.Path(row.folder) / "snapshot.json"
    path.write_bytes(path.read_bytes() + b" ")

    found = centre_faults(added)

    assert {"matching/solution", "matching/offers", "benchmark/total"} <= found
    assert not [each for each in found if "coal-0" in each]


def test_no_enterprise_and_no_value_of_one_is_in_the_bundle_beside_the_medians(added: Any) -> None:
    text = (added[0] / "snapshot.json").read_text("utf-8")

    assert "coal-" not in text
    section = json.loads(text)["benchmark"]
    assert section.keys() == {
        "edition", "quarter", "minimum", "places_sha256", "sector", "total", "dimensions", "scenes",
    }  # fmt: skip
    assert section["total"].keys() == {"n", "unit", "p25", "p50", "p75"}
