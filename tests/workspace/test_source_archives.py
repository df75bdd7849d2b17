"""The source archive of a member with kernels holds all that building them takes; a wheel holds none of it."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MEMBERS = ("contract", "models", "edge_agent")
SOURCES = (".pyx", ".pxd", ".pxi", ".h")
TWINS = {**os.environ, "OVOO_PURE_PYTHON": "1"}
"""The archives are the same without a compiler run."""


def build(member: str, folder: pathlib.Path, *command: str) -> pathlib.Path:
    """The archive that `setup.py command` makes of a copy of the member."""
    copy = folder / member
    shutil.copytree(ROOT / member, copy, ignore=shutil.ignore_patterns("*.so", "_*.c", "build", "*.egg-info"))
    call = [sys.executable, "setup.py", "-q", *command, "-d", str(folder / "out")]
    subprocess.run(call, cwd=copy, env=TWINS, capture_output=True, check=True, timeout=120)
    (archive,) = (folder / "out").iterdir()
    return archive


def sources(member: str) -> set[str]:
    """Kernel sources of the member, from its own folder on."""
    base = ROOT / member
    return {str(path.relative_to(base)) for path in base.glob("ovoo_*/**/*") if path.suffix in SOURCES}


@pytest.mark.parametrize("member", MEMBERS)
def test_a_source_archive_holds_every_kernel_source(member: str, tmp_path: pathlib.Path) -> None:
    with tarfile.open(build(member, tmp_path, "sdist")) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}

    assert sources(member)
    assert sources(member) <= held
    assert "setup.py" in held


@pytest.mark.parametrize("member", MEMBERS)
def test_a_wheel_holds_types_but_no_kernel_source(member: str, tmp_path: pathlib.Path) -> None:
    with zipfile.ZipFile(build(member, tmp_path, "bdist_wheel")) as archive:
        held = archive.namelist()

    assert not [name for name in held if pathlib.PurePosixPath(name).suffix in SOURCES]
    assert any(name.endswith("py.typed") for name in held)
