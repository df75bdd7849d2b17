"""Minute figures of a machine as rows of a fit: power explained by its drivers, one power state a row."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import DeliveryError
from ovoo_contract.hour_sums import SumsLayout
from ovoo_contract.quality import is_good

from ovoo_models.artifact import ModelSet
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.minute_drivers import mean_figure
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.machine_minutes import PREFIX, STATE_FIGURE

__all__ = ["POWER", "REGIMES", "MinuteColumns", "MinuteRow", "figures_of", "layout_of", "minute_rows", "push_row"]

REGIMES: Final = ("off", "idle", "load")
"""By the code of the figure `machine-state`."""
POWER: Final = ("machine-power", "kW")
"""What is explained; no signal of a plant can be called that."""
_ENERGY: Final = f"{PREFIX}energy_kwh"
_PER_HOUR: Final = 60.0

MinuteColumns = Mapping[int, tuple[float, int]]
"""Start of a minute -> value and quality of one figure."""


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """One minute: its start, whether its energy is good, and where all figures are, regime, drivers and power in kW.

    `values` is empty where the minute explains nothing: mixed states, a hole, a driver that was not measured.
    """

    start_ns: int
    measured: bool
    regime: int
    values: tuple[float, ...]


def layout_of(model_set: ModelSet) -> SumsLayout | None:
    """What the sums of a machine are of; None for one without `energy_drift`, whose drivers are not known."""
    binding = next((each for each in model_set.bindings if each.model == "energy_drift"), None)
    if binding is None or len(binding.inputs) < 2:
        return None
    variables = tuple((name, model_set.signals[model_set.index(name)].unit) for name in binding.inputs[1:])
    try:
        return SumsLayout("power_state", REGIMES, variables, POWER)
    except DeliveryError:  # a driver that is named twice
        return None


def figures_of(layout: SumsLayout) -> tuple[str, ...]:
    """The signals that hold the rows of a layout: energy, state, then the mean of each variable."""
    means = (f"{PREFIX}{mean_figure(name)}" for name, _unit in layout.variables)
    return (_ENERGY, f"{PREFIX}{STATE_FIGURE}", *means)


def minute_rows(columns: Sequence[MinuteColumns]) -> Iterator[MinuteRow]:
    """The rows of `figures_of`, in order of time: the one way from stored figures to rows, on gateway and cloud."""
    energy, state, *means = columns
    for start_ns in sorted(energy):
        kwh, quality = energy[start_ns]
        cells = [column.get(start_ns, (math.nan, 0)) for column in (state, *means)]
        measured = is_good(quality) and math.isfinite(kwh)
        if measured and all(is_good(each) and math.isfinite(value) for value, each in cells):
            values = (*(value for value, _quality in cells[1:]), kwh * _PER_HOUR)
            yield MinuteRow(start_ns, True, int(cells[0][0]), values)
        else:
            yield MinuteRow(start_ns, measured, 255, ())


def push_row(sums: RegimeSums, row: MinuteRow) -> bool:
    """Take the row into the sums; False where it explains nothing."""
    if not row.values:
        return False
    block = FrameBlock(array("q", [row.start_ns]), array("d", row.values), len(row.values))
    return bool(sums.push(block, range(len(row.values)), [row.regime]))
