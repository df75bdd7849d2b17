"""What leaks cost a compressor: the power it draws above its own idling while nobody uses air, from its own minutes."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.effective_rows import effective_rows
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.power_state import IDLE, LOAD, NO_LOAD, OFF
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.efficiency.savings.numerics import NORMAL_90, student_t

__all__ = ["LEAST_PERIODS", "AirLeak", "air_leak_power"]

LEAST_PERIODS: Final = 5
"""Quiet times (nights) below which their scatter is not known."""
_LEAST_MINUTES: Final = 10
"""Known minutes below which a quiet time counts for nothing."""
_LEAST_ROWS: Final = 60
Refusal = Literal["", "too_few_nights", "flow_hardly_varied", "not_quiet", "sign"]


@dataclass(frozen=True, slots=True)
class AirLeak:
    """`power` in kW that leaks cost while the net is under pressure, NaN where it is refused.

    flow: m3/min of leaks, None without a flow signal. marginal: kW for one more m3/min, None as well. share: of quiet
    time that the machine is at load, its run time at no demand.

    refused: `too_few_nights`; `flow_hardly_varied` (what a cubic metre costs cannot be told); `not_quiet` (no less is
    drawn than at other times: somebody uses air, or it all leaks); `sign` (more air for less power).
    """

    power: Estimate
    flow: Estimate | None
    marginal: Estimate | None
    share: float
    nights: int
    refused: Refusal = ""


@dataclass(frozen=True, slots=True)
class _Quiet:
    """Means of each quiet time with enough known minutes, and the mean of all other known minutes."""

    means: list[float]
    others: float

    @property
    def heard(self) -> bool:
        """Whether less is used in quiet times than in others."""
        return not self.others <= math.fsum(self.means) / len(self.means)

    def estimate(self, unit: str) -> Estimate:
        """Mean of the nights with what they scatter, widened for their small number."""
        n = len(self.means)
        mean = math.fsum(self.means) / n
        variance = math.fsum((each - mean) ** 2 for each in self.means) / (n - 1)
        return Estimate(mean, math.sqrt(variance / n) * student_t(n - 1) / NORMAL_90, unit)


def air_leak_power(
    power_kw: Sequence[float], flow_m3_min: Sequence[float] | None, states: Sequence[int], quiet: Sequence[int],
    no_load_kw: float, relative: float = 0.0,
) -> AirLeak:  # fmt: skip
    """From minutes under pressure: leaks times what one more cubic metre costs, or power above no load without a flow.

    With a flow, marginal = slope of power over flow in all running minutes, so that the machine's own idling, which
    goes on when leaks are mended, is not counted; an error of the flow meter's gain falls out of the product.

    Args:
        power_kw, flow_m3_min: of each minute under pressure, NaN where unknown.
        states: code of each minute as `PowerStates.codes`.
        quiet: number of the quiet time (night) a minute belongs to, -1 for none.
        no_load_kw: what the machine draws at no load or idle, 0 where it has no such level.
        relative: standard uncertainty of the power meter as a share.
    """
    if not len(power_kw) == len(states) == len(quiet) or (flow_m3_min is not None and len(flow_m3_min) != len(quiet)):
        raise ConfigError(
            "columns differ in length",
            code="leak.columns_differ",
            offender="leak_power",
            value=len(power_kw),
            remedy="one each",
        )
    above = [_above(kw, state, no_load_kw) for kw, state in zip(power_kw, states, strict=True)]
    heard = _nights(above if flow_m3_min is None else flow_m3_min, quiet)
    share = _share_at_load(states, quiet)
    if len(heard.means) < LEAST_PERIODS:
        return _refused("too_few_nights", share, len(heard.means))
    if not heard.heard:
        return _refused("not_quiet", share, len(heard.means))
    if flow_m3_min is None:
        own = heard.estimate("kW")
        power = Estimate(own.value, math.hypot(own.sigma, relative * own.value), "kW")
        return AirLeak(power, None, None, share, len(heard.means))
    return _by_flow(heard, _marginal(power_kw, flow_m3_min, states), relative, share)


def _by_flow(heard: _Quiet, marginal: Estimate | None, relative: float, share: float) -> AirLeak:
    nights = len(heard.means)
    if marginal is None:
        return _refused("flow_hardly_varied", share, nights)
    if marginal.value <= 0.0:
        return _refused("sign", share, nights)
    flow = heard.estimate("m3/min")
    value = flow.value * marginal.value
    parts = (flow.sigma * marginal.value, flow.value * marginal.sigma, relative * value)
    return AirLeak(Estimate(value, math.hypot(*parts), "kW"), flow, marginal, share, nights)


def _above(power_kw: float, state: int, no_load_kw: float) -> float:
    """Power above no load; below it and off nothing is spent on leaks."""
    if power_kw != power_kw:
        return math.nan
    return 0.0 if state in (OFF, IDLE, NO_LOAD) else max(power_kw - no_load_kw, 0.0)


def _nights(values: Sequence[float], quiet: Sequence[int]) -> _Quiet:
    by_night: dict[int, list[float]] = {}
    for value, night in zip(values, quiet, strict=True):
        if value == value:
            by_night.setdefault(night, []).append(value)
    others = by_night.pop(-1, [])
    means = [math.fsum(each) / len(each) for each in by_night.values() if len(each) >= _LEAST_MINUTES]
    return _Quiet(means, math.fsum(others) / len(others) if others else math.inf)


def _share_at_load(states: Sequence[int], quiet: Sequence[int]) -> float:
    known = [state for state, night in zip(states, quiet, strict=True) if night >= 0]
    return sum(state == LOAD for state in known) / len(known) if known else math.nan


def _marginal(power_kw: Sequence[float], flow: Sequence[float], states: Sequence[int]) -> Estimate | None:
    """Slope of power over flow while the machine runs; None where the flow tells none."""
    sums = RegimeSums(("flow",), "power", 1)
    running = [int(state == OFF) for state in states]  # regime 0: runs; 1 is left out
    values = array("d", (each for row in zip(flow, power_kw, strict=True) for each in row))
    sums.push(FrameBlock(array("q", range(len(states))), values, 2), (0, 1), running)
    try:
        fit = sums.refit(0)
    except NotReady:
        return None
    rest = [
        kw - fit.intercept - fit.coefficients[0] * air
        for kw, air, off in zip(power_kw, flow, running, strict=True)
        if not off and math.isfinite(kw) and math.isfinite(air)
    ]
    worth = effective_rows(rest)
    if fit.rows < _LEAST_ROWS or worth < 4.0:
        return None
    sigma = fit.standard_errors[0] * math.sqrt((fit.rows - 2.0) / (worth - 2.0))
    return Estimate(fit.coefficients[0], sigma, "kW/(m3/min)")


def _refused(why: Refusal, share: float, nights: int) -> AirLeak:
    return AirLeak(Estimate(math.nan, math.nan, "kW"), None, None, share, nights, why)
