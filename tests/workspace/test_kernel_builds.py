"""A machine without a compiler, a linker or Python.h builds contract and models all the same, and says what runs."""

from __future__ import annotations

import os
import pathlib
import runpy
import shutil
import subprocess
import sys
from collections.abc import Mapping

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MEMBERS = ("contract", "models")
COMPILER = shutil.which("gcc") or shutil.which("cc") or ""
LOADED = (
    "from ovoo_contract import _select as c; from ovoo_models import _select as m; from ovoo_contract import wire; "
    "import pathlib; print(c.COMPILED, m.COMPILED, pathlib.Path(c.__file__).parents[2])"
)


def no_compiler(folder: pathlib.Path) -> dict[str, str]:
    """A PATH on which there is nothing, and a CC that is not there."""
    return {"PATH": str(folder), "CC": "ovoo-no-such-compiler"}


def no_headers(folder: pathlib.Path) -> dict[str, str]:
    """A real compiler that is told of no include folder in which Python.h lies."""
    return {"CC": _compiler(folder, 'case "$word" in -I*) continue ;; esac')}


def no_linker(folder: pathlib.Path) -> dict[str, str]:
    """A real compiler that finds no linker."""
    (folder / "empty").mkdir()
    return {"CC": _compiler(folder, "", "-B" + str(folder / "empty") + " -fuse-ld=gold -Wl,--no-such-option")}


def _compiler(folder: pathlib.Path, drop: str, more: str = "") -> str:
    """A command that passes its words on to the real compiler, without those that `drop` skips."""
    script = folder / "compiler"
    script.write_text(
        f'#!/bin/sh\nfor word in "$@"; do shift; {drop}\nset -- "$@" "$word"; done\nexec {COMPILER} {more} "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


BROKEN = {"no compiler": no_compiler, "no Python.h": no_headers, "no linker": no_linker}


@pytest.mark.parametrize("lack", BROKEN)
def test_members_build_and_run_on_the_twins(lack: str, tmp_path: pathlib.Path) -> None:
    environment = BROKEN[lack](tmp_path)
    for member in MEMBERS:
        _copy(member, tmp_path)

        said = _build(tmp_path / member, environment)

        lines = [line for line in said.splitlines() if line.startswith("kernels: ")]
        assert len(lines) == 1
        assert "Python twins run" in lines[0]
        assert "apt install gcc" in lines[0]
        assert not list((tmp_path / member).rglob("*.so"))
    assert _loaded(tmp_path) == f"False False {tmp_path}"


@pytest.mark.skipif(not COMPILER, reason="needs a C compiler")
def test_a_machine_with_a_compiler_is_told_of_no_obstacle_and_builds_every_kernel(tmp_path: pathlib.Path) -> None:
    assert runpy.run_path(str(ROOT / "contract" / "setup.py"))["obstacle"]() == ""
    kernels = _small_kernels(tmp_path)

    said = _build(tmp_path / "contract", {})

    assert "kernels: " not in said
    assert {path.name.split(".")[0] for path in (tmp_path / "contract").rglob("*.so")} == {
        path.stem for path in kernels
    }


@pytest.mark.skipif(not COMPILER, reason="needs a C compiler")
def test_a_mistake_in_a_kernel_fails_the_build_where_there_is_a_compiler(tmp_path: pathlib.Path) -> None:
    _small_kernels(tmp_path)[0].write_text("cdef int broken(\n")

    with pytest.raises(subprocess.CalledProcessError):
        _build(tmp_path / "contract", {})


def _small_kernels(folder: pathlib.Path) -> list[pathlib.Path]:
    """A copy of contract whose kernels keep their names and hold one function: optimising the real ones takes long."""
    _copy("contract", folder)
    kernels = sorted((folder / "contract").glob("ovoo_*/_*.pyx"))
    for path in kernels:
        path.write_text("def answer():\n    return 42\n")
    assert kernels
    return kernels


def test_every_member_with_kernels_has_the_same_setup() -> None:
    texts = {path.read_text(encoding="utf-8") for path in ROOT.glob("*/setup.py")}

    assert {path.parent.name for path in ROOT.glob("*/setup.py")} == {*MEMBERS, "edge_agent"}
    assert len(texts) == 1


def _copy(member: str, folder: pathlib.Path) -> None:
    made = ("*.so", "*.c", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / member, folder / member, ignore=shutil.ignore_patterns(*made))


def _build(folder: pathlib.Path, environment: Mapping[str, str]) -> str:
    """Builds in place, as an editable installation does; returns what was said on standard error."""
    return _run(folder, ["setup.py", "-q", "build_ext", "--inplace"], environment).stderr


def _loaded(folder: pathlib.Path) -> str:
    paths = os.pathsep.join(str(folder / member) for member in MEMBERS)
    return _run(folder, ["-c", LOADED], {"PYTHONPATH": paths}).stdout.strip()


def _run(folder: pathlib.Path, words: list[str], more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "OVOO_PURE_PYTHON"} | dict(more)
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
