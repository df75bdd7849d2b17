"""An installation in which twenty-odd enterprises have reports, issued once."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre import entries
from ovoo_cloud.jobs.region_report import issue_region, region_inputs
from ovoo_cloud.jobs.report import Order
from ovoo_cloud.reports.build import ReportResult
from ovoo_cloud.reports.signing import create_key
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.canonical import sha256_hex

from tests.cloud.centre.conftest import NOW, SYSTEM

DAY = 86_400 * 10**9
QUARTER = "2026-Q1"
NAME, SITE, OFFICE = "zzplant", "zzsite", "企业甲乙丙"
"""Letters that stand in nothing but enterprises, their sites and their names."""
SECTORS = ("dairy",) * 9 + ("coal_mine",) * 8 + ("power",) * 2 + ("metals",) * 6
"""Two power plants are too few, and the six of metals go with them."""


@dataclass(frozen=True, slots=True)
class Region:
    """The installation with its first report of the region."""

    services: Services
    row: RegionReport
    result: ReportResult
    public_key: pathlib.Path


def snapshot(number: int, sector: str) -> dict[str, object]:
    """What the benchmark reads of a report, with what it must never show."""
    figures = {f"score.class.{name}": {"value": "25"} for name in ("measured", "verified", "declared", "insufficient")}
    figures |= {"score.total": {"value": f"{20 + number * 3}.50"}, "load.factor_percent": {"value": f"{60 + number}"}}
    return {
        "figures": figures,
        "case": {"enterprise": f"{NAME}-{number:02}", "sites": [{"id": SITE}], "profile": {"name": OFFICE}},
        "framework": {"id": "sme_2024"},
        "score": {
            "level": None if number == 0 else min(4, number // 5),
            "dimensions": [{"id": "infrastructure", "full": "20", "points": [str(number % 20), str(number % 20)]}],
            "scenes": [],
        },
        "sector": sector,
    }


def enrol(services: Services, number: int, sector: str, folder: pathlib.Path) -> None:
    """An enterprise with one issued report."""
    name = f"{NAME}-{number:02}"
    raw = json.dumps(snapshot(number, sector)).encode()
    (folder / name).mkdir(parents=True)
    (folder / name / "snapshot.json").write_bytes(raw)
    with services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, name, sector=sector, name_zh=OFFICE)
        entries.save(
            session,
            SYSTEM,
            "profile",
            name,
            {"enterprise": name, "size": "small", "region": "包头"},
            read=0,
            now_ns=NOW,
        )
        session.add(
            Report(
                id=f"r-{name}", case=None, enterprise=name, site=SITE, number=f"R-{number:02}", revision=1,
                title=OFFICE, language="zh", folder=str(folder / name), snapshot_sha256=sha256_hex(raw),
                summary={"level": 1}, start_ns=0, end_ns=1, created_by="x", created_ns=NOW - 100 * DAY,
            )
        )  # fmt: skip


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    folder = tmp_path_factory.mktemp("region")
    settings = Settings(data_dir=folder / "data")
    with build_services(settings, clock=lambda: NOW) as services:
        _, public_key = create_key(settings.authority_dir)
        for number, sector in enumerate(SECTORS):
            enrol(services, number, sector, folder / "issued")
        order = Order("REGION-1", "2026-06-08", ("zh", "en"))
        row, result = issue_region(services, SYSTEM, region_inputs(services, QUARTER), order)
        yield Region(services, row, result, public_key)
