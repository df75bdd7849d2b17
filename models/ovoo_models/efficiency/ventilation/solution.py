"""What a solved network tells: flows, pressures, power, the fans' points of work, and what to mind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ovoo_models.efficiency.ventilation.network import Network

__all__ = ["FanPoint", "Notice", "Solution"]

Code = Literal["stall", "out_of_curve", "reversed", "two_points", "not_converged", "too_little_air"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to mind: its code, the airway (empty: the whole network), and the figure that shows it.

    stall: the fan works where its pressure rises with flow; value: flow at the peak, m3/s. out_of_curve: beyond the
    points given; value: the nearest flow given. reversed: against the fan's direction; value: the flow. two_points:
    two stable points of work, which one depends on how the fan was started; value: the fan's flow at the other.
    not_converged: value: the pressure residual in Pa. too_little_air: value: m3/s that miss.
    """

    code: Code
    airway: str
    value: float


@dataclass(frozen=True, slots=True)
class FanPoint:
    """Where a fan works. air_kw = flow x pressure; drawn_kw = air_kw / efficiency, NaN where that is unknown."""

    airway: str
    flow_m3_s: float
    pressure_pa: float
    slope_pa_s_m3: float
    air_kw: float
    drawn_kw: float


@dataclass(frozen=True, slots=True)
class Solution:
    """A network at its point of work.

    flow_m3_s: by airway, > 0 from start to end. pressure_pa: by junction, against the surface. Residuals: worst balance
    of a junction and worst pressure of an airway. friction_kw: sum of (resistance + adjust) |q|^3.
    """

    network: Network
    flow_m3_s: dict[str, float]
    pressure_pa: dict[str, float]
    flow_residual_m3_s: float
    pressure_residual_pa: float
    rounds: int
    converged: bool
    fans: tuple[FanPoint, ...]
    notices: tuple[Notice, ...]

    @property
    def friction_kw(self) -> float:
        """Air power lost in the airways and regulators."""
        return math.fsum(self.airway_kw().values())

    @property
    def fan_kw(self) -> float:
        """Power that the fans draw; that of the air where the efficiency of one is unknown."""
        drawn = math.fsum(each.drawn_kw for each in self.fans)
        return drawn if math.isfinite(drawn) else math.fsum(each.air_kw for each in self.fans)

    def airway_kw(self) -> dict[str, float]:
        """Air power lost in each airway."""
        return {
            each.name: each.whole_resistance * abs(self.flow_m3_s[each.name]) ** 3 / 1000.0
            for each in self.network.airways
        }

    def shortages(self) -> dict[str, float]:
        """Airways with less than their `least_m3_s`, and how much is missing; what rounding may take is none."""
        missing = {each.name: each.least_m3_s - abs(self.flow_m3_s[each.name]) for each in self.network.airways}
        return {name: value for name, value in missing.items() if value > 1e-6}
