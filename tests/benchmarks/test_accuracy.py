"""The accuracy benchmark scores any folder laid out like the shared one, with one command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models.conftest import need_data

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "accuracy.py"


def run(folder: Path, *options: str) -> tuple[int, list[str], str]:
    command = [sys.executable, str(SCRIPT), "--data", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout.splitlines(), done.stderr


def rows(line: str) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in json.loads(line)["rows"]}


@pytest.mark.data
def test_any_folder_is_scored_and_missing_parts_are_named(tmp_path: Path) -> None:
    source = need_data("skab/valve1")
    for name in ("3", "5"):
        (tmp_path / "skab" / "other").mkdir(parents=True, exist_ok=True)
        shutil.copy(source / f"{name}.csv", tmp_path / "skab" / "other" / f"{name}.csv")

    code, lines, errors = run(tmp_path, "--quick")

    assert code == 0, errors
    found = rows(lines[-1])
    assert found["n_files"] == 2
    assert found["skab_outlier_f1"] > found["skab_always_on_f1"]
    assert found["skab_outlier_f1_ci_low"] <= found["skab_outlier_f1"] <= found["skab_outlier_f1_ci_high"]
    assert {"skab_far", "skab_mar", "skab_cp_standard", "skab_cp_lowfp", "skab_cp_false_alarms", "skab_clock_lowfp",
            "false_alarms_per_signal_day"} <= found.keys()  # fmt: skip
    assert any(line.startswith("  skab/other/3.csv: skab_outlier_f1") for line in lines)


def test_an_empty_folder_scores_nothing_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    code, lines, _errors = run(tmp_path, "--quick")

    assert code == 0
    assert rows(lines[-1])["n_files"] == 0
    assert any("skab: no files" in note for note in json.loads(lines[-1])["notes"])
    code, _lines, errors = run(tmp_path / "nowhere", "--quick")
    assert code != 0
    assert "no such folder" in errors
