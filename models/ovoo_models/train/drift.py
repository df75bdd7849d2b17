"""Fits an efficiency drift model: power states first, then the baseline from the rows at load alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ovoo_models.base import FrameBlock, Place
from ovoo_models.efficiency.drift import EnergyDrift
from ovoo_models.efficiency.power_state import LOAD, PowerStates
from ovoo_models.train.baseline import BaselineFit, fit_baseline

__all__ = ["fit_drift"]


def fit_drift(params: Mapping[str, Any], place: Place, rows: FrameBlock) -> tuple[EnergyDrift, BaselineFit]:
    """A fitted drift model, its sums empty; the held-out bias of the baseline becomes part of every band.

    NotReady below 200 usable rows at load.
    """
    first = EnergyDrift(params, place)
    states = first.states
    states.learn_many(rows)
    states.settle()
    at_load = _at_load(rows, states, place.inputs[0]) if first.uses_states and states.ready else rows
    fitted, found = fit_baseline({**params, "states": 0}, place, at_load, EnergyDrift)
    model = EnergyDrift(params, place)
    model.load({**fitted.state(), **_levels(first)})
    model.take_bias(found.held_bias * _mean_power(at_load, place.inputs[0]))
    return model, found


def _at_load(rows: FrameBlock, states: PowerStates, power: int) -> FrameBlock:
    """A copy in which the power of every row outside the load state is missing."""
    values = rows.values[:]
    least = states.bounds[-1]
    for i, code in enumerate(states.codes(rows)):
        if code != LOAD or values[i * rows.width + power] < least:
            values[i * rows.width + power] = math.nan
    return FrameBlock(rows.time_ns, values, rows.width)


def _levels(model: EnergyDrift) -> dict[str, str]:
    return {name: text for name, text in model.state().items() if name in ("levels", "scale")}


def _mean_power(rows: FrameBlock, power: int) -> float:
    known = [x for x in rows.values[power :: rows.width] if x == x]
    return math.fsum(known) / len(known) if known else 0.0
