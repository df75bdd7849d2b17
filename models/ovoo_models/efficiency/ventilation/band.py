"""How well a move's saving is known: first-order propagation of the survey's errors through the solved network.

With F(q, p) = R q|q| - H(q) - natural - (p_start - p_end) = 0 in each airway and the junctions' balances A q = inflow,
D = dF/dq = 2 R |q| - H'(q) and the fans' power P(q, p), one linear system gives all derivatives at once:

    (A D^-1 A') m = A D^-1 dP/dq + dP/dp        dP/dx = (m_start - m_end - dP/dq) / D dF/dx + what x adds to P itself

A saving is P before less P after, with the same survey in both, so what an error does to both falls out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.ventilation.network import Airway, Fan, FixedFlow
from ovoo_models.efficiency.ventilation.solution import FanPoint, Solution
from ovoo_models.efficiency.ventilation.structure import Structure

__all__ = ["SurveyErrors", "fan_power_slopes", "saving_of"]

_Z95: Final = 1.959963984540054
_PERCENT: Final = 0.01
Key = tuple[str, str]
"""Quantity (resistance, adjust, fan, efficiency) and airway."""


@dataclass(frozen=True, slots=True)
class SurveyErrors:
    """Errors in percent of the value at 95 %, by airway; absent where the table gives none.

    resistance: of the airway and of its regulator, each on its own. fan: of the curve's pressure, the fixed pressure or
    the fixed flow. efficiency: of fan, motor and drive together.
    """

    resistance: Mapping[str, float]
    fan: Mapping[str, float]
    efficiency: Mapping[str, float]

    def missing(self, solution: Solution) -> tuple[str, ...]:
        """Airways whose error is not given; without them a saving has no band."""
        network = solution.network
        lost = [each.name for each in network.airways if each.name not in self.resistance]
        for fan in network.fans:
            known = fan.airway in self.fan and (not math.isfinite(fan.efficiency) or fan.airway in self.efficiency)
            lost += [] if known else [fan.airway]
        return tuple(dict.fromkeys(lost))

    def relative(self, key: Key) -> float:
        """Standard uncertainty as a share."""
        given = {"fan": self.fan, "efficiency": self.efficiency}.get(key[0], self.resistance)
        return _PERCENT * given[key[1]] / _Z95


def saving_of(now: Solution, then: Solution, errors: SurveyErrors) -> Estimate:
    """Fan power before less after, in kW; sigma NaN where an error is not given."""
    value = now.fan_kw - then.fan_kw
    if errors.missing(now):
        return Estimate(value, math.nan, "kW")
    before, after = fan_power_slopes(now), fan_power_slopes(then)
    parts = (errors.relative(key) * (before.get(key, 0.0) - after.get(key, 0.0)) for key in {**before, **after})
    return Estimate(value, math.sqrt(math.fsum(part * part for part in parts)), "kW")


def fan_power_slopes(solution: Solution) -> dict[Key, float]:
    """kW that the fans' power changes by for a relative change of one (d P / d ln x) of each quantity of the survey."""
    return dict(_Slopes(solution).found())


class _Slopes:
    """The linear system about a point of work."""

    def __init__(self, solution: Solution) -> None:
        self._solution, network = solution, solution.network
        self._structure = Structure.of(network)
        self._points = {each.airway: each for each in solution.fans}
        self._fans = {each.airway: each for each in network.fans}
        self._drawn = all(math.isfinite(each.drawn_kw) for each in solution.fans)
        self._edge = {network.airways[i].name: e for e, i in enumerate(self._structure.solved)}
        self._stiff = {name: self._stiffness(network.airways[self._structure.solved[e]]) for name, e in
                       self._edge.items()}  # fmt: skip
        self._flow_slope = {name: self._by_flow(name) for name in self._edge}
        self._adjoint = _solved(self._structure, [1.0 / each for each in self._stiff.values()], self._right())

    def _stiffness(self, airway: Airway) -> float:
        flow = self._solution.flow_m3_s[airway.name]
        point = self._points.get(airway.name)
        # an airway without any flow resists nothing to first order; it gets a little so that the system has a solution
        return max(2.0 * airway.whole_resistance * abs(flow), 1e-9) - (point.slope_pa_s_m3 if point else 0.0)

    def _weight(self, airway: str) -> float:
        """kW drawn for a watt given to the air."""
        return 1e-3 / (self._fans[airway].efficiency if self._drawn else 1.0)

    def _by_flow(self, airway: str) -> float:
        point = self._points.get(airway)
        if point is None:
            return 0.0
        return (point.pressure_pa + point.flow_m3_s * point.slope_pa_s_m3) * self._weight(airway)

    def _right(self) -> list[float]:
        right = [0.0] * (self._structure.nodes + 1)  # the last stands for the surface
        for name, e in self._edge.items():
            part = self._flow_slope[name] / self._stiff[name]
            right[self._structure.tail[e]] += part
            right[self._structure.head[e]] -= part
        for airway in self._fixed():
            part = self._solution.flow_m3_s[airway.name] * self._weight(airway.name)
            right[self._structure.node[airway.end]] += part
            right[self._structure.node[airway.start]] -= part
        return right[:-1]

    def _fixed(self) -> list[Airway]:
        return [self._solution.network.airways[i] for i in self._structure.fixed]

    def found(self) -> Iterator[tuple[Key, float]]:
        """Every slope."""
        for airway in self._solution.network.airways:
            flow = self._solution.flow_m3_s[airway.name]
            by_resistance = self._along(airway, flow * abs(flow))
            yield ("resistance", airway.name), airway.resistance * by_resistance
            if airway.adjust > 0.0:
                yield ("adjust", airway.name), airway.adjust * by_resistance
        for fan in self._solution.network.fans:
            point = self._points[fan.airway]
            power = point.flow_m3_s * point.pressure_pa * self._weight(fan.airway)
            yield ("fan", fan.airway), self._of_fan(fan, point, power)
            if self._drawn:
                yield ("efficiency", fan.airway), -power

    def _along(self, airway: Airway, drop: float) -> float:
        """d P for a unit more of dF in an airway, times `drop`."""
        e = self._edge.get(airway.name)
        if e is None:  # a fixed flow: its fan makes up for the drop
            return drop * self._solution.flow_m3_s[airway.name] * self._weight(airway.name)
        difference = self._at(self._structure.tail[e]) - self._at(self._structure.head[e])
        return drop * (difference - self._flow_slope[airway.name]) / self._stiff[airway.name]

    def _of_fan(self, fan: Fan, point: FanPoint, power: float) -> float:
        airway = next(each for each in self._solution.network.airways if each.name == fan.airway)
        if not isinstance(fan.drive, FixedFlow):
            return power + self._along(airway, -point.pressure_pa)
        flow = point.flow_m3_s
        own = 2.0 * airway.whole_resistance * flow * abs(flow) * flow * self._weight(fan.airway)
        node = self._structure.node
        return power + own + flow * (self._at(node[airway.end]) - self._at(node[airway.start]))

    def _at(self, node: int) -> float:
        return self._adjoint[node] if node >= 0 else 0.0


def _solved(structure: Structure, weights: list[float], right: list[float]) -> list[float]:
    """x of (A W A') x = right by elimination in the structure's order, which keeps its rows short."""
    n = structure.nodes
    rows: list[dict[int, float]] = [{} for _ in range(n)]
    diagonal = [0.0] * n
    for a, b, weight in zip(structure.tail, structure.head, weights, strict=True):
        for node in (a, b):
            if node >= 0:
                diagonal[node] += weight
        if a >= 0 and b >= 0:
            low, high = min(a, b), max(a, b)
            rows[low][high] = rows[low].get(high, 0.0) - weight
    known = right[:]
    for k in range(n):
        for i, entry in rows[k].items():
            share = entry / diagonal[k]
            diagonal[i] -= share * entry
            known[i] -= share * known[k]
            for j, other in rows[k].items():
                if j > i:
                    rows[i][j] = rows[i].get(j, 0.0) - share * other
    for k in reversed(range(n)):
        known[k] = (known[k] - math.fsum(entry * known[i] for i, entry in rows[k].items())) / diagonal[k]
    return known
