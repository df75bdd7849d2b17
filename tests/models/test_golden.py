"""The same artifact gives the same bits on every machine, compiled and not."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from decimal import Decimal, getcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_models.portable import exponential, power
from ovoo_models.registry import model_names

from tests.models.golden.vectors import differences, path_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", model_names())
def test_committed_vectors_are_reproduced_to_the_last_bit(name: str) -> None:
    assert differences(name) == []


@pytest.mark.parametrize("pure", ["0", "1"], ids=["compiled", "twins"])
def test_the_command_for_other_machines_agrees_in_both_forms(pure: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.golden", "--check"],
        cwd=ROOT, env={**os.environ, "OVOO_PURE_PYTHON": pure}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(model_names())} models equal" in done.stdout


def test_a_bit_that_differs_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.models.golden import vectors

    data = json.loads(path_of("range").read_text("utf-8"))
    data["state"] = "00" + data["state"][2:]
    (tmp_path / "range.json").write_text(json.dumps(data), encoding="utf-8")
    monkeypatch.setattr(vectors, "FOLDER", tmp_path)

    assert differences("range") == ["range: state differs"]
    assert "no vectors" in differences("rate")[0]


@given(st.floats(0.0, 1.0, exclude_min=True), st.integers(1, 100_000))
def test_powers_are_those_of_the_c_library_but_for_its_last_bit(base: float, steps: int) -> None:
    found = power(base, 1.0 / steps)

    assert abs(found - base ** (1.0 / steps)) <= math.ulp(found)


@given(st.floats(-600.0, 5.0))
def test_exponentials_are_the_nearest_doubles(x: float) -> None:
    getcontext().prec = 60
    assert exponential(x) == float(Decimal(x).exp())
