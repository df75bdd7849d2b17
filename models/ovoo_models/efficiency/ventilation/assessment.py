"""A mine's network as it stands and what could be saved: one result for the command line, the API and the console."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.ventilation.advice import Move, advise
from ovoo_models.efficiency.ventilation.band import saving_of
from ovoo_models.efficiency.ventilation.network import Airway
from ovoo_models.efficiency.ventilation.solution import FanPoint, Solution
from ovoo_models.efficiency.ventilation.solve import solve
from ovoo_models.efficiency.ventilation.table import MineTable

__all__ = ["Assessment", "Silence", "assess"]

Silence = Literal["", "not_converged", "no_least_air", "short_of_air", "no_fan", "nothing_to_move", "too_large"]
_UNSOUND: Final = ("stall", "out_of_curve", "reversed")
_LEAST_SHARE: Final = 1e-3
"""A move that saves less of the fans' power is none: nobody turns a regulator for it."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The solved network and the moves that save fan power, the best of each airway, best first.

    fans_alone_kw: what slowing the fans saves with every regulator as it is; a regulator that is moved together with
    them is listed only where it saves more, and `beyond_kw` is that more. Savings of moves do not add up.
    silence: why no move is offered: the network does not solve; no airway states the air it must have, so that nothing
    guards the faces; one has too little already; there is no fan; nothing that can be moved saves power; or the search
    would be longer than was allowed. Empty: some are.
    refused: moves that were computed and would leave an airway short of air, or bring a fan off its curve, left of its
    peak, or into reversed flow.
    bands: of `moves`, each saving with the standard uncertainty that the survey's errors leave, NaN where one is not
    given.
    """

    table: MineTable
    solution: Solution
    moves: tuple[Move, ...]
    refused: int
    silence: Silence
    fans_alone_kw: float = 0.0
    bands: tuple[Estimate, ...] = ()

    def saving(self, move: Move) -> Estimate:
        """What a listed move saves, with its band."""
        return self.bands[self.moves.index(move)]

    def beyond_kw(self, move: Move) -> float:
        """What a move saves above slowing the fans alone; the whole saving where the fans stay as they are."""
        return move.saved_fan_kw - (self.fans_alone_kw if move.kind == "regulator_and_fans" else 0.0)

    @property
    def regulator_kw(self) -> float:
        """Air power lost in the regulators alone."""
        return math.fsum(self.airway_regulator_kw(each) for each in self.table.network.airways)

    def airway_regulator_kw(self, airway: Airway) -> float:
        """Air power lost in the airway's regulator."""
        return airway.adjust * abs(self.solution.flow_m3_s[airway.name]) ** 3 / 1000.0

    @property
    def drawn(self) -> bool:
        """Whether `fan_kw` is what the fans draw; else an efficiency is missing and it is the power of the air."""
        return all(math.isfinite(each.drawn_kw) for each in self.solution.fans)

    def drop_pa(self, airway: Airway) -> float:
        """Pressure that friction takes along the airway, > 0 in its direction."""
        flow = self.solution.flow_m3_s[airway.name]
        return airway.whole_resistance * flow * abs(flow)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what is not known is None."""
        solution, table = self.solution, self.table
        return {
            "sha256": table.sha256,
            "openings": list(table.network.surface),
            "openings_taken": table.openings_taken,
            "unused_columns": list(table.unused),
            "converged": solution.converged,
            "flow_residual_m3_s": _known(solution.flow_residual_m3_s),
            "pressure_residual_pa": _known(solution.pressure_residual_pa),
            "friction_kw": _known(solution.friction_kw),
            "regulator_kw": _known(self.regulator_kw),
            "fan_kw": _known(solution.fan_kw),
            "fan_kw_is": "drawn" if self.drawn else "air",
            "airways": [self._airway(each) for each in table.network.airways],
            "pressures_pa": {name: _known(value) for name, value in solution.pressure_pa.items()},
            "fans": [_fan(each) for each in solution.fans],
            "notices": [{"code": e.code, "airway": e.airway, "value": _known(e.value)} for e in solution.notices],
            "moves": [
                {**_move(each), "beyond_fans_alone_kw": _known(self.beyond_kw(each)), "band_90_kw": _band(band)}
                for each, band in zip(self.moves, self.bands, strict=True)
            ],
            "errors_missing": list(self.table.errors.missing(self.solution)),
            "fans_alone_kw": _known(self.fans_alone_kw),
            "moves_refused": self.refused,
            "no_moves_because": self.silence,
        }

    def _airway(self, airway: Airway) -> dict[str, Any]:
        friction = self.solution.airway_kw()[airway.name]
        return {
            "airway": airway.name, "title": self.table.titles[airway.name], "from": airway.start, "to": airway.end,
            "resistance_n_s2_m8": airway.resistance, "adjust_n_s2_m8": airway.adjust,
            "regulator": airway.regulator or airway.adjust > 0.0, "least_m3_s": airway.least_m3_s,
            "flow_m3_s": _known(self.solution.flow_m3_s[airway.name]), "drop_pa": _known(self.drop_pa(airway)),
            "friction_kw": _known(friction), "regulator_kw": _known(self.airway_regulator_kw(airway)),
        }  # fmt: skip


def assess(table: MineTable, longest_search: int = 0) -> Assessment:
    """Solves the network and looks for what saves fan power.

    longest_search: most airways x (regulators + fans) for which moves are searched, for who answers others (0: any).

    Raises:
        ConfigError: the network has no solution by its shape.
    """
    solution = solve(table.network)
    silence = _silence(table, solution)
    movable = len(table.network.regulators()) + len(table.network.fans)
    if not silence and 0 < longest_search < len(table.network.airways) * movable:
        silence = "too_large"
    if silence:
        return Assessment(table, solution, (), 0, silence)
    moves = advise(table.network)
    alone = max((each.saved_fan_kw for each in moves if _sound(each) and _slows_all(each, table)), default=0.0)
    least = _LEAST_SHARE * solution.fan_kw
    best = dict[str, Move]()
    for move in moves:
        without = alone if move.kind == "regulator_and_fans" else 0.0
        if _sound(move) and move.saved_fan_kw > without + least:
            best.setdefault(move.airway, move)
    refused = sum(1 for move in moves if not _sound(move))
    bands = tuple(saving_of(solution, each.solution, table.errors) for each in best.values())
    return Assessment(table, solution, tuple(best.values()), refused, "" if best else "nothing_to_move", alone, bands)


def _sound(move: Move) -> bool:
    return move.allowed and not any(notice.code in _UNSOUND for notice in move.solution.notices)


def _slows_all(move: Move, table: MineTable) -> bool:
    return move.kind == "fans" or (move.kind == "fan" and len(table.network.fans) == 1)


def _silence(table: MineTable, solution: Solution) -> Silence:
    if not solution.converged:
        return "not_converged"
    if not table.network.fans:
        return "no_fan"
    if all(each.least_m3_s == 0.0 for each in table.network.airways):
        return "no_least_air"
    return "short_of_air" if solution.shortages() else ""


def _fan(point: FanPoint) -> dict[str, Any]:
    return {
        "airway": point.airway, "flow_m3_s": _known(point.flow_m3_s), "pressure_pa": _known(point.pressure_pa),
        "air_kw": _known(point.air_kw), "drawn_kw": _known(point.drawn_kw),
    }  # fmt: skip


def _move(move: Move) -> dict[str, Any]:
    return {
        "kind": move.kind, "airway": move.airway, "before": move.before, "setting": move.setting, "fans": move.fans,
        "saved_fan_kw": _known(move.saved_fan_kw), "saved_friction_kw": _known(move.saved_friction_kw),
        "flow_change_m3_s": _known(move.flow_change_m3_s),
    }  # fmt: skip


def _band(saving: Estimate) -> list[float] | None:
    return list(saving.interval(0.9)) if math.isfinite(saving.sigma) else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
