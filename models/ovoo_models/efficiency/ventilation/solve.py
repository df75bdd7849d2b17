"""Flows and pressures of a network: Newton on node pressures with a sparse factor, the step shortened where needed.

With falling fan curves the flows are the one minimum of a convex energy (Cherry's and Millar's content), so every start
comes to them. A curve that rises somewhere can have two stable points; both are looked for, from little and from much
air.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models._select import ventilation_kernels
from ovoo_models.efficiency.ventilation.curve import FanCurve
from ovoo_models.efficiency.ventilation.network import Fan, FixedFlow, FixedPressure, Network
from ovoo_models.efficiency.ventilation.solution import FanPoint, Notice, Solution
from ovoo_models.efficiency.ventilation.structure import Structure

__all__ = ["FLOW_LIMIT_M3_S", "PRESSURE_LIMIT_PA", "Solver", "solve"]

FLOW_LIMIT_M3_S: Final = 1e-4
PRESSURE_LIMIT_PA: Final = 0.1
_FLOW_AIM: Final = 0.1 * FLOW_LIMIT_M3_S
_PRESSURE_AIM: Final = 1e-3 * PRESSURE_LIMIT_PA
"""Newton stops when the last move and the pressures are within these."""
_ROUNDS: Final = 300
_TWO_POINTS: Final = 0.01
"""Points of work further apart than this share of the flow are two."""


def solve(network: Network) -> Solution:
    """The network at its point of work; ConfigError where it has none, by name."""
    return Solver(network).solve(network)


class Solver:
    """Solves networks of one shape again and again: resistances, speeds, curves and fixed values may differ."""

    def __init__(self, network: Network) -> None:
        self._structure = Structure.of(network)
        self._shape = _shape(network)

    def solve(self, network: Network, near: Solution | None = None) -> Solution:
        """The point of work, found from the flows of `near` where given; the residuals say how well."""
        if network is not (near.network if near else None) and _shape(network) != self._shape:
            raise ConfigError(
                "the network has another shape", code="ventilation.network_has_another_shape", offender="network",
                remedy="make a Solver for it",
            )  # fmt: skip
        system = _System(network, self._structure)
        first = system.run(_flows(system, near) if near else None)
        return _told(network, first, tuple(_notices(network, system, first, near is None)))


class _System:
    """A network as columns."""

    def __init__(self, network: Network, structure: Structure) -> None:
        self.structure = structure
        airways = [network.airways[i] for i in structure.solved]
        self.names = [each.name for each in airways]
        self.resistance = array("d", [each.resistance + each.adjust for each in airways])
        self.source = array("d", [each.natural_pa for each in airways])
        at = {name: e for e, name in enumerate(self.names)} if network.fans else {}
        self.curves = {
            at[fan.airway]: fan.drive.scaled(fan.speed) for fan in network.fans if isinstance(fan.drive, FanCurve)
        }
        for fan in network.fans:
            if isinstance(fan.drive, FixedPressure):
                self.source[at[fan.airway]] += fan.drive.pressure_pa
        self.given = {fan.airway: fan.drive.flow_m3_s for fan in network.fans if isinstance(fan.drive, FixedFlow)}
        self.inflow = array("d", bytes(8 * structure.nodes))
        for i in structure.fixed:
            airway = network.airways[i]
            for name, sign in ((airway.start, -1.0), (airway.end, 1.0)):
                if structure.node[name] >= 0:
                    self.inflow[structure.node[name]] += sign * self.given[airway.name]
        self._pack()

    def _pack(self) -> None:
        self.fan_edge, self.fan_start = array("i"), array("i", [0])
        self.knots, self.terms, self.ends = array("d"), array("d"), array("d")
        for e, curve in self.curves.items():
            self.fan_edge.append(e)
            self.fan_start.append(self.fan_start[-1] + len(curve.terms))
            self.knots.extend(curve.knots)
            for segment in curve.terms:
                self.terms.extend(segment)
            self.ends.extend(curve.ends())

    def run(self, start: array[float] | None = None) -> _Found:
        """Newton from `start` (flows of the solved airways), or from the network with straight resistances."""
        s = self.structure
        n, m, cells = s.nodes, len(self.names), s.column_start[s.nodes]
        flow = start if start is not None else array("d", bytes(8 * m))
        pressure, residuals = array("d", bytes(8 * n)), array("d", bytes(24))
        rounds = ventilation_kernels.solve_network(
            n, m, s.tail, s.head, self.resistance, self.source, self.inflow, len(self.curves), self.fan_edge,
            self.fan_start, self.knots, self.terms, self.ends, s.edge_start, s.edge_of, s.column_start, s.row_start,
            s.row_column, _ROUNDS, int(start is not None), _FLOW_AIM, _PRESSURE_AIM, flow, pressure,
            array("d", bytes(8 * (6 * m + 3 * n + cells))), array("i", bytes(4 * (cells + n))), residuals,
        )  # fmt: skip
        return _Found(self, flow, pressure, residuals, rounds)


class _Found:
    """Flows and pressures of a system."""

    def __init__(
        self, system: _System, flow: array[float], pressure: array[float], residuals: array[float], rounds: int
    ) -> None:
        self.flow = {**dict(zip(system.names, flow, strict=True)), **system.given}
        self.column = flow
        self.pressure = {name: pressure[k] if k >= 0 else 0.0 for name, k in system.structure.node.items()}
        self.flow_residual, self.pressure_residual = residuals[0], residuals[1]
        self.rounds = rounds

    @property
    def converged(self) -> bool:
        """Within the limits; False for NaN."""
        return self.flow_residual <= FLOW_LIMIT_M3_S and self.pressure_residual <= PRESSURE_LIMIT_PA


def _shape(network: Network) -> tuple[object, ...]:
    fixed = frozenset(fan.airway for fan in network.fans if isinstance(fan.drive, FixedFlow))
    return (*((each.name, each.start, each.end) for each in network.airways), network.surface, fixed)


def _flows(system: _System, near: Solution) -> array[float]:
    return array("d", [near.flow_m3_s[name] for name in system.names])


def _told(network: Network, found: _Found, notices: tuple[Notice, ...]) -> Solution:
    return Solution(
        network, found.flow, found.pressure, found.flow_residual, found.pressure_residual, found.rounds,
        found.converged, tuple(_points(network, found)), notices,
    )  # fmt: skip


def _points(network: Network, found: _Found) -> Iterator[FanPoint]:
    by_name = {each.name: each for each in network.airways} if network.fans else {}
    for fan in network.fans:
        flow, slope = found.flow[fan.airway], 0.0
        if isinstance(fan.drive, FanCurve):
            pressure, slope = fan.drive.scaled(fan.speed).at(flow)
        elif isinstance(fan.drive, FixedPressure):
            pressure = fan.drive.pressure_pa
        else:
            airway = by_name[fan.airway]
            rise = found.pressure[airway.end] - found.pressure[airway.start]
            pressure, slope = rise + airway.whole_resistance * flow * abs(flow) - airway.natural_pa, -math.inf
        air_kw = flow * pressure / 1000.0
        yield FanPoint(fan.airway, flow, pressure, slope, air_kw, air_kw / fan.efficiency)


def _notices(network: Network, system: _System, found: _Found, search: bool) -> Iterator[Notice]:
    if not found.converged:
        yield Notice("not_converged", "", found.pressure_residual)
    rising = []
    for fan in network.fans:
        if isinstance(fan.drive, FanCurve):
            curve = fan.drive.scaled(fan.speed)
            yield from _curve_notices(fan, curve, found.flow[fan.airway])
            if curve.rises:
                rising.append(fan.airway)
        elif found.flow[fan.airway] < 0.0 and isinstance(fan.drive, FixedPressure):
            yield Notice("reversed", fan.airway, found.flow[fan.airway])
    if rising and search:
        yield from _second_points(system, found, rising)
    for each in network.airways:
        if each.least_m3_s <= 0.0:
            continue
        missing = each.least_m3_s - abs(found.flow[each.name])
        if missing > 1e-6:
            yield Notice("too_little_air", each.name, missing)


def _curve_notices(fan: Fan, curve: FanCurve, flow: float) -> Iterator[Notice]:
    peak = curve.peak_flow()
    if flow < 0.0:
        yield Notice("reversed", fan.airway, flow)
    if not curve.knots[0] <= flow <= curve.knots[-1]:
        yield Notice("out_of_curve", fan.airway, curve.knots[0] if flow < curve.knots[0] else curve.knots[-1])
    if flow < peak:
        yield Notice("stall", fan.airway, peak)


def _second_points(system: _System, found: _Found, rising: list[str]) -> Iterator[Notice]:
    """Starts from little and from much air through the fans that can stall; another stable point is told."""
    told: set[str] = set()
    for low in (True, False):
        start = array("d", found.column)
        for e, curve in system.curves.items():
            start[e] = curve.knots[0] if low else curve.knots[-1]
        other = system.run(start)
        for name in rising:
            apart = abs(other.flow[name] - found.flow[name])
            if other.converged and name not in told and apart > _TWO_POINTS * max(abs(found.flow[name]), 1.0):
                told.add(name)
                yield Notice("two_points", name, other.flow[name])
