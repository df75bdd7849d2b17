"""Chooses the compiled kernels where they were built, else their Python twins; a module is loaded when first asked for.

`OVOO_PURE_PYTHON=1` forces the twins. `COMPILED` says which are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    "drift_kernels",
