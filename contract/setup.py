"""Lists the compiled kernels; where they cannot be built, or with OVOO_PURE_PYTHON=1, the package comes without them.

The same file stands in every member that has kernels, because each is built alone.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
import sysconfig
import tempfile

from setuptools import Extension, setup

FLAGS = ["-O3", "-ffp-contract=off"]
PROCESSORS = os.cpu_count() or 1
PROBE = "#include <Python.h>\nint ovoo_probe(void) { return 0; }\n"
HEADERS = "python{}.{}-dev".format(*sys.version_info)
REMEDY = f"install a C compiler and Python's headers (Debian: apt install gcc libc6-dev {HEADERS}), then `make kernels`"


def obstacle() -> str:
    """Why kernels cannot be built here, in one line; empty when they can: a small library is compiled and linked."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    options = [word for name in ("CPPFLAGS", "CFLAGS", "LDFLAGS") for word in shlex.split(os.environ.get(name, ""))]
    include = f"-I{sysconfig.get_paths()['include']}"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "probe.c")
        source.write_text(PROBE, encoding="ascii")
        command = [*compiler, *options, include, "-shared", "-fPIC", str(source), "-o", str(source.with_suffix(".so"))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            return f"C compiler {compiler[0]!r} cannot be run: {error.strerror}"
    said = [line for line in done.stderr.splitlines() if "error" in line.lower()] or [f"exit status {done.returncode}"]
    return f"{compiler[0]!r} builds no Python extension: {said[0].strip()}" if done.returncode else ""


def extensions() -> list[Extension]:
    """Every kernel of this member; none, and one line that says why, where the twins must do."""
    sources = sorted(str(path) for path in pathlib.Path().glob("ovoo_*/**/_*.pyx"))
    if os.environ.get("OVOO_PURE_PYTHON") == "1" or not sources:
        return []
    why = obstacle()
    if why:
        print(f"kernels: left out, the Python twins run instead, slower; {why}; {REMEDY}", file=sys.stderr)
        return []
    from Cython.Build import cythonize  # only here: without a compiler it need not be there

    kernels = [
        Extension(source.removesuffix(".pyx").replace(os.sep, "."), [source], extra_compile_args=FLAGS)
        for source in sources
    ]
    built: list[Extension] = cythonize(kernels, nthreads=PROCESSORS)
    return built


if __name__ == "__main__":
    setup(ext_modules=extensions(), options={"build_ext": {"parallel": PROCESSORS}})
