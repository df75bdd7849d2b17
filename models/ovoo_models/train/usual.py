"""The usual range of every signal while its machine runs, for cards and plots."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovoo_models.artifact import ModelSet
from ovoo_models.base import FrameBlock
from ovoo_models.train.history import matrix

__all__ = ["usual_ranges"]

_LEAST_ROWS = 20


def usual_ranges(model_set: ModelSet, frames: FrameBlock) -> dict[str, dict[str, Any]]:
    """Signal -> unit, rows, low and high (1 % and 99 %) of the rows in which its model's gate is open.

    A signal with fewer than 20 such rows has no range; the gate is that of the first gated binding that reads it.
    """
    x = matrix(frames)
    found: dict[str, dict[str, Any]] = {}
    for column, use in enumerate(model_set.signals):
        values = x[_gated(model_set, use.name, x), column]
        values = values[np.isfinite(values)]
        each: dict[str, Any] = {"unit": use.unit, "rows": len(values)}
        if len(values) >= _LEAST_ROWS:
            low, high = np.quantile(values, [0.01, 0.99])
            each |= {"low": float(f"{low:.6g}"), "high": float(f"{high:.6g}")}
        found[use.name] = each
    return found


def _gated(model_set: ModelSet, signal: str, x: NDArray[np.float64]) -> NDArray[np.bool_]:
    for binding in model_set.bindings:
        gate = binding.params.get("gate")
        if gate and signal in binding.inputs:
            values = x[:, model_set.index(gate)]
            low = binding.params.get("gate_above", -np.inf)
            high = binding.params.get("gate_below", np.inf)
            open_rows: NDArray[np.bool_] = (values >= low) & (values <= high)
            above = binding.params.get("load_above")
            if above is not None and binding.params.get("regimes", "load") == "load":
                open_rows &= x[:, model_set.index(binding.params.get("load") or gate)] >= above
            return open_rows
    return np.ones(len(x), dtype=np.bool_)
