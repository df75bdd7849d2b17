"""Chooses the compiled kernels where they were built, else their Python twins; a module is loaded when first asked for.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which are loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ovoo_models import _balance_kernels as balance_kernels
    from ovoo_models import _demand_kernels as demand_kernels
    from ovoo_models import _drift_kernels as drift_kernels
    from ovoo_models import _energy_kernels as energy_kernels
    from ovoo_models import _equipment_kernels as equipment_kernels
    from ovoo_models import _frame_kernels as frame_kernels
    from ovoo_models import _half_space_kernels as half_space_kernels
    from ovoo_models import _isolation_kernels as isolation_kernels
    from ovoo_models import _kernels as kernels
    from ovoo_models import _lagged_kernels as lagged_kernels
    from ovoo_models import _memory_kernels as memory_kernels
    from ovoo_models import _novelty_kernels as novelty_kernels
    from ovoo_models import _pca_kernels as pca_kernels
    from ovoo_models import _row_kernels as row_kernels
    from ovoo_models import _savings_kernels as savings_kernels
    from ovoo_models import _sensor_kernels as sensor_kernels
    from ovoo_models import _steam_kernels as steam_kernels
    from ovoo_models import _variance_kernels as variance_kernels
    from ovoo_models import _ventilation_kernels as ventilation_kernels
    from ovoo_models import _window_kernels as window_kernels

__all__ = [
    "COMPILED",
    "balance_kernels",
    "demand_kernels",
    "drift_kernels",
    "energy_kernels",
    "equipment_kernels",
    "frame_kernels",
    "half_space_kernels",
    "isolation_kernels",
    "kernels",
    "lagged_kernels",
    "memory_kernels",
    "novelty_kernels",
    "pca_kernels",
    "row_kernels",
    "savings_kernels",
    "sensor_kernels",
    "steam_kernels",
    "variance_kernels",
    "ventilation_kernels",
    "window_kernels",
]

_NAMES: Final = tuple(name for name in __all__ if name != "COMPILED")
COMPILED: bool = os.environ.get("OVOO_PURE_PYTHON") != "1" and all(
    importlib.util.find_spec(f"ovoo_models._{name}") is not None for name in _NAMES
)


def __getattr__(name: str) -> ModuleType:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"ovoo_models._{name}" if COMPILED else f"ovoo_models._{name}_py")
    globals()[name] = module
    return module
