"""Chooses the gateway's compiled kernels where they were built, else their Python twins.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which were loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_edge import _extent as extent_kernels
    from ovoo_edge import _formula as formula_kernels
    from ovoo_edge import _heap as heap_kernels
    from ovoo_edge import _memory as memory_kernels
    from ovoo_edge import _minutes as minute_kernels
    from ovoo_edge import _process as process_kernels
    from ovoo_edge import _spare as spare_kernels
    from ovoo_edge import _thin as thin_kernels
    from ovoo_edge.sources import _decode as decode_kernels

__all__ = [
    "COMPILED",
    "decode_kernels",
    "extent_kernels",
    "formula_kernels",
    "heap_kernels",
    "memory_kernels",
    "minute_kernels",
    "process_kernels",
    "spare_kernels",
    "thin_kernels",
]

_MODULES = {
    "decode_kernels": "ovoo_edge.sources._decode",
    "extent_kernels": "ovoo_edge._extent",
    "formula_kernels": "ovoo_edge._formula",
    "heap_kernels": "ovoo_edge._heap",
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

    def __getattr__(name: str) -> ModuleType:
        """A kernel is loaded by the first who imports it: a gateway without OPC UA has no decoder."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(_MODULES[name] if COMPILED else f"{_MODULES[name]}_py")
        globals()[name] = module
        return module
