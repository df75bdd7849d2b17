"""One bundle, built once, that the tests read or copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.reports.build import ReportResult, ReportSettings, build_report
from ovoo_cloud.reports.signing import create_key, load_signing_key

from tests.cloud.diagnosis import full_mine, mine
from tests.cloud.diagnosis.mine import Cut


@dataclass(frozen=True, slots=True)
class Issued:
    """A bundle on disk with the keys and the source it was made from."""

    folder: Path
    private_key: Path
    public_key: Path
    source: MemorySource
    result: ReportResult

    def settings(self) -> ReportSettings:
        """The settings it was issued with."""
        return ReportSettings(
            number="OVOO-2026-0001",
            issue_date="2026-06-08",
            signing_key=load_signing_key(self.private_key),
            languages=("zh", "en"),
        )


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """A report of the mine whose case tells everything, with a copy for the centre."""
    root = tmp_path_factory.mktemp("full")
    private_key, public_key = create_key(root / "keys")
    case = full_mine.case()
    source = full_mine.source(case)
    settings = ReportSettings(
        "OVOO-2026-0002", "2026-06-08", load_signing_key(private_key), languages=("zh", "en"), centre_copy=True
    )
    result = build_report(case, source, settings, root / "bundle")
    return Issued(root / "bundle", private_key, public_key, source, result)


CUTS = (Cut("heishan/utilities/air/comp1", 0.3, 0.7), Cut("*", 0.8, 0.83))


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """A report of the sample mine with a cut source and an outage of the platform."""
    root = tmp_path_factory.mktemp("report")
    private_key, public_key = create_key(root / "keys")
    case = mine.case()
    source = mine.source(case, CUTS)
    settings = ReportSettings("OVOO-2026-0001", "2026-06-08", load_signing_key(private_key), languages=("zh", "en"))
    result = build_report(case, source, settings, root / "bundle")
    return Issued(root / "bundle", private_key, public_key, source, result)
