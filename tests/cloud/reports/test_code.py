"""The square code of the printed cover, read as a telephone reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.reports.build import render_files
from ovoo_contract.canonical import sha256_hex

from tests.cloud.reports.conftest import Issued
from tests.cloud.reports.test_pages import pictures


def scanned(path: Path) -> list[str]:
    cover = np.ascontiguousarray(pictures(path, dpi=150)[0])
    return [found.text for found in zxingcpp.read_barcodes(cover)]


@pytest.mark.parametrize("name", ["report.pdf", "report.en.pdf"])
def test_without_an_address_the_code_names_number_revision_and_hash(issued: Issued, name: str) -> None:
    assert scanned(issued.folder / name) == [f"OVOO OVOO-2026-0001 r1 {issued.result.snapshot_sha256}"]


def test_with_an_address_the_code_leads_to_the_filled_in_page(issued: Issued, tmp_path: Path) -> None:
    data = json.loads((issued.folder / "snapshot.json").read_bytes())
    data["issue"]["verify_url"] = "https://centre.example.cn/verify"
    files = render_files(Snapshot(data), ["zh"])
    (tmp_path / "report.pdf").write_bytes(files["report.pdf"])

    code = sha256_hex(files["snapshot.json"])

    assert scanned(tmp_path / "report.pdf") == [
        f"https://centre.example.cn/verify?number=OVOO-2026-0001&revision=1&code={code}"
    ]
