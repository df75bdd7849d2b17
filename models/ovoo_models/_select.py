"""Chooses the compiled kernels where they were built, else their Python twins.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which were loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_models import _energy_kernels as energy_kernels
    from ovoo_models import _frame_kernels as frame_kernels
    from ovoo_models import _kernels as kernels

__all__ = ["COMPILED", "energy_kernels", "frame_kernels", "kernels"]

_NAMES = ("_kernels", "_frame_kernels", "_energy_kernels")
COMPILED: bool = os.environ.get("OVOO_PURE_PYTHON") != "1" and all(
    importlib.util.find_spec(f"ovoo_models.{name}") is not None for name in _NAMES
)
if not TYPE_CHECKING:
    kernels, frame_kernels, energy_kernels = (
        importlib.import_module(f"ovoo_models.{name}" if COMPILED else f"ovoo_models.{name}_py") for name in _NAMES
    )
