"""Chooses the gateway's compiled kernels where they were built, else their Python twins.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which were loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_edge import _formula as formula_kernels
    from ovoo_edge import _memory as memory_kernels
    from ovoo_edge import _minutes as minute_kernels
    from ovoo_edge import _process as process_kernels
    from ovoo_edge import _spare as spare_kernels
    from ovoo_edge import _thin as thin_kernels
    from ovoo_edge.sources import _decode as decode_kernels

__all__ = [
    "COMPILED",
    "decode_kernels",
    "formula_kernels",
    "memory_kernels",
    "minute_kernels",
    "process_kernels",
    "spare_kernels",
    "thin_kernels",
]

_MODULES = {
    "decode_kernels": "ovoo_edge.sources._decode",
    "formula_kernels": "ovoo_edge._formula",
    "memory_kernels": "ovoo_edge._memory",
    "minute_kernels": "ovoo_edge._minutes",
    "process_kernels": "ovoo_edge._process",
    "spare_kernels": "ovoo_edge._spare",
    "thin_kernels": "ovoo_edge._thin",
}
"""Name here -> compiled module; its twin has the same name with `_py` behind it."""

COMPILED: bool = os.environ.get("OVOO_PURE_PYTHON") != "1" and all(
    importlib.util.find_spec(module) is not None for module in _MODULES.values()
)
if not TYPE_CHECKING:
    for _name, _module in _MODULES.items():
        globals()[_name] = importlib.import_module(_module if COMPILED else f"{_module}_py")
