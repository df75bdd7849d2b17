"""What a bar of discharge pressure costs a compressor, from its own minutes: kW per bar and its uncertainty."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.effective_rows import effective_rows
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.load_shape import quantile
from ovoo_models.efficiency.power_state import LOAD
from ovoo_models.efficiency.regime_sums import Fit, RegimeSums

__all__ = ["LEAST_SPAN_BAR", "PressureSlope", "pressure_slope"]

LEAST_SPAN_BAR: Final = 0.1
"""Own judgement: a narrower band of pressure (5 to 95 % of the minutes) tells of the gauge, not of the machine."""
_LEAST_ROWS: Final = 60
_LEAST_EFFECTIVE: Final = 10.0
_REGIMES: Final = 4
Refusal = Literal["", "too_few", "hardly_varied", "sign"]


@dataclass(frozen=True, slots=True)
class PressureSlope:
    """`slope` in kW/bar at load, NaN where it is refused.

    refused: `too_few` (under 60 minutes at load, or under 10 independent ones), `hardly_varied` (pressure within
    `LEAST_SPAN_BAR`, or following from the load), `sign` (more pressure for less power: something else moved both).
    span_bar: 5 to 95 % of the pressure at load. effective: independent minutes that the residuals are worth.
    """

    slope: Estimate
    refused: Refusal
    rows: int
    effective: float
    span_bar: float
    variables: tuple[str, ...]


def pressure_slope(
    power_kw: Sequence[float], pressure_bar: Sequence[float], load: Sequence[float] | None, states: Sequence[int],
    relative: float = 0.0,
) -> PressureSlope:  # fmt: skip
    """Least squares of power on pressure (and load) in the minutes at load, by the sums of their regime.

    The standard error is widened by sqrt((n - p) / (n' - p)), n' the rows that the residuals are worth, p the terms.

    Args:
        power_kw, pressure_bar, load: of each minute, NaN where unknown; load is what the machine delivers, None where
            nothing tells.
        states: code of each minute as `PowerStates.codes`, LOAD counts.
        relative: standard uncertainty of the power meter as a share; its gain error scales the slope.

    Raises:
        ConfigError: columns of different length.
    """
    if not len(power_kw) == len(pressure_bar) == len(states) or (load is not None and len(load) != len(states)):
        raise ConfigError(
            "columns differ in length",
            code="pressure_slope.columns_differ",
            offender="pressure_slope",
            value=len(power_kw),
            remedy="one each",
        )
    pressure = [p for p, kw, state in zip(pressure_bar, power_kw, states, strict=True) if _counts(state, p, kw)]
    span = quantile(pressure, 0.95) - quantile(pressure, 0.05)
    if len(pressure) < _LEAST_ROWS:
        return _refused("too_few", len(pressure), 0.0, span)
    if span < LEAST_SPAN_BAR:
        return _refused("hardly_varied", len(pressure), 0.0, span)
    columns = {**({} if load is None else {"load": load}), "pressure": pressure_bar, "power": power_kw}
    try:
        fit, known = _fitted(columns, states)
    except NotReady as error:
        return _refused("hardly_varied" if error.value == "pressure" else "too_few", len(pressure), 0.0, span)
    return _judged(fit, known, states, span, relative)


def _counts(state: int, *values: float) -> bool:
    return state == LOAD and all(math.isfinite(each) for each in values)


def _fitted(columns: Mapping[str, Sequence[float]], states: Sequence[int]) -> tuple[Fit, list[Sequence[float]]]:
    """On load and pressure, and the columns then used; on pressure alone where the load stands still.

    The load comes first: of two that follow from each other it is the pressure that tells nothing of its own.
    """
    *names, _power = columns
    known = list(columns.values())
    sums = RegimeSums(names, "power", _REGIMES)
    values = array("d", (each for row in zip(*known, strict=True) for each in row))
    sums.push(FrameBlock(array("q", range(len(states))), values, len(known)), range(len(known)), states)
    try:
        return sums.refit(LOAD), known
    except NotReady as error:
        if error.value != "load":
            raise
        return sums.refit(LOAD, names[1:]), known[1:]


def _judged(
    fit: Fit, columns: Sequence[Sequence[float]], states: Sequence[int], span: float, relative: float
) -> PressureSlope:
    residuals = [
        row[-1] - fit.intercept - math.fsum(b * x for b, x in zip(fit.coefficients, row, strict=False))
        for state, row in zip(states, zip(*columns, strict=True), strict=True)
        if _counts(state, *row)
    ]
    worth, terms = effective_rows(residuals), len(fit.coefficients) + 1
    if worth < max(_LEAST_EFFECTIVE, terms + 2.0):
        return _refused("too_few", fit.rows, worth, span)
    slope = fit.coefficients[-1]
    if slope <= 0.0:
        return _refused("sign", fit.rows, worth, span)
    scatter = fit.standard_errors[-1] * math.sqrt((fit.rows - terms) / (worth - terms))
    found = Estimate(slope, math.hypot(scatter, relative * slope), "kW/bar")
    return PressureSlope(found, "", fit.rows, worth, span, fit.variables)


def _refused(why: Refusal, rows: int, worth: float, span: float) -> PressureSlope:
    return PressureSlope(Estimate(math.nan, math.nan, "kW/bar"), why, rows, worth, span, ())
