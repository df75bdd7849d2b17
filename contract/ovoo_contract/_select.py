"""Chooses the compiled kernels where they were built, else their Python twins.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which were loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_contract import _codec as codec
    from ovoo_contract import _kernels as kernels

__all__ = ["COMPILED", "codec", "kernels"]

COMPILED: bool = os.environ.get("OVOO_PURE_PYTHON") != "1" and all(
    importlib.util.find_spec(f"ovoo_contract.{name}") is not None for name in ("_codec", "_kernels")
)
if not TYPE_CHECKING:
    _suffix = "" if COMPILED else "_py"
    codec = importlib.import_module(f"ovoo_contract._codec{_suffix}")
    kernels = importlib.import_module(f"ovoo_contract._kernels{_suffix}")
