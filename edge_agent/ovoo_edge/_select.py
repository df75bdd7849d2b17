"""Chooses the gateway's compiled kernels where they were built, else their Python twins.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which were loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_edge.sources import _decode as decode_kernels

__all__ = ["COMPILED", "decode_kernels"]

_MODULES = {
    "decode_kernels": "ovoo_edge.sources._decode",
}
"""Name here -> compiled module; its twin has the same name with `_py` behind it."""

COMPILED: bool = os.environ.get("OVOO_PURE_PYTHON") != "1" and all(
    importlib.util.find_spec(module) is not None for module in _MODULES.values()
)
if not TYPE_CHECKING:
    for _name, _module in _MODULES.items():
        globals()[_name] = importlib.import_module(_module if COMPILED else f"{_module}_py")
