"""A baseline fitted from the store: what was screened out and why, how it fits, and its picture."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from ovoo_contract.errors import EvidenceError
from ovoo_contract.figures import figure
from ovoo_models.cli_energy_drawn import scatter_data
from ovoo_models.efficiency.plots import Line, Scatter
from ovoo_models.efficiency.savings.change_point import ChangePointModel, Settings, fit
from ovoo_models.efficiency.savings.inspection import Fault, inspect
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.saving import Plan
from ovoo_models.efficiency.savings.screening import screen
from ovoo_models.efficiency.savings.uncertainty import Fitness, fitness, gaps_of

from ovoo_cloud.energy.baseline_spec import BaselineSpec
from ovoo_cloud.reasons import reason_of

__all__ = ["coefficients_of", "fit_outcome", "plan_of", "scatter_of_outcome"]

_SIGNED: Final = ("production", "load")
"""Roles whose expected sign holds over the whole range; a temperature has one on each side of its knees."""
_MOST_POINTS: Final = 1500
"""More points than this say nothing more in a picture."""


def fit_outcome(data: Observations, spec: BaselineSpec, units: Mapping[str, str]) -> dict[str, Any]:
    """The fit as plain data; `refused` says why there is none, and everything found until then stays with it."""
    outcome: dict[str, Any] = {"refused": "", "screening": [], "faults": [], "rows": len(data)}
    outcome["columns"] = [asdict(each) for each in data.columns(sorted(data.drivers))]
    limits = spec.limits()
    try:
        energy = inspect(data, [], limits)
        outcome["faults"] = _faults(energy.faults)
        energy.refuse("baseline")
        chosen = screen(data, [each.candidate() for each in spec.drivers], spec.settings())
        outcome["screening"] = [
            {"name": each.name, "check": each.check, "reason": each.reason, "numbers": _plain(each.numbers)}
            for each in chosen.refused
        ]
        found = inspect(data, chosen.settings.names, limits)
        outcome["faults"] = _faults(found.faults)
        found.refuse("baseline")
        model = fit(data, chosen.settings, found.used)
        gaps = gaps_of([data.time_ns[i] for i in model.used], data.step_ns)
        quality = fitness([data.energy[i] for i in model.used], model.fitted, gaps, model.terms)
    except EvidenceError as error:
        return outcome | {"refused": str(error), "reason": reason_of(error)}
    return outcome | _told(data, model, quality, units) | {"boosted": _boosted(data, spec, model)}


def plan_of(spec: BaselineSpec, outcome: Mapping[str, Any]) -> Plan:
    """The plan of savings against a fit: its settings with the limits and draws of the spec."""
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in outcome["settings"].items()}
    return Plan(Settings(**given), spec.limits(), draws=spec.draws, seed=spec.seed, digits=spec.digits)


def coefficients_of(model: ChangePointModel) -> dict[str, str]:
    """Every coefficient and kind as text that keeps all digits, as a record has them."""
    found = {f"{label}.{k}": repr(v) for label, values in model.named().items() for k, v in values.items()}
    return found | {f"{label}.kind": kind for label, kind in model.kinds().items()}


def scatter_of_outcome(outcome: Mapping[str, Any]) -> Scatter | None:
    """The picture's data again; None for a refused fit."""
    data = outcome.get("scatter")
    if data is None:
        return None
    lines = [Line(each["name"], each["x"], _numbers(each["y"]), each["half_width"]) for each in data["lines"]]
    return Scatter(
        data["x_name"], data["x_unit"], data["unit"], _numbers(data["x"]), _numbers(data["y"]), lines, data["knees"],
        adjusted=data["adjusted"],
    )  # fmt: skip


def _boosted(data: Observations, spec: BaselineSpec, model: ChangePointModel) -> dict[str, Any]:
    """By how much a gradient-boosted model would be better on rows held out; it is shown and can never be signed."""
    from ovoo_models.train.challenger import challenge  # scikit-learn takes 2 s and 130 MB: only who fits pays

    names = model.settings.names
    signs = {each.name: each.sign for each in spec.drivers if each.name in names and each.role in _SIGNED}
    try:
        found = challenge(data, names, lambda rows: fit(data, model.settings, rows), model.used, signs)
    except EvidenceError as error:
        return {"state": "insufficient", "reason": reason_of(error)}
    return {
        "state": "better" if found.better else "not_better",
        "cut_ns": str(found.cut_ns),
        "trained": str(found.trained),
        "judged": str(found.judged),
        "champion_percent": figure(100.0 * found.champion.cv_rmse, 2),
        "boosted_percent": figure(100.0 * found.challenger.cv_rmse, 2),
        "gain_points": figure(found.gain_points, 2),
        "champion_nmbe_percent": figure(100.0 * found.champion.nmbe, 2),
        "boosted_nmbe_percent": figure(100.0 * found.challenger.nmbe, 2),
    }


def _told(data: Observations, model: ChangePointModel, quality: Fitness, units: Mapping[str, str]) -> dict[str, Any]:
    scatter = scatter_data(model, data, None, quality)
    return {
        "settings": {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(model.settings).items()},
        "split": model.split,
        "coefficients": coefficients_of(model),
        "ranges": {name: list(ends) for name, ends in model.ranges().items()},
        "fit": {
            "rows": str(quality.rows),
            "terms": str(quality.terms),
            "mean": figure(quality.mean, 3),
            "cv_rmse_percent": figure(100.0 * quality.cv_rmse, 2),
            "nmbe_percent": figure(100.0 * quality.nmbe, 2),
            "r2": figure(quality.r2, 4) if quality.r2 == quality.r2 else "",
            "rho": figure(quality.rho, 4),
            "n_effective": figure(quality.n_effective, 1),
        },
        "scatter": _scatter(scatter, units),
    }


def _scatter(data: Scatter, units: Mapping[str, str]) -> dict[str, Any]:
    stride = -(-len(data.x) // _MOST_POINTS) if len(data.x) else 1
    return {
        "x_name": data.x_name,
        "x_unit": units.get(data.x_name, data.x_unit),
        "unit": data.unit,
        "x": _plain_numbers(data.x[::stride]),
        "y": _plain_numbers(data.y[::stride]),
        "lines": [
            {"name": each.name, "x": list(each.x), "y": _plain_numbers(each.y), "half_width": list(each.half_width)}
            for each in data.lines
        ],
        "knees": list(data.knees),
        "adjusted": data.adjusted,
    }


def _faults(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "reason": each.reason, "rows": len(each.rows), "fatal": each.fatal,
         "numbers": _plain(each.numbers)}
        for each in faults
    ]  # fmt: skip


def _plain(numbers: Mapping[str, float | int | str]) -> dict[str, str]:
    """Numbers as short text: JSON has no infinity."""
    return {key: f"{value:.6g}" if isinstance(value, float) else str(value) for key, value in numbers.items()}


def _plain_numbers(values: Sequence[float]) -> list[float | None]:
    return [float(each) if math.isfinite(each) else None for each in values]


def _numbers(values: Sequence[float | None]) -> array[float]:
    return array("d", [math.nan if each is None else each for each in values])
