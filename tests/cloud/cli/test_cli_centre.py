"""`ovoo-cloud centre benchmark`: the groups as text and JSON, and a quarter that is not over."""

from __future__ import annotations

import json
import pathlib

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.cli import main
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.canonical import sha256_hex

SYSTEM = Scope.system()
MOMENT = 1_767_000_000 * 10**9  # 2025-12-29


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    with build_services(Settings(data_dir=tmp_path)) as services, services.database.write() as session:
        for n in range(5):
            bundle = tmp_path / f"r{n}"
            bundle.mkdir()
            raw = json.dumps({"figures": {"score.total": {"value": str(40 + n)}}}).encode()
            (bundle / "snapshot.json").write_bytes(raw)
            enterprises.save_enterprise(session, SYSTEM, f"plant-{n}", sector="dairy")
            session.add(
                Report(
                    id=f"r{n}", case=None, enterprise=f"plant-{n}", site="", number=f"R{n}", revision=1, title="t",
                    language="zh", folder=str(bundle), snapshot_sha256=sha256_hex(raw), summary={"level": 1},
                    start_ns=0, end_ns=1, created_by="x", created_ns=MOMENT,
                )
            )  # fmt: skip
    return tmp_path


def test_groups_are_printed_for_people_and_for_programs(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["centre", "benchmark", "--data-dir", str(folder), "--quarter", "2025-Q4"]

    assert main(base) == 0
    text = capsys.readouterr().out
    assert main([*base, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert "dairy  score.total  n=5  41.00  42.00  43.00 points" in text
    assert [group["sector"] for group in found["groups"]] == [None, "dairy", "dairy", "dairy"]
    assert "plant" not in text


@pytest.mark.parametrize("quarter", ["2025", "9000-Q1"])
def test_a_quarter_that_is_none_or_not_over_is_refused(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str], quarter: str
) -> None:
    assert main(["centre", "benchmark", "--data-dir", str(folder), "--quarter", quarter]) == 1
    assert quarter in capsys.readouterr().err
