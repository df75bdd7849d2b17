"""The same snapshot gives the same bytes: other process, folder, locale, time zone, hash seed, Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ovoo_cloud.reports.build import build_report

from tests.cloud.diagnosis import mine
from tests.cloud.reports.conftest import Issued

ROOT = Path(__file__).resolve().parents[3]
MEMBERS = ("contract", "packs", "models", "cloud")
FILES = 10  # snapshot, document, and four formats in each of two languages
CODE = (
    "import json, sys, pathlib; from ovoo_cloud.diagnosis.snapshot import Snapshot; "
    "from ovoo_cloud.reports.build import render_files; from ovoo_contract.canonical import sha256_hex; "
    "snapshot = Snapshot(json.loads(pathlib.Path(sys.argv[1]).read_bytes())); "
    "print(json.dumps({n: sha256_hex(c) for n, c in render_files(snapshot, ['zh', 'en']).items()}))"
)
PLACES = {
    "chinese": {"LC_ALL": "zh_CN.UTF-8", "LANG": "zh_CN.UTF-8", "TZ": "Asia/Shanghai", "PYTHONHASHSEED": "1"},
    "german, west": {"LC_ALL": "de_DE.UTF-8", "TZ": "America/Los_Angeles", "PYTHONHASHSEED": "2"},
    "none, east": {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "3", "PYTHONUTF8": "0"},
}
PYTHONS = [sys.executable, *map(str, sorted(ROOT.glob(".venv-py*/bin/python")))]
"""This one, and those that `make other-pythons` prepared."""


def rendered(snapshot: Path, folder: Path, python: str = sys.executable, **environment: str) -> dict[str, str]:
    """Hash of every file, rendered by another process in `folder`."""
    own = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in MEMBERS)}
    made = subprocess.run(
        [python, "-c", CODE, str(snapshot)],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    found: dict[str, str] = json.loads(made.stdout)
    return found


def test_rendering_twice_gives_the_same_bytes(issued: Issued, tmp_path: Path) -> None:
    again = build_report(mine.case(), issued.source, issued.settings(), tmp_path / "again")

    assert again.files == issued.result.files


@pytest.mark.parametrize("place", PLACES)
def test_another_folder_locale_and_time_zone_give_the_same_bytes(issued: Issued, tmp_path: Path, place: str) -> None:
    copy = Path(shutil.copy(issued.folder / "snapshot.json", tmp_path))

    hashes = rendered(copy, tmp_path, **PLACES[place])

    assert len(hashes) == FILES
    assert hashes == {name: issued.result.files[name] for name in hashes}


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).parents[1].name)
def test_every_python_at_hand_gives_the_same_bytes(issued: Issued, tmp_path: Path, python: str) -> None:
    hashes = rendered(issued.folder / "snapshot.json", tmp_path, python, OVOO_PURE_PYTHON="1")

    assert len(hashes) == FILES
    assert hashes == {name: issued.result.files[name] for name in hashes}
