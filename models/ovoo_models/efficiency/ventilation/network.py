"""What a mine's ventilation consists of: airways between junctions, fans in airways, openings to the surface."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_models.efficiency.ventilation.curve import FanCurve

__all__ = ["Airway", "Fan", "FixedFlow", "FixedPressure", "Network"]


@dataclass(frozen=True, slots=True)
class Airway:
    """An airway from one junction to another; its drop is (resistance + adjust) q |q|.

    resistance, adjust: N s2/m8, > 0 and >= 0; adjust is what its regulator adds. regulator: whether `adjust` can be
    moved (airways with adjust > 0 count as such). natural_pa: natural ventilation pressure along the airway.
    least_m3_s: the air that must go through, in either direction; 0: none is asked for.
    """

    name: str
    start: str
    end: str
    resistance: float
    adjust: float = 0.0
    natural_pa: float = 0.0
    regulator: bool = False
    least_m3_s: float = 0.0

    @property
    def whole_resistance(self) -> float:
        """With the regulator's."""
        return self.resistance + self.adjust


@dataclass(frozen=True, slots=True)
class FixedFlow:
    """A fan that always moves `flow_m3_s`, from the airway's start to its end."""

    flow_m3_s: float


@dataclass(frozen=True, slots=True)
class FixedPressure:
    """A fan that always gives `pressure_pa`, from the airway's start to its end."""

    pressure_pa: float


@dataclass(frozen=True, slots=True)
class Fan:
    """A fan in an airway, blowing from its start to its end.

    speed: of the curve's own, > 0; it counts for curves only. efficiency: of fan, motor and drive together, in (0, 1];
    NaN where unknown: then the power drawn is unknown too, and power means that of the air.
    """

    airway: str
    drive: FanCurve | FixedFlow | FixedPressure
    speed: float = 1.0
    efficiency: float = math.nan


@dataclass(frozen=True, slots=True)
class Network:
    """Airways, the fans in them, and the junctions at the surface; raises ConfigErrors that name what is wrong.

    Without a junction at the surface the circuit is closed, and pressures are given against its first junction.
    """

    airways: tuple[Airway, ...]
    fans: tuple[Fan, ...] = ()
    surface: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        found = [*self._airway_faults(), *self._fan_faults(), *self._surface_faults()]
        if not self.airways:
            found.append(
                ConfigError(
                    "there is no airway", code="ventilation.there_no_airway", offender="network.airways", value=0
                )
            )
        if found:
            raise ConfigErrors(found)

    def with_airway(self, airway: Airway) -> Network:
        """The network in which `airway` stands in the place of that of its name."""
        return replace(self, airways=tuple(airway if each.name == airway.name else each for each in self.airways))

    def with_fan(self, fan: Fan) -> Network:
        """The network in which `fan` stands in the place of that in its airway."""
        return replace(self, fans=tuple(fan if each.airway == fan.airway else each for each in self.fans))

    def regulators(self) -> tuple[Airway, ...]:
        """The airways whose resistance can be moved."""
        return tuple(each for each in self.airways if each.regulator or each.adjust > 0.0)

    def _airway_faults(self) -> Iterator[ConfigError]:
        for name, count in Counter(each.name for each in self.airways).items():
            if count > 1:
                yield ConfigError(
                    "an airway is given twice", code="ventilation.airway_given_twice", offender=name, value=count,
                    remedy="names differ",
                )  # fmt: skip
        for each in self.airways:
            for field, fine in _sound(each).items():
                if not fine:
                    yield ConfigError(
                        f"{field} cannot be", code=_CODES[field],
                        offender=each.name, value=getattr(each, field), remedy=_REMEDIES[field],
                    )  # fmt: skip

    def _fan_faults(self) -> Iterator[ConfigError]:
        names = {each.name for each in self.airways}
        for name, count in Counter(each.airway for each in self.fans).items():
            if name not in names:
                yield ConfigError(
                    "a fan's airway is missing", code="ventilation.fan_airway_missing", offender=name,
                    remedy="name one of the airways",
                )  # fmt: skip
            if count > 1:
                yield ConfigError(
                    "an airway has two fans", code="ventilation.airway_has_two_fans", offender=name, value=count,
                    remedy="split the airway, or give one curve",
                )  # fmt: skip
        for fan in self.fans:
            value = _drive_value(fan)
            if not math.isfinite(value):
                yield ConfigError(
                    "a fan's value is not finite", code="ventilation.fan_value_not_finite", offender=fan.airway,
                    value=value, remedy="m3/s or Pa",
                )  # fmt: skip
            if not 0.0 < fan.speed < math.inf:
                yield ConfigError(
                    "speed is above 0", code="ventilation.speed_above_0", offender=fan.airway, value=fan.speed,
                    remedy="1: the curve's own",
                )  # fmt: skip
            if fan.efficiency <= 0.0 or fan.efficiency > 1.0:
                yield ConfigError(
                    "efficiency cannot be", code="ventilation.efficiency_cannot_be", offender=fan.airway,
                    value=fan.efficiency, remedy="0 to 1",
                )  # fmt: skip

    def _surface_faults(self) -> Iterator[ConfigError]:
        junctions = {each.start for each in self.airways} | {each.end for each in self.airways}
        for name in self.surface:
            if name not in junctions:
                yield ConfigError(
                    "no airway leads to this surface junction", code="ventilation.no_airway_leads_to_this_surface",
                    offender=name, remedy="name a start or an end",
                )  # fmt: skip


_CODES = {
    "resistance": "ventilation.resistance_cannot_be",
    "adjust": "ventilation.adjust_cannot_be",
    "natural_pa": "ventilation.natural_cannot_be",
    "least_m3_s": "ventilation.least_cannot_be",
    "end": "ventilation.end_cannot_be",
}
_REMEDIES = {
    "resistance": "above 0, in N s2/m8",
    "adjust": "0 or more, in N s2/m8",
    "natural_pa": "finite, in Pa",
    "least_m3_s": "0 or more, in m3/s",
    "end": "another junction than the start",
}


def _sound(airway: Airway) -> dict[str, bool]:
    return {
        "resistance": 0.0 < airway.resistance < math.inf,
        "adjust": 0.0 <= airway.adjust < math.inf,
        "natural_pa": math.isfinite(airway.natural_pa),
        "least_m3_s": 0.0 <= airway.least_m3_s < math.inf,
        "end": airway.end != airway.start,
    }


def _drive_value(fan: Fan) -> float:
    if isinstance(fan.drive, FixedFlow):
        return fan.drive.flow_m3_s
    return fan.drive.pressure_pa if isinstance(fan.drive, FixedPressure) else 0.0
