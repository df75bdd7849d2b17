"""The package as a whole: names, imports, kernels."""

from __future__ import annotations

import importlib
import os
import pathlib
import pkgutil
import subprocess
import sys
import sysconfig

import ovoo_contract
import pytest
from ovoo_contract import _select

MODULES = sorted(module.name for module in pkgutil.iter_modules(ovoo_contract.__path__))
PUBLIC = [name for name in MODULES if not name.startswith("_")]
FOLDER = pathlib.Path(ovoo_contract.__file__).parent
HAS_HEADERS = pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists()


@pytest.mark.parametrize("name", ["", *(f".{name}" for name in PUBLIC)])
def test_all_lists_what_is_public(name: str) -> None:
    module = importlib.import_module(f"ovoo_contract{name}")

    assert module.__doc__
    assert all(hasattr(module, item) for item in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    own = {
        item for item, value in vars(module).items()
        if not item.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }  # fmt: skip
    assert own <= set(module.__all__)


def test_the_modules_of_the_architecture_are_there() -> None:
    named = (
        "address canonical catalogue completeness delivery errors evidence figures findings gateway_config hour_sums "
        "line_protocol loopback quality ranges samples schema topics units wire xlsx zip_members"
    )

    assert named.split() == PUBLIC


def test_only_the_standard_library_is_imported() -> None:
    code = (
        f"import sys; before = set(sys.modules); import {', '.join(f'ovoo_contract.{name}' for name in PUBLIC)}\n"
        "from ovoo_contract.units import unit; unit('kW')\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - sys.stdlib_module_names - {'ovoo_contract', '_cython_3_3_1', 'cython_runtime'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    foreign = [name for name in done.stdout.strip("[]\n").split(", ") if name and not name.startswith("'_cython")]
    assert foreign == []


def test_kernels_are_compiled_where_they_can_be() -> None:
    if os.environ.get("OVOO_PURE_PYTHON") == "1" or not HAS_HEADERS:
        assert not _select.COMPILED or os.environ.get("OVOO_PURE_PYTHON") != "1"
        return
    assert _select.COMPILED
    assert not str(_select.kernels.__file__).endswith(".py")
    assert not str(_select.codec.__file__).endswith(".py")


def test_the_environment_forces_the_twins() -> None:
    code = (
        "from ovoo_contract import _select; print(_select.COMPILED, _select.kernels.__name__, _select.codec.__name__)"
    )
    environment = {**os.environ, "OVOO_PURE_PYTHON": "1"}

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=environment
    )

    assert done.stdout.split() == ["False", "ovoo_contract._kernels_py", "ovoo_contract._codec_py"]


@pytest.mark.parametrize("name", ["_kernels", "_codec"])
def test_twin_stub_and_kernel_have_the_same_functions(name: str) -> None:
    twin = importlib.import_module(f"ovoo_contract.{name}_py")
    stub = (FOLDER / f"{name}.pyi").read_text(encoding="utf-8")
    source = (FOLDER / f"{name}.pyx").read_text(encoding="utf-8")

    public = sorted(line.split("(")[0].removeprefix("def ") for line in source.splitlines() if line.startswith("def "))
    stubbed = sorted(line.split("(")[0].removeprefix("def ") for line in stub.splitlines() if line.startswith("def "))
    assert public == stubbed == sorted(twin.__all__)


def test_types_are_shipped() -> None:
    assert (FOLDER / "py.typed").exists()
