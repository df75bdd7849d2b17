"""The record of a baseline on its own: data by hash, settings, coefficients, and how well it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from ovoo_contract.figures import figure

from ovoo_models.efficiency.record import Record
from ovoo_models.efficiency.savings.change_point import ChangePointModel
from ovoo_models.efficiency.savings.inspection import Inspection
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.time_of_week import TimeOfWeekModel
from ovoo_models.efficiency.savings.uncertainty import Fitness

__all__ = ["METHOD", "VERSION", "baseline_record"]

METHOD: Final = "savings/baseline"
VERSION: Final = 1


def baseline_record(
    baseline: Observations, model: ChangePointModel | TimeOfWeekModel, quality: Fitness, checked: Inspection
) -> Record:
    """What the baseline was made from, and what the inspection left out of it."""
    settings = {key: list(map(str, v)) if isinstance(v, tuple) else str(v) for key, v in asdict(model.settings).items()}
    coefficients = {f"{label}.{k}": repr(v) for label, values in model.named().items() for k, v in values.items()}
    coefficients |= {f"{label}.kind": kind for label, kind in model.kinds().items()}
    results = {
        "rows": str(quality.rows), "cv_rmse_percent": figure(100.0 * quality.cv_rmse, 2),
        "nmbe_percent": figure(100.0 * quality.nmbe, 2), "rho": figure(quality.rho, 4),
        "r2": figure(quality.r2, 4) if quality.r2 == quality.r2 else "none",
    }  # fmt: skip
    excluded: tuple[Mapping[str, object], ...] = tuple(
        {"name": fault.name, "reason": fault.reason, "rows": len(fault.rows),
         "numbers": {key: str(value) for key, value in fault.numbers.items()}}
        for fault in checked.faults
    )  # fmt: skip
    return Record(
        METHOD, VERSION, baseline.time_ns[0], baseline.time_ns[-1] + baseline.step_ns,
        baseline.columns(model.settings.names), {"settings": settings, "split": model.split}, coefficients, results,
        excluded,
    )  # fmt: skip
