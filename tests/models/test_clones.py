"""The loops that exist for several instruction sets give one set of bits, and build where clones cannot be had."""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
from array import array
from pathlib import Path

import ovoo_models
import pytest
from ovoo_models._lanes_py import dot8

FOLDER = Path(ovoo_models.__file__).parent
FLAGS = ("-O3", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused-function")
SOURCE = """
#include "_products.h"
OVOO_CLONES void dots(const double *a, const double *z, ptrdiff_t n, ptrdiff_t count, double *out)
{
    ovoo_dots(a, z, n, count, out);
    for (ptrdiff_t k = 0; k < count; k++)
        out[k + 16] = ovoo_dot(a + k * n, z, n);
}
"""
BUILDS = {
    "clones": (),
    "plain": ("-DOVOO_NO_CLONES",),
    "avx2": ("-DOVOO_NO_CLONES", "-mavx2", "-mfma"),
    "avx512": ("-DOVOO_NO_CLONES", "-mavx512f"),
}


def processor() -> set[str]:
    """What this processor can do, as Linux names it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return {word for line in lines if line.startswith("flags") for word in line.split()}


NEEDS = {"avx2": {"avx2", "fma"}, "avx512": {"avx512f"}}
RUNNABLE = [name for name in BUILDS if NEEDS.get(name, set()) <= processor()]
COMPILERS = [name for name in ("gcc", "clang", "musl-gcc", "aarch64-linux-gnu-gcc") if shutil.which(name)]
"""Those that are here; gcc is what the kernels are built with."""


def products(folder: Path, compiler: str, name: str, extra: tuple[str, ...]) -> bytes:
    """The bits of ten inner products of 40 doubles, by rows and together."""
    source, target = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(SOURCE, encoding="ascii")
    subprocess.run([compiler, *FLAGS, *extra, f"-I{FOLDER}", str(source), "-o", str(target)], check=True, timeout=60)
    rng = random.Random(1)
    a = array("d", [rng.gauss(0, 1) * 10.0 ** rng.randrange(-9, 9) for _ in range(400)])
    z = array("d", [rng.gauss(0, 1) * 10.0 ** rng.randrange(-9, 9) for _ in range(40)])
    out = array("d", bytes(8 * 32))
    pointers = [ctypes.c_void_p(each.buffer_info()[0]) for each in (a, z, out)]
    size = ctypes.c_ssize_t
    ctypes.CDLL(str(target)).dots(pointers[0], pointers[1], size(40), size(10), pointers[2])
    assert out[:10] == out[16:26]
    return out.tobytes()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@pytest.mark.parametrize("name", RUNNABLE)
def test_every_instruction_set_gives_the_same_bits(name: str, tmp_path: Path) -> None:
    assert products(tmp_path, "gcc", name, BUILDS[name]) == products(tmp_path, "gcc", "reference", BUILDS["plain"])


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_compiler_here_builds_the_loops(compiler: str, tmp_path: Path) -> None:
    for header in ("_pca_rows.h", "_memory.h", "_products.h", "_half_space_rows.h", "_isolation.h", "_frames.h"):
        source = tmp_path / "probe.c"
        source.write_text(f'#include "{header}"\n', encoding="ascii")
        command = [compiler, *FLAGS, f"-I{FOLDER}", str(source), "-o", str(tmp_path / "probe.so")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@pytest.mark.parametrize("width", [1, 3, 7, 8, 9, 13, 16, 40, 43])
def test_products_of_any_width_have_the_bits_of_the_twin(width: int, tmp_path: Path) -> None:
    source, target = tmp_path / "products.c", tmp_path / "products.so"
    source.write_text('#include "_products.h"\n', encoding="ascii")
    subprocess.run(["gcc", *FLAGS, f"-I{FOLDER}", str(source), "-o", str(target)], check=True, timeout=60)
    rng = random.Random(width)
    matrix = array("d", [rng.gauss(0, 1) * 10.0 ** rng.randrange(-9, 9) for _ in range(width * width)])
    row = array("d", [rng.choice([-0.0, rng.gauss(0, 1)]) for _ in range(width)])
    work = array("d", bytes(8 * width))
    quadratic = ctypes.CDLL(str(target)).ovoo_quadratic
    quadratic.restype = ctypes.c_double

    found = quadratic(
        *(ctypes.c_void_p(each.buffer_info()[0]) for each in (matrix, row, work)), ctypes.c_ssize_t(width)
    )

    expected = array("d", [dot8(matrix, row, width, k * width) for k in range(width)])
    assert work.tobytes() == expected.tobytes()
    assert array("d", [found]).tobytes() == array("d", [dot8(expected, row, width)]).tobytes()
