"""The compiled decoder touches no byte that is not its own: built with sanitizers and fed the fuzz corpus."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig

import ovoo_edge.sources
import pytest

SOURCE = pathlib.Path(ovoo_edge.sources.__file__).with_name("_decode.pyx")
RUN = pathlib.Path(__file__).with_name("sanitized_run.py")
MESSAGES = 200_000
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g", "-O1"]


def build(folder: pathlib.Path, *flags: str) -> pathlib.Path:
    """The decoder as an extension module with the given compiler flags."""
    generated, module = folder / "_decode.c", folder / "_decode.so"
    subprocess.run([sys.executable, "-m", "cython", "-3", str(SOURCE), "-o", str(generated)], check=True)
    include = "-I" + sysconfig.get_paths()["include"]
    command = ["gcc", *flags, "-ffp-contract=off", "-fPIC", "-shared", include, str(generated), "-o", str(module)]
    subprocess.run(command, check=True)
    return module


def runtime() -> str:
    """The address sanitizer's library, which must be loaded before Python."""
    answer = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(shutil.which("gcc") is None, reason="no compiler")
def test_the_fuzz_corpus_finds_no_bad_access_and_no_undefined_behaviour(tmp_path: pathlib.Path) -> None:
    module = build(tmp_path, *SANITIZE)
    # Python's own allocator would hide what lies behind an object
    surroundings = {"LD_PRELOAD": runtime(), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}

    done = subprocess.run(
        [sys.executable, str(RUN), str(module), str(MESSAGES)],
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.startswith("read ")
