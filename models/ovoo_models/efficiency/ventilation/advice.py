"""What moving each regulator or fan changes, with the air that every face must have kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.ventilation.curve import FanCurve
from ovoo_models.efficiency.ventilation.network import Fan, FixedFlow, FixedPressure, Network
from ovoo_models.efficiency.ventilation.solution import Solution
from ovoo_models.efficiency.ventilation.solve import Solver

__all__ = ["Move", "advise"]

Kind = Literal["regulator", "regulator_and_fans", "fan", "fans"]
_SHARES: Final = (0.0, 0.5, 2.0)
_SLOWEST: Final = 0.3
_HALVINGS: Final = 16


@dataclass(frozen=True, slots=True)
class Move:
    """One thing moved, and the network then.

    kind: `regulator` (alone), `regulator_and_fans` (then all fans slowed as far as every face keeps its air), `fan`
    (alone, slowed so) or `fans` (of several, all slowed so; no airway). setting: the regulator's adjust, or the fan's
    speed, pressure or flow, or the share itself where all are slowed; fans: share of the fans'
    present speed. Savings in kW are positive where power falls. shortages: airways under their least air; a move with
    one is no advice and stands last.
    """

    kind: Kind
    airway: str
    before: float
    setting: float
    fans: float
    saved_friction_kw: float
    saved_fan_kw: float
    flow_change_m3_s: float
    shortages: dict[str, float]
    solution: Solution

    @property
    def allowed(self) -> bool:
        """Whether it was solved and no face loses the air it must have."""
        return self.solution.converged and not self.shortages


def advise(network: Network, shares: Sequence[float] = _SHARES, slowest: float = _SLOWEST) -> tuple[Move, ...]:
    """Every move of one regulator to `shares` of its adjust, alone and with slowed fans, and of each fan; best first.

    slowest: least share of its present speed to which a fan may be slowed, in (0, 1]. Ranked by fan power saved; moves
    that leave a face short of air stand last. ConfigError where the network as it stands does not solve.
    """
    if not 0.0 < slowest <= 1.0:
        raise ConfigError(
            "no such share of speed", code="ventilation.no_such_share_of_speed", offender="slowest", value=slowest,
            remedy="above 0, at most 1",
        )  # fmt: skip
    if any(not 0.0 <= each < float("inf") for each in shares):
        raise ConfigError(
            "no such share of a regulator", code="ventilation.no_such_share_of_regulator", offender="shares",
            value=list(shares), remedy="0 or more",
        )  # fmt: skip
    solver = Solver(network)
    now = solver.solve(network)
    if not now.converged:
        raise ConfigError(
            "the network as it stands does not solve", code="ventilation.network_as_it_stands_does_not",
            offender="network", value=now.pressure_residual_pa,
            remedy="see the notices of its solution",
        )  # fmt: skip
    found = [*_regulator_moves(solver, now, shares, slowest), *_fan_moves(solver, now, slowest)]
    return tuple(sorted(found, key=lambda move: (not move.allowed, -move.saved_fan_kw, move.airway, move.setting)))


def _regulator_moves(solver: Solver, now: Solution, shares: Sequence[float], slowest: float) -> Iterator[Move]:
    for each in now.network.regulators():
        for share in shares:
            if share == 1.0 or each.adjust == 0.0:
                continue
            moved = now.network.with_airway(replace(each, adjust=share * each.adjust))
            alone = solver.solve(moved, now)
            yield _move("regulator", each.name, each.adjust, share * each.adjust, 1.0, now, alone)
            slow = _slowed(solver, alone, slowest, _with_speeds)
            if slow is not None:
                speed, solution = slow
                yield _move("regulator_and_fans", each.name, each.adjust, share * each.adjust, speed, now, solution)


def _fan_moves(solver: Solver, now: Solution, slowest: float) -> Iterator[Move]:
    for fan in now.network.fans:
        slow = _slowed(solver, now, slowest, lambda network, speed, fan=fan: network.with_fan(_at_speed(fan, speed)))  # type: ignore[misc]
        if slow is not None:
            speed, solution = slow
            before = _setting(fan)
            yield _move("fan", fan.airway, before, _setting(_at_speed(fan, speed)), speed, now, solution)
    if len(now.network.fans) > 1:
        slow = _slowed(solver, now, slowest, _with_speeds)
        if slow is not None:
            yield _move("fans", "", 1.0, slow[0], slow[0], now, slow[1])


def _slowed(
    solver: Solver, now: Solution, slowest: float, turn: Callable[[Network, float], Network]
) -> tuple[float, Solution] | None:
    """The lowest speed at which every face has its air; None where already now one has not, or no face asks for air."""
    asked = any(each.least_m3_s > 0.0 for each in now.network.airways)
    if not asked or not now.network.fans or now.shortages() or not now.converged:
        return None
    low, high, best = slowest, 1.0, now
    trial = solver.solve(turn(now.network, low), now)
    if trial.converged and not trial.shortages():
        return low, trial
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        trial = solver.solve(turn(now.network, middle), best)
        if trial.converged and not trial.shortages():
            high, best = middle, trial
        else:
            low = middle
    return (high, best) if high < 1.0 else None


def _with_speeds(network: Network, speed: float) -> Network:
    return replace(network, fans=tuple(_at_speed(fan, speed) for fan in network.fans))


def _at_speed(fan: Fan, speed: float) -> Fan:
    """The fan at that share of its present speed: flow goes with it, pressure with its square."""
    if isinstance(fan.drive, FanCurve):
        return replace(fan, speed=fan.speed * speed)
    if isinstance(fan.drive, FixedFlow):
        return replace(fan, drive=FixedFlow(fan.drive.flow_m3_s * speed))
    return replace(fan, drive=FixedPressure(fan.drive.pressure_pa * speed * speed))


def _setting(fan: Fan) -> float:
    if isinstance(fan.drive, FanCurve):
        return fan.speed
    return fan.drive.flow_m3_s if isinstance(fan.drive, FixedFlow) else fan.drive.pressure_pa


def _move(
    kind: Kind, airway: str, before: float, setting: float, fans: float,
    now: Solution, then: Solution,
) -> Move:  # fmt: skip
    return Move(
        kind, airway, before, setting, fans,
        now.friction_kw - then.friction_kw, now.fan_kw - then.fan_kw,
        then.flow_m3_s[airway] - now.flow_m3_s[airway] if airway else 0.0, then.shortages(), then,
    )  # fmt: skip
