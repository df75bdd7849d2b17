"""The case runner counts what is wrong as failed, by name, and lets no impossible variant through."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.energy_cases import Inputs, function_of, impossible, misses, refused
from tests.models.conftest import need_data

ROOT = Path(__file__).resolve().parents[2]
WATER: dict[str, Any] = {
    "id": "water", "domain": "steam_properties", "rel_tol": 1e-6,
    "inputs": {"pressure": {"value": 30.0, "unit": "bar"}, "temperature": {"value": 226.85, "unit": "C"}},
    "expected": {"enthalpy": {"value": 975.542239, "unit": "kJ/kg"}, "temperature": {"value": 500.0, "unit": "K"}},
}  # fmt: skip


def run(path: Path) -> tuple[int, dict[str, float], list[str]]:
    done = subprocess.run(
        [sys.executable, "benchmarks/energy_cases.py", "--cases", str(path)], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    document = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, {row["key"]: row["value"] for row in document["rows"]}, document["notes"]


def test_the_shared_cases_all_pass_and_every_variant_is_refused() -> None:
    code, rows, notes = run(need_data("energy-cases.json"))

    assert code == 0, notes
    assert rows["passed"] == rows["total"] > 0
    assert rows["refused_as_expected"] == rows["impossible_variants"] > rows["total"]


def test_wrong_values_unknown_cases_and_units_fail_by_name(tmp_path: Path) -> None:
    wrong = {**WATER, "id": "wrong", "expected": {"enthalpy": {"value": 976.0, "unit": "kJ/kg"}}}
    unknown = {**WATER, "id": "unknown", "domain": "astrology"}
    unit = {**WATER, "id": "unit", "inputs": {**WATER["inputs"], "pressure": {"value": 3.0, "unit": "furlong"}}}
    cold = {**WATER, "id": "cold", "inputs": {**WATER["inputs"], "temperature": {"value": -300.0, "unit": "C"}},
            "expected": {"refused": True}}  # fmt: skip
    fine = {**WATER, "id": "fine", "expected": {"refused": True}}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"cases": [WATER, wrong, unknown, unit, cold, fine]}), encoding="utf-8")

    code, rows, notes = run(path)

    assert code == 1
    assert (rows["total"], rows["passed"], rows["failed"]) == (6, 1, 4)
    assert [note.partition(":")[0] for note in notes[:4]] == ["wrong", "unknown", "unit", "fine"]


def test_variants_differ_from_the_case_and_the_case_itself_is_not_refused() -> None:
    work = function_of(WATER)
    assert work is not None
    assert misses(WATER, work) == ""
    assert not refused(work, WATER["inputs"])
    labels = [label for label, inputs in impossible(WATER) if inputs != WATER["inputs"]]
    assert "temperature under absolute zero" in labels
    assert work(Inputs(WATER["inputs"]))["quality"] == 0.0
