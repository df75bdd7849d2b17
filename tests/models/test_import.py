"""The gateway's part stays light."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import sys
import ovoo_models.monitor, ovoo_models.artifact, ovoo_models.bindings, ovoo_models.cli, ovoo_models.registry
import ovoo_models.anomaly.single, ovoo_models.anomaly.ewma, ovoo_models.anomaly.change_point, ovoo_models.checks
import ovoo_models.estimator, ovoo_models.plot, ovoo_models.replay
heavy = {"numpy", "sklearn", "scipy", "duckdb", "asyncio"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""


@pytest.mark.parametrize("pure", ["0", "1"], ids=["compiled", "twins"])
def test_nothing_heavy_is_imported(pure: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env={"OVOO_PURE_PYTHON": pure}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_twins_are_used_on_request() -> None:
    code = "from ovoo_models._select import COMPILED, kernels; print(COMPILED, kernels.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"OVOO_PURE_PYTHON": "1"}, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["False", "ovoo_models._kernels_py"]
