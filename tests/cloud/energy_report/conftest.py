"""One bundle of the dairy's month, built once, that the tests read or copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot
from ovoo_cloud.energy_report.build import build_month_report
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.reports.build import ReportResult, ReportSettings
from ovoo_cloud.reports.signing import create_key, load_signing_key

from tests.cloud.energy_report import dairy

ISSUE = Issue("E-2026-05", "2026-06-03", 1, "test")


@dataclass(frozen=True, slots=True)
class IssuedMonth:
    """A bundle on disk with its keys and source."""

    folder: Path
    private_key: Path
    public_key: Path
    source: MemorySource
    result: ReportResult

    def settings(self) -> ReportSettings:
        """The settings it was issued with."""
        key = load_signing_key(self.private_key)
        return ReportSettings("E-2026-05", "2026-06-03", key, languages=("zh", "en"))


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> IssuedMonth:
    """The month with a silence of three days, in both languages."""
    root = tmp_path_factory.mktemp("month")
    private_key, public_key = create_key(root / "keys")
    source = dairy.source(dairy.batches(cuts=[("2026-05-10", "2026-05-13")]))
    settings = ReportSettings("E-2026-05", "2026-06-03", load_signing_key(private_key), languages=("zh", "en"))
    result = build_month_report(dairy.plan(), source, settings, root / "bundle")
    return IssuedMonth(root / "bundle", private_key, public_key, source, result)


@pytest.fixture(scope="session")
def whole() -> Snapshot:
    """The whole month, all inputs given."""
    return freeze_month(dairy.plan(), dairy.source(), ISSUE)
