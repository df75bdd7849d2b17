"""Run time needs the standard library and the contract only."""

from __future__ import annotations

import subprocess
import sys

import ovoo_packs

_PROGRAM = """
import sys
import ovoo_packs
from ovoo_packs.compiler.cli import main
for name in ovoo_packs.pack_names():
    ovoo_packs.load_pack(name)
ovoo_packs.load_factors(), ovoo_packs.load_norms(), ovoo_packs.load_tariffs(), ovoo_packs.load_framework("sme_2024")
assert main(["list"]) == 0
print(sorted(set(sys.modules) & {"numpy", "yaml", "sklearn", "fastapi", "asyncua"}))
"""


def test_no_third_party_module_is_loaded() -> None:
    result = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True)

    assert result.stdout.splitlines()[-1] == "[]"


def test_public_names_exist_and_are_sorted() -> None:
    assert list(ovoo_packs.__all__) == sorted(ovoo_packs.__all__)
    assert all(hasattr(ovoo_packs, name) for name in ovoo_packs.__all__)
