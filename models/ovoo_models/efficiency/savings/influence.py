"""How the errors of a baseline enter a saving: through every coefficient and knee."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.savings.change_point import ChangePointModel
from ovoo_models.efficiency.savings.numerics import zeros
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.uncertainty import Path, gaps_of

__all__ = ["path_of"]


def path_of(model: ChangePointModel, baseline: Observations, reporting: Observations, used: Sequence[int]) -> Path:
    """Residuals and influences of both periods, for a bootstrap of the saving over the `used` reported rows.

    With X the linearised design, W the weights and s the sum of the reported design rows, an error e_i of the baseline
    moves the saving by w_i x_i' (X' W X)^-1 s.
    """
    n = len(model.used)
    design, width = model.design(baseline, model.used)
    asked, _ = model.design(reporting, used)
    sums = [math.fsum(asked[j::width]) for j in range(width)]
    pull = _pull(model, sums)
    influence, weighted = array("d"), zeros(n * width)
    for i in range(n):
        w, total = model.weights[i], 0.0
        root = math.sqrt(w)
        for j in range(width):
            x = design[i * width + j]
            total += x * pull[j]
            weighted[i * width + j] = root * x
        influence.append(w * total)
    basis = zeros(n * width)
    kept = savings_kernels.orthonormal(weighted, width, n, basis)
    expected = model.predict(reporting)
    times = [*(baseline.time_ns[i] for i in model.used), *(reporting.time_ns[i] for i in used)]
    return Path(
        [baseline.energy[i] - f for i, f in zip(model.used, model.fitted, strict=True)],
        influence,
        [reporting.energy[i] - expected[i] for i in used],
        gaps_of(times, baseline.step_ns),
        basis[: n * kept],
        kept,
        model.settings.cost * model.terms,
    )


def _pull(model: ChangePointModel, sums: Sequence[float]) -> list[float]:
    """(X' W X)^-1 s, segment by segment."""
    pull, start = [], 0
    for segment in model.segments.values():
        size = math.isqrt(len(segment.inverse))
        for j in range(size):
            total = 0.0
            for k in range(size):
                total += segment.inverse[j * size + k] * sums[start + k]
            pull.append(total)
        start += size
    return pull
