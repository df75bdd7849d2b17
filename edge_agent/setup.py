"""Lists the compiled kernels; OVOO_PURE_PYTHON=1 or a missing Python.h builds the package without them."""

from __future__ import annotations

import os
import pathlib
import sysconfig

from setuptools import Extension, setup

HAS_HEADERS = pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists()
PURE = os.environ.get("OVOO_PURE_PYTHON") == "1" or not HAS_HEADERS
FLAGS = ["-O3", "-ffp-contract=off"]
SOURCES = sorted(str(path) for path in pathlib.Path("ovoo_edge").rglob("_*.pyx"))
EXTENSIONS = [
    Extension(source.removesuffix(".pyx").replace(os.sep, "."), [source], extra_compile_args=FLAGS)
    for source in SOURCES
]
setup(ext_modules=[] if PURE else EXTENSIONS)
